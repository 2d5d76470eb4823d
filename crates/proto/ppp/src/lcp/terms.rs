//! What LCP asks and accepts (RFC 1661 §6).
//!
//! Naks are for values; what we do not want at all is rejected. An authentication demand that we do
//! not accept is answered with what we do accept, one of our methods after the other, and ends the
//! link when the peer insists. A magic number that is our own is never let pass: after a few of
//! them the line is looped.

use std::num::NonZeroU32;

use onhook_base::{Chance, Writer};

use super::wire::{LcpOption, operation};
use crate::auth::Method;
use crate::control::{Judgement, RawOption, Terms};
use crate::failure::PppFailure;
use crate::multilink::{Discriminator, SequenceForm};
use crate::terms::{CallbackTerms, MultilinkTerms, PppTerms, Role};
use crate::wire::{DEFAULT_MRU, MIN_MRU};

/// Configure-Requests with our own magic number before the line counts as looped. Below Max-Failure,
/// so that a loop is called a loop.
const MAX_LOOPS: u8 = 4;
/// Demands of authentication that we did not accept, before giving up.
const MAX_DEMANDS_REFUSED: u8 = 5;
/// All control characters are escaped where nothing was agreed (RFC 1662 §7.1).
const DEFAULT_ACCM: u32 = 0xffff_ffff;

/// What one end has asked for and the other has agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LcpAgreed {
    /// The most octets that this end receives.
    pub(crate) mru: u16,
    /// What must be escaped when sending to it.
    pub(crate) accm: u32,
    /// How it demands that the other prove itself.
    pub(crate) method: Option<Method>,
    /// Its magic number; zero if it has none.
    pub(crate) magic: u32,
    /// It takes a Protocol field of one octet.
    pub(crate) protocol_compression: bool,
    /// It does without address and control octets.
    pub(crate) address_compression: bool,
    /// The most octets that it puts together of fragments; `None`: it wants no multilink.
    pub(crate) mrru: Option<u16>,
    /// The sequence numbers that it takes.
    pub(crate) sequence_form: SequenceForm,
    /// From which machine it says that it is.
    pub(crate) discriminator: Option<Discriminator>,
    /// It will talk about being called back.
    pub(crate) callback: bool,
}

impl LcpAgreed {
    const DEFAULT: Self = Self {
        mru: DEFAULT_MRU,
        accm: DEFAULT_ACCM,
        method: None,
        magic: 0,
        protocol_compression: false,
        address_compression: false,
        mrru: None,
        sequence_form: SequenceForm::Long,
        discriminator: None,
        callback: false,
    };
}

/// What we ask for at the moment; `None` and `false` are not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wishes {
    mru: Option<u16>,
    accm: Option<u32>,
    method: Option<Method>,
    magic: Option<NonZeroU32>,
    protocol_compression: bool,
    address_compression: bool,
    mrru: Option<u16>,
    short_sequence: bool,
    discriminator: Option<Discriminator>,
    callback: bool,
}

/// The terms of LCP.
#[derive(Clone, Debug)]
pub(crate) struct LcpTerms {
    mru_to_ask: Option<u16>,
    max_mru: u16,
    asynchronous: bool,
    refuse_framing_options: bool,
    accept: Vec<Method>,
    demand: Vec<Method>,
    multilink: Option<MultilinkTerms>,
    role: Role,
    callback: CallbackTerms,
    /// The peer was told that it should ask for callback: once, however often LCP begins anew.
    urged: bool,
    chance: Chance,
    ours: Wishes,
    theirs: LcpAgreed,
    demands_tried: usize,
    demands_refused: u8,
    loops: u8,
}

/// What to say of one option.
enum Verdict {
    Fine,
    Propose(Proposal),
    Unwanted,
    Hopeless(PppFailure),
}

enum Proposal {
    Mru(u16),
    Mrru(u16),
    Method(Method),
    Magic(NonZeroU32),
    Callback,
}

