//! What programs ask for again and again, and no more: the members of RASCONN and of RASCONNSTATUS.
//!
//! Written as an object, each is the one of a [`ConnectionReport`] with members left out. So whoever reads
//! it can read a whole report in its place.

use serde::{Deserialize, Serialize};

use crate::report::first;
use crate::{ConnectionReport, Handle, RasCode, RasState};

/// What a listing shows of a connection (RASCONN): nothing that changes while the connection is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedConnection {
    /// Its handle.
    pub handle: Handle,
    /// The phone-book entry's name, or `.` and the number that was dialed without an entry.
    pub entry: String,
    /// RASDT text ("vpn").
    pub device_type: String,
    /// The device's name ("SSTP").
    pub device_name: String,
    /// The user who dialed (a numeric user id).
    pub owner: u32,
    /// 1: the whole, and none of several links (dwSubEntry).
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub subentry: u32,
    /// The path of the phone book that its entry stands in, as the program said that dialed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub book: Option<String>,
    /// The entry is of the book of all users.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_users: bool,
    /// The entry's GUID, as it stands in the book; zero without one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub guid: [u8; 16],
}

const fn is_first(subentry: &u32) -> bool {
    *subentry == first()
}

fn is_zero(guid: &[u8; 16]) -> bool {
    *guid == [0; 16]
}

impl From<ConnectionReport> for ListedConnection {
    fn from(report: ConnectionReport) -> Self {
        Self {
            handle: report.handle,
            entry: report.entry,
            device_type: report.device_type,
            device_name: report.device_name,
            owner: report.owner,
            subentry: report.subentry,
            book: report.book,
            all_users: report.all_users,
            guid: report.guid,
        }
    }
}

/// How far a connection is (RASCONNSTATUS).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionStatus {
    /// RASDT text ("vpn").
    pub device_type: String,
    /// The device's name ("SSTP").
    pub device_name: String,
    /// The number, host name or address that was really dialed.
    pub phone_number: String,
    /// The present state.
    pub state: RasState,
    /// Zero, or why it failed.
    pub error: RasCode,
    /// Hanging up: the last reference was given back.
    pub hanging_up: bool,
    /// Our end of the way to the server, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_address: Option<String>,
    /// The server's address, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_address: Option<String>,
}

impl From<ConnectionReport> for ConnectionStatus {
    fn from(report: ConnectionReport) -> Self {
        Self {
            device_type: report.device_type,
            device_name: report.device_name,
            phone_number: report.phone_number,
            state: report.state,
            error: report.error,
            hanging_up: report.hanging_up,
            local_address: report.local_address,
            server_address: report.server_address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an earlier manager answers to whoever asks it to be brief.
    #[test]
    fn a_whole_report_is_read_as_a_brief_one() {
        let report = r#"{"handle":"0x2a","entry":"office","device_type":"vpn","device_name":"SSTP",
            "phone_number":"vpn.example.net","state":8192,"error":0,"error_text":"","references":1,
            "owner":1000,"hanging_up":false,"projection":null,"server_address":"192.0.2.1:443",
            "duration_ms":1,"dial_ms":2,"traffic":{"bytes_out":0,"bytes_in":0,"packets_out":0,
            "packets_in":0},"debts":[],"subentry":1,"links":[],"book":"/book","all_users":true,
            "guid":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16],"local_address":null}"#;
        let whole: ConnectionReport = serde_json::from_str(report).unwrap();
        let listed: ListedConnection = serde_json::from_str(report).unwrap();
        assert_eq!(listed, whole.clone().into());
        let status: ConnectionStatus = serde_json::from_str(report).unwrap();
        assert_eq!(status, whole.into());
        assert_eq!((status.error, status.state), (RasCode::SUCCESS, RasState::Connected));
    }

    #[test]
    fn what_most_connections_have_alike_is_left_out() {
        let listed = ListedConnection {
            handle: Handle::new(42).unwrap(),
            entry: "office".to_owned(),
            device_type: "vpn".to_owned(),
            device_name: "SSTP".to_owned(),
            owner: 1000,
            subentry: 1,
            book: None,
            all_users: false,
            guid: [0; 16],
        };
        let written = serde_json::to_string(&listed).unwrap();
        let brief = r#"{"handle":"0x2a","entry":"office","device_type":"vpn","device_name":"SSTP","owner":1000}"#;
        assert_eq!(written, brief);
        assert_eq!(serde_json::from_str::<ListedConnection>(&written).unwrap(), listed);
        let other = ListedConnection {
            subentry: 2,
            book: Some("/book".to_owned()),
            all_users: true,
            guid: [7; 16],
            ..listed
        };
        let written = serde_json::to_string(&other).unwrap();
        assert_eq!(serde_json::from_str::<ListedConnection>(&written).unwrap(), other);
    }
}
