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
    /// Re-create recorded runs of real servers, or one of a server that runs now, and compare.
    Verify(VerifyArgs),
    /// Measure how fast eviction policies replay on this machine, and what they take per key.
    Bench(BenchArgs),
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
    #[arg(value_name = "DIR", required_unless_present = "live", conflicts_with = "live")]
    pub(crate) directory: Option<PathBuf>,
    /// Print every measured and projected figure as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print scatter plots of measured against projected as HTML.
    #[arg(long, conflicts_with = "json")]
    pub(crate) html: bool,
    #[command(flatten)]
    pub(crate) live: LiveArgs,
}

/// A run against a server.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Against a server of your own")]
pub(crate) struct LiveArgs {
    /// Put a known sequence of requests to this test server (redis://HOST:PORT, valkey://HOST:PORT or
    /// memcached://HOST:PORT) and compare. Its configuration stays as it is; the run's keys are deleted at the end.
    /// An interrupted run leaves them: their prefix is told at the start.
    #[arg(long, value_name = "URL")]
    pub(crate) live: Option<String>,
    /// Append the run to this file, as a row like those of the recordings.
    #[arg(long, value_name = "FILE", requires = "live")]
    pub(crate) record: Option<PathBuf>,
    /// Requests of the run.
    #[arg(long, value_name = "N", default_value_t = 400_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    pub(crate) requests: u64,
    /// Requests a second, which the run keeps to.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    pub(crate) rate: u32,
    /// Keys to draw from.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) keys: u32,
    /// Exponent of Zipf's law, by which keys are drawn.
    #[arg(long, value_name = "X", default_value_t = 0.99, value_parser = exponent)]
    pub(crate) alpha: f64,
    /// Sizes of values: fixed:BYTES, or mixed7 for 32 to 4,000 bytes.
    #[arg(long, value_name = "SIZE", default_value = "fixed:100")]
    pub(crate) value_size: String,
    /// TTL of values: none, half or all (hours), ex:SECONDS, or pxu:LOW:HIGH (milliseconds, Redis alone).
    #[arg(long, value_name = "TTL", default_value = "none")]
    pub(crate) ttl: String,
    /// Seed of the sequence.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write to a server that is not on this machine.
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Write to a server that holds keys. It may evict them.
    #[arg(long)]
    pub(crate) allow_data: bool,
}

fn exponent(text: &str) -> Result<f64, String> {
    let exponent: f64 = text.parse().map_err(|_| "this is no number")?;
    if (0.0..=4.0).contains(&exponent) {
        Ok(exponent)
    } else {
        Err("not between 0 and 4".into())
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// A policy to measure; may be given more than once. All by default.
    #[arg(long, value_name = "P", value_parser = PossibleValuesParser::new(REGISTRY.iter().map(|entry| entry.name)))]
    pub(crate) policy: Vec<String>,
    /// A recorded trace to replay, in place of a generated stream whose keys follow Zipf's law.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Requests of the generated stream.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 20_000_000,
        conflicts_with = "trace"
    )]
    pub(crate) requests: u32,
    /// Capacity: a number of objects, or N% of the different objects.
    #[arg(long, value_name = "N|P%", default_value = "100000")]
    pub(crate) capacity: Amount,
    /// How often each policy runs, in turn with the probe.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) rounds: u32,
    /// Print JSON.
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
