//! Programs for Windows, in Wine.

use std::path::Path;

use crate::page::{Chapter, root};
use crate::place::{Place, are_there};
use crate::stage::STUCK;

const WINE: &str = "/usr/lib/wine/wine64";
/// Octets that a prefix takes, and some more.
const ROOM: u64 = 1 << 30;
const FUNCTIONS: &str = include_str!("../../../rasapi/tests/data/functions.csv");

/// A place with a prefix of its own, which no server of Wine's survives.
struct Prefix(Place);

impl Drop for Prefix {
    fn drop(&mut self) {
        // Its services would go on writing while the folder is removed.
        self.0.run("/usr/lib/wine/wineserver64 -k -w || true", "");
    }
}

impl Prefix {
    /// Made as the page says; `None` where something is missing.
    fn make(chapter: &Chapter) -> Option<Self> {
        let needed = [
            (WINE, "wine64"),
            ("winegcc-stable", "wine64-tools"),
            ("cc", "gcc"),
            ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"),
        ];
        if !are_there(&needed) {
            return None;
        }
        if !Path::new("/usr/include/wine/wine/windows/windows.h").exists() {
            eprintln!("skipped: there is no windows.h of Wine's (package libwine-dev)");
            return None;
        }
        let temporary = std::env::temp_dir();
        let free = nix::sys::statvfs::statvfs(&temporary).unwrap();
        if free.blocks_available() * free.fragment_size() < ROOM {
            let place = temporary.display();
            eprintln!("skipped: a prefix of Wine's needs 1 GiB, and {place} has less");
            return None;
        }
        let prefix = Self(Place::new());
        prefix.0.said(chapter.commands("build.sh"), "");
        Some(prefix)
    }
}

#[test]
fn b007_programs_for_windows_run_in_wine() {
    let chapter = Chapter::read("Programs for Windows, in Wine");
    let Some(prefix) = Prefix::make(&chapter) else { return };
    let place = &prefix.0;
    place.said(chapter.commands("-municode"), "");
    place.follow(chapter.commands("ras.exe list"));

    // What differs from programs for Linux; a prefix is expensive, so here.
    let probe = root().join("crates/face/cli/tests/foreign/probe.c");
    let compile = "x86_64-w64-mingw32-gcc -Wall -Wextra -Werror -o probe.exe";
    place.said(&format!("{compile} '{}' -lrasapi32 -lrasdlg", probe.display()), "");
    place.write("onhook/rasphone.pbk", &(place.entry("Office") + &place.entry("Büro")));
    place.write("books/other.pbk", &place.entry("Elsewhere"));
    let told = place.said(&format!("{WINE} probe.exe"), "");
    let told: Vec<_> = told.lines().collect();
    let expected = [
        "a dial without notifier",
        "RasDialFunc",
        "RasDialFunc1",
        "RasDialFunc2 until it asks for no more",
        "a hang-up from within a notifier",
        "messages to a window",
        "events of Windows",
        "text of the code page",
        "paths of Windows",
        "dialogs",
        "many threads",
    ];
    assert_eq!(told, expected, "{}", place.stage.log());
    assert!(place.stage.list().is_empty());
    // A program that ends while a notifier runs ends at once, and takes the library with it; what it dialed
    // was not up yet, and is hung up.
    place.said(&format!("timeout 60 {WINE} probe.exe end"), "");
    let begin = std::time::Instant::now();
    while !place.stage.list().is_empty() {
        assert!(begin.elapsed() < STUCK, "it is never gone\n{}", place.stage.log());
    }

    let lonely = place.run(&format!("unset LD_LIBRARY_PATH; {WINE} ras.exe list"), "");
    let why = String::from_utf8_lossy(&lonely.stderr);
    if why.contains("librasapi32.so") {
        assert!(!lonely.status.success(), "{lonely:?}");
    } else {
        // It is installed on this machine; that one serves it.
        assert!(lonely.status.success(), "{lonely:?}");
    }
}

#[test]
fn the_library_for_wine_has_every_published_function() {
    let folder = root().join("packaging/wine");
    for library in ["rasapi32", "rasdlg"] {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let published: Vec<_> = FUNCTIONS
            .lines()
            .skip(1)
            .map(|row| row.split(',').collect::<Vec<_>>())
            .filter(|row| row[0] == library)
            .map(|row| (row[1].to_owned(), row[5].parse::<usize>().unwrap()))
            .collect();
        let exported: Vec<_> = read(&format!("{library}.spec"))
            .lines()
            .filter_map(|line| line.strip_prefix("@ stdcall "))
            .map(|line| {
                let (name, rest) = line.split_once('(').unwrap();
                let (parameters, wrapper) = rest.split_once(") ").unwrap();
                assert_eq!(wrapper, format!("onhook_{name}"));
                (name.to_owned(), parameters.split_whitespace().count())
            })
            .collect();
        assert_eq!(exported, published, "{library}.spec");
        let wrapped: Vec<_> = read(&format!("{library}-functions.h"))
            .lines()
            .filter_map(|line| line.strip_prefix("FUNCTION(")?.strip_suffix(')'))
            .map(|line| {
                let (name, count) = line.split_once(", ").unwrap();
                (name.to_owned(), count.parse().unwrap())
            })
            .collect();
        assert_eq!(wrapped, published, "{library}-functions.h");
    }
}
