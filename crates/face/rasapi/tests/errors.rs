//! The errors of the headers are the codes of the house: the same numbers, names and sentences.

use std::collections::BTreeMap;

use onhook_model::RasCode;

/// Codes that pass through without a name in a header: HRESULTs of certificates and of TLS.
fn passes_through(code: RasCode) -> bool {
    code.is_hresult()
}

/// Number, name and sentence of every error that a header defines, each with a comment before it.
fn defined(header: &str) -> Vec<(u32, String, String)> {
    let mut found = Vec::new();
    let mut sentence = String::new();
    for line in header.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["/*", ref text @ .., "*/"] => sentence = text.join(" "),
            ["/*"] => sentence.clear(),
            ["*", ref text @ ..] => {
                let text = text.join(" ");
                sentence = if sentence.is_empty() { text } else { format!("{sentence} {text}") };
            }
            ["#define", name, ref value @ ..] => {
                if let Some(number) = number(value) {
                    found.push((number, name.to_owned(), std::mem::take(&mut sentence)));
                }
            }
            _ => {}
        }
    }
    found
}

/// `(RASBASE + 32)`, `87`, `((HRESULT)0x80070057)`.
fn number(value: &[&str]) -> Option<u32> {
    match value {
        ["(RASBASE", "+", rest] => Some(600 + rest.strip_suffix(')')?.parse::<u32>().ok()?),
        ["(ROUTEBASE", "+", rest] => Some(900 + rest.strip_suffix(')')?.parse::<u32>().ok()?),
        [plain] => match plain.strip_prefix("((HRESULT)0x") {
            Some(hex) => u32::from_str_radix(hex.strip_suffix(')')?, 16).ok(),
            None => plain.parse().ok(),
        },
        _ => None,
    }
}

/// What is defined and is no error: where the numbers begin and end, and a second name of success.
const NO_ERRORS: [&str; 5] = ["RASBASE", "RASBASEEND", "ROUTEBASE", "SUCCESS", "NO_ERROR"];

fn errors_of_the_headers() -> BTreeMap<u32, (String, String)> {
    let headers = [
        include_str!("../include/raserror.h"),
        include_str!("../include/mprerror.h"),
        include_str!("../include/onhook/winerror.h"),
    ];
    let mut errors = BTreeMap::new();
    for (number, name, sentence) in headers.into_iter().flat_map(defined) {
        if !NO_ERRORS.contains(&name.as_str()) {
            assert_eq!(errors.insert(number, (name, sentence)), None, "{number} stands twice");
        }
    }
    errors
}

#[test]
fn every_error_of_a_header_is_a_code_of_the_same_name_and_sentence() {
    let errors = errors_of_the_headers();
    assert_eq!(errors.len(), 383);
    for (number, (name, sentence)) in &errors {
        let code = RasCode::from_number(*number);
        assert_eq!(code.name(), Some(name.as_str()), "{number}");
        assert_eq!(code.sentence(), sentence, "{number}");
    }
}

#[test]
fn every_code_stands_in_a_header() {
    let errors = errors_of_the_headers();
    for code in RasCode::ALL.iter().filter(|code| !passes_through(**code)) {
        assert!(errors.contains_key(&code.number()), "{code}");
    }
}

/// Room for a text is 512 characters, the terminating null counted, in both forms.
#[test]
fn b117_every_ras_number_has_a_text_that_fits_512_characters() {
    let unknown = RasCode::from_number(u32::MAX).sentence();
    for number in 600..=877 {
        let code = RasCode::from_number(number);
        let text = code.sentence();
        assert!(code.name().is_some(), "{number} has no name");
        assert!(text != unknown && !text.is_empty(), "{number} has no text");
        assert!(text.len() < 512 && text.encode_utf16().count() < 512, "{code}: {text}");
        assert!(text.is_ascii(), "{code}: readable in every code page: {text}");
    }
}
