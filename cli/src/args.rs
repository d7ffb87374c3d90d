//! The command line.

use crate::amount::Amount;
use cacheplan_engine::policy::REGISTRY;
use cacheplan_engine::workload::trace::{BadLines, Format};
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Plan and rehearse cache clusters: hit rate, latency, database load and cost.
#[derive(Debug, Parser)]
#[command(name = "cacheplan", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate a cluster and report what it does.
    Run(RunArgs),
    /// Replay a recorded trace through one eviction policy and count the misses.
    Replay(ReplayArgs),
    /// Re-create recorded runs of real servers and compare.
    Verify(VerifyArgs),
    /// List the scenarios to start from.
    Presets,
    /// List the eviction policies.
    Policies,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// A scenario: a JSON file, a link, or the name of a preset (see `cacheplan presets`).
    pub(crate) scenario: String,
    /// The recorded trace. Replaces the workload of a scenario that is not made for a trace.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Print the whole report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Seed of all random streams, in place of the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Most requests to simulate one by one, in place of the scenario's.
    #[arg(long, value_name = "N")]
    pub(crate) budget: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The recorded trace.
    pub(crate) trace: PathBuf,
    /// The eviction policy (see `cacheplan policies`).
    #[arg(long, value_name = "P", value_parser = PossibleValuesParser::new(REGISTRY.iter().map(|entry| entry.name)))]
    pub(crate) policy: String,
    /// Capacity: a number of objects, with --bytes a number of bytes such as 64MiB, or N% of the trace's distinct
    /// objects or of their total size. An object's size is that of its value and, where the trace tells, its key.
    #[arg(long, value_name = "N|P%")]
    pub(crate) capacity: Amount,
    /// Count the capacity in bytes.
    #[arg(long)]
    pub(crate) bytes: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Replay so many times through a fresh cache; `simulate_seconds` is then the median.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) repeat: u32,
    /// Seed of policies that draw lots.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// A directory with any of the recordings.
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Print every measured and projected figure as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to read a trace.
#[derive(Debug, clap::Args)]
pub(crate) struct ReadingArgs {
    /// What the trace is written in; compression with Zstandard is recognised by itself.
    #[arg(long, value_enum, value_name = "F", default_value_t = FormatArg::Auto)]
    pub(crate) format: FormatArg,
    /// What to do about lines that cannot be read.
    #[arg(long, value_enum, value_name = "DO", default_value_t = BadLinesArg::Skip)]
    pub(crate) bad_lines: BadLinesArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormatArg {
    /// Whichever the content looks like.
    Auto,
    /// libCacheSim's binary records (time, id, size, next access).
    #[value(name = "oracleGeneral", alias = "oraclegeneral", alias = "oracle-general")]
    OracleGeneral,
    /// Twitter's seven columns without a header.
    #[value(name = "twitter", alias = "twitter-csv")]
    Twitter,
    /// CSV whose first line names the columns.
    Csv,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Auto => Self::Auto,
            FormatArg::OracleGeneral => Self::OracleGeneral,
            FormatArg::Twitter => Self::TwitterCsv,
            FormatArg::Csv => Self::Csv,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum BadLinesArg {
    /// Leave them out and report them.
    Skip,
    /// Stop at the first.
    Refuse,
}

impl From<BadLinesArg> for BadLines {
    fn from(bad_lines: BadLinesArg) -> Self {
        match bad_lines {
            BadLinesArg::Skip => Self::Skip,
            BadLinesArg::Refuse => Self::Refuse,
        }
    }
}
