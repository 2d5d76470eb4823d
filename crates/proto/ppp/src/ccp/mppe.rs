//! Microsoft Point-to-Point Encryption (RFC 3078): RC4 with keys that change, in either direction.
//!
//! ```text
//!   00fd   A B C D count(12)   RC4( protocol  information )
//! ```
//!
//! *Stateless*, every packet has a key of its own: the one before, changed; a gap in the count is so many
//! changes. *Stateful*, the cipher runs on from packet to packet, and the key changes when the count's
//! low octet is all ones; a gap loses everything until the sender, asked by a Reset-Request, begins anew.
//!
//! RC4 is broken. This is here for servers that ask for it, and protects little.

use onhook_base::{Duration, Instant, Secret};
use onhook_crypto::mppe_keys::{Cipher, Strength, change_key, session_key};

use super::wire::bits;

/// Octets before what is encrypted.
const HEADER: usize = 2;
/// RC4 was begun anew: a key of its own, or after a reset.
const FLUSHED: u16 = 0x8000;
const ENCRYPTED: u16 = 0x1000;
const COUNT: u16 = 0x0fff;
/// Counts further ahead than this are behind.
const WINDOW: u16 = 0x0800;
/// The low octet of a count before which the key changes (§7).
const FLAG: u16 = 0x00ff;
/// Key changes that lost packets may cost in a second; each is two digests and a key schedule. Counts
/// that nobody meant cannot spend more of us.
const CHANGES_A_SECOND: u32 = 16_384;

/// What both ends have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) strength: Strength,
    pub(crate) stateless: bool,
}

impl Agreement {
    /// What the bits of one request say; `None` unless it is exactly one strength.
    pub(crate) const fn of(asked: u32) -> Option<Self> {
        let stateless = asked & bits::STATELESS != 0;
        let strength = match asked & bits::STRENGTHS {
            bits::BITS_40 => Strength::Bits40,
            bits::BITS_56 => Strength::Bits56,
            bits::BITS_128 => Strength::Bits128,
            _ => return None,
        };
        Some(Self { strength, stateless })
    }
}

/// One direction.
struct Half {
    agreement: Agreement,
    start: Secret<Vec<u8>>,
    key: Secret<Vec<u8>>,
    cipher: Cipher,
    /// Of the last packet.
    count: u16,
}

impl Half {
    fn new(agreement: Agreement, key: &Secret<Vec<u8>>) -> Self {
        let strength = agreement.strength;
        let start: Vec<u8> = key.expose().iter().copied().take(strength.key_len()).collect();
        let key = session_key(&start, strength).to_vec();
        let cipher = Cipher::new(&key);
        // The first packet is number 0.
        Self { agreement, start: Secret::new(start), key: Secret::new(key), cipher, count: COUNT }
    }

    /// The next key, and the cipher anew.
    fn change(&mut self) {
        let next = change_key(self.start.expose(), self.key.expose(), self.agreement.strength);
        self.key = Secret::new(next.to_vec());
        self.cipher = Cipher::new(self.key.expose());
    }
}

/// What became of a packet that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is late, in clear, too short, or a gap too costly: dropped.
    Dropped,
    /// Packets are missing, and nothing can be read before the peer begins anew: it is to be asked.
    AskForReset,
}

/// Both directions.
pub(crate) struct Mppe {
    sending: Half,
    receiving: Half,
    /// The next packet of ours begins anew.
    flush: bool,
    /// Packets are missing, stateful.
    lost: bool,
    second: Instant,
    changes: u32,
}

impl Mppe {
    /// `send` and `receive` are the master keys of our directions.
    pub(crate) fn new(
        sending: Agreement,
        receiving: Agreement,
        send: &Secret<Vec<u8>>,
        receive: &Secret<Vec<u8>>,
    ) -> Self {
        Self {
            sending: Half::new(sending, send),
            receiving: Half::new(receiving, receive),
            flush: false,
            lost: false,
            second: Instant::ORIGIN,
            changes: 0,
        }
    }

