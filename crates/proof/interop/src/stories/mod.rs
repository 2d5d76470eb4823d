//! The stories, each in its own file.

mod bad_password;
mod callers;
mod dial_and_list;
mod eap;
mod hang_up;
mod keepalive;
mod links;
mod manager_stops;
mod methods;
mod modems;
mod multilink;
mod radius;
mod server_killed;
mod silent_server;
mod softether;
mod split_tunnel;
mod traffic;
mod userspace;
mod wrong_certificate;

use anyhow::Result;

use crate::stage::Stage;

/// A story: what happens between our program and a real server.
pub(crate) struct Story {
    /// Its name, for the command line and the summary.
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) about: &'static str,
    /// Plays it; an error says where it went wrong.
    pub(crate) play: fn(&mut Stage<'_>) -> Result<()>,
}

/// All stories, in the order in which they are played.
pub(crate) const STORIES: &[Story] = &[
    Story {
        name: "dial_and_list",
        about: "MS-CHAP v2; the list shows Connected, the address and the name servers",
        play: dial_and_list::play,
    },
    Story {
        name: "hang_up",
        about: "the server's list is empty and the host is as before when the hang-up returns",
        play: hang_up::play,
    },
    Story {
        name: "traffic",
        about: "64 KiB and 1 MiB both ways through the interface, unchanged",
        play: traffic::play,
    },
    Story {
        name: "split_tunnel",
        about: "an entry's routes and nothing else lead into the connection",
        play: split_tunnel::play,
    },
    Story {
        name: "userspace_as_root",
        about: "64 KiB both ways through SOCKS5, no interface made",
        play: userspace::as_root,
    },
    Story {
        name: "userspace_as_user",
        about: "the same by an ordinary user's manager",
        play: userspace::as_user,
    },
    Story {
        name: "bad_password",
        about: "error 691, asked once, nothing left",
        play: bad_password::play,
    },
    Story {
        name: "wrong_ca",
        about: "a certificate error, and no credential is sent",
        play: wrong_certificate::wrong_ca,
    },
    Story {
        name: "wrong_name",
        about: "the same for a certificate of another name",
        play: wrong_certificate::wrong_name,
    },
    Story {
        name: "pap",
        about: "the password in the clear, inside TLS, where the entry allows it",
        play: methods::pap,
    },
    Story { name: "chap", about: "CHAP with MD5, where the entry allows it", play: methods::chap },
    Story {
        name: "ms_chap_v1",
        about: "the first version of MS-CHAP, MPPE by its keys, and only where it is asked for",
        play: methods::ms_chap_v1,
    },
    Story {
        name: "method_refused",
        about: "a server that asks for PAP gets no password from an entry that forbids it",
        play: methods::refused,
    },
    Story {
        name: "server_killed",
        about: "a server that dies is noticed, and everything of the call goes",
        play: server_killed::play,
    },
    Story {
        name: "silent_server",
        about: "a hang-up with a server that has vanished ends within its budget",
        play: silent_server::play,
    },
    Story {
        name: "manager_told_to_stop",
        about: "SIGTERM hangs everything up first",
        play: manager_stops::told,
    },
    Story {
        name: "manager_killed",
        about: "after SIGKILL the next start cleans up, and no handle is used again",
        play: manager_stops::killed,
    },
    Story {
        name: "serial_pap",
        about: "pppd on a serial line: PAP, 64 KiB, wrong password, its end, its silence",
        play: links::serial_pap,
    },
    Story { name: "serial_chap", about: "the same with CHAP", play: links::serial_chap },
    Story {
        name: "serial_ms_chap",
        about: "the same with MS-CHAP v2",
        play: links::serial_ms_chap,
    },
    Story {
        name: "serial_mppe",
        about: "the same with MPPE of 128 bits, which the server requires",
        play: links::serial_mppe,
    },
    Story {
        name: "multilink",
        about: "two lines to pppd as one connection: 64 KiB over both, one hung up, all hung up",
        play: multilink::play,
    },
    Story {
        name: "pppoe",
        about: "the same with rp-pppoe, and a service that nobody offers",
        play: links::pppoe,
    },
    Story { name: "l2tp", about: "the same with xl2tpd, over UDP", play: links::l2tp },
    Story {
        name: "softether",
        about: "L2TP with SoftEther: 64 KiB, wrong password, its silence",
        play: softether::play,
    },
    Story {
        name: "pptp",
        about: "the same with pptpd: GRE, and MPPE of 128 bits, which it requires",
        play: links::pptp,
    },
    Story { name: "eap_md5", about: "pppd on a serial line asks for EAP-MD5", play: eap::md5 },
    Story {
        name: "eap_tls",
        about: "the same for EAP-TLS over TLS 1.2 and 1.3, with MPPE by its keys",
        play: eap::tls,
    },
    Story {
        name: "called_by_pppoe",
        about: "Debian's pppd and the kernel's PPPoE call our answering side",
        play: callers::pppoe,
    },
    Story {
        name: "called_by_multilink",
        about: "two calls of Debian's pppd are one connection of the kernel's multilink to ours",
        play: callers::multilink,
    },
    Story {
        name: "called_by_l2tp",
        about: "Debian's xl2tpd and the kernel's L2TP call it",
        play: callers::l2tp,
    },
    Story {
        name: "called_by_pptp",
        about: "Debian's pptp and pppd with the kernel's MPPE call it",
        play: callers::pptp,
    },
    Story {
        name: "radius",
        about: "FreeRADIUS judges callers by six methods, counts a session to the octet, and ends one",
        play: radius::play,
    },
    Story {
        name: "radius_eap_tls",
        about: "FreeRADIUS judges callers by EAP-TLS and PEAP, over TLS 1.2 and 1.3",
        play: radius::tls,
    },
    Story {
        name: "radius_ms_chap_v1",
        about: "the first version of MS-CHAP is passed on, and FreeRADIUS gives MPPE its keys",
        play: radius::ms_chap_v1,
    },
    Story {
        name: "radius_new_password",
        about: "FreeRADIUS takes a new password: by MS-CHAP version 2, by EAP-MSCHAPv2, and inside PEAP",
        play: radius::new_password,
    },
    Story {
        name: "silent_radius",
        about: "a RADIUS server that is silent is passed over; one that does not sign is not believed",
        play: radius::silent,
    },
    Story {
        name: "called_by_eap_md5",
        about: "Debian's pppd proves itself to us by EAP-MD5, over PPPoE",
        play: eap::called_md5,
    },
    Story {
        name: "called_by_eap_tls",
        about: "Debian's pppd proves itself to us by EAP-TLS, over PPTP with MPPE by its keys",
        play: eap::called_tls,
    },
    Story {
        name: "called_by_serial",
        about: "Debian's pppd calls it over a line in async framing",
        play: modems::called_by_serial,
    },
    Story {
        name: "called_by_modem",
        about: "Debian's chat dials an emulated modem, and pppd calls behind it",
        play: modems::called_by_modem,
    },
    Story {
        name: "dials_a_modem",
        about: "a modem is dialed, and Debian's pppd answers behind the other: 64 KiB, all the ends of a call",
        play: modems::dials_a_modem,
    },
    Story {
        name: "keepalive",
        about: "65 s of quiet under the server's echo requests, still connected",
        play: keepalive::play,
    },
];
