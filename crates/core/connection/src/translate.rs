//! Failures of layers and of Linux become RAS causes: the one place where the languages meet.
//!
//! The pairs are those of the project's error map; the first cause counts, and a number that the peer
//! itself sent wins over a guess of ours if RAS knows it.

use onhook_effect::{HostError, HostErrorKind, TlsFault};
use onhook_link::LinkFailure;
use onhook_link::l2tp::L2tpFailure;
use onhook_link::modem::ModemFailure;
use onhook_link::pppoe::PppoeFailure;
use onhook_link::pptp::PptpFailure;
use onhook_link::sstp::SstpFailure;
use onhook_model::{Cause, RasCode, RasState};
use onhook_ppp::auth::{EapFailure, TlsFault as EapTlsFault};
use onhook_ppp::{Layer, Phase, PppFailure, Wanted};

use crate::lifecycle::State;

/// A deed that the host could not do.
pub(crate) fn host_error(error: &HostError, state: State) -> Cause {
    let code = match error.kind {
        HostErrorKind::NameNotFound | HostErrorKind::NameUnanswered => {
            RasCode::DNSNAME_NOT_RESOLVABLE
        }
        HostErrorKind::Tls(fault) => tls_fault(fault),
        HostErrorKind::NotPermitted => RasCode::ACCESS_DENIED,
        HostErrorKind::DiskFull => RasCode::DISK_FULL,
        HostErrorKind::NoSuchPort => RasCode::DEVICE_DOES_NOT_EXIST,
        HostErrorKind::PortInUse => RasCode::PORT_ALREADY_OPEN,
        HostErrorKind::NoEthernet => RasCode::BROADBAND_NO_NIC,
        HostErrorKind::Refused
        | HostErrorKind::TimedOut
        | HostErrorKind::Reset
        | HostErrorKind::Unreachable
        | HostErrorKind::Busy
        | HostErrorKind::NotFound
        | HostErrorKind::CalledOff
        | HostErrorKind::Other => match state {
            State::Opening | State::Linking | State::Authenticating | State::AwaitingCallback => {
                on_the_way(error.kind)
            }
            State::Projecting | State::Connected | State::Disconnecting | State::Gone => {
                RasCode::IP_CONFIGURATION
            }
        },
    };
    Cause::new(code, error.to_string())
}

const fn on_the_way(kind: HostErrorKind) -> RasCode {
    match kind {
        HostErrorKind::Refused => RasCode::VPN_REFUSED,
        HostErrorKind::TimedOut => RasCode::VPN_TIMEOUT,
        HostErrorKind::Unreachable => RasCode::AUTOMATIC_VPN_FAILED,
        HostErrorKind::Busy | HostErrorKind::NotFound => RasCode::PORT_NOT_AVAILABLE,
        HostErrorKind::Reset
        | HostErrorKind::CalledOff
        | HostErrorKind::NameNotFound
        | HostErrorKind::NameUnanswered
        | HostErrorKind::NotPermitted
        | HostErrorKind::DiskFull
        | HostErrorKind::NoSuchPort
        | HostErrorKind::PortInUse
        | HostErrorKind::NoEthernet
        | HostErrorKind::Tls(_)
        | HostErrorKind::Other => RasCode::VPN_DISCONNECT,
    }
}

const fn tls_fault(fault: TlsFault) -> RasCode {
    match fault {
        TlsFault::Expired | TlsFault::NotYetValid => RasCode::CERT_E_EXPIRED,
        TlsFault::UntrustedRoot | TlsFault::PinMismatch => RasCode::CERT_E_UNTRUSTEDROOT,
        TlsFault::NameMismatch => RasCode::CERT_E_CN_NO_MATCH,
        TlsFault::WrongUsage => RasCode::CERT_E_WRONG_USAGE,
        TlsFault::Revoked => RasCode::CRYPT_E_REVOKED,
        TlsFault::BadCertificate => RasCode::VPN_BAD_CERT,
        TlsFault::NoCommonCipher => RasCode::SEC_E_ALGORITHM_MISMATCH,
        TlsFault::Alert => RasCode::SEC_E_ILLEGAL_MESSAGE,
        TlsFault::NotTls => RasCode::AUTOMATIC_VPN_FAILED,
        TlsFault::CutShort => RasCode::VPN_DISCONNECT,
    }
}