/// The option by which callback is talked about.
const BY_CBCP: LcpOption<'static> =
    LcpOption::Callback { operation: operation::CBCP, message: &[] };

impl LcpTerms {
    pub(crate) fn new(terms: &PppTerms, chance: Chance) -> Self {
        let mut lcp = Self {
            mru_to_ask: worth_asking(terms.mru_to_ask),
            max_mru: terms.max_mru.max(MIN_MRU),
            asynchronous: terms.asynchronous,
            refuse_framing_options: terms.refuse_framing_options,
            accept: terms.accept_methods.clone(),
            demand: terms.demand_methods.clone(),
            multilink: terms.multilink,
            role: terms.role,
            callback: terms.callback.clone(),
            urged: false,
            chance,
            ours: Wishes {
                mru: None,
                accm: None,
                method: None,
                magic: None,
                protocol_compression: false,
                address_compression: false,
                mrru: None,
                short_sequence: false,
                discriminator: None,
                callback: false,
            },
            theirs: LcpAgreed::DEFAULT,
            demands_tried: 0,
            demands_refused: 0,
            loops: 0,
        };
        lcp.restart();
        lcp
    }

    /// What the peer asked for and we have acknowledged.
    pub(crate) const fn theirs(&self) -> &LcpAgreed {
        &self.theirs
    }

    /// How we demand that the peer prove itself.
    pub(crate) const fn demanded(&self) -> Option<Method> {
        self.ours.method
    }

    /// What we put together of fragments, and the numbers that we take; `None` when the peer wants
    /// none of it.
    pub(crate) fn our_multilink(&self) -> Option<(u16, SequenceForm)> {
        let form = if self.ours.short_sequence { SequenceForm::Short } else { SequenceForm::Long };
        self.ours.mrru.map(|mrru| (mrru, form))
    }

    /// These are the terms of a bundle's own LCP, which is never negotiated (RFC 1990 §2).
    pub(crate) const fn settle_for_bundle(&mut self, peer_mrru: u16) {
        self.max_mru = peer_mrru;
        self.theirs.mru = peer_mrru;
    }

    /// Our magic number; zero if the peer wants none.
    pub(crate) fn magic(&self) -> u32 {
        self.ours.magic.map_or(0, NonZeroU32::get)
    }

    /// From the next negotiation on the peer is asked to send no more octets of information in one frame;
    /// `None` leaves it at the default.
    pub(crate) fn ask(&mut self, mru: Option<u16>) {
        self.mru_to_ask = worth_asking(mru);
    }

    /// From the next negotiation on neither end is to send more octets of information in one frame.
    pub(crate) fn keep_to(&mut self, mru: u16) {
        self.max_mru = self.max_mru.min(mru.max(MIN_MRU));
        self.ask(Some(self.max_mru));
    }

    /// Octets of information that may be sent to the peer in one frame.
    pub(crate) fn sendable(&self) -> u16 {
        self.theirs.mru.min(self.max_mru)
    }

    /// Whether callback is to be talked about, as was agreed.
    pub(crate) const fn talks_of_callback(&self) -> bool {
        match self.role {
            Role::Caller => self.ours.callback,
            Role::Answerer => self.theirs.callback,
        }
    }

    /// The peer demanded a proof, and not one that we accept.
    pub(crate) const fn has_refused_a_demand(&self) -> bool {
        self.demands_refused > 0 && self.theirs.method.is_none()
    }

