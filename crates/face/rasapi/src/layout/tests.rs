use proptest::prelude::*;

use super::tables::{self, RASCONN, RASCONNSTATUS, RASDIALEXTENSIONS, RASDIALPARAMS, RASENTRY};
use super::*;

fn machine() -> impl Strategy<Value = Machine> {
    prop::sample::select(&Machine::ALL[..])
}

fn charset() -> impl Strategy<Value = Charset> {
    prop::sample::select(&Charset::ALL[..])
}

/// A form that some program of some time was compiled with.
fn form() -> impl Strategy<Value = Form> {
    let generation = prop::sample::select(&Generation::ALL[..]);
    (prop::sample::select(tables::ALL), machine(), charset(), generation)
        .prop_filter_map("not of this generation", |(s, m, c, g)| s.form(m, c, g))
}

/// A form, and one of the fields that any generation of it has.
fn form_and_field() -> impl Strategy<Value = (Form, Field)> {
    form().prop_flat_map(|form| (Just(form), prop::sample::select(form.structure().fields())))
}

fn has(form: &Form, field: &Field) -> bool {
    form.places().any(|(one, _)| one.name() == field.name())
}

/// What the field reads as must be what was put, if it fitted.
fn put_and_read(row: &mut ViewMut<'_>, field: &Field, number: u64, text: &str) -> bool {
    let name = field.name();
    let short = u32::try_from(number & 0xFFFF_FFFF).unwrap();
    match field.kind() {
        Kind::U32 => {
            let put = row.put_u32(name, short);
            assert_eq!(row.as_view().u32(name), put.then_some(short));
            put
        }
        Kind::Pointer => {
            let room = row.form().machine() == Machine::X64 || number <= u64::from(u32::MAX);
            let had = has(row.form(), field);
            let put = row.put_handle(name, number);
            assert_eq!(put, room && had);
            if put {
                assert_eq!(row.as_view().handle(name), Some(number));
            }
            had
        }
        Kind::Text { .. } => {
            let whole = row.put_text(name, text);
            let read = row.as_view().text(name).expect("what we write is terminated Unicode");
            if whole {
                assert_eq!(read.as_deref(), Some(text));
            } else if let Some(read) = &read {
                assert!(text.starts_with(read) && read.len() < text.len(), "{text:?} {read:?}");
            }
            read.is_some()
        }
        Kind::Octets { count, .. } => {
            let octets: Vec<u8> = number.to_le_bytes().into_iter().cycle().take(count).collect();
            let put = row.put_octets(name, &octets);
            assert_eq!(row.as_view().octets(name), put.then_some(&octets[..]));
            assert!(!row.put_octets(name, &octets[1..]), "too few octets");
            put
        }
        Kind::Nested(_) => {
            let length = row.as_view().octets(name).map_or(0, <[u8]>::len);
            let octets = vec![short.to_le_bytes()[0]; length];
            length > 0 && row.put_octets(name, &octets)
        }
    }
}

