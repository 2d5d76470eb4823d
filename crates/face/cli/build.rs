//! Man pages and shell completions, made at build beside the program.

use std::path::Path;

#[path = "src/args.rs"]
mod args;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=src/args.rs");
    println!("cargo::rerun-if-changed=src/args");
    println!("cargo::rerun-if-changed=build.rs");
    let Some(out) = std::env::var_os("OUT_DIR") else { return Ok(()) };
    let out = Path::new(&out);
    let command = <args::Args as clap::CommandFactory>::command();
    clap_mangen::generate_to(command.clone(), out)?;
    for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish]
    {
        clap_complete::generate_to(shell, &mut command.clone(), "onhook", out)?;
    }
    Ok(())
}
