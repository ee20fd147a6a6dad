//! The virtual machine.

mod error;
mod metamethod;
mod names;
