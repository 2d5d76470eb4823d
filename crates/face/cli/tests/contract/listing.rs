//! RasEnumConnections and what is told of one connection.

use rasapi32::exports::*;
use rasapi32::layout::{Charset, Machine, View, ViewMut, tables};

use crate::caller::*;

#[test]
fn b096_b098_b099_b185_the_buffer_protocol_is_exact() {
    let handle = connected("b096");
    let (null, none) = (std::ptr::null_mut(), std::ptr::null_mut());
    let (mut size, mut count) = (0_u32, 0_u32);
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe {
        assert_eq!(RasEnumConnectionsW(null, &raw mut size, &raw mut count), 603);
        let form = tables::RASCONN.newest(Machine::of_this_library(), Charset::Wide);
        assert_eq!(size as usize, form.size() * count as usize);
        assert_eq!(RasEnumConnectionsW(null, none, &raw mut count), 87);
        assert_eq!(RasEnumConnectionsW(null, &raw mut size, none), 87);

        let mut wrong = Struct::new(&tables::RASCONN, Charset::Wide);
        wrong.set_size(5);
        size = 4;
        assert_eq!(
            RasEnumConnectionsW(wrong.pointer(), &raw mut size, &raw mut count),
            632,
            "before room"
        );
        let mut row = Struct::new(&tables::RASCONN, Charset::Wide);
        size = 8;
        assert_eq!(RasEnumConnectionsW(row.pointer(), &raw mut size, &raw mut count), 603);
        assert!(size as usize >= form.size() && count >= 1);
    }
    end(handle);
}

#[test]
fn b100_b102_b104_every_generation_of_a_row_tells_what_it_has() {
    let name = entry("b100");
    let handle = Dial::entry(&name).synchronous().1;
    for charset in [Charset::Ansi, Charset::Wide] {
        for dw_size in tables::RASCONN.sizes(Machine::of_this_library(), charset) {
            let form =
                tables::RASCONN.of_size(Machine::of_this_library(), charset, dw_size).unwrap();
            let mut memory = vec![0xa5; form.size() * 64];
            ViewMut::new(form, &mut memory).unwrap().begin();
            let mut size = u32::try_from(memory.len()).unwrap();
            let mut count = 0;
            let list = match charset {
                Charset::Ansi => RasEnumConnectionsA,
                Charset::Wide => RasEnumConnectionsW,
            };
            // SAFETY: everything that is pointed to is here, and as large as is said.
            let result = unsafe { list(memory.as_mut_ptr(), &raw mut size, &raw mut count) };
            assert_eq!(result, 0);
            assert!(memory[size as usize..].iter().all(|octet| *octet == 0xa5));
            let row = memory
                .chunks_exact(form.size())
                .take(count as usize)
                .map(|row| View::new(form, row).unwrap())
                .find(|row| row.handle("hrasconn") == Some(handle as u64))
                .unwrap();
            assert_eq!(row.u32("dwSize"), Some(dw_size));
            assert_eq!(row.text("szEntryName").unwrap().as_deref(), Some("b100"));
            if let Some(book) = row.text("szPhonebook").unwrap() {
                assert!(book.ends_with("onhook/rasphone.pbk"), "{book}");
            }
            if let Some(flags) = row.u32("dwFlags") {
                assert_eq!(flags, 0xc, "owner known, and it is we");
            }
        }
    }
    end(handle);
}

/// The library keeps the list that it was sent; the manager says whether it is still the one of now.
#[test]
fn what_has_come_is_listed_at_once_and_what_is_gone_is_not() {
    let name = entry("come-and-go");
    let is_listed = |handle| list().iter().any(|(listed, _)| *listed == handle);
    for _ in 0..3 {
        let handle = Dial::entry(&name).synchronous().1;
        assert!(is_listed(handle));
        // Another talk with the manager, and the list that is kept is the same.
        assert!(std::thread::scope(|scope| scope.spawn(|| is_listed(handle)).join().unwrap()));
        end(handle);
        assert!(!is_listed(handle));
    }
}

