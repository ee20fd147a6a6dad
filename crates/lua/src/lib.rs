//! A memory-safe Lua 5.1 engine made for short scripts.

#![forbid(unsafe_code)]

pub mod opcode;
pub mod proto;
