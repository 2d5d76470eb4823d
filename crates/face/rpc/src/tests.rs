//! Messages over a real socket pair.

use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use onhook_base::Secret;
use onhook_model::{
    ClientCertificate, Credentials, DialOptions, DialRequest, Entry, Handle, RasCode, RasError,
    Resumption,
};
use proptest::prelude::*;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;

use crate::methods::{Dial, Event, Failed, Nothing, Resume};
use crate::{Behalf, Call, FrameError, Framed, Limits, Outgoing, encode, reply_more, wipe};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[tokio::test]
async fn messages_and_descriptors_arrive_as_they_were_sent() {
    let (near, far) = UnixStream::pair().unwrap();
    let (mut near, mut far) =
        (Framed::new(near, Limits::default()), Framed::new(far, Limits::default()));
    let (reader, writer) = std::io::pipe().unwrap();
    near.send(b"{\"a\":1}", &[reader.as_fd(), writer.as_fd()]).await.unwrap();
    near.send(b"", &[]).await.unwrap();
    let first = far.receive().await.unwrap().unwrap();
    assert_eq!((first.bytes.as_slice(), first.fds.len()), (&b"{\"a\":1}"[..], 2));
    let second = far.receive().await.unwrap().unwrap();
    assert_eq!((second.bytes.as_slice(), second.fds.len()), (&b""[..], 0));
    drop(near);
    assert!(far.receive().await.unwrap().is_none());
}

#[tokio::test]
async fn descriptors_beyond_the_limit_are_closed() {
    let (near, far) = UnixStream::pair().unwrap();
    let limits = Limits { fds: 1, ..Limits::default() };
    let (mut near, mut far) = (Framed::new(near, limits), Framed::new(far, limits));
    let (mut reader, writer) = std::io::pipe().unwrap();
    near.send(b"x", &[near_fd(&reader), writer.as_fd()]).await.unwrap();
    drop(writer);
    assert_eq!(far.receive().await.unwrap().unwrap().fds.len(), 1);
    let mut text = String::new();
    // The writer's copy was closed, so this ends.
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
}

fn near_fd(reader: &std::io::PipeReader) -> std::os::fd::BorrowedFd<'_> {
    reader.as_fd()
}

#[tokio::test]
async fn a_message_without_an_end_is_refused_and_one_cut_short_is_told() {
    let limits = Limits { receive: 1000, fds: 0 };
    let (mut near, far) = UnixStream::pair().unwrap();
    let mut far = Framed::new(far, limits);
    near.write_all(&[b'x'; 20_000]).await.unwrap();
    assert!(matches!(far.receive().await, Err(FrameError::TooLong(1000))));
    let (mut near, far) = UnixStream::pair().unwrap();
    let mut far = Framed::new(far, limits);
    near.write_all(b"{\"method\"").await.unwrap();
    drop(near);
    assert!(matches!(far.receive().await, Err(FrameError::CutShort)));
}

#[tokio::test]
async fn a_hang_up_is_noticed_without_reading() {
    let (near, far) = UnixStream::pair().unwrap();
    let far = Framed::new(far, Limits::default());
    let gone = far.closed();
    tokio::pin!(gone);
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(20), gone.as_mut()).await.is_err()
    );
    drop(near);
    gone.await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn messages_may_be_cut_anywhere(
        messages in proptest::collection::vec(proptest::collection::vec(1_u8.., 0..300), 0..8),
        cut in 1_usize..50,
    ) {
        let got = block_on(async {
            let (mut near, far) = UnixStream::pair().unwrap();
            let mut far = Framed::new(far, Limits::default());
            let stream: Vec<u8> =
                messages.iter().flat_map(|m| m.iter().copied().chain([0])).collect();
            let sending = async {
                for piece in stream.chunks(cut) {
                    near.write_all(piece).await.unwrap();
                }
                drop(near);
            };
            let receiving = async {
                let mut got = Vec::new();
                while let Some(frame) = far.receive().await.unwrap() {
                    got.push(frame.bytes.to_vec());
                }
                got
            };
            tokio::join!(sending, receiving).1
        });
        prop_assert_eq!(got, messages);
    }

    #[test]
    fn no_call_can_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(Call::parse(&bytes));
    }
}

fn two(limits: Limits) -> (Framed, Framed) {
    let (near, far) = UnixStream::pair().unwrap();
    (Framed::new(near, limits), Framed::new(far, limits))
}

