use onhook_model::{Cause, RasCode, RasState};

use super::*;

/// Every number that this system can give, here or at a later stage: those of the error map, and
/// what the programs and the interface answer by themselves.
const GIVEN: &[RasCode] = &[
    RasCode::FILE_NOT_FOUND,
    RasCode::ACCESS_DENIED,
    RasCode::INVALID_HANDLE,
    RasCode::NOT_ENOUGH_MEMORY,
    RasCode::NOT_SUPPORTED,
    RasCode::INVALID_PARAMETER,
    RasCode::OPEN_FAILED,
    RasCode::DISK_FULL,
    RasCode::INVALID_NAME,
    RasCode::BUSY,
    RasCode::ALREADY_EXISTS,
    RasCode::SERVICE_NOT_ACTIVE,
    RasCode::NOT_FOUND,
    RasCode::CANCELLED,
    RasCode::RPC_S_SERVER_UNAVAILABLE,
    RasCode::PENDING,
    RasCode::PORT_ALREADY_OPEN,
    RasCode::BUFFER_TOO_SMALL,
    RasCode::DEVICE_DOES_NOT_EXIST,
    RasCode::DEVICETYPE_DOES_NOT_EXIST,
    RasCode::OUT_OF_BUFFERS,
    RasCode::PORT_NOT_FOUND,
    RasCode::PORT_DISCONNECTED,
    RasCode::CANNOT_OPEN_PHONEBOOK,
    RasCode::CANNOT_LOAD_PHONEBOOK,
    RasCode::CANNOT_FIND_PHONEBOOK_ENTRY,
    RasCode::CANNOT_WRITE_PHONEBOOK,
    RasCode::CORRUPT_PHONEBOOK,
    RasCode::DISCONNECTION,
    RasCode::REMOTE_DISCONNECTION,
    RasCode::HARDWARE_FAILURE,
    RasCode::USER_DISCONNECTION,
    RasCode::INVALID_SIZE,
    RasCode::PORT_NOT_AVAILABLE,
    RasCode::UNKNOWN,
    RasCode::RESTRICTED_LOGON_HOURS,
    RasCode::ACCT_DISABLED,
    RasCode::PASSWD_EXPIRED,
    RasCode::NO_DIALIN_PERMISSION,
    RasCode::FROM_DEVICE,
    RasCode::UNRECOGNIZED_RESPONSE,
    RasCode::DEVICE_NOT_READY,
    RasCode::NO_CONNECTION,
    RasCode::LINE_BUSY,
    RasCode::VOICE_ANSWER,
    RasCode::NO_ANSWER,
    RasCode::NO_CARRIER,
    RasCode::NO_DIALTONE,
    RasCode::AUTHENTICATION_FAILURE,
    RasCode::PORT_OR_DEVICE,
    RasCode::INTERACTIVE_MODE,
    RasCode::BAD_CALLBACK_NUMBER,
    RasCode::ACCT_EXPIRED,
    RasCode::CHANGING_PASSWORD,
    RasCode::IP_CONFIGURATION,
    RasCode::NO_IP_ADDRESSES,
    RasCode::PPP_TIMEOUT,
    RasCode::PPP_REMOTE_TERMINATED,
    RasCode::PPP_NO_PROTOCOLS_CONFIGURED,
    RasCode::PPP_NO_RESPONSE,
    RasCode::PPP_INVALID_PACKET,
    RasCode::NO_IP_RAS_ADAPTER,
    RasCode::PROJECTION_NOT_COMPLETE,
    RasCode::PROTOCOL_NOT_CONFIGURED,
    RasCode::PPP_NOT_CONVERGING,
    RasCode::PPP_CP_REJECTED,
    RasCode::PPP_LCP_TERMINATED,
    RasCode::PPP_REQUIRED_ADDRESS_REJECTED,
    RasCode::PPP_NCP_TERMINATED,
    RasCode::PPP_LOOPBACK_DETECTED,
    RasCode::PPP_NO_ADDRESS_ASSIGNED,
    RasCode::CANNOT_USE_LOGON_CREDENTIALS,
    RasCode::TAPI_CONFIGURATION,
    RasCode::NO_LOCAL_ENCRYPTION,
    RasCode::NO_REMOTE_ENCRYPTION,
    RasCode::REMOTE_REQUIRES_ENCRYPTION,
    RasCode::BAD_PHONE_NUMBER,
    RasCode::INVALID_CALLBACK_NUMBER,
    RasCode::DIAL_ALREADY_IN_PROGRESS,
    RasCode::NO_SMART_CARD_READER,
    RasCode::NO_CERTIFICATE,
    RasCode::BAD_ADDRESS_SPECIFIED,
    RasCode::CONNECTION_REJECT,
    RasCode::CONGESTION,
    RasCode::INCOMPATIBLE,
    RasCode::NUMBERCHANGED,
    RasCode::TEMPFAILURE,
    RasCode::BLOCKED,
    RasCode::DONOTDISTURB,
    RasCode::OUTOFORDER,
    RasCode::UNABLE_TO_AUTHENTICATE_SERVER,
    RasCode::CERT_FOR_ENCRYPTION_NOT_FOUND,
    RasCode::SHARING_NO_PRIVATE_LAN,
    RasCode::OAKLEY_NO_CERT,
    RasCode::OAKLEY_AUTH_FAIL,
    RasCode::OAKLEY_ATTRIB_FAIL,
    RasCode::OAKLEY_GENERAL_PROCESSING,
    RasCode::OAKLEY_NO_PEER_CERT,
    RasCode::OAKLEY_NO_POLICY,
    RasCode::OAKLEY_TIMED_OUT,
    RasCode::OAKLEY_ERROR,
    RasCode::NO_EAPTLS_CERTIFICATE,
    RasCode::AUTOMATIC_VPN_FAILED,
    RasCode::VPN_GRE_BLOCKED,
    RasCode::VPN_DISCONNECT,
    RasCode::VPN_REFUSED,
    RasCode::VPN_TIMEOUT,
    RasCode::VPN_BAD_CERT,
    RasCode::VPN_BAD_PSK,
    RasCode::SERVER_POLICY,
    RasCode::BROADBAND_ACTIVE,
    RasCode::BROADBAND_NO_NIC,
    RasCode::BROADBAND_TIMEOUT,
    RasCode::PEAP_CRYPTOBINDING_INVALID,
    RasCode::PEAP_CRYPTOBINDING_NOTRECEIVED,
    RasCode::INVALID_VPNSTRATEGY,
    RasCode::IPSEC_SERVICE_STOPPED,
    RasCode::IDLE_TIMEOUT,
    RasCode::LINK_FAILURE,
    RasCode::USER_LOGOFF,
    RasCode::FAST_USER_SWITCH,
    RasCode::HIBERNATION,
    RasCode::SYSTEM_SUSPENDED,
    RasCode::RASMAN_SERVICE_STOPPED,
    RasCode::INVALID_SERVER_CERT,
    RasCode::PROTOCOL_ENGINE_DISABLED,
    RasCode::INTERNAL_ADDRESS_FAILURE,
    RasCode::FAILED_CP_REQUIRED,
    RasCode::TS_UNACCEPTABLE,
    RasCode::EAP_METHOD_NOT_INSTALLED,
    RasCode::EAP_USER_CERT_INVALID,
    RasCode::EAP_USER_CERT_EXPIRED,
    RasCode::EAP_USER_CERT_REVOKED,
    RasCode::EAP_SERVER_CERT_INVALID,
    RasCode::EAP_SERVER_CERT_EXPIRED,
    RasCode::EAP_SERVER_CERT_REVOKED,
    RasCode::EAP_SERVER_CERT_OTHER_ERROR,
    RasCode::EAP_SERVER_ROOT_CERT_NOT_FOUND,
    RasCode::EAP_SERVER_ROOT_CERT_INVALID,
    RasCode::EAP_SERVER_ROOT_CERT_NAME_REQUIRED,
    RasCode::PEAP_IDENTITY_MISMATCH,
    RasCode::DNSNAME_NOT_RESOLVABLE,
    RasCode::AUTH_SERVER_TIMEOUT,
    RasCode::PPP_SESSION_TIMEOUT,
    RasCode::NO_RADIUS_SERVERS,
    RasCode::INVALID_RADIUS_RESPONSE,
    RasCode::IPSEC_IKE_AUTH_FAIL,
    RasCode::IPSEC_IKE_NO_CERT,
    RasCode::IPSEC_IKE_POLICY_MATCH,
    RasCode::IPSEC_IKE_INVALID_SIG,
    RasCode::WININET_E_NAME_NOT_RESOLVED,
    RasCode::SEC_E_ILLEGAL_MESSAGE,
    RasCode::SEC_E_ALGORITHM_MISMATCH,
    RasCode::CRYPT_E_REVOKED,
    RasCode::CRYPT_E_REVOCATION_OFFLINE,
    RasCode::TRUST_E_CERT_SIGNATURE,
    RasCode::CERT_E_EXPIRED,
    RasCode::CERT_E_MALFORMED,
    RasCode::CERT_E_UNTRUSTEDROOT,
    RasCode::CERT_E_CHAINING,
    RasCode::CERT_E_CN_NO_MATCH,
    RasCode::CERT_E_WRONG_USAGE,
];

