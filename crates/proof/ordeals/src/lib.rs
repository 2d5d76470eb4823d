//! Ordeals: what every parser and every machine must stand, whatever octets drive it.
//!
//! An ordeal takes octets, from a fuzzer or from a file, and makes of them what its subject may meet:
//! packets, whole or bent, in any order, time that passes, owners that close, callers that come and go.
//! It asserts what must hold all the same: no panic, answers that fit, queues that are bounded, an end
//! within its time. The fuzzer (`cargo xtask fuzz`) and an ordinary test, which plays every file of the
//! corpora, call the same functions.
//!
//! ```
//! let ordeal = onhook_ordeals::find("ppp_frame").unwrap();
//! (ordeal.run)(&[0, 5, 0, 6, 0xc0, 0x21, 1, 1, 0, 4]);
//! ```

mod address_answer;
mod autodial;
mod cbcp;
mod connection;
mod eap_pair;
mod eap_user;
mod eap_wire;
mod gathered;
mod hdlc_line;
mod input;
mod journal;
mod keyring;
mod l2tp_pair;
mod l2tp_trunk;
mod manager;
mod modem;
mod multilink;
mod pap_chap;
mod phonebook;
mod ppp_frame;
mod ppp_pair;
mod pppoe_wire;
mod pptp_pair;
mod properties;
mod proxy_head;
mod radius_talk;
mod ras_structures;
mod sstp_http;
mod sstp_pair;
mod sstp_stream;
mod telnet_port;
mod users;
mod userstack;
mod varlink;

/// One ordeal.
#[derive(Clone, Copy, Debug)]
pub struct Ordeal {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// Plays it; panics when something does not hold.
    pub run: fn(&[u8]),
}

/// All of them, parsers first, then machines.
pub const ORDEALS: &[Ordeal] = &[
    Ordeal { name: "phonebook", run: phonebook::run },
    Ordeal { name: "properties", run: properties::run },
    Ordeal { name: "keyring", run: keyring::run },
    Ordeal { name: "eap_user", run: eap_user::run },
    Ordeal { name: "autodial", run: autodial::run },
    Ordeal { name: "users", run: users::run },
    Ordeal { name: "ras_structures", run: ras_structures::run },
    Ordeal { name: "journal", run: journal::run },
    Ordeal { name: "varlink", run: varlink::run },
    Ordeal { name: "address_answer", run: address_answer::run },
    Ordeal { name: "proxy_head", run: proxy_head::run },
    Ordeal { name: "gathered", run: gathered::run },
    Ordeal { name: "sstp_http", run: sstp_http::run },
    Ordeal { name: "sstp_stream", run: sstp_stream::run },
    Ordeal { name: "sstp_pair", run: sstp_pair::run },
    Ordeal { name: "hdlc_line", run: hdlc_line::run },
    Ordeal { name: "modem", run: modem::run },
    Ordeal { name: "telnet_port", run: telnet_port::run },
    Ordeal { name: "l2tp_pair", run: l2tp_pair::run },
    Ordeal { name: "l2tp_trunk", run: l2tp_trunk::run },
    Ordeal { name: "pptp_pair", run: pptp_pair::run },
    Ordeal { name: "pppoe_wire", run: pppoe_wire::run },
    Ordeal { name: "radius_talk", run: radius_talk::run },
    Ordeal { name: "cbcp", run: cbcp::run },
    Ordeal { name: "pap_chap", run: pap_chap::run },
    Ordeal { name: "eap_wire", run: eap_wire::run },
    Ordeal { name: "ppp_frame", run: ppp_frame::run },
    Ordeal { name: "multilink", run: multilink::run },
    Ordeal { name: "eap_pair", run: eap_pair::run },
    Ordeal { name: "ppp_pair", run: ppp_pair::run },
    Ordeal { name: "connection", run: connection::run },
    Ordeal { name: "manager", run: manager::run },
    Ordeal { name: "userstack", run: userstack::run },
];

/// The ordeal of this name.
pub fn find(name: &str) -> Option<Ordeal> {
    ORDEALS.iter().copied().find(|ordeal| ordeal.name == name)
}