#[test]
fn b117_b118_b119_b120_every_number_of_ras_has_a_text() {
    for charset in [Charset::Ansi, Charset::Wide] {
        let text = match charset {
            Charset::Ansi => RasGetErrorStringA,
            Charset::Wide => RasGetErrorStringW,
        };
        let mut memory = vec![0xa5; 512 * charset.unit()];
        for number in 600..=877 {
            // SAFETY: the buffer is as large as is said.
            assert_eq!(unsafe { text(number, memory.as_mut_ptr(), 512) }, 0, "{number}");
            assert!(charset.decode(&memory).unwrap().len() > 3);
        }
        // SAFETY: the same.
        unsafe {
            assert_eq!(text(691, memory.as_mut_ptr(), 3), 122);
            assert_eq!(text(5, memory.as_mut_ptr(), 512), 87);
            assert_eq!(text(0, memory.as_mut_ptr(), 512), 87);
            assert_eq!(text(691, std::ptr::null_mut(), 512), 87);
            let length = u32::try_from(
                charset
                    .decode({
                        text(691, memory.as_mut_ptr(), 512);
                        &memory
                    })
                    .unwrap()
                    .chars()
                    .count(),
            )
            .unwrap();
            assert_eq!(text(691, memory.as_mut_ptr(), length), 122, "room for the null as well");
            assert_eq!(text(691, memory.as_mut_ptr(), length + 1), 0);
        }
    }
}

#[test]
fn b122_b123_b124_b125_b127_b128_what_was_negotiated() {
    let handle = connected("b124");
    let mut info = Struct::new(&tables::RASPPPIP, Charset::Wide);
    let mut size = u32::try_from(info.view().form().size()).unwrap();
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe {
        assert_eq!(RasGetProjectionInfoW(handle, 0x8021, info.pointer(), &raw mut size), 0);
        assert_eq!(info.u32("dwError"), 0);
        assert!(info.text("szIpAddress").parse::<std::net::Ipv4Addr>().is_ok());
        assert!(info.text("szServerIpAddress").parse::<std::net::Ipv4Addr>().is_ok());
        size = 4;
        assert_eq!(RasGetProjectionInfoW(handle, 0x8021, info.pointer(), &raw mut size), 603);
        assert_eq!(size as usize, info.view().form().size());
        assert_eq!(RasGetProjectionInfoW(handle, 0x803f, info.pointer(), &raw mut size), 731);
        assert_eq!(RasGetProjectionInfoW(handle, 0x1234, info.pointer(), &raw mut size), 87);
        let null = std::ptr::null_mut();
        assert_eq!(RasGetProjectionInfoW(handle, 0x8021, info.pointer(), null), 87);
        let mut lcp = Struct::new(&tables::RASPPPLCP, Charset::Wide);
        size = u32::try_from(lcp.view().form().size()).unwrap();
        assert_eq!(RasGetProjectionInfoW(handle, 0xc021, lcp.pointer(), &raw mut size), 0);
        assert_eq!(lcp.u32("dwAuthenticationProtocol"), 0xc223);
        assert_eq!(lcp.u32("dwAuthenticationData"), 0x81, "MS-CHAP v2");
        let mut all = Struct::new(&tables::RAS_PROJECTION_INFO, Charset::Wide);
        size = 0;
        assert_eq!(RasGetProjectionInfoEx(handle, std::ptr::null_mut(), &raw mut size), 603);
        assert_eq!(size as usize, all.view().form().size());
        all.put().put_u32("version", 4);
        size = u32::try_from(all.view().form().size()).unwrap();
        assert_eq!(RasGetProjectionInfoEx(handle, all.pointer(), &raw mut size), 0);
        assert_eq!((all.u32("type"), all.u32("ppp.dwIPv4NegotiationError")), (1, 0));
        info.set_size(3);
        size = 500;
        assert_eq!(RasGetProjectionInfoW(handle, 0x8021, info.pointer(), &raw mut size), 632);
        end(handle);
        assert_eq!(RasGetProjectionInfoEx(handle, all.pointer(), &raw mut size), 6);
    }
}

