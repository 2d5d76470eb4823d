//! What is told of connections: the list, the state of one, its links.

use std::net::{IpAddr, SocketAddr};

use onhook_model::{ConnectionReport, ConnectionStatus, Handle, ListedConnection, RasCode};

use crate::boundary::{Refusal, Rows};
pub(crate) use crate::handles::{handle, number};
use crate::layout::{FieldAt, Form, ViewMut};
use crate::{manager, notifier};

/// `RASCF_AllUsers`: the entry is of the book of all users.
const ALL_USERS: u32 = 0x1;
/// `RASCF_OwnerKnown`: who dialed is known.
const OWNER_KNOWN: u32 = 0x4;
/// `RASCF_OwnerMatch`: it was the caller's user.
const OWNER_MATCH: u32 = 0x8;

/// What the manager tells of a connection; a handle of somebody else's is no handle here.
pub(crate) fn status_of(handle: Handle) -> Result<ConnectionReport, Refusal> {
    manager::ask(|ras| ras.status(handle)).map_err(no_handle_of_ours)
}

/// How far a connection is, and no more.
pub(crate) fn brief_status_of(handle: Handle) -> Result<ConnectionStatus, Refusal> {
    manager::ask(|ras| ras.brief_status(handle)).map_err(no_handle_of_ours)
}

const fn no_handle_of_ours(Refusal(code): Refusal) -> Refusal {
    match code {
        RasCode::ACCESS_DENIED => Refusal(RasCode::INVALID_HANDLE),
        other => Refusal(other),
    }
}

/// `RasGetConnectStatus`.
pub(crate) fn get_status(number: usize, mut status: ViewMut<'_>) -> Result<(), Refusal> {
    let report = brief_status_of(handle(number)?)?;
    status.begin();
    status.put_u32("rasconnstate", report.state.value());
    status.put_u32("dwError", report.error.number());
    status.put_text("szDeviceType", &report.device_type);
    status.put_text("szDeviceName", &report.device_name);
    status.put_text("szPhoneNumber", &report.phone_number);
    if report.device_type.eq_ignore_ascii_case("vpn") {
        let ends =
            [("localEndPoint", &report.local_address), ("remoteEndPoint", &report.server_address)];
        for (end, address) in ends {
            if let Some(address) = address.as_deref().and_then(address_of) {
                status.put_octets(end, &tunnel_end(address));
            }
        }
    }
    Ok(())
}

fn address_of(text: &str) -> Option<IpAddr> {
    text.parse::<SocketAddr>().map(|address| address.ip()).or_else(|_| text.parse()).ok()
}

/// A `RASTUNNELENDPOINT`: its kind (1 and 2 for the two protocols), and the address in network order.
fn tunnel_end(address: IpAddr) -> [u8; 20] {
    let mut end = [0; 20];
    let (kind, octets) = end.split_at_mut(4);
    match address {
        IpAddr::V4(four) => {
            kind.copy_from_slice(&1_u32.to_le_bytes());
            octets.iter_mut().zip(four.octets()).for_each(|(to, from)| *to = from);
        }
        IpAddr::V6(six) => {
            kind.copy_from_slice(&2_u32.to_le_bytes());
            octets.copy_from_slice(&six.octets());
        }
    }
    end
}

/// Where the members of a row lie, found once for a whole list.
struct RowPlaces {
    handle: Option<FieldAt>,
    entry: Option<FieldAt>,
    device_type: Option<FieldAt>,
    device_name: Option<FieldAt>,
    book: Option<FieldAt>,
    subentry: Option<FieldAt>,
    guid: Option<FieldAt>,
    flags: Option<FieldAt>,
    luid: Option<FieldAt>,
    correlation: Option<FieldAt>,
}

impl RowPlaces {
    fn of(form: &Form) -> Self {
        Self {
            handle: form.field("hrasconn"),
            entry: form.field("szEntryName"),
            device_type: form.field("szDeviceType"),
            device_name: form.field("szDeviceName"),
            book: form.field("szPhonebook"),
            subentry: form.field("dwSubEntry"),
            guid: form.field("guidEntry"),
            flags: form.field("dwFlags"),
            luid: form.field("luid"),
            correlation: form.field("guidCorrelationId"),
        }
    }
}

/// `RasEnumConnections`.
pub(crate) fn enumerate(rows: Rows<'_>) -> Result<(), Refusal> {
    let listing = manager::listed()?;
    let places = RowPlaces::of(rows.form());
    let caller = nix::unistd::geteuid().as_raw();
    rows.tell(listing.connections(), |row, report| fill(row, &places, report, caller))
}

fn fill(row: &mut ViewMut<'_>, places: &RowPlaces, report: &ListedConnection, caller: u32) {
    row.put_handle(places.handle, number(report.handle) as u64);
    row.put_text(places.entry, &report.entry);
    row.put_text(places.device_type, &report.device_type);
    row.put_text(places.device_name, &report.device_name);
    row.put_text(places.book, report.book.as_deref().unwrap_or_default());
    row.put_u32(places.subentry, report.subentry);
    row.put_octets(places.guid, &report.guid);
    let mut flags = OWNER_KNOWN;
    if report.all_users {
        flags |= ALL_USERS;
    }
    if report.owner == caller {
        flags |= OWNER_MATCH;
    }
    row.put_u32(places.flags, flags);
    // The logon session of RAS is the user here.
    let session = u64::from(report.owner).to_le_bytes();
    row.put_octets(places.luid, &session);
    row.put_octets(places.correlation, &correlation(report.handle));
}

/// What ties records of one connection together: as unique as its handle, in the form of a GUID (version 8,
/// RFC 9562 §5.8).
fn correlation(handle: Handle) -> [u8; 16] {
    let mut guid = *b"onhook\x00\x80\x80\x00\x00\x00\x00\x00\x00\x00";
    let low = handle.number().to_be_bytes();
    guid.iter_mut().skip(9).zip(low.iter().skip(1)).for_each(|(to, from)| *to = *from);
    guid
}

/// `RasHangUp`.
pub(crate) fn hang_up(number: usize) -> Result<(), Refusal> {
    let handle = handle(number)?;
    if notifier::hang_up_later(handle)? {
        return Ok(());
    }
    let hung_up = manager::tell(|ras| ras.hang_up(handle));
    if hung_up.is_ok() && notifier::is_ours(handle) && is_ending(handle) {
        notifier::silence(handle);
    }
    hung_up
}

/// Whether the last reference was given back.
pub(crate) fn is_ending(handle: Handle) -> bool {
    brief_status_of(handle).map_or(true, |report| report.hanging_up)
}

/// `RasGetSubEntryHandle`.
pub(crate) fn subentry(number_of_whole: usize, subentry: u32) -> Result<usize, Refusal> {
    let whole = handle(number_of_whole)?;
    Ok(number(status_of(whole)?.subentry_handle(subentry)?))
}

/// `RasEnumDevices`.
pub(crate) fn devices(rows: Rows<'_>) -> Result<(), Refusal> {
    let devices = manager::ask(onhook_client::blocking::Ras::devices)?;
    rows.tell(&devices, |row, device| {
        row.put_text("szDeviceType", &device.device_type);
        row.put_text("szDeviceName", &device.name);
    })
}
