//! What an entry dials with: kinds of devices, VPN protocols and their order.

use serde::{Deserialize, Serialize};

/// What kind of entry a person made (RASET).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryType {
    /// Modem, ISDN, X.25.
    Phone,
    /// A virtual private network.
    #[default]
    Vpn,
    /// A cable between two computers.
    Direct,
    /// An Internet connection service; obsolete.
    Internet,
    /// PPPoE.
    Broadband,
}

impl EntryType {
    /// All of them, by ascending value.
    pub const ALL: [Self; 5] =
        [Self::Phone, Self::Vpn, Self::Direct, Self::Internet, Self::Broadband];

    /// Its number in the book.
    pub const fn value(self) -> u32 {
        match self {
            Self::Phone => 1,
            Self::Vpn => 2,
            Self::Direct => 3,
            Self::Internet => 4,
            Self::Broadband => 5,
        }
    }

    /// The one of this number.
    pub fn from_value(value: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.value() == value)
    }
}

/// The kind of device that is dialed with (RASDT).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceType {
    /// A virtual private network: SSTP, L2TP, PPTP, IKEv2.
    Vpn,
    /// A modem.
    Modem,
    /// An ISDN card.
    Isdn,
    /// An X.25 card.
    X25,
    /// An X.25 packet assembler.
    Pad,
    /// Any other device.
    Generic,
    /// A serial cable.
    Serial,
    /// Frame relay.
    FrameRelay,
    /// ATM.
    Atm,
    /// SONET.
    Sonet,
    /// Switched 56.
    Sw56,
    /// Infrared.
    Irda,
    /// A parallel cable.
    Parallel,
    /// PPP over Ethernet.
    PppoE,
    /// A device of the telephony interface without a kind of its own.
    RasTapi,
}

impl DeviceType {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Vpn,
        Self::Modem,
        Self::Isdn,
        Self::X25,
        Self::Pad,
        Self::Generic,
        Self::Serial,
        Self::FrameRelay,
        Self::Atm,
        Self::Sonet,
        Self::Sw56,
        Self::Irda,
        Self::Parallel,
        Self::PppoE,
        Self::RasTapi,
    ];

    /// The text that programs and books know it by.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Vpn => "vpn",
            Self::Modem => "modem",
            Self::Isdn => "isdn",
            Self::X25 => "x25",
            Self::Pad => "pad",
            Self::Generic => "GENERIC",
            Self::Serial => "SERIAL",
            Self::FrameRelay => "FRAMERELAY",
            Self::Atm => "ATM",
            Self::Sonet => "SONET",
            Self::Sw56 => "SW56",
            Self::Irda => "IRDA",
            Self::Parallel => "PARALLEL",
            Self::PppoE => "PPPoE",
            Self::RasTapi => "rastapi",
        }
    }

    /// The one of this text, compared without case.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.text().eq_ignore_ascii_case(text))
    }

    /// The kind of medium in a book that carries this device.
    pub const fn media(self) -> &'static str {
        match self {
            Self::Modem => "serial",
            Self::Isdn => "isdn",
            Self::X25 | Self::Pad => "x25",
            Self::Vpn
            | Self::Generic
            | Self::Serial
            | Self::FrameRelay
            | Self::Atm
            | Self::Sonet
            | Self::Sw56
            | Self::Irda
            | Self::Parallel
            | Self::PppoE
            | Self::RasTapi => "rastapi",
        }
    }

    /// Whether it is dialed with a number; the others need none, or may have none (a PPPoE service).
    pub const fn needs_number(self) -> bool {
        match self {
            Self::Vpn | Self::Modem | Self::Isdn => true,
            Self::X25
            | Self::Pad
            | Self::Generic
            | Self::Serial
            | Self::FrameRelay
            | Self::Atm
            | Self::Sonet
            | Self::Sw56
            | Self::Irda
            | Self::Parallel
            | Self::PppoE
            | Self::RasTapi => false,
        }
    }

    /// Kind and device that a person means who names a kind, or the device that all of that kind
    /// share.
    pub(super) fn of_device(device: &str) -> Option<(Self, &'static str)> {
        if device.is_empty() || device.eq_ignore_ascii_case(Self::Vpn.text()) {
            return Some((Self::Vpn, VpnProtocol::Sstp.device_name()));
        }
        let kind = in_brackets(device).unwrap_or(device);
        if kind.eq_ignore_ascii_case(Self::PppoE.text()) {
            return Some((Self::PppoE, PPPOE_DEVICE));
        }
        Self::from_text(device).map(|kind| (kind, ""))
    }

    pub(super) const fn default_entry_type(self) -> EntryType {
        match self {
            Self::Vpn => EntryType::Vpn,
            Self::PppoE => EntryType::Broadband,
            Self::Serial | Self::Irda | Self::Parallel => EntryType::Direct,
            Self::Modem
            | Self::Isdn
            | Self::X25
            | Self::Pad
            | Self::Generic
            | Self::FrameRelay
            | Self::Atm
            | Self::Sonet
            | Self::Sw56
            | Self::RasTapi => EntryType::Phone,
        }
    }
}

/// What stands in brackets at the end of a device's name.
fn in_brackets(name: &str) -> Option<&str> {
    name.strip_suffix(')')?.rsplit_once('(').map(|(_, inner)| inner)
}

const PPPOE_DEVICE: &str = "WAN Miniport (PPPOE)";

