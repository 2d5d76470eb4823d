//! Over which link connections are dialed, and what both programs are to be told for it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use crate::ground::{Ground, SERVER, SERVER_NAME};
use crate::line::{Cable, Phones, Settings};

/// A link.
#[derive(Clone, Debug, Default)]
pub(crate) enum Over {
    #[default]
    Sstp,
    Serial(Arc<Cable>),
    Modem(Arc<Phones>),
    Pppoe,
    L2tp,
    Pptp,
    /// A serial line, L2TP and PPPoE, bundled.
    Several(Arc<Cable>),
    /// SSTP, the caller proven by PEAP.
    Eap,
}

impl Over {
    /// Over a cable that leads to the server's socket.
    pub(crate) fn serial(ground: &Ground) -> Result<Self> {
        Ok(Self::Serial(Arc::new(Cable::new(&socket(ground.folder.as_path()))?)))
    }

    /// Over two modems.
    pub(crate) fn modem() -> Result<Self> {
        Ok(Self::Modem(Arc::new(Phones::new()?)))
    }

    /// Over several links at once, one of them a cable.
    pub(crate) fn several(ground: &Ground) -> Result<Self> {
        Ok(Self::Several(Arc::new(Cable::new(&socket(ground.folder.as_path()))?)))
    }

    /// Where the answering side is to answer.
    pub(crate) fn answers(&self, ground: &Ground) -> Vec<String> {
        let line = format!("unix:{}", socket(&ground.folder).display());
        let at = |port: u16| format!("{SERVER}:{port}");
        match self {
            Self::Sstp => words(&["--sstp", &at(443)]),
            Self::Eap => words(&["--sstp", &at(443), "--method", "peap"]),
            Self::Serial(_) => words(&["--serial", &line]),
            Self::Modem(phones) => words(&["--modem", phones.ports()[1]]),
            Self::Pppoe => words(&["--pppoe", "far"]),
            Self::L2tp => words(&["--l2tp", &at(1701)]),
            Self::Pptp => words(&["--pptp", &at(1723)]),
            Self::Several(_) => {
                words(&["--multilink", "--serial", &line, "--l2tp", &at(1701), "--pppoe", "far"])
            }
        }
    }

    /// Whether the answering side makes a certificate, which callers wait for.
    pub(crate) const fn has_certificate(&self) -> bool {
        matches!(self, Self::Sstp | Self::Eap)
    }

    /// What is dialed.
    pub(crate) fn dials(&self, ground: &Ground) -> Result<Vec<String>> {
        let ca = ground.folder.join("ca.pem").display().to_string();
        Ok(match self {
            Self::Sstp => words(&["--phone-number", SERVER_NAME, "--ca-file", &ca]),
            Self::Eap => {
                words(&["--phone-number", SERVER_NAME, "--ca-file", &ca, "--auth", "peap"])
            }
            Self::Serial(cable) => words(&["--device", cable.port()]),
            Self::Modem(phones) => words(&[
                "--device",
                "modem",
                "--port",
                phones.ports()[0],
                "--phone-number",
                Phones::SERVER,
            ]),
            Self::Pppoe => words(&["--device", "pppoe", "--port", "near"]),
            Self::L2tp => words(&["--device", "l2tp", "--phone-number", SERVER_NAME]),
            Self::Pptp => words(&["--device", "pptp", "--phone-number", SERVER_NAME]),
            Self::Several(cable) => words(&["--phonebook", &book(ground, cable)?, "bundle"]),
        })
    }

    /// The settings of the caller's port, where the link has one.
    pub(crate) fn settings(&self) -> Result<Option<Settings>> {
        match self {
            Self::Serial(cable) | Self::Several(cable) => cable.settings().map(Some),
            Self::Modem(phones) => phones.settings().map(Some),
            Self::Sstp | Self::Pppoe | Self::L2tp | Self::Pptp | Self::Eap => Ok(None),
        }
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().copied().map(str::to_owned).collect()
}

/// The server's end of the cable.
fn socket(folder: &Path) -> std::path::PathBuf {
    folder.join("line")
}

/// A phone book whose one entry dials a serial line, L2TP and PPPoE at once.
fn book(ground: &Ground, cable: &Cable) -> Result<String> {
    let line = cable.port();
    let text = format!(
        "[bundle]\r\nDialMode=1\r\nVpnStrategy=3\r\n\
         \r\nMEDIA=serial\r\nPort={line}\r\nDevice=line\r\n\r\nDEVICE=SERIAL\r\n\
         \r\nMEDIA=rastapi\r\nPort=VPN2-0\r\nDevice=L2TP\r\n\r\nDEVICE=vpn\r\nPhoneNumber={SERVER_NAME}\r\n\
         \r\nMEDIA=rastapi\r\nPort=near\r\nDevice=PPPoE\r\n\r\nDEVICE=PPPoE\r\nPhoneNumber=\r\n"
    );
    let path = ground.folder.join("bundle.pbk");
    fs::write(&path, text)?;
    Ok(path.display().to_string())
}
