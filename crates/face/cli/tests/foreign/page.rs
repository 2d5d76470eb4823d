//! The page with the recipes.

use std::path::{Path, PathBuf};

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().unwrap()
}

/// One chapter of it.
pub(crate) struct Chapter(String);

impl Chapter {
    /// The one with this title.
    pub(crate) fn read(title: &str) -> Self {
        let page = std::fs::read_to_string(root().join("docs/other-languages.md")).unwrap();
        let (_, rest) = page.split_once(&format!("\n## {title}\n")).expect("a chapter");
        Self(rest.split("\n## ").next().unwrap_or(rest).to_owned())
    }

    /// Its pieces in this language, in their order.
    pub(crate) fn pieces(&self, language: &str) -> Vec<&str> {
        let begin = format!("\n```{language}\n");
        let after = self.0.split(begin.as_str()).skip(1);
        after.map(|rest| rest.split("\n```").next().unwrap_or(rest)).collect()
    }

    /// Its only program in this language.
    pub(crate) fn program(&self, language: &str) -> &str {
        let pieces = self.pieces(language);
        assert_eq!(pieces.len(), 1, "programs in {language}");
        pieces[0]
    }

    /// The piece of commands that has this word in it.
    pub(crate) fn commands(&self, word: &str) -> &str {
        let pieces = self.pieces("sh");
        let found: Vec<_> = pieces.into_iter().filter(|piece| piece.contains(word)).collect();
        assert_eq!(found.len(), 1, "pieces with {word}");
        found[0]
    }
}
