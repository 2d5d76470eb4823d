//! Nothing secret is in any line that is logged, at the most talkative level.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use onhook_lives::script::Script;
use onhook_lives::{PASSWORDS, Tally, play};
use tracing_subscriber::fmt::MakeWriter;

/// Reads what is logged, and keeps the lines that hold a password.
#[derive(Clone, Default)]
struct Reader {
    lines: Arc<AtomicU64>,
    telling: Arc<Mutex<Vec<String>>>,
}

impl Write for Reader {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.fetch_add(1, Ordering::Relaxed);
        let text = String::from_utf8_lossy(line);
        if PASSWORDS.iter().any(|password| text.contains(password)) {
            self.telling.lock().unwrap().push(text.into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Reader {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn no_line_of_any_level_tells_a_password() {
    let reader = Reader::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(reader.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let mut tally = Tally::default();
        for number in 1..=400 {
            assert_eq!(play(&Script::draw(number), false, &mut tally).broken, None);
        }
        tracing::info!("the reader reads: {}", PASSWORDS[0]);
    });
    let telling = reader.telling.lock().unwrap();
    assert_eq!(telling.len(), 1, "{telling:?}");
    assert!(telling[0].contains("the reader reads"));
    assert!(reader.lines.load(Ordering::Relaxed) > 10_000);
}
