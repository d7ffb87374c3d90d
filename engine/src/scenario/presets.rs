//! Scenarios to start from.

use super::Scenario;

/// A scenario to start from.
pub struct Preset {
    /// Short name for links and commands.
    pub id: &'static str,
    /// What it shows, in a line.
    pub summary: &'static str,
    /// The scenario.
    pub scenario: Scenario,
}

/// All presets; the first is what the app opens with.
pub fn presets() -> Vec<Preset> {
    vec![Preset {
        id: "default",
        summary: "stub",
        scenario: Scenario::default(),
    }]
}
