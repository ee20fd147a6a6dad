//! Tidelock's value types as pure data structures: no keys, no clocks, no I/O.
#![forbid(unsafe_code)]
