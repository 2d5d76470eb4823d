//! Calling back: who is offered it, and what is to be dialed after a call that ended for it.

use std::collections::HashMap;
use std::time::Duration;

use onhook_ppp::cbcp::{CallbackAgreement, CallbackOffer, is_number};

/// Whether a user who calls over a modem is called back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallbackSetting {
    /// Never.
    #[default]
    Never,
    /// Where the user wants; or not at all.
    ByCaller,
    /// Always, and only at this number.
    At(String),
}

impl CallbackSetting {
    /// Reads what stands behind `callback=`: `no`, `caller`, or a number.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(word: &str) -> Result<Self, &'static str> {
        match word {
            "no" => Ok(Self::Never),
            "caller" => Ok(Self::ByCaller),
            number if is_number(number) => Ok(Self::At(number.to_owned())),
            _ => Err("callback= is followed by no, by caller, or by a number"),
        }
    }

    pub(crate) const fn offer(&self) -> CallbackOffer {
        match self {
            Self::Never => CallbackOffer::None,
            Self::ByCaller => CallbackOffer::CallersNumber,
            Self::At(_) => CallbackOffer::Preset,
        }
    }
}

/// A call that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DueCall {
    /// Who has to answer it.
    pub(crate) user: String,
    /// What is dialed.
    pub(crate) number: String,
    /// After how long.
    pub(crate) delay: Duration,
}

/// What is known of callbacks, by the numbers of calls.
#[derive(Debug, Default)]
pub(crate) struct Callbacks {
    /// What the callers of calls that are there may have.
    allowed: HashMap<u64, (String, CallbackSetting)>,
    /// Calls that ended, and are to be followed by another one.
    due: HashMap<u64, DueCall>,
    /// Calls of ours, and who has to answer them.
    made: HashMap<u64, String>,
}

impl Callbacks {
    /// What a caller is offered who has proved who it is; `None` when it may not be there at all: another
    /// one was called.
    pub(crate) fn offer(
        &mut self,
        call: u64,
        user: &str,
        setting: CallbackSetting,
    ) -> Option<CallbackOffer> {
        if let Some(called) = self.made.get(&call) {
            return (called == user).then_some(CallbackOffer::None);
        }
        let offer = setting.offer();
        if offer == CallbackOffer::None {
            self.allowed.remove(&call);
        } else {
            self.allowed.insert(call, (user.to_owned(), setting));
        }
        Some(offer)
    }

    /// Both ends have agreed.
    pub(crate) fn agree(&mut self, call: u64, agreement: &CallbackAgreement) {
        let Some((user, setting)) = self.allowed.remove(&call) else { return };
        let number = match (setting, &agreement.number) {
            (CallbackSetting::At(number), None) => number,
            (CallbackSetting::ByCaller, Some(number)) => number.clone(),
            // CBCP lets nothing else be agreed.
            (_, _) => return,
        };
        self.due.insert(call, DueCall { user, number, delay: agreement.delay });
    }

    /// Nothing is left of a call but what is due.
    pub(crate) fn ended(&mut self, call: u64) {
        self.allowed.remove(&call);
        self.made.remove(&call);
    }

    /// The call that is to follow this one; whoever asks makes it.
    pub(crate) fn take(&mut self, call: u64) -> Option<DueCall> {
        self.due.remove(&call)
    }

    /// A call of ours begins, which `user` has to answer.
    pub(crate) fn make(&mut self, call: u64, user: String) {
        self.made.insert(call, user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement(number: Option<&str>) -> CallbackAgreement {
        let number = number.map(str::to_owned);
        CallbackAgreement { number, delay: Duration::from_secs(5) }
    }

    #[test]
    fn words_of_the_file_are_read() {
        assert_eq!(CallbackSetting::parse("no"), Ok(CallbackSetting::Never));
        assert_eq!(CallbackSetting::parse("caller"), Ok(CallbackSetting::ByCaller));
        let at = CallbackSetting::At("555-1234".to_owned());
        assert_eq!(CallbackSetting::parse("555-1234"), Ok(at));
        for bad in ["", "yes", "12;3", "-"] {
            assert!(CallbackSetting::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_due_is_what_was_allowed_and_is_taken_once() {
        let mut callbacks = Callbacks::default();
        let at = CallbackSetting::At("77".to_owned());
        assert_eq!(callbacks.offer(1, "alice", at), Some(CallbackOffer::Preset));
        callbacks.agree(1, &agreement(None));
        callbacks.ended(1);
        let due = callbacks.take(1).unwrap();
        assert_eq!((due.user.as_str(), due.number.as_str()), ("alice", "77"));
        assert_eq!(callbacks.take(1), None);

        let offered = callbacks.offer(2, "bob", CallbackSetting::ByCaller);
        assert_eq!(offered, Some(CallbackOffer::CallersNumber));
        callbacks.agree(2, &agreement(Some("88")));
        assert_eq!(callbacks.take(2).unwrap().number, "88");

        assert_eq!(callbacks.offer(3, "eve", CallbackSetting::Never), Some(CallbackOffer::None));
        callbacks.agree(3, &agreement(Some("99")));
        assert_eq!(callbacks.take(3), None);
    }

    #[test]
    fn a_call_of_ours_is_for_the_one_who_was_called() {
        let mut callbacks = Callbacks::default();
        callbacks.make(9, "alice".to_owned());
        assert_eq!(callbacks.offer(9, "bob", CallbackSetting::Never), None);
        let again = callbacks.offer(9, "alice", CallbackSetting::At("77".to_owned()));
        assert_eq!(again, Some(CallbackOffer::None), "not called back once more");
        callbacks.ended(9);
        assert_eq!(callbacks.offer(9, "bob", CallbackSetting::Never), Some(CallbackOffer::None));
    }
}
