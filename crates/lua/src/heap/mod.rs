//! The heap: one arena per object type, addressed by checked handles.
//!
//! **Safety.** Every dereference is a bounds-checked index into an array of one type. A wrong handle is a wrong answer or a
//! panic, never a memory error.
//!
//! **Who may allocate.** Allocation never fails and never collects: it only counts. The VM compares the count with the collector's threshold and with
//! the cap at allocating instructions and after natives. So Rust code may hold handles freely between two instructions.
//!
//! **Regions** ([`region`]). A run of a script marks the ends of the arenas when it starts; what lies behind the marks is *young*. When it
//! ends and no older object refers to a young one, everything young is dropped in one go.
//!
//! **Collection** ([`collector`]). Incremental mark and sweep, for long runs and for what survives regions.
//!
//! **Barriers.** Stores into tables, upvalues, metatables and environments tell the heap ([`Heap::barrier`] and its like): a
//! region must know when an old object comes to refer to a young one, a collection when a marked object comes to refer to one that is not.

mod accounting;
mod arena;
mod captured;
pub(crate) mod collector;
mod function;
mod marks;
mod metatable;
mod object;
mod region;
mod string;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use arena::Arena;
pub(crate) use captured::Captured;
pub(crate) use collector::Roots;
pub(crate) use object::{Closure, Native, Role, Upvalue, Userdata};
pub use string::{Strings, hash_bytes};

use std::hint::black_box;
use std::sync::Once;

use crate::metamethod::Metamethod;
use crate::table::Table;
use crate::thread::Thread;
use crate::value::{NativeHandle, StringHandle, TableHandle, Value};
use collector::Collector;

/// All objects of a VM.
pub struct Heap {
    pub(crate) strings: Strings,
    pub(crate) tables: Arena<Table>,
    pub(crate) closures: Arena<Closure>,
    pub(crate) upvalues: Arena<Upvalue>,
    pub(crate) natives: Arena<Native>,
    pub(crate) userdata: Arena<Userdata>,
    pub(crate) threads: Arena<Box<Thread>>,
    /// Bytes in use.
    bytes: usize,
    /// The most bytes that were in use when a collection worked.
    peak: usize,
    /// The cap on `bytes`.
    limit: usize,
    /// `bytes` beyond which the collector works.
    threshold: usize,
    pub(crate) collector: Collector,
    /// Tables below this index have a store barrier: all while marking, the old ones while a region is open.
    watched_tables: u32,
    /// The same for upvalues.
    watched_upvalues: u32,
    region_is_open: bool,
    escaped: bool,
    /// Metatables of the types whose values have none of their own.
    type_metatables: [Option<TableHandle>; 8],
    metamethod_names: Box<[StringHandle]>,
    /// The environment of functions made outside any Lua function.
    pub(crate) globals: TableHandle,
    /// Values the host keeps alive.
    pub(crate) pinned: Vec<Value>,
    /// Where strings are put together.
    scratch: Vec<u8>,
    pub(crate) iterators: Iterators,
}

/// The native functions that loops know.
#[derive(Clone, Copy, Default)]
pub(crate) struct Iterators {
    /// `next`.
    pub(crate) next: Option<NativeHandle>,
    /// What `ipairs` returns.
    pub(crate) ipairs_step: Option<NativeHandle>,
    /// The node whose key a loop over `next` saw last: where it most likely goes on.
    cursor: usize,
}

/// Has the allocator keep what collections free, a megabyte at a time, rather than give it back to the system, which hands the next one out page by page:
/// as glibc's does once a block has come and gone that was a mapping of its own.
fn keep_freed_memory() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(black_box(Vec::<u8>::with_capacity(1 << 20))));
}

impl Heap {
    pub(crate) fn new() -> Heap {
        keep_freed_memory();
        let mut heap = Heap {
            strings: Strings::new(),
            tables: Arena::new(),
            closures: Arena::new(),
            upvalues: Arena::new(),
            natives: Arena::new(),
            userdata: Arena::new(),
            threads: Arena::new(),
            bytes: 0,
            peak: 0,
            limit: usize::MAX,
            threshold: 1 << 20,
            collector: Collector::new(),
            watched_tables: 0,
            watched_upvalues: 0,
            region_is_open: false,
            escaped: false,
            type_metatables: [None; 8],
            metamethod_names: Box::new([]),
            globals: TableHandle::default(),
            pinned: Vec::new(),
            scratch: Vec::new(),
            iterators: Iterators::default(),
        };
        heap.metamethod_names = Metamethod::ALL
            .iter()
            .map(|event| heap.new_string(event.name().as_bytes()))
            .collect();
        heap.globals = heap.new_table(0, 2);
        heap
    }

    /// The global table.
    pub fn global_table(&self) -> TableHandle {
        self.globals
    }
}
