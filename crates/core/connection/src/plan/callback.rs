//! Whether a dial asks to be called back.

use onhook_model::{CallbackMode, DeviceType, DialOptions, Entry, RasCode, RasError};
use onhook_ppp::CallbackTerms;
use onhook_ppp::cbcp::{CallbackWish, MOST_NUMBER, is_number};

/// What stands for "ask me when it is time" in a dial that can be paused.
const ASK: &str = "*";

/// What a dial with this entry wants. Modems ask for callback always: a server that has a number of its
/// own for the user insists on it, and needs to be asked (`RasDial`, "Callback Connections").
///
/// # Errors
/// 751 for a number with characters that no callback number has, 704 for one that is too long, and for `*`
/// where the dial cannot be paused.
pub(super) fn wanted(entry: &Entry, options: &DialOptions) -> Result<CallbackTerms, RasError> {
    let told = options.callback_number.as_deref().map(str::trim);
    let number = told.filter(|number| !number.is_empty());
    let asks = number == Some(ASK) && options.paused_states;
    if let Some(number) = number.filter(|_| !asks) {
        check_callback_number(number)?;
    }
    // Nobody calls a cellular network's data service back, nor a host.
    let can_be_called = entry.device_type == DeviceType::Modem
        && entry.lcp_extensions
        && !entry.phone_number().trim_start().starts_with('*');
    if !can_be_called {
        return Ok(CallbackTerms::Refused);
    }
    // An empty number, too, outweighs what the entry says.
    let mode = if told.is_some() { CallbackMode::Never } else { entry.callback };
    Ok(CallbackTerms::Wanted(match (number, mode) {
        (Some(_), _) if asks => CallbackWish::Ask,
        (Some(number), _) => CallbackWish::Number(number.to_owned()),
        (None, CallbackMode::Ask) if options.paused_states => CallbackWish::Ask,
        // Without somebody to ask it ends where a number would be told.
        (None, CallbackMode::Always) => CallbackWish::Ask,
        (None, CallbackMode::Ask | CallbackMode::Never) => CallbackWish::NoNumber,
    }))
}

/// Whether this number, or none, can be told to a server that calls back.
///
/// # Errors
/// 751 when it has characters that no callback number has, 704 when it is too long or `*`.
pub fn check_callback_number(number: &str) -> Result<(), RasError> {
    if number == ASK {
        let text = "no number is kept for callback; name one, or none";
        return Err(RasError::new(RasCode::BAD_CALLBACK_NUMBER, text));
    }
    if number.len() > MOST_NUMBER {
        let text = format!("a callback number has no more than {MOST_NUMBER} characters");
        return Err(RasError::new(RasCode::BAD_CALLBACK_NUMBER, text));
    }
    if !number.is_empty() && !is_number(number) {
        let text = format!("“{}”", number.escape_debug());
        return Err(RasError::new(RasCode::INVALID_CALLBACK_NUMBER, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(device: &str, dialed: &str, callback: Option<&str>) -> Result<CallbackTerms, RasCode> {
        let entry = Entry::for_number(dialed, device);
        let callback_number = callback.map(str::to_owned);
        let options = DialOptions { callback_number, ..DialOptions::default() };
        wanted(&entry, &options).map_err(|error| error.code)
    }

    #[test]
    fn modems_ask_for_callback_and_nothing_else_does() {
        let without = Ok(CallbackTerms::Wanted(CallbackWish::NoNumber));
        assert_eq!(asked("modem", "5551234", None), without);
        assert_eq!(asked("modem", "5551234", Some(" ")), without);
        let named = CallbackWish::Number("T 555-77".to_owned());
        assert_eq!(asked("modem", "1", Some("T 555-77")), Ok(CallbackTerms::Wanted(named)));
        for (device, dialed) in
            [("modem", "*99#"), ("sstp", "h"), ("/dev/ttyS0", ""), ("pppoe", "")]
        {
            assert_eq!(asked(device, dialed, Some("1")), Ok(CallbackTerms::Refused), "{device}");
        }
    }

    #[test]
    fn a_person_is_asked_for_the_number_when_the_dial_or_its_entry_says_so() {
        use CallbackMode as M;
        let (ask, none) = (CallbackWish::Ask, CallbackWish::NoNumber);
        let number = CallbackWish::Number("5".to_owned());
        for (mode, told, paused_states, expected) in [
            (M::Never, Some("*"), true, &ask),
            (M::Always, Some(" * "), true, &ask),
            (M::Never, None, true, &none),
            (M::Ask, None, true, &ask),
            (M::Ask, None, false, &none),
            (M::Ask, Some("5"), true, &number),
            (M::Ask, Some(""), true, &none),
            (M::Always, Some(""), false, &none),
            (M::Always, None, true, &ask),
            (M::Always, None, false, &ask),
            (M::Always, Some("5"), false, &number),
        ] {
            let mut entry = Entry::for_number("5551234", "modem");
            entry.callback = mode;
            let callback_number = told.map(str::to_owned);
            let options = DialOptions { callback_number, paused_states, ..DialOptions::default() };
            let expected = CallbackTerms::Wanted(expected.clone());
            assert_eq!(wanted(&entry, &options), Ok(expected), "{mode:?} {told:?} {paused_states}");
            entry.device_type = DeviceType::Vpn;
            assert_eq!(wanted(&entry, &options), Ok(CallbackTerms::Refused));
        }
    }

    #[test]
    fn a_number_that_cannot_be_called_is_refused_before_anything_is_dialed() {
        for (number, code) in [
            ("*", RasCode::BAD_CALLBACK_NUMBER),
            (&"1".repeat(129)[..], RasCode::BAD_CALLBACK_NUMBER),
            ("12a", RasCode::INVALID_CALLBACK_NUMBER),
            ("1\rATH", RasCode::INVALID_CALLBACK_NUMBER),
            ("--", RasCode::INVALID_CALLBACK_NUMBER),
        ] {
            assert_eq!(asked("modem", "5551234", Some(number)), Err(code), "{number}");
        }
    }
}
