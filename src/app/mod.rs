//! The page.

/// Puts the page into the document's body.
pub fn mount() {
    leptos::mount::mount_to_body(|| {
        crate::session::Session::provide();
    });
}
