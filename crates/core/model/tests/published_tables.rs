//! The tables of codes and states equal the published ones, a copy of which lies in `data/`.

use std::collections::BTreeSet;

use onhook_model::{RasCode, RasState, RasSubState, StateKind};

/// The columns of each row of a table with a head row; quoted columns may hold commas.
fn rows(table: &str) -> Vec<Vec<String>> {
    table.lines().skip(1).filter(|line| !line.is_empty()).map(columns).collect()
}

fn columns(line: &str) -> Vec<String> {
    let mut columns = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => columns.push(String::new()),
            c => columns.last_mut().unwrap().push(c),
        }
    }
    columns
}

/// HRESULTs about certificates that the published table does not list.
const BEYOND_THE_TABLE: [RasCode; 7] = [
    RasCode::SEC_E_ILLEGAL_MESSAGE,
    RasCode::SEC_E_ALGORITHM_MISMATCH,
    RasCode::CRYPT_E_REVOKED,
    RasCode::TRUST_E_CERT_SIGNATURE,
    RasCode::CERT_E_MALFORMED,
    RasCode::CERT_E_CHAINING,
    RasCode::CERT_E_WRONG_USAGE,
];

#[test]
fn every_published_code_has_its_number_name_and_sentence() {
    let mut seen = BTreeSet::new();
    for row in rows(include_str!("data/errors.csv")) {
        let code = RasCode::from_number(row[0].parse().unwrap());
        assert_eq!(code.name(), Some(row[1].as_str()), "{code}");
        assert_eq!(code.sentence(), row[2], "{code}");
        seen.insert(code);
    }
    assert!(seen.len() > 380, "only {} rows", seen.len());
    seen.extend(BEYOND_THE_TABLE);
    assert_eq!(RasCode::ALL.iter().copied().collect::<BTreeSet<_>>(), seen);
}

#[test]
fn no_code_stands_twice_in_the_table() {
    let numbers: BTreeSet<u32> = RasCode::ALL.iter().map(|code| code.number()).collect();
    let names: BTreeSet<_> = RasCode::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(numbers.len(), RasCode::ALL.len());
    assert_eq!(names.len(), RasCode::ALL.len());
}

#[test]
fn every_sentence_is_one() {
    for code in RasCode::ALL {
        let sentence = code.sentence();
        assert!(sentence.ends_with('.') && sentence.len() > 8, "{code}: {sentence}");
        assert!(sentence.starts_with(char::is_uppercase), "{code}: {sentence}");
    }
}

#[test]
fn a_code_prints_its_number_and_name() {
    assert_eq!(RasCode::AUTHENTICATION_FAILURE.to_string(), "691 ERROR_AUTHENTICATION_FAILURE");
    assert_eq!(RasCode::PENDING.to_string(), "600 PENDING");
    assert_eq!(RasCode::CERT_E_UNTRUSTEDROOT.to_string(), "0x800B0109 CERT_E_UNTRUSTEDROOT");
    assert_eq!(RasCode::from_number(4711).to_string(), "4711");
    assert_eq!(RasCode::from_number(u32::MAX).to_string(), "0xFFFFFFFF");
}

#[test]
fn an_unknown_number_is_kept_and_has_a_general_sentence() {
    let code = RasCode::from_number(4711);
    assert_eq!((code.number(), code.name()), (4711, None));
    assert!(!code.sentence().is_empty());
    assert!(!code.is_success() && RasCode::SUCCESS.is_success());
    assert_eq!(RasCode::default(), RasCode::SUCCESS);
}

#[test]
fn a_code_travels_as_its_number() {
    let code = RasCode::CERT_E_CN_NO_MATCH;
    let text = serde_json::to_string(&code).unwrap();
    assert_eq!(text, code.number().to_string());
    assert_eq!(serde_json::from_str::<RasCode>(&text).unwrap(), code);
}

#[test]
fn every_published_state_has_its_value_name_and_kind() {
    let mut states = Vec::new();
    let mut substates = Vec::new();
    for row in rows(include_str!("data/states.csv")) {
        let value = row[0].parse().unwrap();
        if row[3] == "substate" {
            let state = RasSubState::from_value(value).unwrap();
            assert_eq!((state.value(), state.name()), (value, row[2].as_str()));
            substates.push(state);
            continue;
        }
        let state = RasState::from_value(value).unwrap();
        assert_eq!((state.value(), state.name()), (value, row[2].as_str()));
        assert_eq!(format!("RASCS_{}", state.short_name()), row[2]);
        let kind = match state.kind() {
            StateKind::Running => "running",
            StateKind::Paused => "paused",
            StateKind::Terminal => "terminal",
        };
        assert!(row[3].starts_with(kind), "{state}: {}", row[3]);
        assert_eq!(state.is_paused(), kind == "paused");
        assert_eq!(state.is_terminal(), kind == "terminal");
        states.push(state);
    }
    assert_eq!(states, RasState::ALL);
    assert_eq!(substates, RasSubState::ALL);
}

#[test]
fn a_state_travels_as_its_number_and_a_foreign_number_is_refused() {
    assert_eq!(serde_json::to_string(&RasState::Connected).unwrap(), "8192");
    assert_eq!(serde_json::from_str::<RasState>("8193").unwrap(), RasState::Disconnected);
    assert!(serde_json::from_str::<RasState>("25").is_err());
    assert_eq!(
        RasState::try_from(0x3000).unwrap_err().to_string(),
        "0x3000 is no connection state"
    );
}
