//! A structure of `ras.h` as a program hands it over: any size in `dwSize`, any octets, texts without an
//! end. Sizes of no version are refused; all else is read, and filled anew, within its own octets.

use rasapi32::layout::{Charset, Field, Form, Kind, Machine, View, ViewMut, tables};

use crate::input::Input;

/// Octets before and behind the structure, which nobody may touch.
const GUARD: usize = 16;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let structure = tables::ALL[usize::from(input.byte()) % tables::ALL.len()];
    let choice = input.byte();
    let machine = Machine::ALL[usize::from(choice & 1)];
    let charset = Charset::ALL[usize::from(choice >> 1 & 1)];
    let text = String::from_utf8_lossy(input.piece()).into_owned();
    let memory = input.0;
    let Some(size) = memory.first_chunk().map(|octets| u32::from_le_bytes(*octets)) else {
        return;
    };
    let Some(form) = structure.of_size(machine, charset, size) else {
        assert!(!structure.sizes(machine, charset).contains(&size), "{size} was refused");
        return;
    };
    assert_eq!(form.dw_size(), size);
    let view = View::new(form, memory);
    assert_eq!(view.is_some(), memory.len() >= form.size());
    let Some(view) = view else { return };
    for (field, _) in form.places() {
        read(&view, field);
    }
    // What follows a structure may be a list of texts.
    if let Ok(texts) = charset.decode_list(&memory[form.size()..]) {
        assert!(texts.iter().all(|text| !text.is_empty()));
        let again = charset.encode_list(texts.iter().map(String::as_str));
        assert_eq!(charset.decode_list(&again), Ok(texts));
    }
    fill(form, memory, &text);
}

/// Every field that is there can be read, as what it is.
fn read(view: &View<'_>, field: &Field) {
    let name = field.name();
    let octets = view.octets(name).expect("a field of this form");
    match field.kind() {
        Kind::U32 => assert!(view.u32(name).is_some()),
        Kind::Pointer => assert!(view.handle(name).is_some()),
        Kind::Text { .. } => {
            if let Ok(text) = view.text(name) {
                let text = text.expect("a field of this form");
                assert!(!text.contains('\0'));
                assert!(view.form().charset().encode(&text).len() <= octets.len());
            }
        }
        Kind::Octets { .. } | Kind::Nested(_) => {
            assert_eq!(octets.len(), view.form().length(field))
        }
    }
}

/// Every field can be written; it reads as it was written, and the octets around stay as they were.
fn fill(form: Form, memory: &[u8], text: &str) {
    let mut room = vec![0xA5; GUARD + form.size() + GUARD];
    room[GUARD..GUARD + form.size()].copy_from_slice(&memory[..form.size()]);
    let mut row = ViewMut::new(form, &mut room[GUARD..]).expect("room for it");
    for (field, _) in form.places() {
        let name = field.name();
        match field.kind() {
            Kind::U32 => {
                assert!(row.put_u32(name, 0x1234_5678));
                assert_eq!(row.as_view().u32(name), Some(0x1234_5678));
            }
            Kind::Pointer => {
                assert!(row.put_handle(name, 0x0FED_CBA9));
                assert_eq!(row.as_view().handle(name), Some(0x0FED_CBA9));
            }
            Kind::Text { .. } => {
                let whole = row.put_text(name, text);
                let there = row.as_view().text(name).expect("well-formed").expect("a field");
                assert!(text.starts_with(&there));
                assert_eq!(whole, there == text);
            }
            Kind::Octets { .. } | Kind::Nested(_) => {
                let octets = vec![0x5A; form.length(field)];
                assert!(row.put_octets(name, &octets));
            }
        }
    }
    row.begin();
    assert!(room[..GUARD].iter().chain(&room[GUARD + form.size()..]).all(|octet| *octet == 0xA5));
}
