//! `onhook devices`: what can be dialed with here.

use std::process::ExitCode;

use onhook_host::{Device, DeviceKind, devices};
use onhook_model::{DeviceType, VpnProtocol};
use serde_json::{Value, json};

use crate::args::ListArgs;
use crate::print;

pub(crate) fn run(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let found = devices()?;
    if args.json {
        let mut rows: Vec<Value> = VpnProtocol::DIALED
            .iter()
            .map(|p| json!({ "type": "vpn", "name": p.device_name(), "port": null, "about": "" }))
            .collect();
        rows.extend(found.iter().map(|device| {
            let kind = kind(device);
            json!({ "type": kind, "name": device.name, "port": device.port, "about": device.about })
        }));
        print::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["TYPE", "PORT", ""].map(str::to_owned)];
    for protocol in VpnProtocol::DIALED {
        rows.push([DeviceType::Vpn.text().to_owned(), String::new(), protocol.text().to_owned()]);
    }
    for device in &found {
        rows.push([kind(device).to_owned(), device.port.clone(), device.about.clone()]);
    }
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    for [kind, port, about] in &rows {
        println!("{}", format!("{kind:first$}  {port:second$}  {about}").trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

const fn kind(device: &Device) -> &'static str {
    match device.kind {
        DeviceKind::Serial => "modem or SERIAL",
        DeviceKind::Ethernet => DeviceType::PppoE.text(),
    }
}