    fn consider(&mut self, option: LcpOption<'_>, may_nak: bool, taken: &mut LcpAgreed) -> Verdict {
        match option {
            LcpOption::Mru(mru) if mru < MIN_MRU => {
                propose_or_reject(may_nak, Proposal::Mru(MIN_MRU))
            }
            LcpOption::Mru(mru) => {
                taken.mru = mru;
                Verdict::Fine
            }
            LcpOption::Authentication(value) => self.consider_demand(value, may_nak, taken),
            LcpOption::MagicNumber(number) => self.consider_magic(number, may_nak, taken),
            LcpOption::Accm(_) | LcpOption::ProtocolCompression | LcpOption::AddressCompression
                if self.refuse_framing_options =>
            {
                Verdict::Unwanted
            }
            LcpOption::Accm(map) => {
                taken.accm = map;
                Verdict::Fine
            }
            LcpOption::ProtocolCompression => {
                taken.protocol_compression = true;
                Verdict::Fine
            }
            LcpOption::AddressCompression => {
                taken.address_compression = true;
                Verdict::Fine
            }
            LcpOption::Mrru(_) | LcpOption::ShortSequence if self.multilink.is_none() => {
                Verdict::Unwanted
            }
            LcpOption::Mrru(mrru) if mrru < MIN_MRU => {
                propose_or_reject(may_nak, Proposal::Mrru(DEFAULT_MRU))
            }
            LcpOption::Mrru(mrru) => {
                taken.mrru = Some(mrru);
                Verdict::Fine
            }
            LcpOption::ShortSequence => {
                taken.sequence_form = SequenceForm::Short;
                Verdict::Fine
            }
            LcpOption::Callback { operation, message } => {
                self.consider_callback(operation, message, may_nak, taken)
            }
            // RFC 1990 §5.1.3: it may stand without multilink, and binds nobody.
            LcpOption::EndpointDiscriminator(value) => {
                taken.discriminator = Discriminator::from_value(value);
                Verdict::Fine
            }
            LcpOption::Unknown(_) => Verdict::Unwanted,
        }
    }

    fn consider_demand(&mut self, value: &[u8], may_nak: bool, taken: &mut LcpAgreed) -> Verdict {
        let demanded = Method::from_lcp_value(value);
        if let Some(method) = demanded.filter(|m| self.accept.contains(m)) {
            taken.method = Some(method);
            return Verdict::Fine;
        }
        let turn = usize::from(self.demands_refused).checked_rem(self.accept.len());
        self.demands_refused = self.demands_refused.saturating_add(1);
        if self.demands_refused > MAX_DEMANDS_REFUSED {
            return Verdict::Hopeless(PppFailure::NoCommonMethod);
        }
        match turn.and_then(|n| self.accept.get(n)) {
            None => Verdict::Unwanted,
            Some(method) if may_nak => Verdict::Propose(Proposal::Method(*method)),
            Some(_) => Verdict::Hopeless(PppFailure::NoCommonMethod),
        }
    }

    /// Callback is granted by CBCP alone: a place that is told in the option itself could not be judged
    /// before it is known who tells it.
    fn consider_callback(
        &self,
        operation: u8,
        message: &[u8],
        may_nak: bool,
        taken: &mut LcpAgreed,
    ) -> Verdict {
        match self.callback {
            CallbackTerms::Granted { .. } if operation == operation::CBCP && message.is_empty() => {
                taken.callback = true;
                Verdict::Fine
            }
            CallbackTerms::Granted { .. } => propose_or_reject(may_nak, Proposal::Callback),
            CallbackTerms::Refused | CallbackTerms::Wanted(_) => Verdict::Unwanted,
        }
    }

    /// RFC 1661 §6.4: zero is illegal, and our own number may be our own voice.
    fn consider_magic(&mut self, number: u32, may_nak: bool, taken: &mut LcpAgreed) -> Verdict {
        if self.ours.magic.is_some_and(|ours| ours.get() == number) {
            self.loops = self.loops.saturating_add(1);
            if self.loops > MAX_LOOPS {
                return Verdict::Hopeless(PppFailure::Looped);
            }
            return Verdict::Propose(Proposal::Magic(self.chance.nonzero_u32()));
        }
        if number == 0 {
            return propose_or_reject(may_nak, Proposal::Magic(self.chance.nonzero_u32()));
        }
        taken.magic = number;
        Verdict::Fine
    }
}

