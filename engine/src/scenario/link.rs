//! Scenario <-> link text: `s1.` + base64url(checksum + deflated postcard of the frozen v1 form).

use super::Scenario;

/// Why a link does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// No link of ours at all.
    NotALink,
    /// Made by a newer Cacheplan: the version it says.
    Newer(u32),
    /// Characters are missing at the end.
    Cut,
    /// Characters were changed.
    Damaged,
}

/// The text after `#`, such as `s1.AbC...`.
pub fn encode(_scenario: &Scenario) -> String {
    String::new()
}

/// Reads what [`encode`] wrote; accepts a whole address too.
///
/// # Errors
/// Says whether the link is cut, damaged, newer or none of ours.
pub fn decode(_text: &str) -> Result<Scenario, LinkError> {
    Err(LinkError::NotALink)
}
