//! The address bar and the clipboard.