proptest! {
    /// Whatever is put is read again, and not one octet outside the field changes, in the structure or
    /// around it.
    #[test]
    fn what_is_put_is_read_and_nothing_else_changes(
        (form, field) in form_and_field(),
        before: u8,
        number: u64,
        text in "\\PC{0,300}",
    ) {
        let mut memory = vec![before; form.size() + 64];
        let mut row = ViewMut::new(form, &mut memory[32..]).expect("long enough");
        let had = put_and_read(&mut row, &field, number, &text);
        prop_assert_eq!(had, has(&form, &field));
        let range = form.field(field.name()).map_or(0..0, |at| at.range());
        for (at, octet) in memory.iter().enumerate() {
            let inside = at.checked_sub(32).is_some_and(|at| range.contains(&at));
            prop_assert!(inside || *octet == before, "octet {} of {}", at, field.name());
        }
    }

    /// Any octets can be read as any structure: an answer or an error, never a panic.
    #[test]
    fn any_octets_can_be_read(
        (form, field) in form_and_field(),
        octets in prop::collection::vec(any::<u8>(), 8000),
        cut in 0_usize..8000,
    ) {
        let memory = &octets[..cut];
        let view = View::new(form, memory);
        prop_assert_eq!(view.is_some(), cut >= form.size());
        let Some(view) = view else { return Ok(()) };
        let had = has(&form, &field);
        let name = field.name();
        prop_assert_eq!(view.octets(name).is_some(), had);
        match field.kind() {
            Kind::U32 => prop_assert_eq!(view.u32(name).is_some(), had),
            Kind::Pointer => prop_assert_eq!(view.handle(name).is_some(), had),
            Kind::Text { .. } => {
                let text = view.text(name);
                prop_assert!(text != Ok(None) || !had);
            }
            Kind::Octets { .. } | Kind::Nested(_) => {}
        }
    }

    /// A place of one form, kept and used on another by mistake, does not reach outside.
    #[test]
    fn a_place_of_another_form_stays_inside(
        (from, field) in form_and_field(),
        to in form(),
        number: u32,
    ) {
        let Some(at) = from.field(field.name()) else { return Ok(()) };
        let mut memory = vec![0; to.size()];
        let mut row = ViewMut::new(to, &mut memory).expect("long enough");
        let inside = at.offset() + at.length() <= to.size();
        if field.kind() == Kind::U32 {
            prop_assert_eq!(row.put_u32(at, number), inside);
        }
        prop_assert_eq!(row.as_view().octets(at).is_some(), inside);
    }

    /// Fields follow each other without overlap (but for unions), at offsets that packing allows, and
    /// the padding is as small as it can be.
    #[test]
    fn fields_lie_one_behind_the_other(form in form()) {
        let mut end = 0;
        let mut start = 0;
        for (field, at) in form.places() {
            prop_assert!(at >= end || at == start, "{} at {}", field.name(), at);
            prop_assert!(at < end + 4, "{} at {}", field.name(), at);
            start = at;
            end = end.max(at + form.length(field));
        }
        prop_assert!(form.size() >= end && form.size() < end + 4);
    }

    #[test]
    fn texts_come_back_as_they_were(charset in charset(), text in "\\PC{0,40}") {
        let octets = charset.encode(&text);
        prop_assert_eq!(charset.decode(&octets), Ok(text.clone()));
        prop_assert_eq!(
            charset.decode(&octets[..octets.len() - charset.unit()]),
            Err(BadText::Unterminated)
        );
    }

    #[test]
    fn lists_come_back_as_they_were(
        charset in charset(),
        texts in prop::collection::vec("\\PC{1,12}", 0..6),
        behind in prop::collection::vec(any::<u8>(), 0..9),
    ) {
        let mut octets = charset.encode_list(texts.iter().map(String::as_str));
        let length = octets.len();
        octets.extend(behind);
        prop_assert_eq!(charset.decode_list(&octets), Ok(texts));
        let cut = charset.decode_list(&octets[..length - charset.unit()]);
        prop_assert_eq!(cut, Err(BadText::Unterminated));
    }

    #[test]
    fn any_octets_can_be_read_as_texts(
        charset in charset(),
        octets in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let one = charset.decode(&octets);
        let list = charset.decode_list(&octets);
        if let (Ok(one), Ok(list)) = (one, list) {
            prop_assert_eq!(list.first().map_or("", String::as_str), one);
        }
        let _decoded = charset.decode_whole(&octets);
    }
}

#[test]
fn a_structure_of_no_known_size_has_no_form() {
    for size in [0, 1, 4, 723, 725, 1387, 1389, u32::MAX] {
        assert_eq!(RASCONN.of_size(Machine::X64, Charset::Wide, size), None, "{size}");
    }
}

#[test]
fn the_latest_generation_of_a_size_is_meant() {
    let form = RASCONN.of_size(Machine::X64, Charset::Wide, 1388).expect("the newest");
    assert_eq!(form.generation(), Generation::V0A00);
    assert_eq!(form, RASCONN.newest(Machine::X64, Charset::Wide));
    let form = RASCONN.of_size(Machine::X86, Charset::Ansi, 32).expect("the oldest");
    assert_eq!(form.generation(), Generation::V0351);
    assert_eq!(form.field("szEntryName").map(|at| at.length()), Some(21));
}

#[test]
fn a_handle_too_large_for_the_machine_is_refused() {
    let form = RASCONN.newest(Machine::X86, Charset::Ansi);
    let mut memory = vec![0xAA; form.size()];
    let mut row = ViewMut::new(form, &mut memory).expect("long enough");
    assert!(!row.put_handle("hrasconn", 1 << 32));
    assert_eq!(row.as_view().handle("hrasconn"), Some(0xAAAA_AAAA));
    assert!(row.put_handle("hrasconn", 0xFFFF_FFFF));
    assert_eq!(row.as_view().handle("hrasconn"), Some(0xFFFF_FFFF));
}

#[test]
fn a_text_is_never_cut_within_a_character() {
    for (charset, filler, room) in [(Charset::Ansi, "a", 15), (Charset::Wide, "a", 15)] {
        let form = RASDIALPARAMS.newest(Machine::X64, charset);
        let mut memory = vec![0xFF; form.size()];
        let mut params = ViewMut::new(form, &mut memory).expect("long enough");
        let exact = filler.repeat(room);
        assert!(params.put_text("szDomain", &exact));
        assert_eq!(params.as_view().text("szDomain"), Ok(Some(exact)));
        // One place is left for a character that needs several.
        let long = format!("{}🦀", filler.repeat(room - 1));
        assert!(!params.put_text("szDomain", &long));
        assert_eq!(params.as_view().text("szDomain"), Ok(Some(filler.repeat(room - 1))));
    }
}