/// The default is not asked for (RFC 1661 §6.1).
fn worth_asking(mru: Option<u16>) -> Option<u16> {
    mru.filter(|mru| *mru != DEFAULT_MRU && *mru >= MIN_MRU)
}

impl Terms for LcpTerms {
    fn restart(&mut self) {
        self.ours = Wishes {
            mru: self.mru_to_ask,
            accm: self.asynchronous.then_some(0),
            method: self.demand.first().copied(),
            magic: Some(self.chance.nonzero_u32()),
            protocol_compression: self.asynchronous,
            address_compression: self.asynchronous,
            mrru: self.multilink.map(|wanted| wanted.mrru.max(DEFAULT_MRU)),
            short_sequence: self.multilink.is_some_and(|wanted| wanted.short_sequence),
            discriminator: self.multilink.map(|wanted| wanted.discriminator),
            callback: matches!(self.callback, CallbackTerms::Wanted(_)),
        };
        self.theirs = LcpAgreed::DEFAULT;
        self.demands_tried = 0;
        self.demands_refused = 0;
        self.loops = 0;
    }

    fn request(&self, out: &mut Vec<u8>) {
        let ours = &self.ours;
        let mut w = Writer::new(out);
        if let Some(mru) = ours.mru {
            LcpOption::Mru(mru).emit(&mut w);
        }
        if let Some(map) = ours.accm {
            LcpOption::Accm(map).emit(&mut w);
        }
        if let Some(method) = ours.method {
            LcpOption::Authentication(method.lcp_value()).emit(&mut w);
        }
        if let Some(number) = ours.magic {
            LcpOption::MagicNumber(number.get()).emit(&mut w);
        }
        if ours.protocol_compression {
            LcpOption::ProtocolCompression.emit(&mut w);
        }
        if ours.address_compression {
            LcpOption::AddressCompression.emit(&mut w);
        }
        if let Some(mrru) = ours.mrru {
            LcpOption::Mrru(mrru).emit(&mut w);
            if ours.short_sequence {
                LcpOption::ShortSequence.emit(&mut w);
            }
        }
        if let Some(discriminator) = &ours.discriminator {
            LcpOption::EndpointDiscriminator(discriminator.value()).emit(&mut w);
        }
        if ours.callback {
            BY_CBCP.emit(&mut w);
        }
    }

