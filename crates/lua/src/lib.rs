//! A memory-safe Lua 5.1 engine made for short scripts.

pub mod format;
pub mod number;
pub mod pattern;
