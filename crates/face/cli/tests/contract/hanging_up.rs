//! RasHangUp, and what is asked afterwards.

use rasapi32::layout::{Charset, Machine, tables};

use crate::caller::*;

#[test]
fn b068_b071_b072_b090_the_status_answers_until_everything_is_gone() {
    let handle = connected("b068");
    assert_eq!(hang_up(handle), 0);
    let (result, _) = status(handle);
    assert!(matches!(result, 0 | NO_HANDLE));
    wait_gone(handle);
    assert_eq!(status(handle).0, NO_HANDLE);
}

#[test]
fn b074_b087_b106_b107_at_6_the_same_entry_can_be_dialed_at_once() {
    let name = entry("b074");
    let mut before = 0;
    for _ in 0..3 {
        let (result, handle) = Dial::entry(&name).synchronous();
        assert_eq!(result, 0);
        assert_ne!(handle, before, "b087: a number is not given again");
        assert_eq!(list().iter().filter(|(listed, _)| *listed == handle).count(), 1);
        end(handle);
        assert!(list().iter().all(|(listed, _)| *listed != handle));
        before = handle;
    }
}

#[test]
fn b077_what_never_was_a_handle_is_6() {
    stage();
    assert_eq!(hang_up(0), NO_HANDLE);
    assert_eq!(hang_up(0x7fff_ffff), NO_HANDLE);
    assert_eq!(hang_up(usize::MAX), NO_HANDLE);
}

#[test]
fn b078_b079_a_loop_of_hang_ups_ends_with_668() {
    let name = entry("b078");
    let handle = Dial::entry(&name).synchronous().1;
    Dial::entry(&name).synchronous();
    let mut turns = 0;
    while hang_up(handle) == 0 {
        turns += 1;
        assert!(turns <= 2, "it never ends");
    }
    assert_eq!((turns, hang_up(handle)), (2, 668));
    wait_gone(handle);
    assert_eq!(hang_up(handle), 668, "gone is hung up too");
}

#[test]
fn b088_b089_b091_every_size_of_the_status_is_filled_and_nothing_beyond() {
    let handle = connected("b088");
    for charset in [Charset::Ansi, Charset::Wide] {
        for size in tables::RASCONNSTATUS.sizes(Machine::of_this_library(), charset) {
            let of = &tables::RASCONNSTATUS;
            let mut told =
                Struct::of_form(of.of_size(Machine::of_this_library(), charset, size).unwrap());
            let ask = match charset {
                Charset::Ansi => rasapi32::exports::RasGetConnectStatusA,
                Charset::Wide => rasapi32::exports::RasGetConnectStatusW,
            };
            // SAFETY: everything that is pointed to is here.
            assert_eq!(unsafe { ask(handle, told.pointer()) }, 0, "{charset:?} {size}");
            assert_eq!(told.u32("rasconnstate"), CONNECTED);
            assert_eq!(told.text("szDeviceType").to_lowercase(), "vpn");
            assert_eq!(told.u32("dwSize"), size);
        }
    }
    let mut told = Struct::new(&tables::RASCONNSTATUS, Charset::Wide);
    told.set_size(609);
    // SAFETY: everything that is pointed to is here.
    assert_eq!(unsafe { rasapi32::exports::RasGetConnectStatusW(handle, told.pointer()) }, 632);
    end(handle);
}

#[test]
fn b093_b094_a_tunnel_has_two_ends_and_no_substate() {
    let handle = connected("b093");
    let (_, told) = status(handle);
    for end in ["localEndPoint", "remoteEndPoint"] {
        let octets = told.view().octets(end).unwrap();
        assert_eq!(octets[..8], [1, 0, 0, 0, 127, 0, 0, 1], "{end}");
    }
    assert_eq!(told.u32("rasconnsubstate"), 0);
    end(handle);
}

#[test]
fn b075_b095_b101_b108_another_program_lists_it_and_hangs_it_up() {
    let handle = connected("b075");
    let listed = stage().list();
    let listed = listed.iter().find(|row| row["handle"] == format!("{handle:#x}")).unwrap();
    assert_eq!((listed["entry"].as_str(), listed["state"].as_u64()), (Some("b075"), Some(0x2000)));
    let output = stage().run(&["hangup", &format!("{handle:#x}")], "");
    assert!(output.status.success(), "{output:?}");
    wait_gone(handle);

    let dialed = stage().dial();
    let number = usize::from_str_radix(dialed.trim_start_matches("0x"), 16).unwrap();
    assert!(list().iter().any(|(listed, name)| *listed == number && name.starts_with('.')), "b101");
    end(number);
}

#[test]
fn b167_a_connection_over_which_nothing_goes_ends_after_its_time() {
    let ca = stage().path("ca.pem");
    let lines = |seconds: &str| {
        format!(
            "Type=2\r\nVpnStrategy=5\r\nIdleDisconnectSeconds={seconds}\r\n\
             OnhookCaFile={}\r\n\r\nMEDIA=rastapi\r\n\r\nDEVICE=vpn\r\n\
             PhoneNumber=127.0.0.1:{}\r\n\r\n",
            ca.display(),
            stage().port
        )
    };
    let for_ever = Dial::entry(&put_entry("b167 never", &lines("-1"))).synchronous();
    let (result, handle) = Dial::entry(&put_entry("b167", &lines("1"))).synchronous();
    assert_eq!((result, for_ever.0), (0, 0));
    let begin = std::time::Instant::now();
    while matches!(status(handle), (0, told) if told.u32("rasconnstate") == CONNECTED) {
        assert!(begin.elapsed() < crate::stage::STUCK, "it is never ended");
        std::thread::yield_now();
    }
    let (_, told) = status(for_ever.1);
    assert_eq!(told.u32("rasconnstate"), CONNECTED);
    hang_up(handle);
    wait_gone(handle);
    end(for_ever.1);
}
