//! Both ends of a talk about callback ([MS-CBCP] §3).
//!
//! The answerer asks until it is answered, and asks anew when it cannot take the answer; the caller
//! repeats its answer until it is acknowledged. Both give up after ten attempts, and both stay when all
//! is agreed, for the other's repeats: an Ack can be lost.

use std::collections::VecDeque;

use onhook_base::{Deadline, Duration, Instant};

use super::wire::{CbcpOption, CbcpPacket, code, is_number};

/// Requests and Responses are repeated after this ([MS-CBCP] §3.1.2, for lines above 9600 bit/s).
const REPEAT: Duration = Duration::from_secs(2);
/// How often at most.
const MOST_TRIES: u8 = 10;
/// Where the caller may name a number a person may be asked for it: then a Request is repeated more slowly,
/// and so often that three minutes pass.
const REPEAT_SLOWLY: Duration = Duration::from_secs(10);
const MOST_SLOW_TRIES: u8 = 26;
/// How long the caller waits for a Request.
const AWAIT_REQUEST: Duration = Duration::from_secs(30);
/// The pause that we ask for before we are called: a modem takes so long to be reset.
const DELAY_SECONDS: u8 = 5;
/// The most octets of a Response that is kept for the case that it comes again.
const MOST_KEPT: usize = 512;
/// Packets that wait to be polled; what is more is lost, as on a line.
const MOST_WAITING: usize = 16;

/// What a caller would have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallbackWish {
    /// It names no number: the administrator's, where there is one, else no callback.
    #[default]
    NoNumber,
    /// To this number, where the caller may choose; else as above.
    Number(String),
    /// It wants to be asked when it may choose: [`CbcpEvent::MayChoose`].
    Ask,
}

/// What an answerer offers to a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallbackOffer {
    /// No callback.
    #[default]
    None,
    /// The caller may name a number, or have no callback.
    CallersNumber,
    /// To a number that is set, and no other way.
    Preset,
}

/// What was agreed, when it is a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackAgreement {
    /// The number that the caller named; `None`: the administrator's.
    pub number: Option<String>,
    /// How long the answerer waits before it calls.
    pub delay: Duration,
}

/// What either end tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CbcpEvent {
    /// (Caller) the answerer lets us choose a number. With [`CallbackWish::Ask`] nothing goes on before
    /// [`CbcpCaller::choose`].
    MayChoose,
    /// It is agreed: a callback, or none.
    Agreed(Option<CallbackAgreement>),
    /// What is offered is nothing that the other takes.
    Disagreed,
    /// The other end fell silent.
    Unanswered {
        /// How often it was spoken to.
        tries: u8,
    },
}

/// The calling end.
#[derive(Clone, Debug)]
pub struct CbcpCaller {
    wish: CallbackWish,
    phase: CallerPhase,
    told_choice: bool,
    outbox: VecDeque<Vec<u8>>,
    events: VecDeque<CbcpEvent>,
}

#[derive(Clone, Debug)]
enum CallerPhase {
    /// For a Request.
    Waiting { until: Instant },
    /// For a number; the Request that is to be answered.
    Choosing { identifier: u8, offers: Offers },
    /// For an Ack to this Response.
    Answered { response: Vec<u8>, identifier: u8, taken: Taken, tries: u8, again: Instant },
    /// All is said.
    Done,
}

/// What a Request offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Offers {
    none: bool,
    callers: bool,
    preset: bool,
    listed: Option<Vec<String>>,
}

/// What we take of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Taken {
    None,
    Callers(String),
    Preset,
    Listed(String),
}

