//! What can be dialed with here, as programs are told it.

use onhook_host::DeviceKind;
use onhook_model::{ListedDevice, RasCode, RasError};

/// Every device: protocols first, then serial ports and Ethernet interfaces as they are now.
pub(crate) async fn devices() -> Result<Vec<ListedDevice>, RasError> {
    let failed = |error: std::io::Error| {
        let text = format!("the devices cannot be listed: {error}");
        RasError::new(RasCode::TAPI_CONFIGURATION, text)
    };
    // Folders of the kernel's are read; a client that asks is not to hold up the others.
    let found = tokio::task::spawn_blocking(onhook_host::devices).await;
    let found = found.map_err(std::io::Error::other).and_then(|found| found).map_err(failed)?;
    let mut listed: Vec<ListedDevice> = ListedDevice::vpn().collect();
    listed.push(ListedDevice::pppoe(None, ""));
    for device in &found {
        match device.kind {
            DeviceKind::Serial => {
                let short = format!("/dev/{}", device.name);
                listed.extend(ListedDevice::serial(&device.port, &short, &device.about));
            }
            DeviceKind::Ethernet => {
                listed.push(ListedDevice::pppoe(Some(&device.port), &device.about));
            }
        }
    }
    Ok(listed)
}
