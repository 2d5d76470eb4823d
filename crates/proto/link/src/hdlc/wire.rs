//! Frames in and out of octets (RFC 1662 §4).
//!
//! Octets are copied in runs between those that mean something, and checked sixteen at a time; nothing
//! is allocated for a frame.

use super::fcs::{GOOD_FCS16, GOOD_FCS32, fcs16, fcs32};
use crate::head::ADDRESS_AND_CONTROL;

const FLAG: u8 = 0x7e;
const ESCAPE: u8 = 0x7d;
/// What an escaped octet is changed by.
const CHANGE: u8 = 0x20;
/// All-Stations address and Unnumbered Information (RFC 1662 §3.1).
/// Octets of the longer check sequence.
const FCS32_OCTETS: usize = 4;
const FCS16_OCTETS: usize = 2;

/// Appends one frame: an opening flag unless one lies there already, the pieces, their FCS-16, a closing
/// flag. `map` names the control characters that are escaped (bit 0 is octet 0).
pub fn push_frame(out: &mut Vec<u8>, map: u32, pieces: &[&[u8]]) {
    if out.last() != Some(&FLAG) {
        out.push(FLAG);
    }
    let mut fcs = 0xffff;
    for piece in pieces {
        fcs = fcs16(fcs, piece);
        escape(out, map, piece);
    }
    escape(out, map, &(!fcs).to_le_bytes());
    out.push(FLAG);
}

fn escape(out: &mut Vec<u8>, map: u32, mut piece: &[u8]) {
    if map == 0 {
        while let Some(at) = memchr::memchr2(FLAG, ESCAPE, piece) {
            let (run, rest) = piece.split_at(at);
            out.extend_from_slice(run);
            if let Some((octet, rest)) = rest.split_first() {
                out.extend([ESCAPE, octet ^ CHANGE]);
                piece = rest;
            }
        }
        out.extend_from_slice(piece);
        return;
    }
    out.reserve(piece.len().saturating_mul(2));
    for octet in piece {
        if must_escape(*octet, map) {
            out.extend([ESCAPE, octet ^ CHANGE]);
        } else {
            out.push(*octet);
        }
    }
}

const fn must_escape(octet: u8, map: u32) -> bool {
    octet == FLAG || octet == ESCAPE || (octet < 0x20 && map >> octet & 1 == 1)
}

/// What was received and is no frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Frames with a wrong check sequence.
    pub damaged: u64,
    /// Frames longer than any that may come.
    pub overlong: u64,
    /// Frames that their sender gave up (RFC 1662 §4.3).
    pub aborted: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the first flag: nothing that comes is ours.
    Outside,
    /// In a frame.
    Inside,
    /// In one that is too long already.
    Overlong,
}

/// Finds frames in a stream of octets. The check sequence may have sixteen bits or thirty-two: whichever
/// fits is taken, so that FCS-Alternatives need not be agreed for a peer that uses the longer one.
#[derive(Clone, Debug)]
pub struct Deframer {
    frame: Vec<u8>,
    /// The most octets between two flags.
    most: usize,
    place: Place,
    escaped: bool,
    taken: bool,
    losses: Losses,
}

impl Deframer {
    /// For frames of at most `most` octets from their Protocol field on.
    pub fn new(most: usize) -> Self {
        Self {
            frame: Vec::new(),
            most: most.saturating_add(ADDRESS_AND_CONTROL.len() + FCS32_OCTETS),
            place: Place::Outside,
            escaped: false,
            taken: false,
            losses: Losses::default(),
        }
    }

    /// Reads up to the end of the next frame: how many octets, and whether [`frame`](Self::frame) is
    /// whole now.
    pub fn read(&mut self, input: &[u8]) -> (usize, bool) {
        if std::mem::take(&mut self.taken) {
            self.frame.clear();
        }
        let mut rest = input;
        while !rest.is_empty() {
            if self.place == Place::Outside {
                let Some(at) = memchr::memchr(FLAG, rest) else { break };
                rest = rest.split_at(at.saturating_add(1)).1;
                self.begin();
                continue;
            }
            if self.escaped {
                let Some((octet, after)) = rest.split_first() else { break };
                rest = after;
                self.escaped = false;
                if *octet == FLAG {
                    self.losses.aborted = self.losses.aborted.saturating_add(1);
                    self.begin();
                } else {
                    self.keep(&[octet ^ CHANGE]);
                }
                continue;
            }
            let Some(at) = memchr::memchr2(FLAG, ESCAPE, rest) else {
                self.keep(rest);
                return (input.len(), false);
            };
            let (run, after) = rest.split_at(at);
            self.keep(run);
            let Some((octet, after)) = after.split_first() else { break };
            rest = after;
            if *octet == ESCAPE {
                self.escaped = true;
            } else if self.end() {
                return (input.len().saturating_sub(rest.len()), true);
            }
        }
        (input.len(), false)
    }

    /// The frame that was read last, from its Protocol field on.
    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// The same, to be changed in place.
    pub fn frame_mut(&mut self) -> &mut [u8] {
        &mut self.frame
    }

    /// What was no frame, so far.
    pub const fn losses(&self) -> Losses {
        self.losses
    }

    fn begin(&mut self) {
        self.place = Place::Inside;
        self.frame.clear();
    }

    fn keep(&mut self, octets: &[u8]) {
        if self.place == Place::Inside {
            if self.frame.len().saturating_add(octets.len()) > self.most {
                self.place = Place::Overlong;
                self.frame.clear();
            } else {
                self.frame.extend_from_slice(octets);
            }
        }
    }

    /// A flag has come: whether a frame lies before it.
    fn end(&mut self) -> bool {
        if self.place == Place::Overlong {
            self.losses.overlong = self.losses.overlong.saturating_add(1);
            self.begin();
            return false;
        }
        // Flags in a row, and noise too short to be a frame, are no fault (RFC 1662 §4.3).
        if self.frame.len() < FCS16_OCTETS.saturating_add(2) {
            self.begin();
            return false;
        }
        let check = if fcs16(0xffff, &self.frame) == GOOD_FCS16 {
            FCS16_OCTETS
        } else if self.frame.len() > FCS32_OCTETS && fcs32(0xffff_ffff, &self.frame) == GOOD_FCS32 {
            FCS32_OCTETS
        } else {
            self.losses.damaged = self.losses.damaged.saturating_add(1);
            self.begin();
            return false;
        };
        self.frame.truncate(self.frame.len().saturating_sub(check));
        if self.frame.starts_with(&ADDRESS_AND_CONTROL) {
            self.frame.drain(..ADDRESS_AND_CONTROL.len());
        }
        // The flag that ends it may begin the next.
        self.place = Place::Inside;
        self.taken = true;
        !self.frame.is_empty()
    }
}