impl Offers {
    fn of(options: &[CbcpOption<'_>]) -> Self {
        let mut offers = Self::default();
        for option in options {
            match option {
                CbcpOption::NoCallback => offers.none = true,
                CbcpOption::CallersNumber { .. } => offers.callers = true,
                CbcpOption::Preset { .. } => offers.preset = true,
                CbcpOption::Listed { numbers, .. } => {
                    let text = |number: &&[u8]| String::from_utf8(number.to_vec()).ok();
                    offers.listed = Some(numbers.iter().filter_map(text).collect());
                }
                CbcpOption::Unknown(_) => {}
            }
        }
        offers
    }

    /// The caller's number, then the administrator's, then none; a list is there for who has no number
    /// of its own, and only where there is no other way.
    fn take(&self, number: Option<&str>) -> Option<Taken> {
        let listed = self.listed.as_deref().unwrap_or_default();
        match number {
            Some(number) if self.callers => return Some(Taken::Callers(number.to_owned())),
            Some(number) if listed.iter().any(|known| known == number) => {
                return Some(Taken::Listed(number.to_owned()));
            }
            Some(_) | None => {}
        }
        if self.preset {
            return Some(Taken::Preset);
        }
        if self.none {
            return Some(Taken::None);
        }
        listed.first().cloned().map(Taken::Listed)
    }
}

impl Taken {
    fn option(&self) -> CbcpOption<'_> {
        let delay = DELAY_SECONDS;
        match self {
            Self::None => CbcpOption::NoCallback,
            Self::Callers(number) => CbcpOption::CallersNumber { delay, number: number.as_bytes() },
            Self::Preset => CbcpOption::Preset { delay },
            Self::Listed(number) => CbcpOption::Listed { delay, numbers: vec![number.as_bytes()] },
        }
    }

    fn agreement(&self) -> Option<CallbackAgreement> {
        let delay = Duration::from_secs(u64::from(DELAY_SECONDS));
        match self {
            Self::None => None,
            Self::Preset => Some(CallbackAgreement { number: None, delay }),
            Self::Callers(number) | Self::Listed(number) => {
                Some(CallbackAgreement { number: Some(number.clone()), delay })
            }
        }
    }
}