/// The lane ended, and nothing better is known.
pub(crate) fn lane_closed(error: Option<&HostError>, state: State) -> Cause {
    let refused = error.is_some_and(|e| e.kind == HostErrorKind::Refused);
    let code = match state {
        State::Connected => RasCode::LINK_FAILURE,
        State::Opening | State::Linking if refused => RasCode::VPN_REFUSED,
        State::Opening
        | State::Linking
        | State::Authenticating
        | State::AwaitingCallback
        | State::Projecting
        | State::Disconnecting
        | State::Gone => RasCode::VPN_DISCONNECT,
    };
    let text = match error {
        Some(error) => error.to_string(),
        None => "the server closed the connection".to_owned(),
    };
    Cause::new(code, text)
}

/// A state took longer than it may.
pub(crate) fn too_slow(state: State) -> Cause {
    match state {
        State::Opening | State::Linking => {
            Cause::new(RasCode::VPN_TIMEOUT, "the server took too long to take the call")
        }
        State::Authenticating => {
            Cause::new(RasCode::PPP_TIMEOUT, "the server took too long to authenticate us")
        }
        State::AwaitingCallback => {
            Cause::new(RasCode::REQUEST_TIMEOUT, "the server has not called back in time")
        }
        State::Projecting | State::Connected | State::Disconnecting | State::Gone => {
            Cause::new(RasCode::PPP_TIMEOUT, "the network settings took too long")
        }
    }
}

/// Why a link went down.
pub(crate) fn link_failure(failure: &LinkFailure, state: State) -> Cause {
    match failure {
        LinkFailure::LaneClosed => lane_closed(None, state),
        LinkFailure::Modem(modem) => Cause::new(modem_failure(modem, state), modem.to_string()),
        LinkFailure::Pppoe(pppoe) => Cause::new(pppoe_failure(pppoe, state), pppoe.to_string()),
        LinkFailure::L2tp(l2tp) => Cause::new(l2tp_failure(l2tp, state), l2tp.to_string()),
        LinkFailure::Pptp(pptp) => Cause::new(pptp_failure(pptp, state), pptp.to_string()),
        LinkFailure::Sstp(sstp) => Cause::new(sstp_failure(sstp, state), sstp.to_string()),
        LinkFailure::Telnet(telnet) => Cause::new(RasCode::DEVICE_NOT_READY, telnet.to_string()),
        other => Cause::new(RasCode::LINK_FAILURE, other.to_string()),
    }
}

fn l2tp_failure(failure: &L2tpFailure, state: State) -> RasCode {
    let up = state == State::Connected;
    match failure {
        L2tpFailure::Unanswered if up => RasCode::LINK_FAILURE,
        L2tpFailure::Unanswered => RasCode::VPN_TIMEOUT,
        L2tpFailure::TunnelStopped { result, error, .. } => match (result, error) {
            (1, _) if up => RasCode::REMOTE_DISCONNECTION,
            (2, 4) => RasCode::CONGESTION,
            (3, _) => RasCode::DIAL_ALREADY_IN_PROGRESS,
            (4, _) => RasCode::CONNECTION_REJECT,
            (5 | 7 | 8, _) => RasCode::INCOMPATIBLE,
            (6, _) => RasCode::TEMPFAILURE,
            _ => RasCode::VPN_DISCONNECT,
        },
        L2tpFailure::CallEnded { ppp_cause: Some(cause), .. } => rfc3145_cause(*cause),
        L2tpFailure::CallEnded { result: 2, error: 4, .. } => RasCode::CONGESTION,
        L2tpFailure::CallEnded { result, .. } => match result {
            1 | 3 if up => RasCode::REMOTE_DISCONNECTION,
            1 | 7 => RasCode::NO_CARRIER,
            4 => RasCode::TEMPFAILURE,
            5 => RasCode::OUTOFORDER,
            6 => RasCode::BAD_PHONE_NUMBER,
            8 => RasCode::LINE_BUSY,
            9 => RasCode::NO_DIALTONE,
            10 => RasCode::NO_ANSWER,
            11 => RasCode::INCOMPATIBLE,
            _ if up => RasCode::REMOTE_DISCONNECTION,
            _ => RasCode::VPN_DISCONNECT,
        },
        L2tpFailure::NotProven => RasCode::UNABLE_TO_AUTHENTICATE_SERVER,
        L2tpFailure::SecretWanted => RasCode::CONNECTION_REJECT,
        _ => RasCode::INCOMPATIBLE,
    }
}

