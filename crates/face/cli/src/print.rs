//! What people and programs are shown.

use std::io::Write as _;

use onhook_client::{
    CallReport, ConnectionEvent, ConnectionReport, EventKind, HistoryRecord, LinkReport,
    Projection, RasError, RasState, StateReport,
};
use onhook_model::Traffic;
use serde::Serialize;
use serde_json::{Value, json};

/// A value as JSON, for programs.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// A value as one line of JSON.
pub(crate) fn json_line<T: Serialize>(value: &T) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// One connection for programs: the report, with the state's name beside its number.
pub(crate) fn connection_json(connection: &ConnectionReport) -> Value {
    let mut value = serde_json::to_value(connection).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("state_name".to_owned(), json!(connection.state.name()));
        object.insert("error_name".to_owned(), json!(connection.error.name()));
    }
    value
}

/// An error with its number, what happened and what to do.
pub(crate) fn error(error: &anyhow::Error) {
    match error.downcast_ref::<RasError>() {
        Some(ras) => eprintln!("onhook: {}", ras_error(ras)),
        None => eprintln!("onhook: {error:#}"),
    }
}

/// A RAS error for people.
pub(crate) fn ras_error(error: &RasError) -> String {
    let mut text = format!("error {}: {}", error.code, error.code.sentence());
    if !error.text.is_empty() {
        text.push_str(&format!("\n  {}", error.text));
    }
    if let Some(hint) = onhook_texts::hint(error.code) {
        text.push_str(&format!("\n  {hint}"));
    }
    text
}

/// Rows under a header, each column as wide as its widest cell.
struct Table(Vec<Vec<String>>);

impl Table {
    fn new(header: &[&str]) -> Self {
        Self(vec![header.iter().map(|cell| (*cell).to_owned()).collect()])
    }

    fn add_row<const N: usize>(&mut self, row: [String; N]) {
        self.0.push(row.into());
    }