#[test]
fn b129_b130_b132_b133_b134_statistics_count_and_begin_anew() {
    let begin = std::time::Instant::now();
    let handle = connected("b129");
    let mut stats = Struct::new(&tables::RAS_STATS, Charset::Wide);
    // SAFETY: everything that is pointed to is here.
    unsafe {
        assert_eq!(RasGetConnectionStatistics(handle, stats.pointer()), 0);
        let mut flow = stage().flow(&format!("{handle:#x}"));
        std::io::Write::write_all(&mut flow, &[7; 5000]).unwrap();
        std::io::Read::read_exact(&mut flow, &mut [0; 5000]).unwrap();
        assert_eq!(RasGetConnectionStatistics(handle, stats.pointer()), 0);
        let counted = stats.u32("dwBytesXmited");
        assert!(counted >= 5000 && stats.u32("dwBytesRcved") >= 5000);
        drop(flow);
        assert_eq!(RasGetLinkStatistics(handle, 1, stats.pointer()), 0);
        assert!(stats.u32("dwFramesXmited") > 0);
        assert_eq!(RasClearConnectionStatistics(handle), 0);
        assert_eq!(RasGetConnectionStatistics(handle, stats.pointer()), 0);
        assert!(stats.u32("dwBytesXmited") < counted);
        let lasted = stats.u32("dwConnectDuration");
        while stats.u32("dwConnectDuration") < lasted + 5 {
            assert_eq!(RasGetConnectionStatistics(handle, stats.pointer()), 0);
            let since = u32::try_from(begin.elapsed().as_millis()).unwrap();
            assert!(stats.u32("dwConnectDuration") <= since, "milliseconds since it was connected");
        }
        const INVALID: u32 = 0x8007_0057;
        assert_eq!(RasGetConnectionStatistics(0, stats.pointer()), INVALID);
        assert_eq!(RasGetConnectionStatistics(handle, std::ptr::null_mut()), INVALID);
        assert_eq!(RasGetLinkStatistics(handle, 0, stats.pointer()), INVALID);
        assert_eq!(RasGetLinkStatistics(handle, 2, stats.pointer()), 668);
        assert_eq!(RasClearLinkStatistics(handle, 0), 87);
        assert_eq!(RasClearLinkStatistics(handle, 2), 668);
        stats.set_size(59);
        assert_eq!(RasGetConnectionStatistics(handle, stats.pointer()), INVALID);
        let mut stats = Struct::new(&tables::RAS_STATS, Charset::Wide);
        end(handle);
        assert_eq!(RasGetConnectionStatistics(handle, stats.pointer()), 6, "a dead handle");
    }
}

#[test]
fn b135_b136_subentries_of_a_plain_connection() {
    let handle = connected("subentry");
    let mut of_link = 0_usize;
    // SAFETY: everything that is pointed to is here.
    unsafe {
        assert_eq!(RasGetSubEntryHandleW(handle, 1, &raw mut of_link), 0);
        assert_eq!(of_link, handle);
        assert_eq!(RasGetSubEntryHandleW(handle, 2, &raw mut of_link), 259);
        assert_eq!(RasGetSubEntryHandleW(handle, 0, &raw mut of_link), 87);
        assert_eq!(RasGetSubEntryHandleW(handle, 1, std::ptr::null_mut()), 87);
        assert_eq!(RasGetSubEntryHandleW(0x7fff_ffff, 1, &raw mut of_link), 6);
    }
    end(handle);
}

#[test]
fn b198_b199_what_has_no_meaning_says_so() {
    let handle = connected("b198");
    let mut update = Struct::new(&tables::RASUPDATECONN, Charset::Wide);
    let mut nap = Struct::new(&tables::RASNAPSTATE, Charset::Wide);
    // SAFETY: everything that is pointed to is here.
    unsafe {
        assert_eq!(RasUpdateConnection(handle, update.pointer()), 780);
        assert_eq!(RasUpdateConnection(0x7fff, update.pointer()), 6);
        assert_eq!(RasGetNapStatus(handle, nap.pointer()), 836);
        assert_eq!(RasGetPCscf(std::ptr::null_mut()), 50);
        let null = std::ptr::null();
        assert_eq!(RasCreatePhonebookEntryW(0, null), 50);
        assert_eq!(RasEditPhonebookEntryW(0, null, null), 50);
    }
    end(handle);
}

