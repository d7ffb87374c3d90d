//! Reads the compiled-in tables: comma-separated, no quoting, `#` before comments, one line of column names.

use crate::units::decimal;

/// Cells of one row, taken from left to right.
pub(super) struct Row<'a>(std::str::Split<'a, char>);

impl<'a> Row<'a> {
    /// The next cell, as text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    /// The next cell, which must hold a value.
    pub(super) fn value<T: std::str::FromStr>(&mut self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// The next cell, which may be empty; the outer `None` says that it is neither empty nor a value.
    pub(super) fn optional<T: std::str::FromStr>(&mut self) -> Option<Option<T>> {
        match self.text()? {
            "" => Some(None),
            cell => cell.parse().ok().map(Some),
        }
    }

    /// The next cell, which must hold a decimal number.
    pub(super) fn number(&mut self) -> Option<f64> {
        decimal(self.text()?)
    }

    /// As [`Self::number`], of a cell that may be empty.
    pub(super) fn optional_number(&mut self) -> Option<Option<f64>> {
        match self.text()? {
            "" => Some(None),
            cell => decimal(cell).map(Some),
        }
    }

    /// `Some` when no cell is left.
    pub(super) fn end(mut self) -> Option<()> {
        self.0.next().is_none().then_some(())
    }
}

/// The rows below the column names.
pub(super) fn rows(table: &str) -> impl Iterator<Item = Row<'_>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .map(|line| Row(line.split(',')))
}

/// The text of the comment line `# key: text`; empty when there is none.
pub(super) fn header<'a>(table: &'a str, key: &str) -> &'a str {
    table
        .lines()
        .filter_map(|line| line.strip_prefix("# ")?.strip_prefix(key)?.strip_prefix(": "))
        .next()
        .unwrap_or_default()
}

/// A table without its comments, which people read in the file and no program carries.
macro_rules! bare_table {
    ($file:literal) => {{
        const TABLE: &str = include_str!($file);
        const BARE: [u8; $crate::catalog::table::bare_length(TABLE)] = $crate::catalog::table::bare(TABLE);
        match core::str::from_utf8(&BARE) {
            Ok(text) => text,
            Err(_) => "",
        }
    }};
}
pub(super) use bare_table;

/// How many bytes a table has without its comments.
pub(super) const fn bare_length(table: &str) -> usize {
    let bytes = table.as_bytes();
    let (mut at, mut length, mut comment) = (0, 0, false);
    while at < bytes.len() {
        if at == 0 || bytes[at - 1] == b'\n' {
            comment = bytes[at] == b'#';
        }
        if !comment {
            length += 1;
        }
        at += 1;
    }
    length
}

/// The bytes of a table without its comments, as many as [`bare_length`] says. For constants only: it is the compiler
/// that refuses another number.
pub(super) const fn bare<const N: usize>(table: &str) -> [u8; N] {
    let bytes = table.as_bytes();
    let (mut at, mut length, mut comment) = (0, 0, false);
    let mut bare = [0; N];
    while at < bytes.len() {
        if at == 0 || bytes[at - 1] == b'\n' {
            comment = bytes[at] == b'#';
        }
        if !comment {
            bare[length] = bytes[at];
            length += 1;
        }
        at += 1;
    }
    bare
}
