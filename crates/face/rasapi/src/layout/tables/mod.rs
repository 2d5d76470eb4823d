//! The structures, by theme. Each field's comment-free row says all there is: name, kind, since when.

mod autodial;
mod connections;
mod devices;
mod dialing;
mod dialogs;
mod entries;
mod projection;

pub use autodial::{RASADPARAMS, RASAUTODIALENTRY};
pub use connections::{
    RAS_STATS, RASCONN, RASCONNSTATUS, RASNAPSTATE, RASTUNNELENDPOINT, RASUPDATECONN,
};
pub use devices::{RASCOMMSETTINGS, RASCTRYINFO, RASCUSTOMSCRIPTEXTENSIONS, RASDEVINFO};
pub use dialing::{
    RASCREDENTIALS, RASDEVSPECIFICINFO, RASDIALEXTENSIONS, RASDIALPARAMS, RASEAPINFO,
    RASEAPUSERIDENTITY,
};
pub use dialogs::{RASDIALDLG, RASENTRYDLG, RASNOUSER, RASPBDLG};
pub use entries::{RASENTRY, RASENTRYNAME, RASIPADDR, RASSUBENTRY};
pub use projection::{
    RAS_PROJECTION_INFO, RASAMB, RASIKEV2_PROJECTION_INFO, RASPPP_PROJECTION_INFO, RASPPPCCP,
    RASPPPIP, RASPPPIPV6, RASPPPIPX, RASPPPLCP, RASPPPNBF, RASSLIP,
};

use super::structure::Structure;

/// Every structure of the headers.
pub static ALL: &[&Structure] = &[
    &RASCONN,
    &RASCONNSTATUS,
    &RAS_STATS,
    &RASNAPSTATE,
    &RASTUNNELENDPOINT,
    &RASUPDATECONN,
    &RASDIALPARAMS,
    &RASDIALEXTENSIONS,
    &RASEAPINFO,
    &RASDEVSPECIFICINFO,
    &RASCREDENTIALS,
    &RASEAPUSERIDENTITY,
    &RASENTRYNAME,
    &RASENTRY,
    &RASSUBENTRY,
    &RASIPADDR,
    &RASAMB,
    &RASPPPNBF,
    &RASPPPIPX,
    &RASPPPIP,
    &RASPPPIPV6,
    &RASPPPLCP,
    &RASPPPCCP,
    &RASSLIP,
    &RASPPP_PROJECTION_INFO,
    &RASIKEV2_PROJECTION_INFO,
    &RAS_PROJECTION_INFO,
    &RASDEVINFO,
    &RASCTRYINFO,
    &RASCOMMSETTINGS,
    &RASCUSTOMSCRIPTEXTENSIONS,
    &RASAUTODIALENTRY,
    &RASADPARAMS,
    &RASPBDLG,
    &RASENTRYDLG,
    &RASDIALDLG,
    &RASNOUSER,
];

/// Characters of the arrays, the terminating null counted where the header counts it.
mod lengths {
    pub(super) const ENTRY_NAME: usize = 257;
    pub(super) const ENTRY_NAME_AT_FIRST: usize = 21;
    pub(super) const DEVICE_TYPE: usize = 17;
    pub(super) const DEVICE_NAME: usize = 129;
    pub(super) const DEVICE_NAME_AT_FIRST: usize = 33;
    pub(super) const PHONE_NUMBER: usize = 129;
    pub(super) const CALLBACK_NUMBER: usize = 129;
    pub(super) const CALLBACK_NUMBER_AT_FIRST: usize = 49;
    pub(super) const USER_NAME: usize = 257;
    pub(super) const PASSWORD: usize = 257;
    pub(super) const DOMAIN: usize = 16;
    pub(super) const PATH: usize = 260;
    pub(super) const IP_ADDRESS: usize = 16;
    pub(super) const NETBIOS_NAME: usize = 17;
}
