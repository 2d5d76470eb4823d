//! The TUN device: where the packets of this machine meet those of a connection.
//!
//! Opened with a virtio header and segmentation offload, because that shapes the path of packets: one
//! read brings up to 64 KiB, one write takes as much. The interface hangs on the descriptor: when it is
//! closed, by us or by our death, the kernel takes interface, addresses and routes away.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::coalesce::Coalescer;
use super::offload::{VNET_HEADER, segment};

pub(crate) const DEVICE: &str = "/dev/net/tun";
/// The longest frame: a packet of 64 KiB behind its header, with room to spare.
const FRAME: usize = VNET_HEADER + (64 << 10) + 512;
/// How an interface is named when nobody names it.
const NUMBERED: &str = "onhook%d";

const IFF_TUN: libc::c_short = 0x0001;
const IFF_NO_PI: libc::c_short = 0x1000;
const IFF_VNET_HDR: libc::c_short = 0x4000;
const IFF_TUN_EXCL: libc::c_int = 0x8000;
const OFFLOAD_CHECKSUM: libc::c_uint = 0x01;
const OFFLOAD_TSO4: libc::c_uint = 0x02;
const OFFLOAD_TSO6: libc::c_uint = 0x04;
const OFFLOAD_TSO_ECN: libc::c_uint = 0x08;
const OFFLOAD_USO: libc::c_uint = 0x20 | 0x40;

nix::ioctl_write_int!(set_interface_raw, b'T', 202);
nix::ioctl_write_int!(set_offload_raw, b'T', 208);
nix::ioctl_write_ptr!(set_vnet_header_size_raw, b'T', 216, libc::c_int);

/// Opens a TUN and makes its interface in the network namespace of this thread; returns the
/// descriptor and the interface's name.
pub(crate) fn open(name: Option<&str>) -> io::Result<(OwnedFd, String)> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(DEVICE)?;
    let fd = OwnedFd::from(file);
    let name = make_interface(&fd, name.unwrap_or(NUMBERED))?;
    set_offload(&fd)?;
    Ok((fd, name))
}

fn make_interface(fd: &OwnedFd, name: &str) -> io::Result<String> {
    let is_legal = |c: &u8| c.is_ascii_graphic() && *c != b'/' && *c != b':';
    let wanted = name.as_bytes();
    if wanted.is_empty()
        || wanted.len() >= libc::IFNAMSIZ
        || !wanted.iter().all(is_legal)
        || (wanted.contains(&b'%') && name != NUMBERED)
    {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("“{name}” is no name of an interface (1 to 15 letters or digits)"),
        ));
    }
    // Without IFF_TUN_EXCL a persistent interface of this name would be taken over.
    let flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | (IFF_TUN_EXCL as libc::c_short);
    // SAFETY: `ifreq` is plain data for which all zeros are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(wanted) {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = flags;
    // SAFETY: TUNSETIFF takes the address of an `ifreq`, reads and writes within it and keeps nothing
    // of it; `request` is one and outlives the call.
    unsafe { set_interface_raw(fd.as_raw_fd(), (&raw mut request) as libc::c_ulong) }?;
    let made: Vec<u8> = request.ifr_name.iter().map(|c| *c as u8).take_while(|c| *c != 0).collect();
    Ok(String::from_utf8_lossy(&made).into_owned())
}

/// Lets the kernel hand over and take whole frames: as many kinds as it can.
pub(crate) fn set_offload(fd: &OwnedFd) -> io::Result<()> {
    let header = VNET_HEADER as libc::c_int;
    // SAFETY: TUNSETVNETHDRSZ reads one int at this address.
    unsafe { set_vnet_header_size_raw(fd.as_raw_fd(), &raw const header) }?;
    let tcp = OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6 | OFFLOAD_TSO_ECN;
    // UDP segmentation needs Linux 6.2.
    for flags in [tcp | OFFLOAD_USO, tcp, 0] {
        // SAFETY: TUNSETOFFLOAD takes a number, no address.
        match unsafe { set_offload_raw(fd.as_raw_fd(), libc::c_ulong::from(flags)) } {
            Ok(_) => return Ok(()),
            Err(error) if flags == 0 => return Err(error.into()),
            Err(_) => {}
        }
    }
    Ok(())
}

