//! What the kernel lets through to a packet socket.

use std::io;

use socket2::{SockFilter, Socket};

/// Which frames are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    All,
    Nothing,
    /// What is for this station.
    To([u8; 6]),
    /// What is of this session.
    Of([u8; 6], u16),
}

impl Filter {
    /// Classic BPF (the kernel's socket filters): loads from the frame, comparisons, a verdict.
    pub(super) fn attach(self, socket: &Socket) -> io::Result<()> {
        const LOAD_WORD: u16 = 0x20;
        const LOAD_HALF: u16 = 0x28;
        const JUMP_EQUAL: u16 = 0x15;
        const RETURN: u16 = 0x06;
        let mut program: Vec<SockFilter> = Vec::new();
        let compare = |at: u32, station: [u8; 6]| {
            let [a, b, c, d, e, f] = station;
            [
                (LOAD_WORD, at, u32::from_be_bytes([a, b, c, d])),
                (LOAD_HALF, at + 4, u32::from(u16::from_be_bytes([e, f]))),
            ]
        };
        let checks: Vec<(u16, u32, u32)> = match self {
            Self::All | Self::Nothing => Vec::new(),
            Self::To(station) => compare(0, station).to_vec(),
            Self::Of(peer, session) => {
                let mut checks = compare(6, peer).to_vec();
                checks.push((LOAD_HALF, 16, u32::from(session)));
                checks
            }
        };
        let count = checks.len();
        for (number, (load, at, value)) in checks.into_iter().enumerate() {
            program.push(SockFilter::new(load, 0, 0, at));
            // A mismatch leads to the last line: over the loads and jumps that follow, and the yes.
            let far = u8::try_from(2 * (count - number - 1) + 1).unwrap_or(u8::MAX);
            program.push(SockFilter::new(JUMP_EQUAL, 0, far, value));
        }
        if self != Self::Nothing {
            program.push(SockFilter::new(RETURN, 0, 0, u32::MAX));
        }
        program.push(SockFilter::new(RETURN, 0, 0, 0));
        socket.attach_filter(&program)
    }
}
