//! Directives of Redis and Valkey.
