//! Failures of layers and of Linux become RAS causes: the one place where the languages meet.
//!
//! The pairs are those of the project's error map; the first cause counts, and a number that the peer
//! itself sent wins over a guess of ours if RAS knows it.

use onhook_effect::{HostError, HostErrorKind, TlsFault};
use onhook_link::LinkFailure;
use onhook_link::sstp::SstpFailure;
use onhook_model::{Cause, RasCode};
use onhook_ppp::{Layer, Phase, PppFailure};

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
        HostErrorKind::Refused
        | HostErrorKind::TimedOut
        | HostErrorKind::Reset
        | HostErrorKind::Unreachable
        | HostErrorKind::Busy
        | HostErrorKind::NotFound
        | HostErrorKind::CalledOff
        | HostErrorKind::Other => match state {
            State::Opening | State::Linking | State::Authenticating => on_the_way(error.kind),
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
    let code = match state {
        State::Connected => RasCode::LINK_FAILURE,
        State::Opening
        | State::Linking
        | State::Authenticating
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
        State::Projecting | State::Connected | State::Disconnecting | State::Gone => {
            Cause::new(RasCode::PPP_TIMEOUT, "the network settings took too long")
        }
    }
}

/// Why a link went down.
pub(crate) fn link_failure(failure: &LinkFailure, state: State) -> Cause {
    match failure {
        LinkFailure::LaneClosed => lane_closed(None, state),
        LinkFailure::Sstp(sstp) => Cause::new(sstp_failure(sstp, state), sstp.to_string()),
        other => Cause::new(RasCode::LINK_FAILURE, other.to_string()),
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
        PppFailure::NoCommonMethod => RasCode::SERVER_POLICY,
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

fn peer_terminated(phase: Phase, state: State) -> RasCode {
    match (state, phase) {
        (State::Connected, _) => RasCode::REMOTE_DISCONNECTION,
        (_, Phase::Network) => RasCode::PPP_NCP_TERMINATED,
        _ => RasCode::PPP_LCP_TERMINATED,
    }
}