#[test]
fn a_text_with_a_null_inside_is_not_whole() {
    let form = RASDIALPARAMS.newest(Machine::X64, Charset::Wide);
    let mut memory = vec![0; form.size()];
    let mut params = ViewMut::new(form, &mut memory).expect("long enough");
    assert!(!params.put_text("szUserName", "user\0name"));
    assert_eq!(params.as_view().text("szUserName"), Ok(Some("user".to_owned())));
}

#[test]
fn what_lies_behind_a_text_is_cleared() {
    let form = RASDIALPARAMS.newest(Machine::X64, Charset::Ansi);
    let mut memory = vec![b'x'; form.size()];
    let mut params = ViewMut::new(form, &mut memory).expect("long enough");
    assert!(params.put_text("szPassword", "pw"));
    let octets = params.as_view().octets("szPassword").expect("a field").to_owned();
    assert_eq!(octets.len(), 257);
    assert_eq!(&octets[..2], b"pw");
    assert!(octets[2..].iter().all(|octet| *octet == 0));
}

#[test]
fn an_array_without_a_null_is_an_error() {
    for charset in Charset::ALL {
        let form = RASDIALPARAMS.newest(Machine::X64, charset);
        let memory = vec![b'x'; form.size()];
        let params = View::new(form, &memory).expect("long enough");
        assert_eq!(params.text("szEntryName"), Err(BadText::Unterminated));
    }
}

#[test]
fn malformed_texts_are_errors() {
    let form = RASDIALPARAMS.newest(Machine::X64, Charset::Wide);
    let mut memory = vec![0; form.size()];
    let at = form.field("szEntryName").expect("a field");
    // A high surrogate and nothing to go with it.
    memory[at.offset()..at.offset() + 2].copy_from_slice(&0xD83E_u16.to_le_bytes());
    let params = View::new(form, &memory).expect("long enough");
    assert_eq!(params.text(at), Err(BadText::Malformed));
    assert_eq!(Charset::Ansi.decode(b"\xC3\x28\0"), Err(BadText::Malformed));
    assert_eq!(Charset::Ansi.decode(b"ok\0\xC3\x28"), Ok("ok".to_owned()));
    assert_eq!(Charset::Wide.decode_whole(b"a\0b"), Err(BadText::Malformed));
}

#[test]
fn a_dot_leads_into_a_structure_inside() {
    let form = RASDIALEXTENSIONS.newest(Machine::X64, Charset::Ansi);
    let at = form.field("RasEapInfo.pbEapInfo").expect("a field of a field");
    assert_eq!((at.offset(), at.length()), (36, 8));
    let form = RASCONNSTATUS.newest(Machine::X86, Charset::Wide);
    let at = form.field("remoteEndPoint.ipv4").expect("a field of a field");
    assert_eq!((at.offset(), at.length()), (588, 4));
    let old = RASCONNSTATUS.of_size(Machine::X86, Charset::Wide, 564).expect("a known size");
    assert_eq!(old.field("remoteEndPoint.ipv4"), None);
    let mut memory = vec![0; form.size()];
    let mut status = ViewMut::new(form, &mut memory).expect("long enough");
    assert!(status.put_octets("remoteEndPoint.ipv4", &[192, 0, 2, 1]));
    assert_eq!(status.as_view().octets("remoteEndPoint").expect("a field")[4..8], [192, 0, 2, 1]);
}

#[test]
fn a_row_begins_empty_and_with_its_size() {
    let form = RASENTRY.of_size(Machine::X64, Charset::Wide, 5616).expect("Windows XP");
    let mut memory = vec![0xAA; form.size() + 1];
    ViewMut::new(form, &mut memory).expect("long enough").begin();
    assert_eq!(memory[..4], 5616_u32.to_le_bytes());
    assert!(memory[4..5616].iter().all(|octet| *octet == 0));
    assert_eq!(memory[5616], 0xAA);
}

#[test]
fn a_structure_without_a_size_begins_without_one() {
    let form = tables::RASTUNNELENDPOINT.newest(Machine::X64, Charset::Ansi);
    let mut memory = [0xAA; 20];
    ViewMut::new(form, &mut memory).expect("long enough").begin();
    assert_eq!(memory, [0; 20]);
}

/// A list is filled with places that were found once; the search is not repeated per row.
#[test]
fn many_rows_are_filled_with_places_found_once() {
    const ROWS: usize = 10_000;
    let form = RASCONN.newest(Machine::X64, Charset::Wide);
    let handle = form.field("hrasconn");
    let name = form.field("szEntryName");
    let mut memory = vec![0; ROWS * form.size() + 5];
    let mut rows = 0;
    for (number, mut row) in (1_u64..).zip(ViewMut::rows(form, &mut memory)) {
        assert!(row.put_handle(handle, number));
        assert!(row.put_text(name, "Office"));
        rows += 1;
    }
    assert_eq!(rows, ROWS);
    let last = View::new(form, &memory[(ROWS - 1) * form.size()..]).expect("a row");
    assert_eq!(last.handle(handle), Some(10_000));
    assert_eq!(last.text(name), Ok(Some("Office".to_owned())));
}
