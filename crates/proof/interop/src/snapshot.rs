//! What a connection could leave behind on the host's side.

use anyhow::Result;

use crate::ground::Ground;

/// The host's network as the kernel and the files tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(Vec<(String, String)>);

impl Snapshot {
    /// Looks at interfaces, addresses, routes, rules and name servers.
    pub(crate) fn take(ground: &Ground) -> Result<Self> {
        let questions: &[&[&str]] = &[
            &["ip", "-oneline", "link"],
            &["ip", "-oneline", "address"],
            &["ip", "-4", "route", "show", "table", "all"],
            &["ip", "-6", "route", "show", "table", "all"],
            &["ip", "-4", "rule"],
            &["ip", "-6", "rule"],
            &["ls", "-ln", "/etc/resolv.conf"],
            &["cat", "/etc/resolv.conf"],
            &["ls", "/etc"],
        ];
        let mut answers = Vec::new();
        for words in questions {
            answers.push((words.join(" "), settled(&ground.ask(words)?)));
        }
        Ok(Self(answers))
    }

    /// What is there now and was not before, and the other way round; empty when nothing differs.
    pub(crate) fn differences(&self, now: &Self) -> String {
        let mut told = String::new();
        for ((question, before), (_, after)) in self.0.iter().zip(&now.0) {
            let lost = before.lines().filter(|line| !after.lines().any(|l| l == *line));
            let left = after.lines().filter(|line| !before.lines().any(|l| l == *line));
            let lost = lost.map(|line| format!("{question}: lost: {line}\n"));
            told.extend(lost.chain(left.map(|line| format!("{question}: left: {line}\n"))));
        }
        told
    }
}

/// Without what changes by itself: the progress of duplicate address detection, the time of a file
/// whose words are compared anyway, blanks.
fn settled(answer: &str) -> String {
    let lines = answer.lines().map(|line| {
        let words = line.split_whitespace().filter(|word| *word != "tentative");
        let mut words: Vec<&str> = words.collect();
        if line.ends_with("/etc/resolv.conf") {
            words.retain(|word| !word.contains(':'));
            words.drain(4.min(words.len())..7.min(words.len())); // size and day
        }
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(text: &str) -> Snapshot {
        Snapshot(vec![("routes".into(), text.into())])
    }

    #[test]
    fn differences_are_told_both_ways() {
        let told = snapshot("a\nb").differences(&snapshot("b\nc"));
        assert_eq!(told, "routes: lost: a\nroutes: left: c\n");
        assert_eq!(snapshot("a\nb").differences(&snapshot("b\na")), "");
    }

    #[test]
    fn what_changes_by_itself_is_left_out() {
        assert_eq!(
            settled("2: peer0 inet6 fe80::1 tentative scope"),
            "2: peer0 inet6 fe80::1 scope"
        );
        let a = settled("-rw-r--r-- 1 0 0 40 Nov 20 23:01 /etc/resolv.conf");
        let b = settled("-rw-r--r-- 1 0 0 41 Nov 21 23:02 /etc/resolv.conf");
        assert_eq!(a, b);
        assert_ne!(a, settled("lrwxrwxrwx 1 0 0 41 Nov 21 23:02 /etc/resolv.conf"));
    }
}
