//! The header of a fragment (RFC 1990 §3) and the endpoint discriminator (§5.1.3).
//!
//! ```text
//!   003d   B E 0 0 0 0 0 0  sequence (24)      data      long
//!   003d   B E 0 0 sequence (12)               data      short
//! ```
//!
//! Knows bytes; knows no state.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::fmt;

use onhook_base::{Malformed, Reader, Writer};

use crate::lcp::wire::Hex;

/// The first fragment of a packet.
const BEGINS: u8 = 0x80;
/// The last one.
const ENDS: u8 = 0x40;

/// How long sequence numbers are in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SequenceForm {
    /// 24 bits, a header of four octets: where nothing else was agreed.
    #[default]
    Long,
    /// 12 bits, a header of two octets: agreed by LCP (RFC 1990 §5.1.2).
    Short,
}

impl SequenceForm {
    /// The greatest sequence number; zero follows it.
    pub const fn mask(self) -> u32 {
        match self {
            Self::Long => 0x00ff_ffff,
            Self::Short => 0x0fff,
        }
    }

    /// Octets of the header.
    pub const fn header_len(self) -> u16 {
        match self {
            Self::Long => 4,
            Self::Short => 2,
        }
    }
}

/// The header of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentHeader {
    /// A packet begins here.
    pub begins: bool,
    /// A packet ends here.
    pub ends: bool,
    /// Its number, which is the whole bundle's and not one link's.
    pub sequence: u32,
}

impl FragmentHeader {
    /// Splits the information of a multilink frame into header and data. The bits between are ignored,
    /// as reserved ones are.
    ///
    /// # Errors
    /// [`Malformed::CutShort`] when it ends within the header.
    pub fn parse(form: SequenceForm, information: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut r = Reader::new(information);
        let sequence = match form {
            SequenceForm::Long => r.u32()?,
            SequenceForm::Short => u32::from(r.u16()?),
        };
        let flags = information.first().copied().unwrap_or_default();
        let header = Self {
            begins: flags & BEGINS != 0,
            ends: flags & ENDS != 0,
            sequence: sequence & form.mask(),
        };
        Ok((header, r.take_rest()))
    }

    /// Appends the header; what is too great for a sequence number is cut.
    pub fn emit(self, form: SequenceForm, out: &mut Vec<u8>) {
        let mut flags = 0_u8;
        if self.begins {
            flags |= BEGINS;
        }
        if self.ends {
            flags |= ENDS;
        }
        let [_, high, middle, low] = (self.sequence & form.mask()).to_be_bytes();
        let mut w = Writer::new(out);
        match form {
            SequenceForm::Long => w.bytes(&[flags, high, middle, low]),
            SequenceForm::Short => w.bytes(&[flags | middle, low]),
        }
    }
}

/// Says from which machine a link comes, so that links of one machine find together.
///
/// A class (RFC 1990 §5.1.3: 0 null, 1 chosen locally, 2 IP address, 3 MAC address, 4 magic numbers, 5
/// telephone number) and up to twenty octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Discriminator {
    len: u8,
    octets: [u8; Self::LONGEST],
}

impl Discriminator {
    /// The class and the longest address.
    pub const LONGEST: usize = 21;
    /// The class of an address that was chosen locally.
    const LOCAL: u8 = 1;

    /// That of class *locally assigned*, of twenty octets; they are best drawn once for a machine.
    pub fn local(octets: [u8; 20]) -> Self {
        let mut all = [Self::LOCAL; Self::LONGEST];
        for (to, from) in all.iter_mut().skip(1).zip(octets) {
            *to = from;
        }
        Self { len: 21, octets: all }
    }

    /// From the value of LCP's option: class, then address; `None` when it is empty or too long.
    pub fn from_value(value: &[u8]) -> Option<Self> {
        let mut octets = [0; Self::LONGEST];
        if value.is_empty() {
            return None;
        }
        octets.get_mut(..value.len())?.copy_from_slice(value);
        Some(Self { len: u8::try_from(value.len()).ok()?, octets })
    }

    /// The value of LCP's option.
    pub fn value(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Display for Discriminator {
    /// In hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(self.value()).fmt(f)
    }
}

impl fmt::Debug for Discriminator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Discriminator({self})")
    }
}