impl CbcpCaller {
    /// Waits for the answerer's Request.
    pub fn new(now: Instant, wish: CallbackWish) -> Self {
        Self {
            wish,
            phase: CallerPhase::Waiting { until: now + AWAIT_REQUEST },
            told_choice: false,
            outbox: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The answer to [`CbcpEvent::MayChoose`]; `None`: no callback.
    pub fn choose(&mut self, now: Instant, number: Option<String>) {
        self.wish = number.map_or(CallbackWish::NoNumber, CallbackWish::Number);
        if let CallerPhase::Choosing { identifier, offers } = &self.phase {
            let (identifier, offers) = (*identifier, offers.clone());
            self.respond(now, identifier, &offers);
        }
    }

    /// The information of one frame.
    pub fn handle_packet(&mut self, now: Instant, information: &[u8]) {
        let Ok(packet) = CbcpPacket::parse(information) else { return };
        match packet.code {
            code::REQUEST => self.on_request(now, &packet),
            code::ACK => self.on_ack(&packet),
            _ => {}
        }
    }

    fn on_request(&mut self, now: Instant, packet: &CbcpPacket<'_>) {
        if matches!(self.phase, CallerPhase::Done) {
            return;
        }
        let offers = Offers::of(&packet.options);
        let chooses = offers.callers || offers.listed.is_some();
        if chooses && !std::mem::replace(&mut self.told_choice, true) {
            self.events.push_back(CbcpEvent::MayChoose);
        }
        if chooses && self.wish == CallbackWish::Ask {
            self.phase = CallerPhase::Choosing { identifier: packet.identifier, offers };
            return;
        }
        self.respond(now, packet.identifier, &offers);
    }

    fn respond(&mut self, now: Instant, identifier: u8, offers: &Offers) {
        let number = match &self.wish {
            CallbackWish::Number(number) => Some(number.as_str()),
            CallbackWish::NoNumber | CallbackWish::Ask => None,
        };
        let Some(taken) = offers.take(number) else {
            self.phase = CallerPhase::Done;
            self.events.push_back(CbcpEvent::Disagreed);
            return;
        };
        // Attempts are counted over all Requests: an answerer that takes no answer asks for ever.
        let tries = match &self.phase {
            CallerPhase::Answered { tries, .. } => tries.saturating_add(1),
            CallerPhase::Waiting { .. } | CallerPhase::Choosing { .. } | CallerPhase::Done => 1,
        };
        if tries > MOST_TRIES {
            return self.give_up();
        }
        let options = vec![taken.option()];
        let response = CbcpPacket { code: code::RESPONSE, identifier, options }.to_vec();
        queue(&mut self.outbox, &response);
        let again = now + REPEAT;
        self.phase = CallerPhase::Answered { response, identifier, taken, tries, again };
    }

    fn on_ack(&mut self, packet: &CbcpPacket<'_>) {
        let CallerPhase::Answered { identifier, taken, .. } = &self.phase else { return };
        let is_same = packet.options.first().is_some_and(|o| o.kind() == taken.option().kind());
        if packet.identifier != *identifier || !is_same {
            return;
        }
        let agreement = taken.agreement();
        self.phase = CallerPhase::Done;
        self.events.push_back(CbcpEvent::Agreed(agreement));
    }

    fn give_up(&mut self) {
        self.phase = CallerPhase::Done;
        self.events.push_back(CbcpEvent::Unanswered { tries: MOST_TRIES });
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Early calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.phase {
            CallerPhase::Waiting { until } if now >= *until => {
                self.phase = CallerPhase::Done;
                self.events.push_back(CbcpEvent::Unanswered { tries: 0 });
            }
            CallerPhase::Answered { response, tries, again, .. } if now >= *again => {
                if *tries >= MOST_TRIES {
                    return self.give_up();
                }
                *tries = tries.saturating_add(1);
                *again = now + REPEAT;
                queue(&mut self.outbox, response);
            }
            _ => {}
        }
    }

    /// The next packet to send.
    pub fn poll_packet(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<CbcpEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub const fn poll_timeout(&self) -> Option<Deadline> {
        match &self.phase {
            CallerPhase::Waiting { until } => Some(Deadline::new(*until, "callback offer")),
            CallerPhase::Answered { again, .. } => Some(Deadline::new(*again, "callback answer")),
            // A person takes as long as its owner lets it.
            CallerPhase::Choosing { .. } | CallerPhase::Done => None,
        }
    }
}

/// The answering end.
#[derive(Clone, Debug)]
pub struct CbcpAnswerer {
    offer: CallbackOffer,
    identifier: u8,
    /// Responses that could not be taken.
    unfit: u8,
    phase: AnswererPhase,
    outbox: VecDeque<Vec<u8>>,
    events: VecDeque<CbcpEvent>,
}

#[derive(Clone, Debug)]
enum AnswererPhase {
    /// For a Response.
    Asking { tries: u8, again: Instant },
    /// It is agreed; the Response that led to it is acknowledged again when it comes again.
    Agreed { response: Vec<u8>, ack: Vec<u8> },
    /// Nothing came of it.
    Failed,
}

impl CbcpAnswerer {
    /// Asks at once; `identifier` is that of the first Request.
    pub fn new(now: Instant, offer: CallbackOffer, identifier: u8) -> Self {
        let mut answerer = Self {
            offer,
            identifier,
            unfit: 0,
            phase: AnswererPhase::Failed,
            outbox: VecDeque::new(),
            events: VecDeque::new(),
        };
        answerer.ask(now, 1);
        answerer
    }

    fn ask(&mut self, now: Instant, tries: u8) {
        let most = match self.offer {
            CallbackOffer::CallersNumber => MOST_SLOW_TRIES,
            CallbackOffer::None | CallbackOffer::Preset => MOST_TRIES,
        };
        if tries > most {
            return self.give_up(most);
        }
        if tries > 1 {
            self.identifier = self.identifier.wrapping_add(1);
        }
        let options = match self.offer {
            CallbackOffer::None => vec![CbcpOption::NoCallback],
            CallbackOffer::CallersNumber => {
                vec![CbcpOption::NoCallback, CbcpOption::CallersNumber { delay: 0, number: &[] }]
            }
            CallbackOffer::Preset => vec![CbcpOption::Preset { delay: 0 }],
        };
        let request = CbcpPacket { code: code::REQUEST, identifier: self.identifier, options };
        queue(&mut self.outbox, &request.to_vec());
        let wait = if tries < MOST_TRIES { REPEAT } else { REPEAT_SLOWLY };
        self.phase = AnswererPhase::Asking { tries, again: now + wait };
    }

    fn give_up(&mut self, tries: u8) {
        self.phase = AnswererPhase::Failed;
        self.events.push_back(CbcpEvent::Unanswered { tries });
    }

    /// The information of one frame.
    pub fn handle_packet(&mut self, now: Instant, information: &[u8]) {
        let Ok(packet) = CbcpPacket::parse(information) else { return };
        if packet.code != code::RESPONSE {
            return;
        }
        match &self.phase {
            AnswererPhase::Asking { tries, .. } if packet.identifier == self.identifier => {
                match self.judge(&packet) {
                    Some(agreement) => self.agree(&packet, information, agreement),
                    // [MS-CBCP] §3.2.5: asked anew, and not for ever.
                    None if self.unfit >= MOST_TRIES.saturating_sub(1) => self.give_up(MOST_TRIES),
                    None => {
                        self.unfit = self.unfit.saturating_add(1);
                        let tries = tries.saturating_add(1);
                        self.ask(now, tries);
                    }
                }
            }
            AnswererPhase::Agreed { response, ack } if response == information => {
                queue(&mut self.outbox, ack);
            }
            _ => {}
        }
    }

    /// What a Response comes to; `None` when it is none of what was offered.
    fn judge(&self, packet: &CbcpPacket<'_>) -> Option<Option<CallbackAgreement>> {
        let [option] = packet.options.as_slice() else { return None };
        let after = |delay: u8| Duration::from_secs(u64::from(delay));
        match (self.offer, option) {
            (CallbackOffer::None | CallbackOffer::CallersNumber, CbcpOption::NoCallback) => {
                Some(None)
            }
            (CallbackOffer::CallersNumber, CbcpOption::CallersNumber { delay, number }) => {
                let number = std::str::from_utf8(number).ok().filter(|text| is_number(text))?;
                let number = Some(number.to_owned());
                Some(Some(CallbackAgreement { number, delay: after(*delay) }))
            }
            (CallbackOffer::Preset, CbcpOption::Preset { delay }) => {
                Some(Some(CallbackAgreement { number: None, delay: after(*delay) }))
            }
            (_, _) => None,
        }
    }

    fn agree(
        &mut self,
        packet: &CbcpPacket<'_>,
        information: &[u8],
        agreement: Option<CallbackAgreement>,
    ) {
        let ack = CbcpPacket { code: code::ACK, ..packet.clone() }.to_vec();
        queue(&mut self.outbox, &ack);
        let response = information.get(..MOST_KEPT).unwrap_or(information).to_vec();
        self.phase = AnswererPhase::Agreed { response, ack };
        self.events.push_back(CbcpEvent::Agreed(agreement));
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Early calls are harmless.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let AnswererPhase::Asking { tries, again } = self.phase
            && now >= again
        {
            self.ask(now, tries.saturating_add(1));
        }
    }

    /// The next packet to send.
    pub fn poll_packet(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<CbcpEvent> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub const fn poll_timeout(&self) -> Option<Deadline> {
        match &self.phase {
            AnswererPhase::Asking { again, .. } => Some(Deadline::new(*again, "callback request")),
            AnswererPhase::Agreed { .. } | AnswererPhase::Failed => None,
        }
    }
}

fn queue(outbox: &mut VecDeque<Vec<u8>>, packet: &[u8]) {
    if outbox.len() < MOST_WAITING {
        outbox.push_back(packet.to_vec());
    }
}