    fn show(&self) {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            self.0.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max()
        };
        let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.0 {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
}

/// The list.
pub(crate) fn connections(all: &[ConnectionReport]) {
    if all.is_empty() {
        println!("No connections");
        return;
    }
    let mut rows =
        Table::new(&["HANDLE", "ENTRY", "DEVICE", "STATE", "ADDRESS", "DURATION", "IN", "OUT"]);
    for c in all {
        let state = match (c.error.is_success(), c.hanging_up) {
            (_, true) => "hanging up".to_owned(),
            (true, _) => c.state.short_name().to_owned(),
            (false, _) => format!("{} ({})", c.state.short_name(), c.error.number()),
        };
        rows.add_row([
            c.handle.to_string(),
            c.entry.clone(),
            c.device_name.clone(),
            state,
            c.projection.as_ref().map(address).unwrap_or_default(),
            duration(c.duration_ms),
            bytes(c.traffic.bytes_in),
            bytes(c.traffic.bytes_out),
        ]);
        for link in &c.links {
            rows.add_row([
                link.handle.map(|handle| handle.to_string()).unwrap_or_default(),
                format!("  #{}", link.subentry),
                link.device_name.clone(),
                link_state(link),
                String::new(),
                String::new(),
                bytes(link.traffic.bytes_in),
                bytes(link.traffic.bytes_out),
            ]);
        }
    }
    rows.show();
}

/// The calls of an answering server.
pub(crate) fn calls(all: &[CallReport]) {
    if all.is_empty() {
        println!("No calls");
        return;
    }
    let mut rows =
        Table::new(&["CALL", "USER", "ADDRESS", "LINK", "FROM", "DURATION", "IN", "OUT"]);
    for call in all {
        rows.add_row([
            call.call.to_string(),
            call.user.clone().unwrap_or_else(|| "?".to_owned()),
            call.address.map(|address| address.to_string()).unwrap_or_default(),
            call.link.clone(),
            call.from.clone(),
            duration(call.duration_ms),
            bytes(call.traffic.bytes_in),
            bytes(call.traffic.bytes_out),
        ]);
    }
    rows.show();
}

fn link_state(link: &LinkReport) -> String {
    match link.error.is_success() {
        true => link.state.short_name().to_owned(),
        false => format!("{} ({})", link.state.short_name(), link.error.number()),
    }
}

/// The links of a connection that has several, a line each.
fn link_lines(c: &ConnectionReport) -> Vec<(&'static str, String)> {
    let line = |link: &LinkReport| {
        let mut text = format!("#{} {}: {}", link.subentry, link.device_name, link_state(link));
        if let Some(speed) = &link.line {
            text.push_str(&format!(", {speed}"));
        }
        if !link.error_text.is_empty() {
            text.push_str(&format!("; {}", link.error_text));
        }
        ("link", format!("{text}; {}", traffic(&link.traffic)))
    };
    c.links.iter().map(line).collect()
}

fn address(projection: &Projection) -> String {
    match (projection.ipv4, projection.ipv6) {
        (Some(four), _) => four.to_string(),
        (None, Some(six)) => six.to_string(),
        (None, None) => String::new(),
    }
}

/// All about one connection.
pub(crate) fn connection(c: &ConnectionReport) {
    let mut lines = vec![
        ("handle", c.handle.to_string()),
        ("entry", c.entry.clone()),
        ("device", format!("{} ({})", c.device_name, c.device_type)),
        ("number", c.phone_number.clone()),
        ("state", c.state.name().to_owned()),
        ("references", c.references.to_string()),
    ];
    if !c.error.is_success() {
        lines.push(("error", format!("{} {}", c.error, c.error_text)));
    }
    if let Some(server) = &c.server_address {
        lines.push(("server", server.clone()));
    }
    if let Some(p) = &c.projection {
        lines.extend(projection_lines(p));
    }
    if let Some(ms) = c.dial_ms {
        lines.push(("dialed in", format!("{ms} ms")));
        lines.push(("duration", duration(c.duration_ms)));
    }
    lines.push(("traffic", traffic(&c.traffic)));
    lines.extend(link_lines(c));
    for debt in &c.debts {
        lines.push(("owed", format!("{}: {}", debt.deed, debt.why)));
    }
    for (name, value) in lines {
        println!("{name:<15}{value}");
    }
}

fn projection_lines(p: &Projection) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut put = |name, value: Option<String>| {
        if let Some(value) = value {
            lines.push((name, value));
        }
    };
    put("IPv4", p.ipv4.map(|a| a.to_string()));
    put("IPv4 server", p.ipv4_server.map(|a| a.to_string()));
    put("IPv6", p.ipv6.map(|a| a.to_string()));
    let dns: Vec<_> = p.dns.iter().map(ToString::to_string).collect();
    put("DNS", (!dns.is_empty()).then(|| dns.join(", ")));
    put("DNS by", p.dns_by.clone());
    put("interface", p.interface.clone());
    put("SOCKS5", p.socks5.map(|a| a.to_string()));
    put("HTTP CONNECT", p.http_connect.map(|a| a.to_string()));
    for forward in &p.forwards {
        put("forward", Some(forward.clone()));
    }
    put("MTU", (p.mtu != 0).then(|| p.mtu.to_string()));
    put("authentication", p.authentication.clone());
    put("line", p.line.clone());
    put("protection", p.protection.clone());
    lines
}

/// What a dial got, at its end.
pub(crate) fn dialed(c: &ConnectionReport) {
    println!("Connected to {} in {} ms.", c.entry, c.dial_ms.unwrap_or_default());
    if let Some(p) = &c.projection {
        for (name, value) in projection_lines(p) {
            println!("  {name:<15}{value}");
        }
    }
    for (name, value) in link_lines(c) {
        println!("  {name:<15}{value}");
    }
}

