//! Shortcuts: what a native function comes to for the arguments it usually gets, without a call.
//!
//! A call of a native function leaves the dispatch loop, builds a [`Call`](crate::native::Call), finds out how the function ended and enters the loop
//! again; for `math.floor` or `string.sub` that is several times the work itself. So a native function may have a shortcut besides:
//! a plain function over the arguments, which the dispatch loop (and library functions that call back) tries first. It answers
//! with the function's first result, or declines, and then the function itself is called: the shortcut need not know of errors,
//! conversions, metamethods or anything long.

use crate::heap::{Heap, Role};
use crate::library::LibraryState;
use crate::meter::Meter;
use crate::opcode::Instruction;
use crate::thread::WINDOW;
use crate::value::{NativeHandle, Value};
use crate::vm::{copy_value, open_count};

/// The first result of a native function for these arguments (nil if it returns nothing); none if the function itself has to be called. Must do no more
/// than a few microseconds of work, which it burns with [`Meter::burn`] if it is not constant; must not have done anything when it declines.
pub type ShortFunction = fn(&mut Heap, &mut Meter, &[Value]) -> Option<Value>;

/// The same for functions that return several values, or none: gets the registers from the function's on and the number of arguments, which are in those
/// behind it. Puts the results where the function and its arguments are, and answers with their number, at most [`MOST_RESULTS`] of them.
pub(crate) type WindowFunction =
    fn(&mut Heap, &mut Meter, &mut LibraryState, &mut [Value], usize) -> Option<usize>;

/// Most results that a shortcut gives: there are as many registers in any window.
pub(crate) const MOST_RESULTS: usize = crate::pattern::MAX_CAPTURES + 2;

/// Longest text that shortcuts work on, in bytes.
pub(crate) const LONGEST_TEXT: usize = 4096;

/// The shortcut of a native function.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Single(ShortFunction),
    First(ShortFunction),
    Window(WindowFunction),
}

impl Shortcut {
    /// For a function that returns exactly one value whenever the shortcut does not decline.
    pub const fn single(function: ShortFunction) -> Shortcut {
        Shortcut(Kind::Single(function))
    }

    /// For a function that may return several values, or none.
    pub const fn first(function: ShortFunction) -> Shortcut {
        Shortcut(Kind::First(function))
    }

    /// For a function that may return several values, all of which the shortcut gives.
    pub(crate) const fn window(function: WindowFunction) -> Shortcut {
        Shortcut(Kind::Window(function))
    }

    /// The first result for these arguments, if that can be had without registers.
    #[inline(always)]
    pub(crate) fn value(
        self,
        heap: &mut Heap,
        meter: &mut Meter,
        arguments: &[Value],
    ) -> Option<Value> {
        match self.0 {
            Kind::Single(function) | Kind::First(function) => function(heap, meter, arguments),
            Kind::Window(_) => None,
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
                if let Kind::Window(_) = shortcut.0 {
                    self.set_role(native, Role::Window);
                }
            }
        }
    }

    /// The shortcut of a native function.
    #[inline(always)]
    pub(crate) fn shortcut(&self, native: NativeHandle) -> Option<Shortcut> {
        self.natives[native.index()].shortcut
    }
}

/// What a call instruction is about: the registers from the callee's on, and how many arguments are behind it.
#[inline(always)]
fn window_of<'r>(
    registers: &'r mut [Value; WINDOW],
    base: usize,
    top: &usize,
    instruction: Instruction,
) -> (&'r mut [Value], usize) {
    let first = instruction.a() as usize;
    let arguments = open_count(instruction.b(), top, base + first + 1);
    (&mut registers[first..], arguments)
}

/// Carries out a call instruction by the callee's shortcut, which gives one value. False if it has none that applies; then nothing has happened.
#[inline(never)]
pub(crate) fn take(
    heap: &mut Heap,
    meter: &mut Meter,
    registers: &mut [Value; WINDOW],
    base: usize,
    top: &mut usize,
    instruction: Instruction,
) -> bool {
    let (window, arguments) = window_of(registers, base, top, instruction);
    let Value::Native(native) = window[0] else {
        return false;
    };
    // The operand is one more than the results wanted; 0 stands for all there are.
    let wanted = instruction.c();
    let function = match heap.shortcut(native) {
        Some(Shortcut(Kind::Single(function))) if wanted <= 2 => function,
        Some(Shortcut(Kind::First(function))) if wanted <= 2 && wanted != 0 => function,
        _ => return false,
    };
    let Some(arguments) = window.get(1..=arguments) else {
        return false;
    };
    let Some(value) = function(heap, meter, arguments) else {
        return false;
    };
    copy_value(&value, &mut window[0]);
    if wanted == 0 {
        *top = base + instruction.a() as usize + 1;
    }
    true
}

/// The same for a shortcut that gives several values.
#[inline(never)]
pub(crate) fn take_window(
    heap: &mut Heap,
    meter: &mut Meter,
    libraries: &mut LibraryState,
    registers: &mut [Value; WINDOW],
    base: usize,
    top: &mut usize,
    instruction: Instruction,
) -> bool {
    let (window, arguments) = window_of(registers, base, top, instruction);
    let Value::Native(native) = window[0] else {
        return false;
    };
    let Some(Shortcut(Kind::Window(function))) = heap.shortcut(native) else {
        return false;
    };
    if window.len() < MOST_RESULTS || arguments >= window.len() {
        return false;
    }
    let Some(count) = function(heap, meter, libraries, window, arguments) else {
        return false;
    };
    match instruction.c() {
        0 => *top = base + instruction.a() as usize + count,
        wanted => {
            if let Some(missing) = window.get_mut(count..wanted as usize - 1) {
                for place in missing {
                    *place = Value::Nil;
                }
            }
        }
    }
    true
}