fn pptp_failure(failure: &PptpFailure, state: State) -> RasCode {
    let up = state == State::Connected;
    match failure {
        PptpFailure::StartRefused { result, .. } => match result {
            3 => RasCode::DIAL_ALREADY_IN_PROGRESS,
            4 => RasCode::CONNECTION_REJECT,
            5 => RasCode::INCOMPATIBLE,
            _ => RasCode::VPN_DISCONNECT,
        },
        PptpFailure::CallRefused { result: 2, error: 4, .. } => RasCode::CONGESTION,
        PptpFailure::CallRefused { cause, .. } if *cause != 0 => q931_cause(*cause),
        PptpFailure::CallRefused { result, .. } => match result {
            3 => RasCode::NO_CARRIER,
            4 => RasCode::LINE_BUSY,
            5 => RasCode::NO_DIALTONE,
            6 => RasCode::NO_ANSWER,
            7 => RasCode::CONNECTION_REJECT,
            _ => RasCode::VPN_DISCONNECT,
        },
        PptpFailure::Stopped { reason: 2 } => RasCode::INCOMPATIBLE,
        PptpFailure::Stopped { reason: 3 } => RasCode::TEMPFAILURE,
        PptpFailure::CallEnded { .. } | PptpFailure::Cleared | PptpFailure::Stopped { .. } => {
            if up { RasCode::REMOTE_DISCONNECTION } else { RasCode::VPN_DISCONNECT }
        }
        PptpFailure::Unanswered => RasCode::LINK_FAILURE,
        PptpFailure::NothingThroughGre => RasCode::VPN_GRE_BLOCKED,
        _ => RasCode::INCOMPATIBLE,
    }
}

/// Why a network has refused a call, by ITU-T Q.931's number.
fn q931_cause(cause: u16) -> RasCode {
    match cause {
        1 | 28 => RasCode::BAD_PHONE_NUMBER,
        17 => RasCode::LINE_BUSY,
        18 | 19 => RasCode::NO_ANSWER,
        21 => RasCode::CONNECTION_REJECT,
        22 => RasCode::NUMBERCHANGED,
        27 => RasCode::OUTOFORDER,
        34 | 42 => RasCode::CONGESTION,
        41 => RasCode::TEMPFAILURE,
        88 => RasCode::INCOMPATIBLE,
        _ => RasCode::VPN_DISCONNECT,
    }
}

fn modem_failure(failure: &ModemFailure, state: State) -> RasCode {
    match failure {
        ModemFailure::Silent => RasCode::DEVICE_NOT_READY,
        ModemFailure::Busy => RasCode::LINE_BUSY,
        ModemFailure::NoAnswer => RasCode::NO_ANSWER,
        ModemFailure::NoDialTone => RasCode::NO_DIALTONE,
        ModemFailure::NoCarrier | ModemFailure::NotData | ModemFailure::NoResult => {
            RasCode::NO_CARRIER
        }
        ModemFailure::Voice => RasCode::VOICE_ANSWER,
        ModemFailure::Unknown(_) => RasCode::UNRECOGNIZED_RESPONSE,
        ModemFailure::Cellular(text) => cellular(text),
        ModemFailure::Script(_) => RasCode::INTERACTIVE_MODE,
        ModemFailure::CarrierLost => match state {
            State::Connected => RasCode::REMOTE_DISCONNECTION,
            _ => RasCode::PORT_DISCONNECTED,
        },
        _ => RasCode::FROM_DEVICE,
    }
}

/// `+CME ERROR: n` (3GPP TS 27.007 §9.2).
fn cellular(text: &str) -> RasCode {
    let number = text.rsplit(':').next().and_then(|number| number.trim().parse::<u32>().ok());
    match number {
        Some(11 | 12) => RasCode::INTERACTIVE_MODE,
        Some(30..=32) => RasCode::NO_CARRIER,
        Some(103 | 106 | 107 | 111..=113) => RasCode::NO_DIALIN_PERMISSION,
        Some(132..=134) => RasCode::PPP_NO_PROTOCOLS_CONFIGURED,
        Some(149) => RasCode::AUTHENTICATION_FAILURE,
        _ => RasCode::FROM_DEVICE,
    }
}

