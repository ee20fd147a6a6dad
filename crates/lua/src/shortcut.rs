//! Shortcuts: what a native function comes to for the arguments it usually gets, without a call.
//!
//! A call of a native function leaves the dispatch loop, builds a [`Call`](crate::native::Call), finds out how the function ended and enters the loop
//! again; for `math.floor` or `string.sub` that is several times the work itself. So a native function may have a shortcut besides:
//! a plain function over the arguments, which the dispatch loop (and library functions that call back) tries first. It answers
//! with the function's first result, or declines, and then the function itself is called: the shortcut need not know of errors,
//! conversions, metamethods or anything long.

use crate::heap::Heap;
use crate::meter::Meter;
use crate::opcode::Instruction;
use crate::thread::WINDOW;
use crate::value::{NativeHandle, Value};
use crate::vm::copy_value;

/// The first result of a native function for these arguments (nil if it returns nothing); none if the function itself has to be called. Must do no more
/// than a few microseconds of work, which it burns with [`Meter::burn`] if it is not constant; must not have done anything when it declines.
pub type ShortFunction = fn(&mut Heap, &mut Meter, &[Value]) -> Option<Value>;

/// Longest text that shortcuts work on, in bytes.
pub(crate) const LONGEST_TEXT: usize = 4096;

/// The shortcut of a native function.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut {
    pub(crate) function: ShortFunction,
    /// Whether the function always returns just one value.
    pub(crate) single: bool,
}

impl Shortcut {
    /// For a function that returns exactly one value whenever the shortcut does not decline.
    pub const fn single(function: ShortFunction) -> Shortcut {
        Shortcut {
            function,
            single: true,
        }
    }

    /// For a function that may return several values, or none.
    pub const fn first(function: ShortFunction) -> Shortcut {
        Shortcut {
            function,
            single: false,
        }
    }
}

impl Heap {
    /// Gives native functions in a table their shortcuts.
    pub(crate) fn add_shortcuts(
        &mut self,
        table: crate::value::TableHandle,
        entries: &[(&str, Shortcut)],
    ) {
        for &(name, shortcut) in entries {
            if let Value::Native(native) = self.raw_get_field(table, name) {
                self.natives[native.index()].shortcut = Some(shortcut);
            }
        }
    }

    /// The shortcut of a native function.
    #[inline(always)]
    pub(crate) fn shortcut(&self, native: NativeHandle) -> Option<Shortcut> {
        self.natives[native.index()].shortcut
    }
}

/// Carries out a call instruction by the callee's shortcut. False if it has none that applies; then nothing has happened.
#[inline(always)]
pub(crate) fn take(
    heap: &mut Heap,
    meter: &mut Meter,
    registers: &mut [Value; WINDOW],
    base: usize,
    top: &mut usize,
    instruction: Instruction,
) -> bool {
    let first = instruction.a() as usize;
    let Value::Native(native) = registers[first] else {
        return false;
    };
    let Some(shortcut) = heap.shortcut(native) else {
        return false;
    };
    // The operand is one more than the results wanted; 0 stands for all there are.
    let wanted = instruction.c();
    if wanted > 2 || (wanted == 0 && !shortcut.single) {
        return false;
    }
    let end = match instruction.b() {
        0 => top.wrapping_sub(base),
        b => first + b as usize,
    };
    let Some(arguments) = registers.get(first + 1..end) else {
        return false;
    };
    let Some(value) = (shortcut.function)(heap, meter, arguments) else {
        return false;
    };
    copy_value(&value, &mut registers[first]);
    if wanted == 0 {
        *top = base + first + 1;
    }
    true
}
