//! Whether a dial asks to be called back.

use onhook_model::{DeviceType, DialOptions, Entry, RasCode, RasError};
use onhook_ppp::CallbackTerms;
use onhook_ppp::cbcp::{CallbackWish, MOST_NUMBER, is_number};

/// What stands for "ask me when it is time" in a dial that can be paused.
const ASK: &str = "*";

/// What a dial with this entry wants. Modems ask for callback always: a server that has a number of its
/// own for the user insists on it, and needs to be asked (`RasDial`, "Callback Connections").
///
/// # Errors
/// 751 for a number with characters that no callback number has, 704 for one that is too long or `*`.
pub(super) fn wanted(entry: &Entry, options: &DialOptions) -> Result<CallbackTerms, RasError> {
    if let Some(number) = &options.callback_number {
        check(number.trim())?;
    }
    // Nobody calls a cellular network's data service back, nor a host.
    let can_be_called = entry.device_type == DeviceType::Modem
        && entry.lcp_extensions
        && !entry.phone_number().trim_start().starts_with('*');
    if !can_be_called {
        return Ok(CallbackTerms::Refused);
    }
    let number = options.callback_number.as_deref().map(str::trim).filter(|n| !n.is_empty());
    Ok(CallbackTerms::Wanted(match number {
        Some(number) => CallbackWish::Number(number.to_owned()),
        None => CallbackWish::NoNumber,
    }))
}

fn check(number: &str) -> Result<(), RasError> {
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
