//! The libraries a script sees.

pub mod base;
pub mod coroutine;

use crate::Vm;

/// Puts all libraries into the global table.
pub fn open_all(vm: &mut Vm) {
    base::open(&mut vm.runtime);
    coroutine::open(&mut vm.runtime);
}
