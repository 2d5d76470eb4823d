//! libFuzzer before one ordeal; `ONHOOK_ORDEAL` says which.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use onhook_ordeals::{ORDEALS, Ordeal, find};

static CHOSEN: OnceLock<Ordeal> = OnceLock::new();

fn choose() -> Ordeal {
    let name = std::env::var("ONHOOK_ORDEAL").unwrap_or_default();
    find(&name).unwrap_or_else(|| {
        let names: Vec<_> = ORDEALS.iter().map(|ordeal| ordeal.name).collect();
        eprintln!("ONHOOK_ORDEAL must be one of {}", names.join(", "));
        std::process::exit(2);
    })
}

fuzz_target!(|data: &[u8]| {
    (CHOSEN.get_or_init(choose).run)(data);
});