#[test]
fn every_code_that_can_be_given_has_a_hint_in_every_language() {
    for language in Language::ALL {
        let missing: Vec<_> = GIVEN.iter().filter(|code| language.hint(**code).is_none()).collect();
        assert_eq!(missing, [&RasCode::SUCCESS; 0], "{language:?}");
    }
}

#[test]
fn no_code_has_two_hints_and_each_is_made_of_sentences() {
    for language in Language::ALL {
        let mut with_hint = 0;
        for code in RasCode::ALL {
            let Some(hint) = language.hint(*code) else { continue };
            with_hint += 1;
            assert!(hint.ends_with('.') && hint.starts_with(char::is_uppercase), "{code}: {hint}");
            assert!(!hint.contains("  ") && hint.len() < 300, "{code}: {hint}");
            assert_ne!(hint, code.sentence());
        }
        assert_eq!(with_hint, catalogs::en::HINTS.len(), "a code stands twice");
    }
}

#[test]
fn success_and_foreign_numbers_need_no_hint() {
    assert_eq!(hint(RasCode::SUCCESS), None);
    assert_eq!(hint(RasCode::from_number(u32::MAX)), None);
}

#[test]
fn a_description_has_number_name_sentence_and_hint() {
    let code = RasCode::AUTHENTICATION_FAILURE;
    let expected =
        format!("691 (ERROR_AUTHENTICATION_FAILURE): {} {}", code.sentence(), hint(code).unwrap());
    assert_eq!(describe(code), expected);
    assert!(describe(RasCode::CERT_E_CN_NO_MATCH).starts_with("0x800B010F (CERT_E_CN_NO_MATCH): "));
    assert_eq!(describe(RasCode::from_number(4711)), "4711: This error is not known here.");
}

#[test]
fn a_cause_is_described_with_what_happened() {
    let code = RasCode::VPN_REFUSED;
    let text = describe_cause(&Cause::new(code, "192.0.2.1:443"));
    assert!(text.contains(&format!("{} (192.0.2.1:443) ", code.sentence())), "{text}");
    assert_eq!(describe_cause(&Cause::new(code, "")), describe(code));
}

#[test]
fn every_state_can_be_told_in_a_few_words() {
    let texts: std::collections::BTreeSet<_> = RasState::ALL.iter().map(|s| progress(*s)).collect();
    assert_eq!(texts.len(), RasState::ALL.len());
    assert!(texts.iter().all(|text| !text.is_empty() && text.len() < 60));
}
