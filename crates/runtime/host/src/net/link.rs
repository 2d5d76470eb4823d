//! Interfaces and their addresses.

use std::io;
use std::net::IpAddr;

use super::netlink::{
    Answer, CREATE, DELADDR, DELLINK, EXCLUSIVE, GETLINK, Message, NEWADDR, NEWLINK, Netlink,
    attributes, nested, number, plain,
};

const ARPHRD_ETHER: u16 = 1;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const ADDR_GEN_MODE_NONE: u8 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_F_NODAD: u8 = 0x02;
const SCOPE_UNIVERSE: u8 = 0;
const SCOPE_LINK: u8 = 253;
const IFF_UP: u32 = 1;
const IFF_RUNNING: u32 = 0x40;
const LINK_FIXED: usize = 16;

/// An interface as the kernel tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
    pub(crate) mtu: u32,
    pub(crate) is_up: bool,
    /// Frames can pass: the cable is plugged in.
    pub(crate) is_running: bool,
    /// Its address, when it is an Ethernet.
    pub(crate) ethernet: Option<[u8; 6]>,
}

fn fixed(index: u32, flags: u32, change: u32) -> [u8; LINK_FIXED] {
    let mut fixed = [0; LINK_FIXED];
    fixed[4..8].copy_from_slice(&index.to_ne_bytes());
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed[12..16].copy_from_slice(&change.to_ne_bytes());
    fixed
}

fn link_of(answer: &Answer) -> Option<Link> {
    let body = answer.body.first_chunk::<LINK_FIXED>()?;
    let flags = number(&body[8..12])?;
    let is_ethernet = body[2..4] == ARPHRD_ETHER.to_ne_bytes();
    let mut link = Link {
        index: number(&body[4..8])?,
        name: String::new(),
        mtu: 0,
        is_up: flags & IFF_UP != 0,
        is_running: flags & IFF_RUNNING != 0,
        ethernet: None,
    };
    for (kind, value) in attributes(&answer.body, LINK_FIXED) {
        match kind {
            IFLA_IFNAME => {
                let text = value.strip_suffix(&[0]).unwrap_or(value);
                link.name = String::from_utf8_lossy(text).into_owned();
            }
            IFLA_MTU => link.mtu = number(value)?,
            IFLA_ADDRESS if is_ethernet => link.ethernet = value.try_into().ok(),
            _ => {}
        }
    }
    (answer.kind == NEWLINK).then_some(link)
}

impl Netlink {
    /// The interface of this name, if there is one.
    pub(crate) fn link_by_name(&self, name: &str) -> io::Result<Option<Link>> {
        self.link(Message::new(GETLINK, 0, &fixed(0, 0, 0)).text(IFLA_IFNAME, name))
    }

    /// The interface of this number, if there is one.
    pub(crate) fn link_by_index(&self, index: u32) -> io::Result<Option<Link>> {
        self.link(Message::new(GETLINK, 0, &fixed(index, 0, 0)))
    }

    fn link(&self, message: Message) -> io::Result<Option<Link>> {
        match self.request(message) {
            Ok(answers) => Ok(answers.iter().find_map(link_of)),
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets the MTU of an interface and brings it up, without addresses of the kernel's own making.
    pub(crate) fn bring_up(&self, index: u32, mtu: u16) -> io::Result<()> {
        // The kernel would otherwise give it a link-local IPv6 address and begin to talk. On a machine
        // without IPv6 there is nothing to switch off, and the request fails.
        let mode = plain(IFLA_INET6_ADDR_GEN_MODE, &[ADDR_GEN_MODE_NONE]);
        let inet6 = nested(10, &mode);
        let quiet =
            Message::new(NEWLINK, 0, &fixed(index, 0, 0)).attribute(IFLA_AF_SPEC | 0x8000, &inet6);
        if let Err(error) = self.request(quiet) {
            tracing::debug!(target: "host::net", index, %error, "IPv6 on the interface not quieted");
        }
        let message = Message::new(NEWLINK, 0, &fixed(index, IFF_UP, IFF_UP))
            .number(IFLA_MTU, u32::from(mtu));
        self.request(message).map(drop)
    }

    /// Deletes an interface; that it is gone already is success.
    pub(crate) fn delete_link(&self, index: u32) -> io::Result<()> {
        match self.request(Message::new(DELLINK, 0, &fixed(index, 0, 0))) {
            Err(error) if error.raw_os_error() != Some(libc::ENODEV) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Gives an interface an address, at once usable.
    pub(crate) fn add_address(&self, address: &Address) -> io::Result<()> {
        self.request(address.message(NEWADDR, CREATE | EXCLUSIVE)).map(drop)
    }

    /// Takes an address from an interface; that either is gone already is success.
    pub(crate) fn delete_address(&self, address: &Address) -> io::Result<()> {
        match self.request(address.message(DELADDR, 0)) {
            Err(error)
                if !matches!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL | libc::ENODEV)) =>
            {
                Err(error)
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) index: u32,
    pub(crate) address: IpAddr,
    pub(crate) prefix_len: u8,
    pub(crate) peer: Option<IpAddr>,
}

impl Address {
    fn message(&self, kind: u16, flags: u16) -> Message {
        let is_link_local = match self.address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        let scope = if is_link_local { SCOPE_LINK } else { SCOPE_UNIVERSE };
        let family = family(self.address);
        let mut fixed = [family, self.prefix_len, IFA_F_NODAD, scope, 0, 0, 0, 0];
        fixed[4..8].copy_from_slice(&self.index.to_ne_bytes());
        Message::new(kind, flags, &fixed)
            .attribute(IFA_LOCAL, &octets(self.address))
            .attribute(IFA_ADDRESS, &octets(self.peer.unwrap_or(self.address)))
    }
}

/// The number of an address family (`AF_INET`, `AF_INET6`).
pub(crate) const fn family(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 2,
        IpAddr::V6(_) => 10,
    }
}

/// An address as it lies in a message.
pub(crate) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}
