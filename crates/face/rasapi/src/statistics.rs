//! What has passed over connections and links.

use onhook_model::{ConnectionReport, Handle, LinkReport, RasCode, RasState, Traffic};

use crate::boundary::Refusal;
use crate::connections::status_of;
use crate::layout::ViewMut;
use crate::manager;

const INVALID_ARGUMENT: Refusal = Refusal(RasCode::E_INVALIDARG);

/// A number that must be a handle; the statistics have a code of their own for none at all.
fn handle(number: usize) -> Result<Handle, Refusal> {
    if number == 0 { Err(INVALID_ARGUMENT) } else { crate::connections::handle(number) }
}

/// The counters of these functions have 32 bits, and begin anew behind the last.
const fn wrapped(count: u64) -> u32 {
    (count & 0xffff_ffff) as u32
}

fn fill(mut stats: ViewMut<'_>, traffic: Traffic, speed: u32, duration_ms: u64) {
    stats.begin();
    stats.put_u32("dwBytesXmited", wrapped(traffic.bytes_out));
    stats.put_u32("dwBytesRcved", wrapped(traffic.bytes_in));
    stats.put_u32("dwFramesXmited", wrapped(traffic.packets_out));
    stats.put_u32("dwFramesRcved", wrapped(traffic.packets_in));
    stats.put_u32("dwBps", speed);
    stats.put_u32("dwConnectDuration", wrapped(duration_ms));
}

/// What a modem says of a call begins with its speed ("33600/ARQ/V34").
fn bits_per_second(line: &str) -> u32 {
    first_number(line).unwrap_or(0)
}

/// The first number in a text, where it is one of 32 bits.
pub(crate) fn first_number(text: &str) -> Option<u32> {
    let from = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let digits = from.find(|c: char| !c.is_ascii_digit()).map_or(from, |end| &from[..end]);
    digits.parse().ok()
}

/// The link of this index; `None` where a connection of one link is itself the link.
fn link_of(report: &ConnectionReport, index: usize) -> Result<Option<&LinkReport>, Refusal> {
    match report.links.get(index) {
        Some(link) if link.state == RasState::SubEntryConnected => Ok(Some(link)),
        None if report.links.is_empty() && index == 0 => Ok(None),
        _ => Err(Refusal(RasCode::NO_CONNECTION)),
    }
}

/// The speed of a connection: of its line, or of all its links that are up together.
fn speed(report: &ConnectionReport) -> u32 {
    let whole = report.projection.as_ref().and_then(|projection| projection.line.as_deref());
    let up = report.links.iter().filter(|link| link.state == RasState::SubEntryConnected);
    match report.links.is_empty() {
        true => together([whole]),
        false => together(up.map(|link| link.line.as_deref())),
    }
}

fn together<'a>(lines: impl IntoIterator<Item = Option<&'a str>>) -> u32 {
    lines.into_iter().flatten().map(bits_per_second).fold(0, u32::saturating_add)
}

/// `RasGetConnectionStatistics`.
pub(crate) fn of_connection(
    number: usize,
    stats: Result<ViewMut<'_>, Refusal>,
) -> Result<(), Refusal> {
    let (handle, stats) = (handle(number)?, stats.map_err(|_| INVALID_ARGUMENT)?);
    fill_whole(stats, &status_of(handle)?);
    Ok(())
}

fn fill_whole(stats: ViewMut<'_>, report: &ConnectionReport) {
    let passed = report.traffic.since(report.cleared);
    fill(stats, passed, speed(report), report.duration_ms);
}

/// `RasGetLinkStatistics`.
pub(crate) fn of_link(
    number: usize,
    subentry: u32,
    stats: Result<ViewMut<'_>, Refusal>,
) -> Result<(), Refusal> {
    let (handle, stats) = (handle(number)?, stats.map_err(|_| INVALID_ARGUMENT)?);
    let index = subentry.checked_sub(1).ok_or(INVALID_ARGUMENT)?;
    let report = status_of(handle)?;
    match link_of(&report, index as usize)? {
        Some(link) => {
            let passed = link.traffic.since(link.cleared);
            fill(stats, passed, together([link.line.as_deref()]), report.duration_ms);
        }
        None => fill_whole(stats, &report),
    }
    Ok(())
}

/// `RasClearConnectionStatistics`, and `RasClearLinkStatistics` for a link.
pub(crate) fn clear(number: usize, subentry: Option<u32>) -> Result<(), Refusal> {
    let handle = crate::connections::handle(number)?;
    manager::tell(|ras| ras.clear_statistics(handle, subentry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b131_the_speed_of_several_links_is_their_sum() {
        let lines = [Some("33600/ARQ/V34"), None, Some("28800")];
        assert_eq!(together(lines), 62_400);
        assert_eq!(together([Some("4294967295"), Some("1")]), u32::MAX);
    }

    #[test]
    fn the_speed_is_what_the_modem_says_first() {
        assert_eq!(bits_per_second("33600/ARQ/V34"), 33600);
        assert_eq!(bits_per_second("CONNECT 56000"), 56000);
        assert_eq!(bits_per_second("99999999999"), 0, "no speed of this world");
    }
}
