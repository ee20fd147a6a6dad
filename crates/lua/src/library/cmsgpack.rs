//! The `cmsgpack` library: MessagePack to and from Lua values, as Redis's version has it.

mod pack;
mod unpack;

use crate::heap::Heap;
use crate::native::LibraryEntry;

const ENTRIES: &[LibraryEntry] = &[
    ("pack", pack::pack),
    ("unpack", unpack::unpack),
    ("unpack_one", unpack::unpack_one),
    ("unpack_limit", unpack::unpack_limit),
];

const FIELDS: &[(&str, &str)] = &[
    ("_NAME", "cmsgpack"),
    ("_VERSION", "lua-cmsgpack 0.4.0"),
    ("_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo"),
    ("_DESCRIPTION", "MessagePack C implementation for Lua"),
];

/// Adds the library to the global table.
pub fn open(heap: &mut Heap) {
    let library = heap.new_table(0, 8);
    heap.register(library, ENTRIES);
    for (name, text) in FIELDS {
        let text = heap.new_string(text.as_bytes());
        heap.raw_set_field(library, name, text.into());
    }
    super::install(heap, "cmsgpack", library);
}
