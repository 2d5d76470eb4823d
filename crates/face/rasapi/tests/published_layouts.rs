//! Computed sizes and offsets equal the published ones, every row of every table; a copy of the tables
//! lies in `data/`.

use std::collections::{BTreeMap, BTreeSet};

use published::{LayoutRow, layout, rows};
use rasapi32::layout::{Charset, Form, Generation, Kind, Machine, Structure, tables};

mod published;

/// The structure and form that a name of the tables means: `RASCONNW`, `RASCTRYINFO`.
fn named(name: &str) -> (&'static Structure, Charset) {
    let of_one_form = tables::ALL
        .iter()
        .find(|s| !s.has_two_forms() && s.name() == name)
        .map(|s| (*s, Charset::Ansi));
    of_one_form
        .or_else(|| {
            let (stem, charset) = match name.split_at(name.len() - 1) {
                (stem, "A") => (stem, Charset::Ansi),
                (stem, "W") => (stem, Charset::Wide),
                _ => return None,
            };
            let known = tables::ALL.iter().find(|s| s.has_two_forms() && s.name() == stem);
            known.map(|s| (*s, charset))
        })
        .unwrap_or_else(|| panic!("no structure {name}"))
}

/// Compares one row with a form of its generation.
fn compare(form: &Form, row: &LayoutRow) {
    let what =
        format!("{:?} {} {:?} {}", form.machine(), row.structure, form.generation(), row.field);
    if row.is_whole() {
        assert_eq!(form.size(), row.size, "{what}");
        return;
    }
    let find = |name: &str| form.field(name).unwrap_or_else(|| panic!("missing: {what}"));
    let places: Vec<_> = row.names().into_iter().map(find).collect();
    assert!(places.iter().all(|at| Some(at.offset()) == row.offset), "{what}: {places:?}");
    assert_eq!(places.iter().map(|at| at.length()).max(), Some(row.size), "{what}");
}

/// Plays a table of the newest kit; answers how many rows were compared and how many times, for a row
/// may hold for several generations.
fn play(table: &str, machine: Machine) -> (usize, usize) {
    let mut compared = (0, 0);
    let mut fields: BTreeMap<(String, Generation), usize> = BTreeMap::new();
    for row in layout(table).into_iter().filter(|row| row.source == "ms") {
        let (structure, charset) = named(&row.structure);
        let mut times = 0;
        for generation in Generation::ALL {
            if !(row.from..=row.to).contains(&generation.winver()) || !generation.exists_on(machine)
            {
                continue;
            }
            let form = structure.form(machine, charset, generation).unwrap_or_else(|| {
                panic!("{generation:?} should have {} on {machine:?}", row.structure)
            });
            compare(&form, &row);
            let members = if row.is_whole() { 0 } else { row.names().len() };
            *fields.entry((row.structure.clone(), generation)).or_default() += members;
            times += 1;
        }
        assert!(times > 0, "{} {:#06x} {} was not compared", row.structure, row.from, row.field);
        compared = (compared.0 + 1, compared.1 + times);
    }
    // The other way round: we have no structure, generation or field that the table lacks.
    for structure in tables::ALL {
        for charset in Charset::ALL.into_iter().take(1 + usize::from(structure.has_two_forms())) {
            let suffix = match (structure.has_two_forms(), charset) {
                (false, _) => "",
                (true, Charset::Ansi) => "A",
                (true, Charset::Wide) => "W",
            };
            for generation in Generation::ALL {
                let published =
                    fields.get(&(format!("{}{suffix}", structure.name()), generation)).copied();
                let ours =
                    structure.form(machine, charset, generation).map(|form| form.places().count());
                assert_eq!(
                    ours,
                    published,
                    "{}{suffix} {generation:?} {machine:?}",
                    structure.name()
                );
            }
        }
    }
    compared
}

