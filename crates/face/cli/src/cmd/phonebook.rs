//! `onhook phonebook`: what is in the books, what is odd about them, and what is saved for entries.

use std::path::PathBuf;
use std::process::ExitCode;

use onhook_client::books;
use onhook_client::phonebooks::Phonebooks;

use crate::args::{PhonebookArgs, PhonebookCommand};
use crate::print;

pub(crate) fn run(args: &PhonebookArgs) -> anyhow::Result<ExitCode> {
    let paths: Vec<PathBuf> = match &args.phonebook {
        Some(book) => vec![book.clone()],
        None => books::default_books().into_iter().filter(|path| path.exists()).collect(),
    };
    match &args.command {
        PhonebookCommand::List(list) => {
            let mut rows = Vec::new();
            for path in &paths {
                for name in books::read(path)?.entry_names() {
                    rows.push(serde_json::json!({ "entry": name, "phonebook": path }));
                    if !list.json {
                        println!("{name}");
                    }
                }
            }
            if list.json {
                print::json(&rows)?;
            }
        }
        PhonebookCommand::Show { entry, json } => {
            let found = books::find(entry, args.phonebook.as_deref())?;
            for warning in &found.warnings {
                eprintln!("Warning: {}: {warning}", found.book.display());
            }
            if *json {
                print::json(&found.entry)?;
            } else {
                println!("{:#?}", found.entry);
            }
        }
        PhonebookCommand::Forget { entry } => {
            let was_there = Phonebooks::default().forget(args.phonebook.as_deref(), entry)?;
            if !was_there {
                println!("Nothing is saved for {entry}.");
            }
        }
        PhonebookCommand::Check => return check(&paths),
    }
    Ok(ExitCode::SUCCESS)
}

fn check(paths: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut wrong = false;
    for path in paths {
        let book = match books::read(path) {
            Ok(book) => book,
            Err(error) => {
                wrong = true;
                eprintln!("{}", print::ras_error(&error));
                continue;
            }
        };
        for name in book.entry_names() {
            match book.entry(&name) {
                Ok((mut entry, warnings)) => {
                    for warning in warnings {
                        println!("{}: [{name}] {warning}", path.display());
                    }
                    let folder = path.parent().unwrap_or(std::path::Path::new("."));
                    if let Err(error) = books::load_ca(&mut entry, folder) {
                        wrong = true;
                        println!("{}: [{name}] {error}", path.display());
                    }
                    for problem in entry.problems() {
                        wrong = true;
                        println!("{}: [{name}] {problem}", path.display());
                    }
                }
                Err(error) => {
                    wrong = true;
                    println!("{}: [{name}] {error}", path.display());
                }
            }
        }
    }
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
