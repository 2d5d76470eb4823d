use super::*;
use proptest::prelude::*;

fn pin(last: u8) -> Record {
    Record::Pin {
        to: std::net::IpAddr::from([192, 0, 2, last]),
        interface: 2,
        next_hop: Some(NextHop { kind: 5, value: vec![10, 0, 0, 1] }),
        metric: None,
    }
}

fn inherited(folder: &Path) -> Vec<Record> {
    let journal = Journal::open(folder, "boot-2").unwrap();
    journal.inherited().into_iter().map(|(_, entry)| entry.record).collect()
}

#[test]
fn what_is_struck_is_gone_and_what_is_not_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), "boot-1").unwrap();
    let first = journal.append(&pin(1), true).unwrap();
    journal.append(&pin(2), false).unwrap();
    journal.strike(first);
    journal.strike(first);
    assert_eq!(journal.inherited(), [], "this process's own entries are not inherited");
    drop(journal);
    let journal = Journal::open(folder.path(), "boot-2").unwrap();
    let left = journal.inherited();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].1, Entry { boot: "boot-1".to_owned(), record: pin(2) });
}

#[test]
fn an_entry_stands_for_as_long_as_what_it_is_written_for() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), "boot-1").unwrap();
    let journal = Arc::new(Mutex::new(journal));
    let short = Standing::write(&journal, &pin(1)).unwrap();
    let long = Standing::write(&journal, &pin(2)).unwrap();
    drop(short);
    let left = tempfile::tempdir().unwrap();
    fs::copy(folder.path().join("journal"), left.path().join("journal")).unwrap();
    assert_eq!(inherited(left.path()), [pin(2)]);
    drop(long);
    drop(journal);
    assert_eq!(inherited(folder.path()), []);
}

#[test]
fn a_second_manager_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), "boot").unwrap();
    let error = Journal::open(folder.path(), "boot").unwrap_err();
    assert_eq!(error.kind, HostErrorKind::Busy);
    drop(journal);
    Journal::open(folder.path(), "boot").unwrap();
}

#[test]
fn a_torn_last_line_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), "boot").unwrap();
    journal.append(&pin(1), true).unwrap();
    let whole = fs::read(folder.path().join("journal")).unwrap();
    journal.append(&pin(2), true).unwrap();
    drop(journal);
    let both = fs::read(folder.path().join("journal")).unwrap();
    for length in whole.len()..both.len() {
        fs::write(folder.path().join("journal"), &both[..length]).unwrap();
        let mut journal = Journal::open(folder.path(), "boot").unwrap();
        assert_eq!(journal.take_damaged(), usize::from(length > whole.len()), "at {length}");
        assert_eq!(journal.inherited().len(), 1, "at {length}");
        let next = journal.append(&pin(3), true).unwrap();
        drop(journal);
        let mut journal = Journal::open(folder.path(), "boot").unwrap();
        assert_eq!(journal.take_damaged(), 0);
        assert_eq!(journal.inherited().len(), 2, "the line after the torn one is whole");
        journal.strike(next);
    }
}

#[test]
fn a_damaged_line_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), "boot").unwrap();
    for last in 1..=3 {
        journal.append(&pin(last), true).unwrap();
    }
    drop(journal);
    let path = folder.path().join("journal");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(inherited(folder.path()), [pin(1), pin(3)]);
}

#[test]
fn the_file_stays_small_however_much_passes_through() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), "boot").unwrap();
    let kept = journal.append(&pin(9), true).unwrap();
    for _ in 0..500 {
        let seq = journal.append(&pin(1), false).unwrap();
        journal.strike(seq);
    }
    let length = fs::metadata(folder.path().join("journal")).unwrap().len();
    assert!(length < 40_000, "{length}");
    assert!(journal.open.contains_key(&kept));
    drop(journal);
    assert_eq!(inherited(folder.path()), [pin(9)]);
}

#[test]
fn the_number_of_open_entries_and_their_length_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), "boot").unwrap();
    let label = "x".repeat(LONGEST_LINE);
    assert!(journal.append(&Record::Resolvconf { label }, false).is_err());
    for _ in 0..MOST_OPEN {
        journal.append(&pin(1), false).unwrap();
    }
    assert!(journal.append(&pin(1), false).is_err());
}

#[test]
fn every_kind_of_record_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = |before| {
        let path = PathBuf::from("/etc/resolv.conf");
        Record::File(FileRecord { path, before, text: "# \u{e9}\n".to_owned(), in_place: true })
    };
    let records = [
        pin(1),
        Record::Resolved { interface: "onhook0".to_owned(), index: 7 },
        Record::Resolvconf { label: "tun.onhook0".to_owned() },
        file(Before::Absent),
        file(Before::Link { target: PathBuf::from("../run/x") }),
        file(Before::File { content: "\u{ff}\n".to_owned(), mode: 0o644, uid: 0, gid: 5 }),
    ];
    let mut journal = Journal::open(folder.path(), "boot").unwrap();
    for record in &records {
        journal.append(record, false).unwrap();
    }
    drop(journal);
    assert_eq!(inherited(folder.path()), records);
}

#[test]
fn every_flipped_bit_is_noticed_and_costs_one_line_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), "boot").unwrap();
    for last in 1..=3 {
        journal.append(&pin(last), true).unwrap();
    }
    drop(journal);
    let path = folder.path().join("journal");
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        let read = Read::from(bytes.as_slice());
        // A line end that is gone joins two lines, one that comes anew divides one.
        assert!((1..=2).contains(&read.damaged), "at {at}: {} damaged", read.damaged);
        assert!(read.open.len() >= 3 - read.damaged.max(2), "at {at}");
        for entry in read.open.values() {
            assert!((1..=3).any(|last| entry.record == pin(last)), "at {at}: {entry:?}");
        }
    }
}

#[test]
fn a_line_of_another_version_is_told_of_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let json = r#"{"v":9,"what":"something that a later version does"}"#;
    let line = format!("{} {json}\n", checksum(json.as_bytes()));
    fs::create_dir_all(folder.path()).unwrap();
    fs::write(&path, &line).unwrap();
    let mut journal = Journal::open(folder.path(), "boot").unwrap();
    assert_eq!((journal.foreign(), journal.take_damaged()), (1, 0));
    for _ in 0..2 * MOST_STRUCK {
        let seq = journal.append(&pin(1), false).unwrap();
        journal.strike(seq);
    }
    journal.append(&pin(2), true).unwrap();
    drop(journal);
    let journal = Journal::open(folder.path(), "boot").unwrap();
    assert_eq!(journal.foreign(), 1);
    assert_eq!(journal.inherited().len(), 1);
    assert!(fs::read_to_string(&path).unwrap().contains(json), "it is there for who can read it");
}

#[test]
fn a_change_that_cannot_be_written_is_refused_and_spoils_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), "boot").unwrap();
    journal.append(&pin(1), true).unwrap();
    let path = folder.path().join("journal");
    let before = fs::read(&path).unwrap();
    // Every write to it fails as on a full disk.
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let file = std::mem::replace(&mut journal.file, full);
    let error = journal.append(&pin(2), true).unwrap_err();
    assert_eq!(error.kind, HostErrorKind::DiskFull);
    journal.file = file;
    assert_eq!(fs::read(&path).unwrap(), before);
    let kept = journal.append(&pin(3), true).unwrap();
    drop(journal);
    assert_eq!(inherited(folder.path()), [pin(1), pin(3)], "entry {kept} is whole");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let read = Read::from(bytes.as_slice());
        prop_assert!(read.open.is_empty());
    }
}
