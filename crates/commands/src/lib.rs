//! The command table as data, and one file per family of handlers.
#![forbid(unsafe_code)]
