//! What this browser keeps: the last scenario and the theme. Browsers refuse storage in some private modes and
//! when it is full; nothing here depends on it.

use super::Theme;

/// Key of the last scenario, as the text after `#` of a link.
const SCENARIO: &str = "cacheplan.scenario";
/// Key of the theme: `light` or `dark`, absent for the system's. `index.html` may read it before the app runs.
const THEME: &str = "cacheplan.theme";

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Whether it was kept.
fn write(key: &str, value: Option<&str>) -> bool {
    storage().is_some_and(|storage| match value {
        Some(value) => storage.set_item(key, value).is_ok(),
        None => storage.remove_item(key).is_ok(),
    })
}

/// The link that was kept last.
pub(super) fn scenario() -> Option<String> {
    read(SCENARIO)
}

/// Keeps a scenario's link; false when the browser refuses.
pub(super) fn keep_scenario(link: &str) -> bool {
    write(SCENARIO, Some(link))
}

/// The theme that was chosen.
pub(super) fn theme() -> Theme {
    match read(THEME).as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// Keeps the theme; false when the browser refuses.
pub(super) fn keep_theme(theme: Theme) -> bool {
    write(THEME, theme.attribute())
}
