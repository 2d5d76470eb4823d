//! `onhook completions` and `onhook man`: what the build has made.

use std::io::Write as _;
use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Args, ShellName};

pub(crate) fn completions(shell: ShellName) -> anyhow::Result<ExitCode> {
    let text = match shell {
        ShellName::Bash => include_str!(concat!(env!("OUT_DIR"), "/onhook.bash")),
        ShellName::Zsh => include_str!(concat!(env!("OUT_DIR"), "/_onhook")),
        ShellName::Fish => include_str!(concat!(env!("OUT_DIR"), "/onhook.fish")),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn page(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut command = Args::command();
    command.build();
    let (found, title) = match name {
        Some(name) => {
            let found = command
                .find_subcommand(name)
                .ok_or_else(|| anyhow::anyhow!("there is no command “{name}”"))?;
            (found.clone(), format!("onhook-{name}"))
        }
        None => (command, "onhook".to_owned()),
    };
    clap_mangen::Man::new(found).title(title).render(&mut std::io::stdout())?;
    Ok(ExitCode::SUCCESS)
}
