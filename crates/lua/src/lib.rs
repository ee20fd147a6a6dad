//! A memory-safe Lua 5.1 engine made for short scripts.

#![forbid(unsafe_code)]

pub mod chunk_id;
pub mod compiler;
pub mod disassemble;
pub mod format;
mod lexer;
pub mod number;
pub mod opcode;
pub mod operand;
pub mod pattern;
pub mod proto;
pub mod verify;