/// A TUN interface that packets are taken from and given to.
///
/// Dropping it takes the interface away, with its addresses and routes.
pub struct TunDevice {
    fd: AsyncFd<OwnedFd>,
    name: String,
    mtu: u16,
    vnet_header: bool,
    frame: Box<[u8]>,
    coalescer: Coalescer,
}

impl TunDevice {
    /// Takes over a descriptor on which an interface hangs. `vnet_hdr`: it was opened with a virtio
    /// header (of 10 octets) before each packet.
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the descriptor cannot be waited for.
    pub fn adopt(fd: OwnedFd, name: String, mtu: u16, vnet_hdr: bool) -> io::Result<Self> {
        let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
        fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        // SAFETY: the descriptor is owned by what is registered, and so stays open and the same one
        // until the registration ends.
        let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
        Ok(Self {
            fd,
            name,
            mtu,
            vnet_header: vnet_hdr,
            frame: vec![0; FRAME].into_boxed_slice(),
            coalescer: Coalescer::default(),
        })
    }

    /// The interface's name in its namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The interface's MTU in octets.
    pub const fn mtu(&self) -> u16 {
        self.mtu
    }

    /// Resolves when there is something to receive. May be dropped and called again.
    ///
    /// # Errors
    /// When the runtime shuts down.
    pub async fn readable(&self) -> io::Result<()> {
        self.fd.readable().await?.retain_ready();
        Ok(())
    }

    /// Takes packets of this machine, until none is left or about `budget` octets went to `sink` (at
    /// most one frame of 64 KiB more). Returns the octets. Each packet is whole, no longer than the
    /// interface's MTU, its checksums complete.
    ///
    /// # Errors
    /// When the interface is gone.
    pub fn receive(&mut self, budget: usize, sink: &mut dyn FnMut(&[u8])) -> io::Result<usize> {
        let mut taken = 0;
        while taken < budget {
            let frame = &mut self.frame;
            let read = |fd: &OwnedFd| Ok(nix::unistd::read(fd, frame)?);
            let count = match self.fd.try_io(Interest::READABLE, read) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let frame = self.frame.get_mut(..count).unwrap_or_default();
            if !self.vnet_header {
                sink(frame);
                taken += count;
            } else if let Some(passed) = segment(frame, sink) {
                taken += passed;
            } else {
                tracing::debug!(target: "host::tun", count, "a frame of the kernel makes no sense");
            }
        }
        Ok(taken)
    }

    /// Gives a packet to this machine. Segments of TCP streams are gathered until
    /// [`flush`](Self::flush).
    ///
    /// # Errors
    /// When the interface does not take it: the packet is lost, as on any network.
    pub fn deliver(&mut self, packet: &[u8]) -> io::Result<()> {
        let fd = self.fd.get_ref();
        if self.vnet_header {
            self.coalescer.push(packet, &mut |header, packet| write(fd, header, packet))
        } else {
            write(fd, &[], packet)
        }
    }

    /// Writes out what was gathered.
    ///
    /// # Errors
    /// When the interface does not take something: it is lost, the rest is written.
    pub fn flush(&mut self) -> io::Result<()> {
        let fd = self.fd.get_ref();
        self.coalescer.flush(&mut |header, packet| write(fd, header, packet))
    }
}

impl std::fmt::Debug for TunDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TunDevice")
            .field("name", &self.name)
            .field("mtu", &self.mtu)
            .finish_non_exhaustive()
    }
}

fn write(fd: &OwnedFd, header: &[u8], packet: &[u8]) -> io::Result<()> {
    let parts = [io::IoSlice::new(header), io::IoSlice::new(packet)];
    nix::sys::uio::writev(fd.as_fd(), &parts)?;
    Ok(())
}
