//! Prototypes as one VM runs them: constants interned into its heap, nested functions numbered.

use std::sync::Arc;

use crate::heap::Heap;
use crate::opcode::Instruction;
use crate::proto::{Constant, Proto};
use crate::value::Value;

/// A prototype loaded into a VM.
pub(crate) struct LoadedProto {
    /// What it takes, counted as long as its code is there to be run.
    pub(crate) bytes: usize,
    pub(crate) proto: Arc<Proto>,
    pub(crate) constants: Arc<[Value]>,
    /// Numbers of the loaded nested prototypes.
    pub(crate) children: Box<[u32]>,
    // What calls need, beside the prototype rather than behind it.
    pub(crate) parameters: u8,
    pub(crate) max_stack: u8,
    pub(crate) is_vararg: bool,
    pub(crate) needs_arg: bool,
}

/// What the dispatch loop needs of a loaded prototype, in one place.
#[derive(Clone)]
pub(crate) struct CodeEntry {
    pub(crate) code: Arc<[Instruction]>,
    pub(crate) constants: Arc<[Value]>,
    pub(crate) parameters: u8,
    pub(crate) is_vararg: bool,
}

impl CodeEntry {
    /// The entry of a prototype that was unloaded.
    pub(crate) fn vacant() -> CodeEntry {
        CodeEntry {
            code: Arc::new([]),
            constants: Arc::new([]),
            parameters: 0,
            is_vararg: false,
        }
    }

    pub(crate) fn of(loaded: &LoadedProto) -> CodeEntry {
        CodeEntry {
            code: Arc::clone(&loaded.proto.code),
            constants: Arc::clone(&loaded.constants),
            parameters: loaded.proto.parameters,
            is_vararg: loaded.proto.is_vararg,
        }
    }
}

/// Loads a prototype and all nested ones. `loaded` gets one element for each; the result is the number of the outermost.
pub(crate) fn load(
    heap: &mut Heap,
    loaded: &mut Vec<Option<Arc<LoadedProto>>>,
    proto: &Arc<Proto>,
) -> u32 {
    // Nesting is bounded by the compiler's limit on syntax levels, so recursion is safe.
    let children = proto
        .children
        .iter()
        .map(|child| load(heap, loaded, child))
        .collect();
    let constants = proto
        .constants
        .iter()
        .map(|constant| match constant {
            Constant::Nil => Value::Nil,
            Constant::Boolean(boolean) => Value::Boolean(*boolean),
            Constant::Number(number) => Value::Number(*number),
            Constant::String(bytes) => Value::String(heap.new_string(bytes)),
        })
        .collect();
    let bytes = size_of::<LoadedProto>()
        + size_of::<Proto>()
        + proto.own_heap_size()
        + proto.constants.len() * size_of::<Value>();
    heap.add_bytes(bytes);
    loaded.push(Some(Arc::new(LoadedProto {
        bytes,
        proto: Arc::clone(proto),
        constants,
        children,
        parameters: proto.parameters,
        max_stack: proto.max_stack,
        is_vararg: proto.is_vararg,
        needs_arg: proto.needs_arg,
    })));
    (loaded.len() - 1) as u32
}
