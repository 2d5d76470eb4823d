//! A TLS session between two byte buffers; no socket here.
//!
//! rustls is driven by its unbuffered interface: records are decrypted out of the buffer that the
//! socket was read into, 64 KiB and more at a time, and encrypted into the buffer that the socket is
//! written from. The buffered interface reads 4 KiB at a time and does not tell what it holds back.

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError,
    UnbufferedStatus,
};
use rustls::{CommonState, Error};

/// The room of an idle lane for what comes in; it grows with the traffic.
const LEAST_ROOM: usize = 4 << 10;
/// The most room for what comes in: seven records in one read.
const MOST_ROOM: usize = 128 << 10;
/// Wake-ups with little traffic after which room is given back.
const QUIET_WAKES: u32 = 64;
/// What a record may add to its plaintext: header, explicit nonce, content type, tag; rounded up.
const RECORD_OVERHEAD: usize = 64;
/// Plaintext of one record.
pub(crate) const RECORD: usize = 16 << 10;

/// Either end of a TLS session.
pub(crate) trait Machine {
    /// What rustls keeps for this end.
    type Data;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data>;

    fn common(&self) -> &CommonState;
}

impl Machine for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn common(&self) -> &CommonState {
        self
    }
}

impl Machine for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn common(&self) -> &CommonState {
        self
    }
}

/// What to say, once the session lets us.
#[derive(Clone, Copy)]
pub(crate) enum Say<'a> {
    Nothing,
    Data(&'a [u8]),
    Goodbye,
}

/// How far the session is when there is nothing more to process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The handshake waits for the other side.
    Handshaking,
    /// Data may pass; what was to be said has been said.
    Open,
    /// Both sides have said goodbye.
    Closed,
}

/// The buffers of one session.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
    /// The other side has said goodbye.
    pub(crate) peer_closed: bool,
    /// An error has ended the session.
    pub(crate) has_failed: bool,
}

impl Buffers {
    /// Processes all complete records; plaintext goes to `sink`. Returns the stage that the session
    /// is in then. An error ends the session; the alert that tells the other side lies in the outgoing
    /// buffer then.
    pub(crate) fn drive(
        &mut self,
        machine: &mut impl Machine,
        say: Say<'_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Stage, Error> {
        if self.has_failed {
            return Err(Error::General("the TLS session has failed before".to_owned()));
        }
        let driven = self.run(machine, say, sink);
        if driven.is_err() {
            self.has_failed = true;
            self.fetch_alert(machine);
        }
        driven
    }

    /// Fetches what rustls wants to be sent, and nothing else: it must not see the input again, on
    /// which it would fail a second time.
    fn fetch_alert(&mut self, machine: &mut impl Machine) {
        while machine.common().wants_write() {
            let UnbufferedStatus { discard, state } = machine.process(self.incoming.filled());
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while traffic.next_record().is_some() {}
                }
                Ok(ConnectionState::EncodeTlsData(mut message)) => {
                    let outgoing = &mut self.outgoing;
                    if outgoing.fill(RECORD_OVERHEAD * 8, |r| encode(&mut message, r)).is_err() {
                        return;
                    }
                }
                Ok(_) | Err(_) => return,
            }
            self.incoming.consume(discard);
        }
    }

    fn run(
        &mut self,
        machine: &mut impl Machine,
        say: Say<'_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<Stage, Error> {
        loop {
            let UnbufferedStatus { mut discard, state } = machine.process(self.incoming.filled());
            let stage = match state {
                Err(error) => Err(error),
                Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
                    match traffic.next_record() {
                        None => break Ok(None),
                        Some(Err(error)) => break Err(error),
                        Some(Ok(record)) => {
                            discard += record.discard;
                            sink(record.payload);
                        }
                    }
                },
                Ok(ConnectionState::EncodeTlsData(mut message)) => {
                    self.outgoing.fill(RECORD_OVERHEAD * 8, |room| encode(&mut message, room))?;
                    Ok(None)
                }
                Ok(ConnectionState::TransmitTlsData(message)) => {
                    // It lies in the outgoing buffer, which keeps the order.
                    message.done();
                    Ok(None)
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.peer_closed = true;
                    Ok(None)
                }
                Ok(ConnectionState::Closed) => Ok(Some(Stage::Closed)),
                Ok(ConnectionState::BlockedHandshake) => Ok(Some(Stage::Handshaking)),
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    let fits = |e| match e {
                        EncryptError::InsufficientSize(size) => Some(size),
                        EncryptError::EncryptExhausted => None,
                    };
                    match say {
                        Say::Nothing => {}
                        Say::Data(data) => {
                            let records = data.len() / RECORD + 1;
                            let room = data.len() + records * RECORD_OVERHEAD;
                            self.outgoing.fill(room, |r| traffic.encrypt(data, r).map_err(fits))?;
                        }
                        Say::Goodbye => self.outgoing.fill(RECORD_OVERHEAD, |r| {
                            traffic.queue_close_notify(r).map_err(fits)
                        })?,
                    }
                    Ok(Some(Stage::Open))
                }
                Ok(_) => Err(Error::General("the TLS session is in no state of ours".to_owned())),
            };
            self.incoming.consume(discard);
            if let Some(stage) = stage? {
                // rustls may let us speak before it has looked at what came right behind the last
                // message of a handshake, in the same read.
                let more = discard > 0 && self.incoming.is_holding();
                if more && matches!(say, Say::Nothing) {
                    continue;
                }
                return Ok(stage);
            }
        }
    }
}

