//! A memory-safe Lua 5.1 engine made for short scripts.

// Only `vm::kernel` allows it.
#![deny(unsafe_code)]

pub mod chunk_id;
pub mod compiler;
pub mod disassemble;
pub mod engine;
pub mod evaluate;
pub mod format;
mod hash_seed;
pub mod heap;
pub mod hook;
pub mod inspect;
mod leaf;
mod lexer;
pub mod library;
mod loaded;
mod metamethod;
pub mod meter;
pub mod native;
pub mod number;
pub mod opcode;
pub mod operand;
pub mod pattern;
pub mod proto;
pub mod runtime;
pub mod shortcut;
pub mod table;
mod thread;
pub mod value;
pub mod verify;
mod vm;

pub use engine::{ErrorKind, Outcome, RuntimeError, Vm};
pub use heap::collector::CollectorStatistics;