/// Why connections ended.
pub(crate) fn history(records: &[HistoryRecord]) {
    if records.is_empty() {
        println!("Nothing has ended yet");
        return;
    }
    let mut rows = Table::new(&["HANDLE", "ENTRY", "DURATION", "IN", "OUT", "HANG-UP", "CAUSE"]);
    for r in records {
        rows.add_row([
            r.handle.to_string(),
            r.entry.clone(),
            duration(r.duration_ms),
            bytes(r.traffic.bytes_in),
            bytes(r.traffic.bytes_out),
            format!("{} ms", r.hang_up_ms),
            r.cause.to_string(),
        ]);
    }
    rows.show();
}

/// A state that is no failure, and what there is to say of it.
pub(crate) fn state(report: &StateReport) -> String {
    match report.text.as_str() {
        "" => report.state.name().to_owned(),
        text => format!("{} ({text})", report.state.name()),
    }
}

/// One event, one line.
pub(crate) fn event(event: &ConnectionEvent) {
    let handle = event.handle.map(|h| h.to_string()).unwrap_or_default();
    let is_of_link = match &event.kind {
        EventKind::State(report) => {
            matches!(report.state, RasState::SubEntryConnected | RasState::SubEntryDisconnected)
        }
        EventKind::Lost { .. } | EventKind::Gone { .. } | EventKind::Missed { .. } => false,
    };
    let entry = match is_of_link || event.subentry > 1 {
        true => format!("{}#{}", event.entry, event.subentry),
        false => event.entry.clone(),
    };
    match &event.kind {
        EventKind::State(report) if report.error.is_success() => {
            println!("{handle} {entry}: {}", state(report));
        }
        EventKind::State(report) => {
            println!(
                "{handle} {entry}: {} error {} {}",
                report.state.name(),
                report.error,
                report.text
            );
        }
        EventKind::Lost { cause } => println!("{handle} {entry}: lost; {cause}"),
        EventKind::Gone { cause, duration_ms, traffic: t } => {
            println!(
                "{handle} {entry}: gone after {}, {}; {cause}",
                duration(*duration_ms),
                traffic(t)
            );
        }
        EventKind::Missed { events } => println!("({events} events were missed)"),
    }
}

fn traffic(t: &Traffic) -> String {
    format!("{} in, {} out", bytes(t.bytes_in), bytes(t.bytes_out))
}

/// Octets for people: `512 B`, `1.5 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

/// Milliseconds for people: `0:42`, `1:02:03`.
pub(crate) fn duration(ms: u64) -> String {
    let s = ms / 1000;
    let (hours, minutes, seconds) = (s / 3600, s / 60 % 60, s % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(5 << 30), "5.0 GiB");
        assert_eq!(duration(42_999), "0:42");
        assert_eq!(duration(3_723_000), "1:02:03");
    }

    #[test]
    fn a_connection_for_programs_has_the_members_that_are_promised() {
        let handle = onhook_client::Handle::new(42).unwrap();
        let report = ConnectionReport {
            handle,
            entry: "office".into(),
            device_type: "vpn".into(),
            device_name: "SSTP".into(),
            phone_number: "vpn.example.net".into(),
            state: onhook_client::RasState::Connected,
            error: onhook_client::RasCode::SUCCESS,
            error_text: String::new(),
            references: 1,
            owner: 1000,
            sharing: onhook_client::Sharing::Private,
            hanging_up: false,
            projection: None,
            server_address: None,
            duration_ms: 1,
            dial_ms: Some(2),
            traffic: Traffic::default(),
            debts: Vec::new(),
            subentry: 1,
            links: Vec::new(),
            book: None,
            all_users: false,
            guid: [0; 16],
            local_address: None,
            cleared: Traffic::default(),
        };
        let value = connection_json(&report);
        assert_eq!(value["handle"], "0x2a");
        assert_eq!(value["state"], 0x2000);
        assert_eq!(value["state_name"], "RASCS_Connected");
        assert_eq!(value["error"], 0);
        for member in ["entry", "device_type", "device_name"] {
            assert!(value[member].is_string(), "{member}");
        }
    }
}