/// A descriptor with a number behind it, to be known again.
fn marked(mark: u8) -> OwnedFd {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&[mark]).unwrap();
    reader.into()
}

fn mark_of(fd: OwnedFd) -> u8 {
    let mut mark = [0];
    std::fs::File::from(fd).read_exact(&mut mark).unwrap();
    mark[0]
}

#[tokio::test]
async fn a_message_may_be_as_long_as_the_limit_and_no_longer() {
    for (length, fits) in [(100, true), (101, false), (10_000, false)] {
        let (mut near, far) = UnixStream::pair().unwrap();
        let mut far = Framed::new(far, Limits { receive: 100, fds: 0 });
        // Its end comes in the same read.
        near.write_all(&[vec![b'x'; length], vec![0]].concat()).await.unwrap();
        match far.receive().await {
            Ok(Some(frame)) => assert!(fits && frame.bytes.len() == length, "{length}"),
            Err(FrameError::TooLong(100)) => assert!(!fits, "{length}"),
            other => panic!("{length}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn descriptors_belong_to_the_message_that_they_were_sent_with() {
    let (mut near, mut far) = two(Limits::SERVER);
    let (one, two) = (marked(1), marked(2));
    // All of it waits before the first is taken.
    near.send(b"none", &[]).await.unwrap();
    near.send(b"one", &[one.as_fd()]).await.unwrap();
    near.send(&[b'n'; 12_000], &[]).await.unwrap();
    near.send(&[b't'; 12_000], &[two.as_fd()]).await.unwrap();
    near.send(b"none", &[]).await.unwrap();
    drop(near);
    let mut marks = Vec::new();
    while let Some(frame) = far.receive().await.unwrap() {
        marks.push(frame.fds.into_iter().map(mark_of).collect::<Vec<_>>());
    }
    assert_eq!(marks, [vec![], vec![1], vec![], vec![2], vec![]]);
}

#[tokio::test]
async fn a_hang_up_is_noticed_though_octets_wait() {
    let (mut near, far) = two(Limits::SERVER);
    near.send(b"not read", &[]).await.unwrap();
    let gone = far.closed();
    tokio::pin!(gone);
    let early = tokio::time::timeout(Duration::from_millis(20), gone.as_mut()).await;
    assert!(early.is_err(), "octets that wait are no hang-up");
    drop(near);
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the hang-up is noticed");
}

#[tokio::test]
async fn large_messages_wait_for_one_another_and_small_ones_for_none() {
    let slots = Arc::new(Semaphore::new(1));
    let large = vec![b'x'; 300_000];
    let (mut a1, b1) = two(Limits::SERVER);
    let (mut a2, b2) = two(Limits::SERVER);
    let (mut a3, b3) = two(Limits::SERVER);
    let mut b1 = b1.with_large_slots(slots.clone());
    let mut b2 = b2.with_large_slots(slots.clone());
    let mut b3 = b3.with_large_slots(slots.clone());
    let first = tokio::join!(a1.send(&large, &[]), b1.receive()).1.unwrap().unwrap();
    {
        let second = async { tokio::join!(a2.send(&large, &[]), b2.receive()).1 };
        tokio::pin!(second);
        let early = tokio::time::timeout(Duration::from_millis(20), &mut second).await;
        assert!(early.is_err(), "the first one is not done with");
        a3.send(b"small", &[]).await.unwrap();
        assert_eq!(b3.receive().await.unwrap().unwrap().bytes.as_slice(), b"small");
        drop(first);
        assert_eq!(*second.await.unwrap().unwrap().bytes, large);
    }
    assert_eq!(slots.available_permits(), 1);
}

#[test]
fn a_call_shows_no_parameter_and_every_text_of_it_can_be_wiped() {
    let call = Call::parse(br#"{"method":"x.y","parameters":{"password":"wonderland1"}}"#).unwrap();
    assert!(!format!("{call:?}").contains("wonderland1"));
    let mut value = json!({ "a": "secret", "b": ["secret", { "c": "secret" }], "d": 1 });
    wipe(&mut value);
    assert_eq!(value, json!({ "a": "", "b": ["", { "c": "" }], "d": 1 }));
}

#[test]
fn what_is_written_fits_its_buffer_from_the_start() {
    let call = json!({ "password": "wonderland1\u{7}\n", "text": "x".repeat(5000) });
    let bytes = encode(&call).unwrap();
    assert_eq!(bytes.len(), bytes.capacity(), "it never grew and left no copy behind");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), call);
}

#[test]
fn a_call_that_is_nested_too_deep_is_refused() {
    let nested =
        |n| format!(r#"{{"method":"x.y","parameters":{}{}}}"#, "[".repeat(n), "]".repeat(n));
    assert!(Call::parse(nested(100).as_bytes()).is_ok());
    assert!(Call::parse(nested(200).as_bytes()).is_err());
}

#[test]
fn a_call_as_it_is_sent_is_the_call_that_arrives() {
    let plain = encode(&Outgoing::new("org.onhook.Ras", "List", Nothing {})).unwrap();
    assert_eq!(*plain, br#"{"method":"org.onhook.Ras.List","parameters":{}}"#);
    let behalf = Behalf { uid: 1, gid: 2, pid: 3, session: 4, operator: true };
    let passed = Outgoing::new("org.onhook.Ras", "Watch", Nothing {});
    let passed = encode(&passed.with_more(true).on_behalf_of(behalf)).unwrap();
    let call = Call::parse(&passed).unwrap();
    assert_eq!((call.method.as_str(), call.more), ("org.onhook.Ras.Watch", true));
    assert_eq!(call.on_behalf_of, Some(behalf));
    assert_eq!(
        reply_more(&Event::<()> { event: None }),
        br#"{"parameters":{"event":null},"continues":true}"#
    );
}

#[test]
fn a_dial_is_written_with_its_secrets_and_read_without_them() {
    let secret = |text: &str| Secret::new(text.to_owned());
    let credentials = Credentials {
        user: "alice".into(),
        password: secret("wonderland1"),
        domain: "house".into(),
        tunnel_secret: Some(secret("rabbit-hole")),
        certificate: Some(ClientCertificate { chain: "chain".into(), key: secret("a key") }),
    };
    let request = DialRequest {
        entry: Entry::for_number("vpn.example", "sstp"),
        options: DialOptions::default(),
    };
    let written = encode(&Dial::new(&request, &credentials, true)).unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&written).unwrap();
    for (name, told) in [
        ("user", "alice"),
        ("domain", "house"),
        ("password", "wonderland1"),
        ("tunnel_secret", "rabbit-hole"),
        ("certificate", "chain"),
        ("key", "a key"),
    ] {
        assert_eq!(value[name], told);
    }
    let read: Dial<'_> = serde_json::from_value(value.clone()).unwrap();
    assert_eq!((&*read.request, read.capture), (&request, Some(0)));
    assert_eq!((read.user.as_deref(), read.domain.as_deref()), (Some("alice"), Some("house")));
    let again = serde_json::to_value(&read).unwrap();
    assert_eq!((&again["password"], again.get("key")), (&json!(""), None));
    // All that a stranger must say is what it dials.
    let members = value.as_object_mut().unwrap();
    members.retain(|name, _| name == "request");
    let read: Dial<'_> = serde_json::from_value(value).unwrap();
    assert_eq!((read.user, read.domain, read.capture), (None, None, None));

    let without = encode(&Dial::new(&request, &Credentials::default(), false)).unwrap();
    let without: serde_json::Value = serde_json::from_slice(&without).unwrap();
    assert!(["tunnel_secret", "certificate", "key"].iter().all(|name| without.get(name).is_none()));
    let given = Resumption { password: Some(secret("wonderland2")), ..Resumption::default() };
    let resumed = encode(&Resume::new(Handle::new(1).unwrap(), &given)).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&resumed).unwrap();
    assert_eq!((&value["password"], &value["user"]), (&json!("wonderland2"), &json!(null)));
    let read: Resume<'_> = serde_json::from_value(value).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap()["password"], json!(null));
}

#[test]
fn a_failure_is_the_error_that_it_was() {
    let error = RasError::new(RasCode::NO_CONNECTION, "there is no such call");
    let told = serde_json::to_value(Failed::from(&error)).unwrap();
    assert_eq!((&told["code"], &told["name"]), (&json!(668), &json!("ERROR_NO_CONNECTION")));
    let read: Failed = serde_json::from_value(told).unwrap();
    assert_eq!(RasError::from(read), error);
    let bare: Failed = serde_json::from_value(json!({ "code": 668 })).unwrap();
    assert_eq!(RasError::from(bare), RasCode::NO_CONNECTION.into());
}
