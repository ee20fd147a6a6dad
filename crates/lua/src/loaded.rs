//! Prototypes as one VM runs them: constants interned into its heap, nested functions numbered.

use std::sync::{Arc, LazyLock};

use crate::heap::Heap;
use crate::leaf::is_leaf;
use crate::opcode::{Instruction, Opcode};
use crate::proto::{Constant, Proto};
use crate::thread::WINDOW;
use crate::value::Value;
use crate::verify::verify;

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
    /// It can be [evaluated without a call](crate::leaf).
    pub(crate) is_leaf: bool,
}

/// What a prototype's number takes, whether or not the prototype is still there.
pub(crate) const NUMBER_BYTES: usize =
    size_of::<Option<Arc<LoadedProto>>>() + size_of::<CodeEntry>();

/// Prototypes the collector has found unused while the dispatch loop may have their code at hand.
#[derive(Default)]
pub(crate) struct Unloaded {
    numbers: Vec<u32>,
    bytes: usize,
    /// The numbers below this one may have code entries.
    pub(crate) entries: usize,
}

impl Unloaded {
    /// Notes that a prototype is unused. The bytes that are free by that.
    pub(crate) fn note(&mut self, number: usize, bytes: usize) -> usize {
        if number >= self.entries {
            return bytes;
        }
        self.numbers.push(number as u32);
        self.bytes += bytes;
        0
    }

    /// Whether nothing was noted.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Takes out the numbers that were noted, and the bytes that are free when their code entries are gone.
    pub(crate) fn take(&mut self) -> (Vec<u32>, usize) {
        (
            std::mem::take(&mut self.numbers),
            std::mem::take(&mut self.bytes),
        )
    }
}

/// What the dispatch loop needs of a loaded prototype, in one place. The code is verified, and the constants are those it was verified with.
#[derive(Clone)]
pub(crate) struct CodeEntry {
    code: Arc<[Instruction]>,
    constants: Arc<[Value]>,
    /// Stack slots from its base on without which it can't just be entered: more than there can be if its arguments have to be arranged.
    pub(crate) room: u32,
    pub(crate) parameters: u8,
    pub(crate) max_stack: u8,
    pub(crate) is_vararg: bool,
    /// It is vararg and has no need of a table of its extra arguments.
    pub(crate) collects_arguments: bool,
}

impl CodeEntry {
    /// The entry of a prototype that was unloaded, or never loaded: what it does is an error.
    pub(crate) fn vacant() -> CodeEntry {
        static VACANT: LazyLock<CodeEntry> = LazyLock::new(|| CodeEntry {
            code: Arc::new([Instruction::abc(Opcode::Illegal, 0, 0, 0)]),
            constants: Arc::new([]),
            room: WINDOW as u32,
            parameters: 0,
            max_stack: 2,
            is_vararg: false,
            collects_arguments: false,
        });
        VACANT.clone()
    }

    pub(crate) fn of(loaded: &LoadedProto) -> CodeEntry {
        CodeEntry {
            code: Arc::clone(&loaded.proto.code),
            constants: Arc::clone(&loaded.constants),
            room: if loaded.is_vararg {
                u32::MAX
            } else {
                WINDOW as u32
            },
            parameters: loaded.parameters,
            max_stack: loaded.max_stack,
            is_vararg: loaded.is_vararg,
            collects_arguments: loaded.is_vararg && !loaded.needs_arg,
        }
    }

    /// The verified code.
    #[inline(always)]
    pub(crate) fn code(&self) -> &[Instruction] {
        &self.code
    }

    /// The constants its operands name.
    #[inline(always)]
    pub(crate) fn constants(&self) -> &[Value] {
        &self.constants
    }
}

/// Verifies and loads a prototype and all nested ones. `loaded` gets one element for each; the result is the number of the outermost.
/// One that breaks the rules of the instruction set, which no compiled one does, gets a number without anything behind it.
pub(crate) fn load(
    heap: &mut Heap,
    loaded: &mut Vec<Option<Arc<LoadedProto>>>,
    proto: &Arc<Proto>,
) -> u32 {
    if verify(proto).is_err() {
        heap.add_bytes(NUMBER_BYTES);
        loaded.push(None);
        return (loaded.len() - 1) as u32;
    }
    load_verified(heap, loaded, proto)
}

fn load_verified(
    heap: &mut Heap,
    loaded: &mut Vec<Option<Arc<LoadedProto>>>,
    proto: &Arc<Proto>,
) -> u32 {
    // Nesting is bounded by the compiler's limit on syntax levels, so recursion is safe.
    let children: Box<[u32]> = proto
        .children
        .iter()
        .map(|child| load_verified(heap, loaded, child))
        .collect();
    let constants: Arc<[Value]> = proto
        .constants()
        .map(|constant| match constant {
            Constant::Nil => Value::Nil,
            Constant::Boolean(boolean) => Value::Boolean(boolean),
            Constant::Number(number) => Value::Number(number),
            Constant::String(bytes) => Value::String(heap.new_string(bytes)),
        })
        .collect();
    let bytes = size_of::<LoadedProto>()
        + size_of::<Proto>()
        + proto.own_heap_size()
        + size_of_val(constants.as_ref())
        + size_of_val(children.as_ref());
    heap.add_bytes(bytes + NUMBER_BYTES);
    loaded.push(Some(Arc::new(LoadedProto {
        bytes,
        proto: Arc::clone(proto),
        constants,
        children,
        parameters: proto.parameters,
        max_stack: proto.max_stack,
        is_vararg: proto.is_vararg,
        needs_arg: proto.needs_arg,
        is_leaf: is_leaf(proto),
    })));
    (loaded.len() - 1) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::compile;
    use crate::{Outcome, Vm};

    #[test]
    fn code_the_verifier_refuses_is_never_run() {
        let mut proto = compile(b"return 1", b"=test").expect("the source is right");
        proto.code = [Instruction::jump(1000)].into();
        let mut vm = Vm::new();
        let function = vm.load(&Arc::new(proto));
        assert!(matches!(vm.call(function, &[], 1000), Outcome::Failed(_)));
    }
}
