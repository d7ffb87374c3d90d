//! The Cacheplan web app.