    fn judge(&mut self, options: &[RawOption<'_>], may_nak: bool) -> Judgement {
        let mut taken = LcpAgreed::DEFAULT;
        let (mut naks, mut rejects) = (Vec::new(), Vec::new());
        let mut proposed = Vec::new();
        for raw in options {
            match self.consider(LcpOption::parse(*raw), may_nak, &mut taken) {
                Verdict::Fine => {}
                Verdict::Unwanted => raw.emit(&mut Writer::new(&mut rejects)),
                Verdict::Hopeless(failure) => return Judgement::Hopeless(failure),
                // One proposal a type, however often the peer repeats itself (RFC 1661 §5.3).
                Verdict::Propose(_) if proposed.contains(&raw.kind) => {}
                Verdict::Propose(proposal) => {
                    proposed.push(raw.kind);
                    let mut w = Writer::new(&mut naks);
                    match proposal {
                        Proposal::Mru(mru) => LcpOption::Mru(mru).emit(&mut w),
                        Proposal::Mrru(mrru) => LcpOption::Mrru(mrru).emit(&mut w),
                        Proposal::Method(method) => {
                            LcpOption::Authentication(method.lcp_value()).emit(&mut w);
                        }
                        Proposal::Magic(number) => {
                            LcpOption::MagicNumber(number.get()).emit(&mut w);
                        }
                        Proposal::Callback => BY_CBCP.emit(&mut w),
                    }
                }
            }
        }
        // RFC 1661 §5.3: options that were not asked for may be added to a Nak, to prompt for them.
        let urges = matches!(self.callback, CallbackTerms::Granted { urged: true });
        let is_silent = !options.iter().any(|raw| raw.kind == BY_CBCP.kind());
        if urges && is_silent && may_nak && rejects.is_empty() && !self.urged {
            self.urged = true;
            BY_CBCP.emit(&mut Writer::new(&mut naks));
        }
        if !rejects.is_empty() {
            return Judgement::Reject(rejects);
        }
        if !naks.is_empty() {
            return Judgement::Nak(naks);
        }
        self.theirs = taken;
        Judgement::Ack
    }

    fn naked(&mut self, options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        for raw in options {
            match LcpOption::parse(*raw) {
                LcpOption::Mru(mru) => {
                    self.ours.mru = Some(mru).filter(|m| (MIN_MRU..=self.max_mru).contains(m));
                }
                LcpOption::Accm(map) => self.ours.accm = self.ours.accm.map(|ours| ours | map),
                LcpOption::Authentication(value) if self.ours.method.is_some() => {
                    self.demand_another(Method::from_lcp_value(value))?;
                }
                LcpOption::MagicNumber(_) if self.ours.magic.is_some() => {
                    self.ours.magic = Some(self.chance.nonzero_u32());
                }
                LcpOption::ProtocolCompression => self.ours.protocol_compression = false,
                LcpOption::AddressCompression => self.ours.address_compression = false,
                // Less than what every bundle takes cannot be meant (RFC 1990 §5.1.1).
                LcpOption::Mrru(mrru) if self.ours.mrru.is_some() => {
                    let most = self.multilink.map_or(DEFAULT_MRU, |wanted| wanted.mrru);
                    self.ours.mrru = Some(mrru.clamp(DEFAULT_MRU, most.max(DEFAULT_MRU)));
                }
                LcpOption::ShortSequence => self.ours.short_sequence = false,
                LcpOption::Callback { operation, .. } => {
                    self.ours.callback &= operation == operation::CBCP;
                }
                // Wishes of the peer that we should wish for something: not binding.
                LcpOption::Authentication(_)
                | LcpOption::MagicNumber(_)
                | LcpOption::Mrru(_)
                | LcpOption::EndpointDiscriminator(_)
                | LcpOption::Unknown(_) => {}
            }
        }
        Ok(())
    }

    fn rejected(&mut self, options: &[RawOption<'_>]) -> Result<(), PppFailure> {
        for raw in options {
            match LcpOption::parse(*raw) {
                LcpOption::Mru(_) => self.ours.mru = None,
                LcpOption::Accm(_) => self.ours.accm = None,
                LcpOption::Authentication(_) => return Err(PppFailure::PeerRefusesToAuthenticate),
                LcpOption::MagicNumber(_) => self.ours.magic = None,
                LcpOption::ProtocolCompression => self.ours.protocol_compression = false,
                LcpOption::AddressCompression => self.ours.address_compression = false,
                LcpOption::Mrru(_) => self.ours.mrru = None,
                LcpOption::ShortSequence => self.ours.short_sequence = false,
                LcpOption::EndpointDiscriminator(_) => self.ours.discriminator = None,
                LcpOption::Callback { .. } => self.ours.callback = false,
                LcpOption::Unknown(_) => {}
            }
        }
        Ok(())
    }
}

impl LcpTerms {
    /// The peer would rather prove itself by `proposed`: that, if we demand it at all, else the next
    /// that we do.
    fn demand_another(&mut self, proposed: Option<Method>) -> Result<(), PppFailure> {
        if let Some(method) = proposed.filter(|m| self.demand.contains(m)) {
            self.ours.method = Some(method);
            return Ok(());
        }
        self.demands_tried = self.demands_tried.saturating_add(1);
        let next = self.demand.get(self.demands_tried);
        self.ours.method = Some(*next.ok_or(PppFailure::NoCommonMethod)?);
        Ok(())
    }
}

const fn propose_or_reject(may_nak: bool, proposal: Proposal) -> Verdict {
    if may_nak { Verdict::Propose(proposal) } else { Verdict::Unwanted }
}
