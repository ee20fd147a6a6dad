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

/// Prototypes the collector has found unused while the dispatch loop may have their code at hand, and numbers without a prototype.
#[derive(Default)]
pub(crate) struct Unloaded {
    numbers: Vec<u32>,
    bytes: usize,
    /// The numbers below this one may have code entries.
    pub(crate) entries: usize,
    /// Numbers that nothing has. Those found since the region was opened, and given out in it, come behind the others.
    vacant: Vec<u32>,
    vacant_before_region: usize,
    /// The first number of the region, 0 outside of one: as all that is made in it, prototypes go with it by their place.
    region: u32,
    /// Numbers that have a prototype again and not yet its code entry.
    reused: Vec<u32>,
}

impl Unloaded {
    /// Notes that a prototype is unused. The bytes that are free by that.
    pub(crate) fn note(&mut self, number: usize, bytes: usize) -> usize {
        if number >= self.entries {
            self.vacate(number as u32);
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

    /// Notes that a number can be given to another prototype.
    pub(crate) fn vacate(&mut self, number: u32) {
        self.vacant.push(number);
        if number < self.region {
            let last = self.vacant.len() - 1;
            self.vacant.swap(self.vacant_before_region, last);
            self.vacant_before_region += 1;
        }
    }

    /// Opens a region whose prototypes have numbers from `first` up.
    #[inline]
    pub(crate) fn begin_region(&mut self, first: usize) {
        self.region = first as u32;
        self.vacant_before_region = self.vacant.len();
    }

    /// Closes it. Its prototypes live on, unless [`Unloaded::forget_from`] is told of them.
    #[inline]
    pub(crate) fn end_region(&mut self) {
        self.region = 0;
        self.vacant_before_region = 0;
    }

    /// Forgets the numbers from `first` up, which are none any more.
    #[inline]
    pub(crate) fn forget_from(&mut self, first: usize) {
        if !self.vacant.is_empty() || !self.reused.is_empty() || !self.numbers.is_empty() {
            let is_left = |number: &u32| (*number as usize) < first;
            let before = &self.vacant[..self.vacant_before_region];
            self.vacant_before_region = before.iter().filter(|number| is_left(number)).count();
            self.vacant.retain(is_left);
            self.reused.retain(is_left);
            self.numbers.retain(is_left);
        }
    }

    /// A number to give to another prototype.
    fn take_vacant(&mut self) -> Option<u32> {
        if self.vacant.len() <= self.vacant_before_region {
            return None;
        }
        let number = self.vacant.pop()?;
        if (number as usize) < self.entries {
            self.reused.push(number);
        }
        Some(number)
    }

    /// Takes out the numbers whose code entries are to be made.
    #[inline]
    pub(crate) fn take_reused(&mut self) -> Option<Vec<u32>> {
        (!self.reused.is_empty()).then(|| std::mem::take(&mut self.reused))
    }

    /// Whether there are code entries to be made.
    pub(crate) fn has_reused(&self) -> bool {
        !self.reused.is_empty()
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
    /// The entry of a prototype that was unloaded or never loaded, or got its number from such a one: it can't just be entered, nor
    /// run at all.
    pub(crate) fn vacant() -> CodeEntry {
        static VACANT: LazyLock<CodeEntry> = LazyLock::new(|| CodeEntry {
            code: Arc::new([Instruction::abc(Opcode::Illegal, 0, 0, 0)]),
            constants: Arc::new([]),
            room: u32::MAX,
            parameters: 0,
            max_stack: 0,
            is_vararg: true,
            collects_arguments: false,
        });
        VACANT.clone()
    }

    /// Whether it is that of no prototype. Any other has room for at least two values.
    #[inline(always)]
    pub(crate) fn is_vacant(&self) -> bool {
        self.max_stack == 0
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
    unloaded: &mut Unloaded,
    proto: &Arc<Proto>,
) -> u32 {
    if verify(proto).is_err() {
        heap.add_bytes(NUMBER_BYTES);
        loaded.push(None);
        return (loaded.len() - 1) as u32;
    }
    load_verified(heap, loaded, unloaded, proto)
}

fn load_verified(
    heap: &mut Heap,
    loaded: &mut Vec<Option<Arc<LoadedProto>>>,
    unloaded: &mut Unloaded,
    proto: &Arc<Proto>,
) -> u32 {
    // Nesting is bounded by the compiler's limit on syntax levels, so recursion is safe.
    let children: Box<[u32]> = proto
        .children
        .iter()
        .map(|child| load_verified(heap, loaded, unloaded, child))
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
    heap.add_bytes(bytes);
    let loaded_proto = Some(Arc::new(LoadedProto {
        bytes,
        proto: Arc::clone(proto),
        constants,
        children,
        parameters: proto.parameters,
        max_stack: proto.max_stack,
        is_vararg: proto.is_vararg,
        needs_arg: proto.needs_arg,
        is_leaf: is_leaf(proto),
    }));
    if let Some(number) = unloaded.take_vacant()
        && let Some(place) = loaded.get_mut(number as usize)
    {
        *place = loaded_proto;
        heap.keep_new_proto(number as usize);
        return number;
    }
    heap.add_bytes(NUMBER_BYTES);
    loaded.push(loaded_proto);
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

    /// Runs a script in a VM with all libraries; how many prototypes' numbers there are at its end.
    fn numbers_after(vm: &mut Vm, source: &str) -> usize {
        let proto = compile(source.as_bytes(), b"=test").expect("the source is right");
        let function = vm.load(&Arc::new(proto));
        match vm.call(function, &[], u64::MAX >> 1) {
            Outcome::Finished => vm.runtime.loaded.len(),
            outcome => panic!("{source}: {outcome:?}"),
        }
    }

    #[test]
    fn numbers_of_unused_prototypes_are_given_to_others() {
        // Some are kept, some never called, some have functions in them, and all have to do what they say.
        let source = "
            local kept = {}
            for i = 1, 30000 do
                if i % 1500 == 0 then collectgarbage() end
                local made = loadstring('local a = ... return function(b) return a + b + ' .. i .. ' end', '=made')
                if i % 3 > 0 then
                    local inner = made(1)
                    assert(inner(2) == 3 + i)
                    kept[i % 50] = { i, inner, made }
                end
                local one = kept[(i * 7) % 50]
                if one then
                    assert(one[2](10) == 11 + one[1])
                    assert(one[3](5)(5) == 10 + one[1])
                    assert(select(2, pcall(one[3](0), 1)) == 1 + one[1])
                end
            end";
        let mut vm = Vm::new();
        crate::library::open_all(&mut vm);
        for in_region in [false, true, true, false] {
            if in_region {
                vm.begin_region();
            }
            // Numbers from before a region are not for what is made in it.
            let before = if in_region {
                vm.runtime.loaded.len()
            } else {
                0
            };
            let numbers = numbers_after(&mut vm, source) - before;
            assert!(numbers < 10_000, "{numbers} of 60,000");
            if in_region {
                vm.end_region();
            }
            assert_eq!(
                numbers_after(&mut vm, "assert(loadstring('return 7')() == 7)"),
                vm.runtime.loaded.len()
            );
        }
        vm.collect_garbage();
        assert_eq!(vm.runtime.loaded.len(), 0);
    }
}