    /// The peer has lost packets: the next one begins anew.
    pub(crate) const fn reset(&mut self) {
        self.flush = true;
    }

    /// Encrypts what is in `packet` behind [`HEADER`] octets of room.
    pub(crate) fn seal(&mut self, packet: &mut [u8]) {
        let half = &mut self.sending;
        half.count = half.count.wrapping_add(1) & COUNT;
        let is_flag = half.count & FLAG == FLAG;
        let mut head = ENCRYPTED | half.count;
        if half.agreement.stateless || is_flag || self.flush {
            half.change();
            head |= FLUSHED;
            self.flush = false;
        }
        if let Some((room, inner)) = packet.split_at_mut_checked(HEADER) {
            room.copy_from_slice(&head.to_be_bytes());
            half.cipher.apply(inner);
        }
    }

    /// Decrypts a packet in place; what was inside it.
    pub(crate) fn open<'p>(
        &mut self,
        now: Instant,
        packet: &'p mut [u8],
    ) -> Result<&'p [u8], Refused> {
        let (head, inner) = packet.split_first_chunk_mut::<HEADER>().ok_or(Refused::Dropped)?;
        let head = u16::from_be_bytes(*head);
        if head & ENCRYPTED == 0 || inner.is_empty() {
            return Err(Refused::Dropped);
        }
        let count = head & COUNT;
        let ahead = count.wrapping_sub(self.receiving.count) & COUNT;
        if self.receiving.agreement.stateless {
            // As late as this, or the same again.
            if ahead == 0 || ahead > WINDOW {
                return Err(Refused::Dropped);
            }
            self.pay(now, u32::from(ahead))?;
            for _ in 0..ahead {
                self.receiving.change();
            }
            self.receiving.count = count;
        } else {
            self.follow(now, count, ahead, head & FLUSHED != 0)?;
        }
        self.receiving.cipher.apply(inner);
        Ok(inner)
    }

    /// Stateful (§8.2).
    fn follow(
        &mut self,
        now: Instant,
        count: u16,
        ahead: u16,
        flushed: bool,
    ) -> Result<(), Refused> {
        if !self.lost && ahead != 1 && !flushed {
            self.lost = true;
            return Err(Refused::AskForReset);
        }
        if !flushed {
            if self.lost {
                return Err(Refused::Dropped);
            }
            self.receiving.count = count;
            return Ok(());
        }
        // A change for each flag packet that was missed, and one for this.
        let expected = self.receiving.count.wrapping_add(1) & COUNT;
        let missed = (count >> 8).wrapping_sub(expected >> 8) & 0x0f;
        self.pay(now, u32::from(missed).saturating_add(1))?;
        for _ in 0..=missed {
            self.receiving.change();
        }
        self.receiving.count = count;
        self.lost = false;
        Ok(())
    }

    fn pay(&mut self, now: Instant, changes: u32) -> Result<(), Refused> {
        if now >= self.second + Duration::from_secs(1) {
            self.second = now;
            self.changes = 0;
        }
        // One change a packet is what traffic costs, and is not counted.
        let extra = changes.saturating_sub(1);
        if self.changes.saturating_add(extra) > CHANGES_A_SECOND {
            return Err(Refused::Dropped);
        }
        self.changes = self.changes.saturating_add(extra);
        Ok(())
    }
}

impl std::fmt::Display for Mppe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Agreement { strength, stateless } = self.sending.agreement;
        let bits = match strength {
            Strength::Bits40 => 40,
            Strength::Bits56 => 56,
            Strength::Bits128 => 128,
        };
        let mode = if stateless { "stateless" } else { "stateful" };
        write!(f, "MPPE, {bits} bits, {mode} (RC4: weak)")
    }
}

impl std::fmt::Debug for Mppe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mppe")
            .field("sending", &self.sending.agreement)
            .field("receiving", &self.receiving.agreement)
            .finish_non_exhaustive()
    }
}
