//! The limit of a tunnel over datagrams: packets of an interface go into UDP as they are, and back.

use std::net::{IpAddr, SocketAddr};

use anyhow::Context as _;
use onhook_effect::{Effect, TunId, TunSpec};
use onhook_host::{Host, HostConfig, Resource, TunDevice};
use tokio::net::UdpSocket;

/// What the tunnels under measure have, so that there are as many packets.
const MTU: u16 = 1400;
/// Octets taken from the interface before the socket is looked at again.
const BUDGET: usize = 256 << 10;
const TUN: TunId = TunId(0);

/// Forwards between an interface with the address `inside`, whose other end is `beyond`, and datagrams from
/// `near` to `far`, until it is killed.
pub(crate) fn forward(
    inside: IpAddr,
    beyond: IpAddr,
    near: SocketAddr,
    far: SocketAddr,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let state_dir = folder.path().to_owned();
        let host = Host::start(HostConfig { state_dir, ..HostConfig::default() }).await?;
        let spec = TunSpec { name: None, mtu: MTU, netns: None };
        let made = host.apply(1, &Effect::CreateTun { tun: TUN, spec }).await?;
        let Some(Resource::Tun(tun)) = made.resource else { anyhow::bail!("no interface is made") };
        let peer = Some(beyond);
        let address = Effect::AddAddress { tun: TUN, address: inside, prefix_len: 32, peer };
        host.apply(1, &address).await?;
        let socket = UdpSocket::bind(near).await?;
        socket.connect(far).await.context("the other forwarder's address")?;
        println!("ready");
        pump(tun, &socket).await
    })
}

async fn pump(mut tun: TunDevice, socket: &UdpSocket) -> anyhow::Result<()> {
    let mut room = vec![0; 2048];
    loop {
        tokio::select! {
            readable = tun.readable() => {
                readable?;
                // A network loses what it cannot take.
                tun.receive(BUDGET, &mut |packet| drop(socket.try_send(packet)))?;
            }
            readable = socket.readable() => {
                readable?;
                while let Ok(length) = socket.try_recv(&mut room) {
                    drop(tun.deliver(room.get(..length).unwrap_or_default()));
                }
                drop(tun.flush());
            }
        }
    }
}
