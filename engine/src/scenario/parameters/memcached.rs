//! Memcached's start options.
