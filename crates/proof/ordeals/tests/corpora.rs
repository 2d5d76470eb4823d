//! Every file of every corpus, through its ordeal.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use onhook_ordeals::ORDEALS;

#[test]
fn every_file_of_every_corpus_is_stood() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let named: BTreeSet<_> = ORDEALS.iter().map(|ordeal| ordeal.name.to_owned()).collect();
    let there: BTreeSet<_> = fs::read_dir(&corpora)
        .unwrap()
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, named, "a corpus for each ordeal");
    for ordeal in ORDEALS {
        let mut played = 0;
        for file in fs::read_dir(corpora.join(ordeal.name)).unwrap() {
            let path = file.unwrap().path();
            // The test's output tells which file it was, when one is not stood.
            println!("{}", path.display());
            (ordeal.run)(&fs::read(path).unwrap());
            played += 1;
        }
        assert!(played > 0, "{} has no corpus", ordeal.name);
    }
}