fn pppoe_failure(failure: &PppoeFailure, state: State) -> RasCode {
    match failure {
        PppoeFailure::NoEthernet => RasCode::BROADBAND_NO_NIC,
        PppoeFailure::NoConcentrator { .. } | PppoeFailure::NoSession => RasCode::BROADBAND_TIMEOUT,
        PppoeFailure::SystemError(_) => RasCode::TEMPFAILURE,
        PppoeFailure::Terminated(_) => match state {
            State::Connected => RasCode::REMOTE_DISCONNECTION,
            State::Projecting => RasCode::DISCONNECTION,
            _ => RasCode::PORT_DISCONNECTED,
        },
        _ => RasCode::FROM_DEVICE,
    }
}

/// Why PPP ended at the peer (RFC 3145 §2.4).
const fn rfc3145_cause(cause: u16) -> RasCode {
    match cause {
        4 => RasCode::NO_REMOTE_ENCRYPTION,
        5 | 13 | 17 => RasCode::PPP_TIMEOUT,
        6 => RasCode::PPP_NO_RESPONSE,
        7 => RasCode::PPP_LOOPBACK_DETECTED,
        8 => RasCode::LINK_FAILURE,
        9..=11 | 14 => RasCode::INCOMPATIBLE,
        12 => RasCode::BAD_CALLBACK_NUMBER,
        15 => RasCode::SERVER_POLICY,
        16 => RasCode::AUTHENTICATION_FAILURE,
        18 => RasCode::PPP_NO_PROTOCOLS_CONFIGURED,
        19 => RasCode::PPP_NOT_CONVERGING,
        20 => RasCode::PPP_NO_ADDRESS_ASSIGNED,
        _ => RasCode::REMOTE_DISCONNECTION,
    }
}

fn sstp_failure(failure: &SstpFailure, state: State) -> RasCode {
    let up = state == State::Connected;
    match failure {
        SstpFailure::HttpStatus { code, .. } => match code {
            401 | 403 => RasCode::CONNECTION_REJECT,
            503 => RasCode::PORT_NOT_AVAILABLE,
            _ => RasCode::AUTOMATIC_VPN_FAILED,
        },
        SstpFailure::HttpMalformed(_) | SstpFailure::NotSstp => RasCode::AUTOMATIC_VPN_FAILED,
        SstpFailure::Timeout => RasCode::VPN_TIMEOUT,
        SstpFailure::BindingRefused => RasCode::UNABLE_TO_AUTHENTICATE_SERVER,
        SstpFailure::HelloUnanswered => RasCode::LINK_FAILURE,
        SstpFailure::Disconnected if up => RasCode::REMOTE_DISCONNECTION,
        SstpFailure::Disconnected => RasCode::DISCONNECTION,
        _ if up => RasCode::LINK_FAILURE,
        _ => RasCode::INCOMPATIBLE,
    }
}

/// In which state a dial pauses for this.
pub(crate) const fn paused_state(wanted: &Wanted) -> RasState {
    match wanted {
        Wanted::Credentials { .. } => RasState::RetryAuthentication,
        Wanted::NewPassword { .. } => RasState::PasswordExpired,
    }
}

