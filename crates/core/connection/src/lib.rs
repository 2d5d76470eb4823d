//! One attempt to connect, from dialing to gone, as a sans-IO machine.
//!
//! A [`Connection`] is a staircase: it is climbed step by step, every step is remembered as it is taken,
//! and one goes down by the same stairs, always. It asks for deeds ([`Request`]) and is told how they
//! went; it is given bytes and packets and gives bytes and packets; it says what a RAS caller may know
//! ([`StateReport`](onhook_model::StateReport)). The states and their edges stand on one page:
//! [`lifecycle`].
//!
//! | input | output |
//! |---|---|
//! | [`dial`](Connection::dial), [`hang_up`](Connection::hang_up), [`abandon`](Connection::abandon) | [`poll_request`](Connection::poll_request): do this, undo that |
//! | [`handle_outcome`](Connection::handle_outcome), [`handle_undone`](Connection::handle_undone) | [`poll_transmit`](Connection::poll_transmit): bytes for a lane |
//! | [`handle_lane`](Connection::handle_lane), [`handle_packet`](Connection::handle_packet) | [`poll_report`](Connection::poll_report): RAS states |
//! | [`handle_timeout`](Connection::handle_timeout) | [`poll_timeout`](Connection::poll_timeout) |
//!
//! Both ends of a call are the same machine: a caller's [`Plan`] opens a lane, an answerer's is given
//! one and asks whom to admit ([`poll_question`](Connection::poll_question)).

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod announce;
mod attempts;
mod bundle;
mod capture;
mod connection;
mod impair;
pub mod lifecycle;
mod load;
mod plan;
mod redial;
mod splice;
mod stairs;
mod translate;

pub use bundle::{Joining, Joins};
pub use capture::{Captured, Direction};
pub use connection::{Admission, Connection, SessionLimits};
pub use impair::Impairment;
pub use lifecycle::State;
pub use load::{LinkWish, LoadTerms};
pub use onhook_effect::LaneId;
pub use onhook_link::Signal;
pub use onhook_ppp::auth;
pub use onhook_ppp::cbcp::CallbackAgreement;
pub use onhook_ppp::multilink::Discriminator;
pub use plan::{
    AnswerPlan, LinkPlan, OtherLink, OutletPlan, Plan, PlanAbilities, Times, TunPlan,
    admission_network, check_callback_number,
};
pub use redial::RedialTerms;
pub use stairs::{Debt, Request};
