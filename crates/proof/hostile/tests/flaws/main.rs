//! The flaws of the field, each under its number. `docs/flaws.md` tells what each was, and where the
//! tests are that stand elsewhere; `cargo xtask flaws` holds the table against the code.

mod n_chap_01;
mod n_eap_01;
mod n_lcp_01;
mod n_lcp_02;
mod n_lcp_03;
mod n_lcp_04;
mod n_life_01;
mod n_life_02;
mod n_mtu_01;
mod n_ncp_01;
mod n_ppp_01;
