//! Charts: the only place that touches the chart library.
