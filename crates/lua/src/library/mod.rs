//! The libraries a script sees, as Redis exposes them.
//!
//! A library is a table of native functions. Each charges fuel in proportion to its work, asks the
//! memory cap before it makes something big, keeps what it works on in a state that can be left and
//! taken up again where the work can be long, and never calls itself in proportion to its input.

pub mod base;
pub mod bit;
pub mod cjson;
pub mod cmsgpack;
pub mod coroutine;
pub mod math;
mod output;
mod pause;
mod shapes;
mod state;
pub mod string;
pub mod structure;
pub mod table;

pub use state::LibraryState;

use crate::Vm;
use crate::heap::Heap;
use crate::value::TableHandle;

/// Puts all libraries into the global table.
pub fn open_all(vm: &mut Vm) {
    base::open(&mut vm.runtime);
    coroutine::open(&mut vm.runtime);
    let heap = &mut vm.runtime.heap;
    string::open(heap);
    table::open(heap);
    math::open(heap);
    bit::open(heap);
    cjson::open(heap);
    cmsgpack::open(heap);
    structure::open(heap);
}

/// Puts a library's table under its name into the global table.
pub(crate) fn install(heap: &mut Heap, name: &str, library: TableHandle) {
    let globals = heap.globals;
    heap.raw_set_field(globals, name, library.into());
}

/// Whether a number is an integer; infinity counts.
#[inline]
fn is_whole(number: f64) -> bool {
    // The largest doubles have no fractions, and the standard function is a call.
    number as i64 as f64 == number || number.abs() >= 9007199254740992.0
}
