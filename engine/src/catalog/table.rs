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
