//! `cacheplan` for terminals and CI: the browser's simulations, natively.
//!
//! Answers go to standard output, progress and errors to standard error. The exit code is 0 on success, 2 when the
//! arguments or what they name cannot be used, and 1 when something else fails.

mod amount;
mod args;
mod error;
mod progress;
mod replay;
mod run;
mod scenario;
mod table;
mod text;
mod trace;

use args::{Args, Command};
use clap::Parser;
use error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let answer = match Args::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Presets => Ok(scenario::list_presets()),
        Command::Policies => Ok(replay::list_policies()),
    };
    match answer.and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            error.exit_code()
        }
    }
}

/// Writes an answer. A reader that has seen enough and closes the pipe, as `head` does, is no error.
fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Failure(format!("writing the answer failed: {error}")))
        }
        _ => Ok(()),
    }
}
