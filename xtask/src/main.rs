//! What people and CI call: `cargo xtask serve`, `cargo xtask test`, and the rest.
//!
//! Every task first sets up what it needs and is missing (see [`setup`]), says what it does and why, and fails
//! with a sentence that says what to do.

mod accuracy;
mod bench;
mod browser;
mod build;
mod checks;
mod paths;
mod process;
mod serve;
mod setup;
mod size;
mod sources;
mod test;

use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    about = "Set up, serve, build, test and measure Cacheplan"
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build for development, serve on this machine only, and rebuild when a file changes
    Serve(ServeArgs),
    /// Build the app for release into dist/
    Build,
    /// Run every test: formatting, lints, native tests, budgets, and the browser tests
    Test(TestArgs),
    /// Check what needs no run: formatting, lints, leftovers, size budgets
    Check,
    /// Print what the app weighs; fail past the budget
    Size,
    /// Measure replay speed and the time to the first answer; nothing is asserted
    Bench(BenchArgs),
    /// Take the pictures in docs/screenshots from dist/
    Screenshots,
    /// Make the content of the Accuracy screen anew from the recordings in ../shared/truth
    Accuracy,
    /// Install what the other tasks need and is missing, and nothing else
    Setup,
}

#[derive(Args)]
struct ServeArgs {
    /// The port to serve on
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Serve the release build: slower to rebuild, as fast as what users get
    #[arg(long)]
    release: bool,
    /// Open the page in the default browser once it is built
    #[arg(long)]
    open: bool,
}

/// Which tests to run; all when none is named.
#[derive(Args)]
struct TestArgs {
    /// Formatting, lints, and the tests that need no browser
    #[arg(long)]
    native: bool,
    /// Golden scenarios in the browser's worker, compared with the native answers
    #[arg(long)]
    wasm: bool,
    /// The journeys of a person, in a real browser
    #[arg(long)]
    e2e: bool,
}

/// Which benches to run; all when none is named.
#[derive(Args)]
struct BenchArgs {
    /// `cacheplan bench`: every policy against the probe
    #[arg(long)]
    native: bool,
    /// Every policy in the browser's worker against the native one
    #[arg(long)]
    browser: bool,
    /// Whole clusters in the browser's worker and natively
    #[arg(long)]
    cluster: bool,
    /// From opening the page to the first complete answer
    #[arg(long)]
    open: bool,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Serve(args) => serve::serve(args.port, args.release, args.open),
        Task::Build => build::build(),
        Task::Test(args) => test::test(test::Selection::new(args.native, args.wasm, args.e2e)),
        Task::Check => checks::check(),
        Task::Size => size::size(),
        Task::Bench(args) => {
            let BenchArgs {
                native,
                browser,
                cluster,
                open,
            } = args;
            bench::bench(bench::Selection::new(native, browser, cluster, open))
        }
        Task::Screenshots => browser::screenshots(),
        Task::Accuracy => accuracy::accuracy(),
        Task::Setup => setup::everything(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
