//! .NET, by `DllImport`.

use std::collections::BTreeMap;

use crate::page::Chapter;
use crate::place::{Place, are_there};

const LAYOUTS: &str = include_str!("../../../rasapi/tests/data/layout-x64.csv");
const NEEDED: [(&str, &str); 2] = [("mcs", "mono-mcs"), ("mono", "mono-runtime")];

#[test]
fn the_program_for_dotnet_dials_lists_and_hangs_up() {
    if !are_there(&NEEDED) {
        return;
    }
    let chapter = Chapter::read(".NET");
    let place = Place::new();
    place.write("Ras.cs", chapter.program("csharp"));
    let (compile, run) = chapter.commands("mcs Ras.cs").split_once('\n').unwrap();
    place.said(compile, "");
    place.follow(run);
}

#[test]
fn its_structures_lie_as_the_published_ones_do() {
    if !are_there(&NEEDED) {
        return;
    }
    let place = Place::new();
    place.write("Ras.cs", Chapter::read(".NET").program("csharp"));
    place.write("Layouts.cs", include_str!("layouts.cs"));
    place.said("mcs -main:Layouts -out:Layouts.exe Ras.cs Layouts.cs", "");
    let told = place.said("mono Layouts.exe", "");
    let told: BTreeMap<&str, &str> =
        told.lines().map(|line| line.rsplit_once(' ').unwrap()).collect();
    let mut expected = BTreeMap::new();
    for row in LAYOUTS.lines().skip(1) {
        let columns: Vec<_> = row.split(',').collect();
        let [source, structure, _, until, field, offset, size] = columns[..] else { continue };
        let newest = source == "ms" && until.is_empty();
        if newest && ["RASDIALPARAMSW", "RASCONNW", "RASCONNSTATUSW"].contains(&structure) {
            let value = if field == "(sizeof)" { size } else { offset };
            expected.insert(format!("{} {field}", structure.trim_end_matches('W')), value);
        }
    }
    let told: BTreeMap<String, &str> =
        told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(told, expected);
    assert!(told.len() > 25, "{told:?}");
}
