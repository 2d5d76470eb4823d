//! How an entry lets us prove who we are, and what encryption it asks for.

use serde::{Deserialize, Serialize};

use super::DeviceType;

/// A way of authenticating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// The password in the clear (RFC 1334).
    Pap,
    /// Shiva's PAP.
    Spap,
    /// CHAP with MD5 (RFC 1994).
    Chap,
    /// MS-CHAP version 1 (RFC 2433).
    MsChap,
    /// EAP, with the method that the entry names.
    Eap,
    /// MS-CHAP version 2 (RFC 2759).
    MsChap2,
    /// MS-CHAP as in Windows 95.
    MsChapW95,
    /// A certificate of the machine (IKEv2).
    MachineCertificate,
    /// A key that both sides know (IKEv2).
    PreSharedKey,
}

impl AuthMethod {
    /// All of them, by ascending value.
    pub const ALL: [Self; 9] = [
        Self::Pap,
        Self::Spap,
        Self::Chap,
        Self::MsChap,
        Self::Eap,
        Self::MsChap2,
        Self::MsChapW95,
        Self::MachineCertificate,
        Self::PreSharedKey,
    ];

    /// Its bit in AuthRestrictions.
    pub const fn bit(self) -> u32 {
        match self {
            Self::Pap => 0x0008,
            Self::Spap => 0x0010,
            Self::Chap => 0x0020,
            Self::MsChap => 0x0040,
            Self::Eap => 0x0080,
            Self::MsChap2 => 0x0200,
            Self::MsChapW95 => 0x0400,
            Self::MachineCertificate => 0x0800,
            Self::PreSharedKey => 0x1000,
        }
    }

    /// Its name for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Pap => "PAP",
            Self::Spap => "SPAP",
            Self::Chap => "CHAP",
            Self::MsChap => "MS-CHAP",
            Self::Eap => "EAP",
            Self::MsChap2 => "MS-CHAP v2",
            Self::MsChapW95 => "MS-CHAP (Windows 95)",
            Self::MachineCertificate => "machine certificate",
            Self::PreSharedKey => "pre-shared key",
        }
    }
}

/// Which ways of authenticating an entry allows.
///
/// All bits of the book's number are kept, those without a meaning too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthRestrictions(u32);

impl AuthRestrictions {
    /// MS-CHAP version 2 and nothing else: what a VPN entry allows that does not say more.
    pub const MSCHAP2_ONLY: Self = Self::of(&[AuthMethod::MsChap2]);
    /// PAP, CHAP and MS-CHAP version 2: what a dial-up entry allows that does not say more.
    pub const DIAL_UP: Self = Self::of(&[AuthMethod::Pap, AuthMethod::Chap, AuthMethod::MsChap2]);

    /// The set of these bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The set of these methods.
    pub const fn of(methods: &[AuthMethod]) -> Self {
        let mut bits = 0;
        let mut rest = methods;
        while let [method, others @ ..] = rest {
            bits |= method.bit();
            rest = others;
        }
        Self(bits)
    }

    /// The bits, as the book has them.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether this method is allowed.
    pub const fn allows(self, method: AuthMethod) -> bool {
        self.0 & method.bit() != 0
    }

    /// The methods that are allowed, by ascending bit.
    pub fn methods(self) -> impl Iterator<Item = AuthMethod> {
        AuthMethod::ALL.into_iter().filter(move |method| self.allows(*method))
    }

    /// Whether no method that we know of is allowed.
    pub fn is_empty(self) -> bool {
        self.methods().next().is_none()
    }

    /// What an entry for this kind of device allows that does not say it.
    pub const fn default_for(device: DeviceType) -> Self {
        match device {
            DeviceType::Vpn => Self::MSCHAP2_ONLY,
            DeviceType::Modem
            | DeviceType::Isdn
            | DeviceType::X25
            | DeviceType::Pad
            | DeviceType::Generic
            | DeviceType::Serial
            | DeviceType::FrameRelay
            | DeviceType::Atm
            | DeviceType::Sonet
            | DeviceType::Sw56
            | DeviceType::Irda
            | DeviceType::Parallel
            | DeviceType::PppoE
            | DeviceType::RasTapi => Self::DIAL_UP,
        }
    }
}

/// What encryption an entry asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// None.
    None,
    /// If the peer can.
    Optional,
    /// Some, or the dial fails.
    Required,
    /// The strongest, or the dial fails.
    Strongest,
}

impl Encryption {
    /// All of them, by ascending value.
    pub const ALL: [Self; 4] = [Self::None, Self::Optional, Self::Required, Self::Strongest];

    /// Its number in the book.
    pub const fn value(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Optional => 8,
            Self::Required => 256,
            Self::Strongest => 512,
        }
    }

    /// The one of this number.
    pub fn from_value(value: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|encryption| encryption.value() == value)
    }

    /// What an entry for this kind of device asks for that does not say it.
    pub const fn default_for(device: DeviceType) -> Self {
        match device {
            DeviceType::Vpn => Self::Required,
            DeviceType::Modem
            | DeviceType::Isdn
            | DeviceType::X25
            | DeviceType::Pad
            | DeviceType::Generic
            | DeviceType::Serial
            | DeviceType::FrameRelay
            | DeviceType::Atm
            | DeviceType::Sonet
            | DeviceType::Sw56
            | DeviceType::Irda
            | DeviceType::Parallel
            | DeviceType::PppoE
            | DeviceType::RasTapi => Self::Optional,
        }
    }
}
