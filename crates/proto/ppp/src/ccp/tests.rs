use onhook_base::{Reader, Writer};
use proptest::prelude::*;

use super::terms::CcpTerms;
use super::wire::CcpOption;
use crate::control::wire::parse_options;
use crate::control::{Judgement, RawOption, Terms};

#[test]
fn all_compressions_are_rejected_in_one_answer_and_none_is_acknowledged() {
    let asked = [18, 6, 1, 0, 0, 0xe1, 26, 4, 0x78, 0, 24, 4, 0x78, 0, 21, 3, 0x2f];
    let judgement = CcpTerms.judge(&parse_options(&asked).unwrap(), true);
    assert_eq!(judgement, Judgement::Reject(asked.to_vec()));
    assert_eq!(CcpTerms.judge(&[], true), Judgement::Ack);
}

#[test]
fn nothing_is_asked_for() {
    let mut out = Vec::new();
    CcpTerms.request(&mut out);
    assert!(out.is_empty());
}

proptest! {
    #[test]
    fn any_option_reads_and_writes_back(
        kind in 16u8..30,
        value in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let raw = RawOption { kind, value: &value };
        let option = CcpOption::parse(raw);
        let mut out = Vec::new();
        option.emit(&mut Writer::new(&mut out));
        prop_assert_eq!(RawOption::parse(&mut Reader::new(&out)), Ok(raw));
        prop_assert!(!option.to_string().is_empty());
    }
}
