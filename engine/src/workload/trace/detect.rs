//! Which format a file is in, by its first bytes, else by its name.

use super::{Format, TraceError, csv, oracle, twitter};

/// Bytes to judge by.
pub(super) const HEAD: usize = 1 << 12;

/// The format of a file of this name that, decompressed, begins like this.
pub(super) fn format(head: &[u8], name: &str) -> Result<Format, TraceError> {
    let head = &head[..head.len().min(HEAD)];
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".zst").unwrap_or(&name);
    let named_text = [".csv", ".txt", ".tsv"].iter().any(|end| name.ends_with(end));
    if !has_controls(head) && (named_text || is_utf8(head)) {
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
        // A header wins, since seven named columns may look like Twitter's; where there is none, and a bad line
        // happens to come first, the next ones decide.
        let header = csv::Columns::of(first);
        let twitter = || {
            std::iter::once(first)
                .chain(lines)
                .take(8)
                .any(|line| twitter::record(line).is_ok())
        };
        return match header {
            Err(TraceError::NoHeader(_)) if twitter() => Ok(Format::TwitterCsv),
            _ => Ok(Format::Csv),
        };
    }
    if oracle::plausible(head) || name.contains("oraclegeneral") {
        return Ok(Format::OracleGeneral);
    }
    Err(TraceError::UnknownFormat)
}

/// Whether there are other control characters than blanks and line ends.
fn has_controls(head: &[u8]) -> bool {
    head.iter()
        .any(|byte| *byte < b' ' && !byte.is_ascii_whitespace())
}

/// Whether this is the beginning of a text, which may break off within a character.
fn is_utf8(head: &[u8]) -> bool {
    std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true)
}
