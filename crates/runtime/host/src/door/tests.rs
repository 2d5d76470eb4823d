use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};

use onhook_effect::{LaneId, StackSpec};
use tempfile::TempDir;

use super::*;
use crate::journal::{Before, FileRecord, Record};
use crate::recover::Recovery;

const TUN: TunId = TunId(0);

fn config(folder: &TempDir) -> HostConfig {
    HostConfig {
        state_dir: folder.path().join("state"),
        userspace_only: true,
        resolv_conf: folder.path().join("resolv.conf"),
        ..HostConfig::default()
    }
}

async fn host() -> (TempDir, Host) {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(config(&folder)).await.unwrap();
    (folder, host)
}

#[tokio::test]
async fn without_interfaces_the_host_says_why() {
    let (_folder, host) = host().await;
    let abilities = host.abilities();
    assert!(!abilities.interfaces);
    assert!(abilities.why_not.is_some());
    let spec = TunSpec { name: None, mtu: 1400, netns: None };
    let error = host.apply(1, &Effect::CreateTun { tun: TUN, spec }).await.unwrap_err();
    assert_eq!(error.kind, HostErrorKind::NotPermitted);
    assert_eq!(Some(error.text), abilities.why_not);
    let pin = Effect::PinRoute { to: IpAddr::from([198, 51, 100, 7]) };
    assert_eq!(host.apply(1, &pin).await.unwrap().outcome, Outcome::Done);
}

#[tokio::test]
async fn undoing_what_was_never_done_succeeds() {
    let (_folder, host) = host().await;
    let all = [
        Undo::Nothing,
        Undo::UnpinRoute { to: IpAddr::from(Ipv4Addr::LOCALHOST) },
        Undo::CloseLane { lane: LaneId(0) },
        Undo::DestroyTun { tun: TUN },
        Undo::DeleteAddress {
            tun: TUN,
            address: IpAddr::from(Ipv6Addr::LOCALHOST),
            prefix_len: 64,
        },
        Undo::DeleteRoute { tun: TUN, to: Prefix::ALL_V4 },
        Undo::RestoreDns { tun: TUN },
        Undo::CloseStack { tun: TUN },
    ];
    for undo in all {
        host.revert(1, &undo).await.unwrap();
    }
}

#[tokio::test]
async fn deeds_of_others_are_refused() {
    let (_folder, host) = host().await;
    let spec = StackSpec {
        addresses: Vec::new(),
        mtu: 1400,
        dns: Vec::new(),
        socks5: None,
        http_connect: None,
        forwards: Vec::new(),
    };
    let refused = [
        Effect::OpenStack { tun: TUN, spec },
        Effect::OpenLane { lane: LaneId(0), spec: LaneSpec::Accepted },
        Effect::AddRoute { tun: TUN, to: Prefix::ALL_V4, metric: None },
        Effect::SetDns { tun: TUN, servers: Vec::new(), domains: Vec::new() },
    ];
    for effect in refused {
        host.apply(1, &effect).await.unwrap_err();
    }
}

#[tokio::test]
async fn an_address_resolves_to_itself() {
    let (_folder, host) = host().await;
    let effect = Effect::Resolve { name: "192.0.2.7".to_owned(), port: 443 };
    let applied = host.apply(1, &effect).await.unwrap();
    assert_eq!(applied.outcome, Outcome::Resolved(vec!["192.0.2.7:443".parse().unwrap()]));
}

#[tokio::test]
async fn what_died_with_another_boot_is_struck_and_files_are_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resolv.conf");
    let uid = nix::unistd::getuid().as_raw();
    let gid = nix::unistd::getgid().as_raw();
    let content = "nameserver 192.0.2.1\n".to_owned();
    let file = FileRecord {
        path: path.clone(),
        before: Before::File { content, mode: 0o644, uid, gid },
        text: "nameserver 10.0.0.1\n".to_owned(),
        in_place: false,
    };
    fs::write(&path, &file.text).unwrap();
    let mut journal = Journal::open(&folder.path().join("state"), "another boot").unwrap();
    // Were it tried, this would name a route of the present boot.
    let to = IpAddr::from(Ipv4Addr::LOCALHOST);
    journal.append(&Record::Pin { to, interface: 1, next_hop: None, metric: None }, false).unwrap();
    let interface = "lo".to_owned();
    journal.append(&Record::Resolved { interface, index: 1 }, false).unwrap();
    journal.append(&Record::File(file), true).unwrap();
    drop(journal);
    let torn = b"0123456789abcdef {\"v\":1";
    let mut bytes = fs::read(folder.path().join("state/journal")).unwrap();
    bytes.extend_from_slice(torn);
    fs::write(folder.path().join("state/journal"), bytes).unwrap();

    let host = Host::start(config(&folder)).await.unwrap();
    let recovered = host.recover().await;
    let results: Vec<_> = recovered.iter().map(|r| r.result.clone()).collect();
    let wanted =
        [Recovery::Damaged, Recovery::AlreadyGone, Recovery::AlreadyGone, Recovery::Undone];
    assert_eq!(results, wanted);
    assert_eq!(fs::read_to_string(&path).unwrap(), "nameserver 192.0.2.1\n");
    assert_eq!(host.recover().await, []);
    drop(host);
    let host = Host::start(config(&folder)).await.unwrap();
    assert_eq!(host.recover().await, []);
}