/// Why PPP ended.
pub(crate) fn ppp_failure(failure: &PppFailure, state: State) -> Cause {
    let code = match failure {
        PppFailure::NoAnswer { layer: Layer::Lcp, heard_anything: false, .. } => {
            RasCode::PPP_NO_RESPONSE
        }
        PppFailure::NoAnswer { .. } | PppFailure::AuthUnanswered { .. } => RasCode::PPP_TIMEOUT,
        PppFailure::NotConverging(_) => RasCode::PPP_NOT_CONVERGING,
        PppFailure::Looped => RasCode::PPP_LOOPBACK_DETECTED,
        PppFailure::LcpRejected => RasCode::PPP_CP_REJECTED,
        PppFailure::Refused { code, .. } => code
            .map(RasCode::from_number)
            .filter(|c| c.name().is_some())
            .unwrap_or(RasCode::AUTHENTICATION_FAILURE),
        PppFailure::PeerNotProven | PppFailure::PeerRefusesToAuthenticate => {
            RasCode::UNABLE_TO_AUTHENTICATE_SERVER
        }
        PppFailure::PeerCannotEncrypt => RasCode::NO_REMOTE_ENCRYPTION,
        PppFailure::NoEncryptionKeys(_) => RasCode::NO_LOCAL_ENCRYPTION,
        PppFailure::NoCommonMethod => RasCode::SERVER_POLICY,
        PppFailure::Eap(eap) => eap_failure(eap),
        PppFailure::NoCallbackAgreed => RasCode::BAD_CALLBACK_NUMBER,
        PppFailure::PeerTerminated { phase, windows_code, .. } => windows_code
            .filter(|n| *n != 0)
            .map(RasCode::from_number)
            .filter(|c| c.name().is_some())
            .unwrap_or_else(|| peer_terminated(*phase, state)),
        PppFailure::PeerSilent { .. } => RasCode::LINK_FAILURE,
        PppFailure::NoNetworkProtocol => RasCode::PPP_NO_PROTOCOLS_CONFIGURED,
        PppFailure::AddressRefused => RasCode::PPP_REQUIRED_ADDRESS_REJECTED,
        PppFailure::NoAddress => RasCode::PPP_NO_ADDRESS_ASSIGNED,
        PppFailure::NetworkProtocolClosed => RasCode::PPP_NCP_TERMINATED,
        PppFailure::Garbled => RasCode::PPP_INVALID_PACKET,
        _ => RasCode::LINK_FAILURE,
    };
    Cause::new(code, failure.to_string())
}

const fn eap_failure(failure: &EapFailure) -> RasCode {
    match failure {
        EapFailure::NoCommonMethod { .. } => RasCode::EAP_METHOD_NOT_INSTALLED,
        EapFailure::Tls(tls) => eap_tls_fault(tls.fault),
        EapFailure::BindingWrong => RasCode::PEAP_CRYPTOBINDING_INVALID,
        EapFailure::NotConfirmed => RasCode::UNABLE_TO_AUTHENTICATE_SERVER,
        EapFailure::LengthsLie | EapFailure::Endless => RasCode::PPP_INVALID_PACKET,
    }
}

/// What the server says of our certificate it says by alerts (RFC 8446 §6.2).
const fn eap_tls_fault(fault: EapTlsFault) -> RasCode {
    match fault {
        EapTlsFault::Expired => RasCode::EAP_SERVER_CERT_EXPIRED,
        EapTlsFault::Revoked => RasCode::EAP_SERVER_CERT_REVOKED,
        EapTlsFault::BadCertificate => RasCode::EAP_SERVER_CERT_INVALID,
        EapTlsFault::Untrusted => RasCode::EAP_SERVER_ROOT_CERT_NOT_FOUND,
        EapTlsFault::WrongName => RasCode::EAP_SERVER_ROOT_CERT_NAME_REQUIRED,
        EapTlsFault::NoCertificate | EapTlsFault::Alert(40 | 116) => RasCode::NO_EAPTLS_CERTIFICATE,
        EapTlsFault::Alert(44) => RasCode::EAP_USER_CERT_REVOKED,
        EapTlsFault::Alert(45) => RasCode::EAP_USER_CERT_EXPIRED,
        EapTlsFault::Alert(42 | 43 | 46) => RasCode::EAP_USER_CERT_INVALID,
        EapTlsFault::Alert(48) => RasCode::EAP_USER_ROOT_CERT_NOT_FOUND,
        EapTlsFault::Alert(49) => RasCode::AUTHENTICATION_FAILURE,
        EapTlsFault::Alert(_) => RasCode::EAP_USER_CERT_OTHER_ERROR,
        EapTlsFault::NoCommonCipher | EapTlsFault::NotTls => RasCode::EAP_SERVER_CERT_OTHER_ERROR,
    }
}

fn peer_terminated(phase: Phase, state: State) -> RasCode {
    match (state, phase) {
        (State::Connected, _) => RasCode::REMOTE_DISCONNECTION,
        (_, Phase::Network) => RasCode::PPP_NCP_TERMINATED,
        _ => RasCode::PPP_LCP_TERMINATED,
    }
}
