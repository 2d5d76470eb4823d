//! English.

use onhook_model::RasState;

mod hints;

pub(crate) use hints::HINTS;

/// What a dial does in this state.
pub(crate) const fn progress(state: RasState) -> &'static str {
    match state {
        RasState::OpenPort => "Opening the port",
        RasState::PortOpened => "The port is open",
        RasState::ConnectDevice => "Connecting to the server",
        RasState::DeviceConnected => "Connected to the server",
        RasState::AllDevicesConnected => "The link is up",
        RasState::Authenticate => "Checking user name and password",
        RasState::AuthNotify => "The server answered about the user",
        RasState::AuthRetry => "Trying other credentials",
        RasState::AuthCallback => "The server asks for a callback number",
        RasState::AuthChangePassword => "Changing the password",
        RasState::AuthProject => "Agreeing on the network",
        RasState::AuthLinkSpeed => "Measuring the link's speed",
        RasState::AuthAck => "The server acknowledges the user",
        RasState::ReAuthenticate => "Checking user name and password again",
        RasState::Authenticated => "The user was accepted",
        RasState::PrepareForCallback => "Getting ready to be called back",
        RasState::WaitForModemReset => "Waiting for the modem",
        RasState::WaitForCallback => "Waiting for the server's call",
        RasState::Projected => "The network is agreed on",
        RasState::StartAuthentication => "Starting authentication",
        RasState::CallbackComplete => "The server has called back",
        RasState::LogonNetwork => "Logging on to the network",
        RasState::SubEntryConnected => "A link of the connection is up",
        RasState::SubEntryDisconnected => "A link of the connection is down",
        RasState::ApplySettings => "Setting addresses, routes and name servers",
        RasState::Interactive => "Waiting for the terminal",
        RasState::RetryAuthentication => "Waiting for other credentials",
        RasState::CallbackSetByCaller => "Waiting for a callback number",
        RasState::PasswordExpired => "Waiting for a new password",
        RasState::InvokeEapUI => "Waiting for an answer to the server's question",
        RasState::Connected => "Connected",
        RasState::Disconnected => "Disconnected",
    }
}
