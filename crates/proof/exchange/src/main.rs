//! `onhook-exchange NUMBER[=ADDRESS:PORT] …`: a modem at each number, for trying things by hand and for
//! programs of others. Says on which terminal each of them is; one with an address is had over TCP as well.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::process::ExitCode;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use onhook_exchange::Bank;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let places: Vec<(&str, Option<&str>)> = words
        .iter()
        .map(|word| word.split_once('=').map_or((word.as_str(), None), |(n, at)| (n, Some(at))))
        .collect();
    let numbers: Vec<&str> = places.iter().map(|(number, _)| *number).collect();
    let bank = Bank::new(&numbers)?;
    for (at, (number, address)) in places.iter().enumerate() {
        let path = bank.path(at).to_owned();
        println!("{number} {path}");
        if let Some(address) = address {
            let listener = TcpListener::bind(address)?;
            std::thread::spawn(move || serve(&listener, &path));
        }
    }
    // Until whoever started it closes our input.
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// One caller after the other has the modem's port.
fn serve(listener: &TcpListener, path: &str) {
    for stream in listener.incoming() {
        if let Err(error) = stream.and_then(|stream| join(stream, path)) {
            eprintln!("{path}: {error}");
        }
    }
}

/// Until the stream ends; then the port is closed, which the modem takes for a low DTR.
fn join(stream: TcpStream, path: &str) -> io::Result<()> {
    let (mut stream, mut port) =
        (stream, std::fs::File::options().read(true).write(true).open(path)?);
    let mut room = [0; 4096];
    loop {
        let flags = PollFlags::POLLIN;
        let mut both = [PollFd::new(stream.as_fd(), flags), PollFd::new(port.as_fd(), flags)];
        poll(&mut both, PollTimeout::NONE)?;
        let [of_stream, of_port] = both.map(|fd| fd.any().unwrap_or(false));
        if of_stream {
            match stream.read(&mut room)? {
                0 => return Ok(()),
                count => port.write_all(room.get(..count).unwrap_or_default())?,
            }
        }
        if of_port {
            let count = port.read(&mut room)?;
            stream.write_all(room.get(..count).unwrap_or_default())?;
        }
    }
}
