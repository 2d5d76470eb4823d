//! The answering side's words about RADIUS servers, and what is asked of a server that answers.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Subcommand, ValueHint};

/// What is asked of a server that answers.
#[derive(Debug, Subcommand)]
pub(crate) enum AnswerCommand {
    /// List its calls: who calls, from where, and what has passed
    Sessions(SessionsArgs),
    /// End a call, or all calls of a user, and return when nothing is left of them
    Disconnect(CallArgs),
}

/// Which server is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct SessionsArgs {
    /// The server's control socket
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) control: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which calls end.
#[derive(Debug, clap::Args)]
pub(crate) struct CallArgs {
    /// The number of a call, or the name of a user
    #[arg(value_name = "CALL|USER")]
    pub(crate) call: String,
    /// It is a name, though it looks like a number
    #[arg(long)]
    pub(crate) user: bool,
    /// The server's control socket
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) control: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which RADIUS servers there are, and what they are for.
#[derive(Debug, clap::Args)]
pub(crate) struct RadiusArgs {
    /// A RADIUS server that judges callers who do not stand in the file of users (may be repeated: the
    /// others are asked when the first is silent; its port is 1812 unless it is said). With a --method of
    /// EAP it speaks EAP with the callers itself, whichever kind
    #[arg(long, value_name = "HOST[:PORT]", requires = "radius_secret_file")]
    pub(crate) radius: Vec<String>,
    /// The secret that the RADIUS servers share with us, in the first line of this file; with HOST= before
    /// it, the secret of that server alone, which is named as it is above or below (may be repeated)
    #[arg(long, value_name = "[HOST=]FILE", value_hint = ValueHint::FilePath)]
    pub(crate) radius_secret_file: Vec<String>,
    /// A RADIUS server that is told of sessions (may be repeated; its port is 1813 unless it is said)
    #[arg(long, value_name = "HOST[:PORT]", requires = "radius_secret_file")]
    pub(crate) radius_accounting: Vec<String>,
    /// Take orders to end sessions here, from those servers' addresses; its port is 3799
    #[arg(long, value_name = "ADDRESS:PORT", requires = "radius_secret_file")]
    pub(crate) radius_disconnect: Option<SocketAddr>,
    /// Believe RADIUS servers that do not sign their answers (CVE-2024-3596): whoever can change packets
    /// on the way can then let anybody in
    #[arg(long)]
    pub(crate) radius_trust_unsigned: bool,
    /// Our name to RADIUS servers, instead of --name
    #[arg(long, value_name = "NAME")]
    pub(crate) nas_identifier: Option<String>,
}
