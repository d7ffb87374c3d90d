//! Reading a trace from a file.

use crate::args::ReadingArgs;
use crate::error::Error;
use crate::progress::Progress;
use crate::text;
use cacheplan_engine::workload::trace::{Options, Reader, Trace, TraceError};
use std::fs::File;
use std::path::Path;

/// Records between two looks at the progress.
const STEP: usize = 1 << 16;

/// The trace in a file; lines that were left out are told on standard error.
pub(crate) fn read(path: &Path, args: &ReadingArgs) -> Result<Trace, Error> {
    let shown = path.display();
    let failure = |error: std::io::Error| Error::Input(format!("{shown}: {error}"));
    let file = File::open(path).map_err(failure)?;
    let metadata = file.metadata().map_err(failure)?;
    if metadata.is_dir() {
        return Err(Error::Input(format!("{shown}: it is a directory")));
    }
    let options = Options {
        format: args.format.into(),
        bad_lines: args.bad_lines.into(),
        name: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    };
    let trace = read_file(file, metadata.len(), &options).map_err(|error| match error {
        TraceError::Io(..) => Error::Failure(format!("{shown}: {error}")),
        _ => Error::Input(format!("{shown}: {error}")),
    })?;
    warn(&trace);
    Ok(trace)
}

fn read_file(file: File, length: u64, options: &Options) -> Result<Trace, TraceError> {
    let progress = Progress::new("reading", length);
    let mut reader = Reader::new(file, options)?;
    while reader.read_some(STEP)?.more() {
        progress.set(reader.bytes_consumed());
    }
    reader.finish()
}

fn warn(trace: &Trace) {
    let problems = trace.problems();
    if problems.count() > 0 {
        eprintln!(
            "warning: {} could not be read and were left out",
            text::count(problems.count(), "line")
        );
        for bad in problems.first() {
            eprintln!("  {bad}");
        }
        let more = problems.count() - problems.first().len() as u64;
        if more > 0 {
            eprintln!("  and {} more", text::number(more));
        }
    }
    if trace.clamped_times() > 0 {
        let requests = text::count(trace.clamped_times(), "request");
        eprintln!("warning: {requests} went back in time and were moved up to their predecessors");
    }
}
