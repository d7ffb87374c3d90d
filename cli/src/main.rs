//! `cacheplan` for terminals and CI: the browser's simulations, natively.
//!
//! Answers go to standard output, progress and errors to standard error. The exit code is 0 on success, 2 when the
//! arguments or what they name cannot be used, and 1 when something else fails or a projection is past its bounds.

mod amount;
mod args;
mod bench;
mod error;
mod progress;
mod replay;
mod run;
mod scenario;
mod table;
mod text;
mod trace;
mod verify;

use args::{Args, Command};
use cap::Cap;
use clap::Parser;
use error::Error;
use std::alloc::System;
use std::io::{self, Write};
use std::process::ExitCode;

/// Counts the bytes in use, so that `cacheplan bench` can tell what a policy takes per key.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

fn main() -> ExitCode {
    let good = |text| (text, true);
    let answer = match Args::parse().command {
        Command::Run(args) => run::run(&args).map(good),
        Command::Replay(args) => replay::replay(&args).map(good),
        Command::Verify(args) => verify::verify(&args),
        Command::Bench(args) => bench::bench(&args).map(good),
        Command::Presets => Ok(good(scenario::list_presets())),
        Command::Policies => Ok(good(replay::list_policies())),
    };
    match answer.and_then(|(text, passed)| print(&text).map(|()| passed)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
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