#[test]
fn every_row_of_64_bits_is_met() {
    let table = include_str!("data/layout-x64.csv");
    let (rows, comparisons) = play(table, Machine::X64);
    assert_eq!(rows, 1246, "rows of the newest kit in the table");
    assert_eq!(comparisons, 3836, "a row holds for several generations");
}

#[test]
fn every_row_of_32_bits_is_met() {
    let table = include_str!("data/layout-x86.csv");
    let (rows, comparisons) = play(table, Machine::X86);
    assert_eq!(rows, 1296, "rows of the newest kit in the table");
    assert_eq!(comparisons, 3937, "a row holds for several generations");
}

/// Rows of `struct-sizes.csv` of one source: machine, structure, size.
fn sizes(source: &str) -> Vec<(Machine, String, u32)> {
    let mut found = Vec::new();
    for columns in rows(include_str!("data/struct-sizes.csv")) {
        let [machine, of, structure, _, _, size] = <[String; 6]>::try_from(columns).unwrap();
        let machine = match machine.as_str() {
            "x64" => Machine::X64,
            "x86" => Machine::X86,
            other => panic!("no machine {other}"),
        };
        if of == source {
            found.push((machine, structure, size.parse().unwrap()));
        }
    }
    found
}

#[test]
fn every_size_of_any_version_is_known_and_no_other() {
    let mut published: BTreeMap<(bool, String), BTreeSet<u32>> = BTreeMap::new();
    let mut played = 0;
    for (machine, name, size) in sizes("ms") {
        published.entry((machine == Machine::X64, name)).or_default().insert(size);
        played += 1;
    }
    assert_eq!(played, 198);
    for ((is_64, name), sizes) in published {
        let machine = if is_64 { Machine::X64 } else { Machine::X86 };
        let (structure, charset) = named(&name);
        let ours: Vec<u32> = structure.sizes(machine, charset);
        assert_eq!(ours, sizes.iter().copied().collect::<Vec<_>>(), "{name} on {machine:?}");
        let near = |size: u32| size.saturating_sub(9)..size + 9;
        for size in sizes.iter().copied().flat_map(near).chain(0..40).chain([u32::MAX]) {
            let form = structure.of_size(machine, charset, size);
            assert_eq!(form.is_some(), sizes.contains(&size), "{name} of {size} on {machine:?}");
            assert!(form.is_none_or(|form| form.dw_size() == size));
        }
    }
}

#[test]
fn programs_compiled_with_older_headers_of_others_are_understood() {
    let mut played = 0;
    for (machine, name, size) in sizes("mingw") {
        let (structure, charset) = named(&name);
        let form = structure.of_size(machine, charset, size);
        assert!(form.is_some(), "{name} of {size} on {machine:?}");
        played += 1;
    }
    assert_eq!(played, 108);
}

/// Every field of those headers lies where the form of that size has it. Only what they lack entirely
/// stays out: nothing of what they have may lie elsewhere.
#[test]
fn older_headers_of_others_place_their_fields_as_the_form_of_that_size() {
    let mut played = 0;
    for (table, machine) in [
        (include_str!("data/layout-x64.csv"), Machine::X64),
        (include_str!("data/layout-x86.csv"), Machine::X86),
    ] {
        let mut size = 0;
        for row in layout(table).into_iter().filter(|row| row.source == "mingw") {
            if row.is_whole() {
                size = row.size;
            }
            let (structure, charset) = named(&row.structure);
            let form = structure.of_size(machine, charset, u32::try_from(size).unwrap()).unwrap();
            compare(&form, &row);
            played += 1;
        }
    }
    assert_eq!(played, 942);
}

#[test]
fn a_structure_of_one_form_holds_no_text() {
    for structure in tables::ALL.iter().filter(|s| !s.has_two_forms()) {
        let texts = structure.fields().iter().any(|f| matches!(f.kind(), Kind::Text { .. }));
        assert!(!texts, "{}", structure.name());
    }
}
