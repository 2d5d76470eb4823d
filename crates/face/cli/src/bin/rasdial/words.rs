//! The words of the command line: positions first, then switches, which may be in capitals or not.

use std::path::PathBuf;

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    List,
    Help,
    HangUp { entry: Option<String> },
    Dial(Dial),
}

/// A dial as it was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Dial {
    pub(crate) entry: String,
    pub(crate) user: String,
    /// What stands for the password; `*` asks for it.
    pub(crate) password: Option<String>,
    pub(crate) domain: String,
    pub(crate) number: Option<String>,
    pub(crate) callback_number: Option<String>,
    pub(crate) book: Option<PathBuf>,
}

/// Reads the words; `None` for what makes no sense.
pub(crate) fn read(words: impl IntoIterator<Item = String>) -> Option<Wish> {
    let mut positions = Vec::new();
    let mut dial = Dial::default();
    let mut hangs_up = false;
    let mut has_switches = false;
    for word in words {
        let Some(switch) = word.strip_prefix('/') else {
            if has_switches {
                return None;
            }
            positions.push(word);
            continue;
        };
        let (name, value) = match switch.split_once(':') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (switch, None),
        };
        match (name.to_ascii_lowercase().as_str(), value) {
            ("?", None) => return Some(Wish::Help),
            ("disconnect" | "d", None) => hangs_up = true,
            ("domain", Some(domain)) => dial.domain = domain,
            ("phone", Some(number)) => dial.number = Some(number),
            ("callback", Some(number)) => dial.callback_number = Some(number),
            ("phonebook", Some(book)) => dial.book = Some(book.into()),
            // Numbers are dialed as they stand; there is no prefix to be put before them.
            ("prefixsuffix", None) => {}
            _ => return None,
        }
        // Words of a dial may follow the end of a connection nowhere, and nothing follows a switch.
        has_switches = true;
    }
    let mut positions = positions.into_iter();
    let entry = positions.next();
    if hangs_up {
        let is_all = positions.next().is_none();
        return is_all.then_some(Wish::HangUp { entry });
    }
    let Some(entry) = entry else { return (!has_switches).then_some(Wish::List) };
    dial.entry = entry;
    dial.user = positions.next().unwrap_or_default();
    dial.password = positions.next();
    positions.next().is_none().then_some(Wish::Dial(dial))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &str) -> Option<Wish> {
        read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn words_are_read_in_their_order() {
        assert_eq!(of(""), Some(Wish::List));
        assert_eq!(of("/?"), Some(Wish::Help));
        assert_eq!(of("/disconnect"), Some(Wish::HangUp { entry: None }));
        let office = Some("office".to_owned());
        assert_eq!(of("office /disconnect"), Some(Wish::HangUp { entry: office }));
        let Some(Wish::Dial(dial)) = of("office alice * /phone:555 /DOMAIN:Lab") else { panic!() };
        assert_eq!((dial.entry.as_str(), dial.user.as_str()), ("office", "alice"));
        assert_eq!(dial.password.as_deref(), Some("*"));
        assert_eq!((dial.number.as_deref(), dial.domain.as_str()), (Some("555"), "Lab"));
    }

    #[test]
    fn b207_switches_may_be_in_capitals_or_not_and_their_values_stay() {
        for switch in ["/phonebook", "/PHONEBOOK", "/PhoneBook"] {
            let Some(Wish::Dial(dial)) = of(&format!("office {switch}:/A/b.PBK")) else { panic!() };
            assert_eq!(dial.book, Some("/A/b.PBK".into()));
        }
        assert_eq!(of("/DISCONNECT"), of("/disconnect"));
    }

    #[test]
    fn what_makes_no_sense_is_no_wish() {
        for words in
            ["a b c d", "/phone", "office /what", "office /phone:1 alice", "a b /disconnect"]
        {
            assert_eq!(of(words), None, "{words}");
        }
        assert_eq!(of("/phone:1"), None, "nothing to dial");
    }
}
