//! The `tidelock` program.
#![forbid(unsafe_code)]

fn main() {}
