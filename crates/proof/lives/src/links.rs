//! The links that lives are dialed over. A new one is one line more in [`LINKS`].

use onhook_connection::{LinkPlan, Plan};
use onhook_link::l2tp::{L2tp, L2tpTerms};
use onhook_link::pppoe::PppoeTerms;
use onhook_model::Port;
use onhook_ppp::Encryption;
use onhook_ppp::auth::Method;

use crate::bare;
use crate::phones::SERVER_NUMBER;

/// A link as the simulation needs to know it.
#[derive(Debug)]
pub struct LinkKind {
    /// Its name.
    pub name: &'static str,
    /// What its lane is like; of two, the first.
    pub shape: LaneShape,
    /// Makes a caller's or an answerer's plan one over this link; `None` where plans are so anyway.
    pub adapt: Option<fn(&mut Plan)>,
}

/// What a lane is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneShape {
    /// A protected stream of SSTP packets behind one HTTP reply.
    SstpStream,
    /// A stream of PPTP's control messages, beside which frames go in datagrams of GRE.
    PptpStream,
    /// Datagrams, each a frame from its Protocol field on.
    Datagrams,
    /// Ethernet frames of PPPoE, with a concentrator before the answerer.
    Ethernet,
    /// Octets of a port, behind which is a modem, and others behind that.
    Port,
}

impl LaneShape {
    /// Nothing is lost, and the end is told.
    pub const fn is_stream(self) -> bool {
        match self {
            Self::SstpStream | Self::PptpStream => true,
            Self::Datagrams | Self::Ethernet | Self::Port => false,
        }
    }
}

/// Every link.
pub const LINKS: &[LinkKind] = &[
    LinkKind { name: "SSTP", shape: LaneShape::SstpStream, adapt: None },
    LinkKind { name: "L2TP", shape: LaneShape::Datagrams, adapt: Some(over_l2tp) },
    LinkKind { name: "serial", shape: LaneShape::Datagrams, adapt: Some(over_serial_line) },
    LinkKind { name: "bare", shape: LaneShape::Datagrams, adapt: Some(over_bare_line) },
    LinkKind { name: "PPPoE", shape: LaneShape::Ethernet, adapt: Some(over_pppoe) },
    LinkKind { name: "modem", shape: LaneShape::Port, adapt: Some(over_modems) },
    LinkKind { name: "PPTP", shape: LaneShape::PptpStream, adapt: Some(over_pptp) },
];

fn over_l2tp(plan: &mut Plan) {
    encrypt(plan);
    plan.link = match plan.link {
        LinkPlan::SstpAnswer => LinkPlan::Supplied {
            host: "lac.example.net".to_owned(),
            port: 1701,
            make: |seed| Box::new(L2tp::answerer(tunnel_of_one(), seed)),
        },
        _ => LinkPlan::L2tpCall { host: "lns.example.net".to_owned(), port: 1701, secret: None },
    };
}

/// The answerer's caller has a lane of its own.
fn tunnel_of_one() -> L2tpTerms {
    L2tpTerms { host_name: "answerer".to_owned(), secret: None, tunnel: Some(7) }
}

/// Pieces of the line's octets are lost, spoilt, repeated and thrown about as datagrams are.
fn over_serial_line(plan: &mut Plan) {
    encrypt(plan);
    plan.link = match plan.link {
        LinkPlan::SstpAnswer => LinkPlan::LineAnswer,
        _ => LinkPlan::LineCall {
            port: Port::Tcp { host: "lines.example.net".to_owned(), port: 4001 },
            speed: 115_200,
            greets: false,
        },
    };
}

/// The answerer's link is the one that the concentrator begins.
fn over_pppoe(plan: &mut Plan) {
    encrypt(plan);
    if !matches!(plan.link, LinkPlan::SstpAnswer) {
        plan.link = LinkPlan::PppoeCall {
            interface: Some("eth0".to_owned()),
            terms: PppoeTerms::default(),
        };
    }
}

fn over_pptp(plan: &mut Plan) {
    encrypt(plan);
    plan.link = match plan.link {
        LinkPlan::SstpAnswer => LinkPlan::PptpAnswer { host_name: "answerer".to_owned(), call: 7 },
        _ => LinkPlan::PptpCall { host: "pns.example.net".to_owned(), port: 1723 },
    };
}

/// The answerer's link is the one that its modem takes.
fn over_modems(plan: &mut Plan) {
    encrypt(plan);
    if !matches!(plan.link, LinkPlan::SstpAnswer) {
        let port = Port::Terminal("/dev/ttyS0".to_owned());
        if let Ok(link) = LinkPlan::calling_back(port, 115_200, SERVER_NUMBER) {
            plan.link = link;
        }
    }
}

fn over_bare_line(plan: &mut Plan) {
    encrypt(plan);
    plan.link =
        LinkPlan::Supplied { host: "line.example.net".to_owned(), port: 1, make: bare::make };
}

/// MPPE wherever there are keys for it: these links protect nothing by themselves.
fn encrypt(plan: &mut Plan) {
    plan.ppp.encryption = match plan.ppp.accept_methods.as_slice() {
        [Method::MsChapV2] => Encryption::Required,
        _ => Encryption::Accepted,
    };
}
