//! Frames in memory that the kernel shares with us (PACKET_RX_RING, its second layout): reading them takes
//! no system call, and no copy but the kernel's.
//!
//! ```text
//!   slot 0            slot 1            …            the last          and from the beginning again
//!   status mac length │ … Ethernet frame …
//! ```
//!
//! A slot whose status says so is ours: the kernel has written it and does not touch it until we have set the
//! status back. It fills slots in their order, and wakes us for each frame as it would without a ring, so that
//! a lone frame does not wait. (The third layout hands over whole blocks, full or after a time of a few
//! milliseconds at the least: a lone frame waits as long.)

use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd as _;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use libc::{c_int, c_uint, tpacket_req, tpacket_versions, tpacket2_hdr};
use socket2::Socket;

/// Octets of a slot: what the kernel tells of a frame, and the frame; a multiple of what it aligns to.
const SLOT: usize = 2048;
/// Octets that the kernel allocates in one piece: whole pages, and whole slots.
const BLOCK: usize = 64 << 10;
/// Frames that are given out in one go, before the socket for discovery has its turn.
const BATCH: usize = 64;

/// A packet socket's ring. It stays as long as the value does, even when the socket is closed before.
#[derive(Debug)]
pub(super) struct Ring {
    memory: NonNull<u8>,
    slots: usize,
    /// The slot that the kernel fills next, or has filled.
    next: Mutex<usize>,
}

// SAFETY: the memory belongs to the mapping, which any thread may use and unmap; which of us reads a slot and
// gives it back is decided under the lock of `next`.
unsafe impl Send for Ring {}
// SAFETY: as above.
unsafe impl Sync for Ring {}

impl Ring {
    /// Gives a socket a ring of so many blocks, of 32 frames each. What it has received before is lost.
    pub(super) fn of(socket: &Socket, blocks: u16) -> io::Result<Self> {
        let length = usize::from(blocks) * BLOCK;
        let slots = length / SLOT;
        set(socket, libc::PACKET_VERSION, &(tpacket_versions::TPACKET_V2 as c_int))?;
        let request = tpacket_req {
            tp_block_size: BLOCK as c_uint,
            tp_block_nr: c_uint::from(blocks),
            tp_frame_size: SLOT as c_uint,
            tp_frame_nr: slots as c_uint,
        };
        set(socket, libc::PACKET_RX_RING, &request)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at a place of the kernel's choice touches no memory of ours; its length is
        // that of the ring.
        let memory = unsafe {
            let fd = socket.as_raw_fd();
            libc::mmap(std::ptr::null_mut(), length, access, libc::MAP_SHARED, fd, 0)
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { memory, slots, next: Mutex::new(0) })
    }

    /// Gives out one batch of what is there; whether there may be more.
    pub(super) fn read(&self, sink: &mut dyn FnMut(&[u8])) -> bool {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..BATCH {
            // SAFETY: `next` is below `slots`, so that the whole slot lies inside the mapping.
            let slot = unsafe { self.memory.add(*next * SLOT) };
            // SAFETY: a slot begins with its status, is aligned to much more than 4, and lives as long as
            // `self`; the status is never accessed but atomically.
            let status = unsafe { AtomicU32::from_ptr(slot.cast().as_ptr()) };
            if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
                return false;
            }
            // SAFETY: the slot is ours: the kernel wrote what follows the status before it set it, and does
            // not touch it until it is set back. The fields lie inside the slot.
            let (mac, kept, whole) = unsafe {
                let header = slot.cast::<tpacket2_hdr>().as_ptr();
                ((*header).tp_mac, (*header).tp_snaplen, (*header).tp_len)
            };
            if let Some(place) = place(mac, kept, whole) {
                // SAFETY: `place` lies inside the slot, which is ours until the status is set back, below.
                let frame = unsafe {
                    std::slice::from_raw_parts(slot.add(place.start).as_ptr(), place.len())
                };
                sink(frame);
            }
            status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
            *next = (*next + 1) % self.slots;
        }
        true
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, of this length, and nothing borrows from it any more.
        let result = unsafe { libc::munmap(self.memory.as_ptr().cast(), self.slots * SLOT) };
        debug_assert_eq!(result, 0, "a whole mapping can be unmapped");
    }
}

/// Where in its slot a frame lies; `None` when it was cut, or if it did not lie behind what is told of it.
fn place(mac: u16, kept: u32, whole: u32) -> Option<Range<usize>> {
    let start = usize::from(mac);
    let end = start.checked_add(usize::try_from(kept).ok()?)?;
    let is_whole = kept == whole && start >= size_of::<tpacket2_hdr>() && end <= SLOT;
    is_whole.then_some(start..end)
}

fn set<T>(socket: &Socket, option: c_int, value: &T) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
    // SAFETY: the descriptor is open while `socket` is borrowed, and `value` is plain data of `length` octets,
    // which the kernel only reads; no crate offers these options.
    let result = unsafe {
        let value = std::ptr::from_ref(value).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, option, value, length)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_taken_from_inside_its_slot_alone() {
        let most = u32::try_from(SLOT).unwrap();
        assert_eq!(place(66, 1522, 1522), Some(66..1588));
        assert_eq!(place(66, 0, 0), Some(66..66));
        assert_eq!(place(66, most - 66, most - 66), Some(66..SLOT));
        assert_eq!(place(66, most - 65, most - 65), None, "past the slot's end");
        assert_eq!(place(66, u32::MAX, u32::MAX), None);
        assert_eq!(place(66, 100, 101), None, "cut");
        assert_eq!(place(4, 100, 100), None, "what is told of the frame is none of it");
        assert_eq!(place(u16::MAX, 1, 1), None);
    }
}