fn encode<D>(
    message: &mut EncodeTlsData<'_, D>,
    room: &mut [u8],
) -> Result<usize, Option<InsufficientSizeError>> {
    message.encode(room).map_err(|e| match e {
        EncodeError::InsufficientSize(size) => Some(size),
        EncodeError::AlreadyEncoded => None,
    })
}

/// What was read from the socket and not yet processed.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    most: usize,
    quiet: u32,
}

impl Incoming {
    fn filled(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    /// Whether something waits to be processed, or for the rest of its record.
    pub(crate) const fn is_holding(&self) -> bool {
        self.start < self.end
    }

    fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Room to read into, never empty: what is unprocessed is a part of one record, except in a
    /// handshake, where rustls bounds what it joins at 64 KiB.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() {
            let room = (self.bytes.len() * 4).clamp(LEAST_ROOM, MOST_ROOM);
            self.bytes.resize(room.max(self.end + LEAST_ROOM), 0);
        }
        &mut self.bytes[self.end..]
    }

    /// The socket filled `count` octets of the room. When it filled all of it there is more: the next
    /// read gets more room.
    pub(crate) fn filled_by(&mut self, count: usize) {
        self.end = self.bytes.len().min(self.end + count);
        self.most = self.most.max(self.end);
        if self.end == self.bytes.len() && self.bytes.len() < MOST_ROOM {
            self.bytes.resize((self.bytes.len() * 4).min(MOST_ROOM), 0);
        }
    }

    /// The socket is drained: gives room back that nobody used for a while.
    pub(crate) fn rest(&mut self) {
        let room = self.bytes.len();
        if room > LEAST_ROOM && self.most <= room / 8 {
            self.quiet += 1;
            if self.quiet >= QUIET_WAKES && self.end <= room / 8 {
                self.bytes.truncate(room / 4);
                self.bytes.shrink_to_fit();
                self.quiet = 0;
            }
        } else {
            self.quiet = 0;
        }
        self.most = 0;
    }
}

/// What is encrypted and not yet written to the socket.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Outgoing {
    /// Room that is kept when everything is written.
    const KEPT: usize = 64 << 10;

    /// Lets `write` fill at least `room` octets; it answers how many it filled, or how many it needs.
    fn fill(
        &mut self,
        room: usize,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<InsufficientSizeError>>,
    ) -> Result<(), Error> {
        let mut room = room;
        for _ in 0..2 {
            self.reserve(room);
            match write(&mut self.bytes[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(());
                }
                Err(Some(InsufficientSizeError { required_size })) => room = required_size,
                Err(None) => return Err(Error::EncryptError),
            }
        }
        Err(Error::EncryptError)
    }

    fn reserve(&mut self, room: usize) {
        if self.bytes.len() - self.end >= room {
            return;
        }
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() - self.end < room {
            self.bytes.resize(self.end + room, 0);
        }
    }

    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn written(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.bytes.len() > Self::KEPT {
                self.bytes.truncate(Self::KEPT);
                self.bytes.shrink_to_fit();
            }
        }
    }
}