/// A VPN protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VpnProtocol {
    /// RFC 2637.
    Pptp,
    /// RFC 2661, inside IPsec.
    L2tp,
    /// \[MS-SSTP\].
    Sstp,
    /// RFC 7296.
    Ikev2,
    /// GRE alone.
    Gre,
}

impl VpnProtocol {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pptp, Self::L2tp, Self::Sstp, Self::Ikev2, Self::Gre];

    /// Those that are dialed here, the one that passes most firewalls first.
    pub const DIALED: [Self; 3] = [Self::Sstp, Self::L2tp, Self::Pptp];

    /// Its short name: `SSTP`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Pptp => "PPTP",
            Self::L2tp => "L2TP",
            Self::Sstp => "SSTP",
            Self::Ikev2 => "IKEv2",
            Self::Gre => "GRE",
        }
    }

    /// The name that books give its device.
    pub const fn device_name(self) -> &'static str {
        match self {
            Self::Pptp => "WAN Miniport (PPTP)",
            Self::L2tp => "WAN Miniport (L2TP)",
            Self::Sstp => "WAN Miniport (SSTP)",
            Self::Ikev2 => "WAN Miniport (IKEv2)",
            Self::Gre => "WAN Miniport (GRE)",
        }
    }

    /// The protocol of this short name, or of a device's name that ends with it in brackets
    /// (`WAN Miniport (SSTP)`, `onhook (SSTP)`), compared without case.
    pub fn from_text(text: &str) -> Option<Self> {
        let text = in_brackets(text).unwrap_or(text);
        Self::ALL.into_iter().find(|protocol| protocol.text().eq_ignore_ascii_case(text))
    }

    /// The strategy that tries this protocol and no other.
    pub const fn only(self) -> VpnStrategy {
        match self {
            Self::Pptp => VpnStrategy::PptpOnly,
            Self::L2tp => VpnStrategy::L2tpOnly,
            Self::Sstp => VpnStrategy::SstpOnly,
            Self::Ikev2 => VpnStrategy::Ikev2Only,
            Self::Gre => VpnStrategy::GreOnly,
        }
    }
}

/// Which VPN protocols are tried, in which order (VS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VpnStrategy {
    /// The order of this implementation: SSTP, IKEv2, L2TP, PPTP. What passes most firewalls goes
    /// first, what protects least goes last.
    #[default]
    Default,
    /// PPTP alone.
    PptpOnly,
    /// PPTP, then L2TP.
    PptpFirst,
    /// L2TP alone.
    L2tpOnly,
    /// L2TP, then PPTP, IKEv2.
    L2tpFirst,
    /// SSTP alone.
    SstpOnly,
    /// SSTP, then IKEv2, PPTP, L2TP.
    SstpFirst,
    /// IKEv2 alone.
    Ikev2Only,
    /// IKEv2, then PPTP, L2TP.
    Ikev2First,
    /// GRE alone.
    GreOnly,
    /// PPTP, then SSTP.
    PptpSstp,
    /// L2TP, then SSTP.
    L2tpSstp,
    /// IKEv2, then SSTP.
    Ikev2Sstp,
    /// A list in the entry; its form is not known, so that the default order stands in.
    ProtocolList,
}

impl VpnStrategy {
    /// All of them, by ascending value.
    pub const ALL: [Self; 14] = [
        Self::Default,
        Self::PptpOnly,
        Self::PptpFirst,
        Self::L2tpOnly,
        Self::L2tpFirst,
        Self::SstpOnly,
        Self::SstpFirst,
        Self::Ikev2Only,
        Self::Ikev2First,
        Self::GreOnly,
        Self::PptpSstp,
        Self::L2tpSstp,
        Self::Ikev2Sstp,
        Self::ProtocolList,
    ];

    /// Its number in the book.
    pub const fn value(self) -> u32 {
        match self {
            Self::Default => 0,
            Self::PptpOnly => 1,
            Self::PptpFirst => 2,
            Self::L2tpOnly => 3,
            Self::L2tpFirst => 4,
            Self::SstpOnly => 5,
            Self::SstpFirst => 6,
            Self::Ikev2Only => 7,
            Self::Ikev2First => 8,
            Self::GreOnly => 9,
            Self::PptpSstp => 12,
            Self::L2tpSstp => 13,
            Self::Ikev2Sstp => 14,
            Self::ProtocolList => 15,
        }
    }

    /// The one of this number.
    pub fn from_value(value: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.value() == value)
    }

    /// The protocols in the order in which they are tried.
    pub const fn order(self) -> &'static [VpnProtocol] {
        use VpnProtocol::{Gre, Ikev2, L2tp, Pptp, Sstp};
        match self {
            Self::Default | Self::ProtocolList => &[Sstp, Ikev2, L2tp, Pptp],
            Self::PptpOnly => &[Pptp],
            Self::PptpFirst => &[Pptp, L2tp],
            Self::L2tpOnly => &[L2tp],
            Self::L2tpFirst => &[L2tp, Pptp, Ikev2],
            Self::SstpOnly => &[Sstp],
            Self::SstpFirst => &[Sstp, Ikev2, Pptp, L2tp],
            Self::Ikev2Only => &[Ikev2],
            Self::Ikev2First => &[Ikev2, Pptp, L2tp],
            Self::GreOnly => &[Gre],
            Self::PptpSstp => &[Pptp, Sstp],
            Self::L2tpSstp => &[L2tp, Sstp],
            Self::Ikev2Sstp => &[Ikev2, Sstp],
        }
    }
}