#[test]
fn b109_b110_b111_b113_b115_b116_events_are_set_for_what_happens() {
    let any = OnhookCreateEvent(0, 0);
    let ends = OnhookCreateEvent(1, 0);
    assert!(any != 0 && ends != 0);
    stage();
    // SAFETY: no pointer is passed.
    unsafe {
        assert_eq!(RasConnectionNotificationW(usize::MAX, any, 1), 0);
        let handle = connected("b109");
        assert_eq!(OnhookWaitEvent(any, 20_000), 0);
        assert!(list().iter().any(|(listed, _)| *listed == handle));
        assert_eq!(RasConnectionNotificationW(handle, ends, 2 | 1), 0);
        assert_eq!(OnhookWaitEvent(ends, 0), 258, "it has not ended");
        assert_eq!(hang_up(handle), 0);
        assert_eq!(OnhookWaitEvent(ends, 20_000), 0);
        assert_eq!(OnhookWaitEvent(ends, 0), 0, "until it is taken back");
        assert_eq!(OnhookResetEvent(ends), 1);
        assert_eq!(OnhookWaitEvent(ends, 0), 258);
        wait_gone(handle);
        assert_eq!(RasConnectionNotificationW(handle, ends, 2), 6, "it is gone");
        assert_eq!(RasConnectionNotificationW(usize::MAX, ends, 0), 87);
        assert_eq!(RasConnectionNotificationW(usize::MAX, ends, 0x100), 87);
        assert_eq!(RasConnectionNotificationW(usize::MAX, 4711, 1), 6, "no event");
    }
    assert!(OnhookEventDescriptor(any) >= 0);
    assert_eq!((OnhookCloseEvent(any), OnhookCloseEvent(any)), (1, 0));
    assert_eq!(OnhookWaitEvent(any, 0), u32::MAX);
    assert_eq!(OnhookEventDescriptor(any), -1);
}

#[test]
fn b181_b182_b183_b184_b186_devices() {
    stage();
    let form = tables::RASDEVINFO.newest(Machine::of_this_library(), Charset::Wide);
    let (mut size, mut count) = (0, 0);
    let null = std::ptr::null_mut();
    // SAFETY: everything that is pointed to is here, and as large as is said.
    unsafe {
        assert_eq!(RasEnumDevicesW(null, &raw mut size, &raw mut count), 603, "b181");
        assert_eq!(size as usize, form.size() * count as usize);
        assert_eq!(RasEnumDevicesW(null, std::ptr::null_mut(), &raw mut count), 87, "b183");
        assert_eq!(RasEnumDevicesW(null, &raw mut size, std::ptr::null_mut()), 87, "b183");
        let needed = size;
        let mut memory = vec![0xa5; needed as usize + 100];
        ViewMut::new(form, &mut memory).unwrap().begin();
        size = needed - 1;
        assert_eq!(RasEnumDevicesW(memory.as_mut_ptr(), &raw mut size, &raw mut count), 603);
        size = needed + 100;
        assert_eq!(RasEnumDevicesW(memory.as_mut_ptr(), &raw mut size, &raw mut count), 0, "b184");
        assert_eq!(size, needed);
        let types = ["vpn", "PPPoE", "modem", "SERIAL"];
        for row in memory[..needed as usize].chunks_exact(form.size()) {
            let row = View::new(form, row).unwrap();
            assert_eq!(row.u32("dwSize"), Some(form.dw_size()), "b186");
            let kind = row.text("szDeviceType").unwrap().unwrap();
            assert!(types.contains(&kind.as_str()), "b186: {kind}");
            assert!(!row.text("szDeviceName").unwrap().unwrap().is_empty(), "b186");
        }
        memory[..4].copy_from_slice(&[5, 0, 0, 0]);
        assert_eq!(
            RasEnumDevicesW(memory.as_mut_ptr(), &raw mut size, &raw mut count),
            632,
            "b182"
        );
    }
}

#[test]
fn b113_b116_the_event_is_set_when_the_server_ends_the_connection() {
    let users = format!("alice {}\n", crate::stage::PASSWORD);
    let mut server = crate::servers::Server::sstp("b116", &users, &[]);
    let (result, handle) = Dial::entry("b116").synchronous();
    assert_eq!(result, 0);
    let [any, one] = [OnhookCreateEvent(1, 0), OnhookCreateEvent(1, 0)];
    // SAFETY: no pointer is passed.
    unsafe {
        assert_eq!(RasConnectionNotificationW(usize::MAX, any, 2), 0);
        assert_eq!(RasConnectionNotificationW(handle, one, 2), 0);
    }
    server.dies();
    assert_eq!(OnhookWaitEvent(one, 20_000), 0);
    assert_eq!(OnhookWaitEvent(any, 20_000), 0);
    assert_eq!((OnhookCloseEvent(any), OnhookCloseEvent(one)), (1, 1));
    hang_up(handle);
    wait_gone(handle);
}
