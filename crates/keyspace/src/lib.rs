//! Databases, shards and their locks, entries, expiry and the door to every mutable value.
#![forbid(unsafe_code)]
