//! Function prototypes: what the compiler makes and every VM shares.
//!
//! A [`Proto`] is immutable and self-contained (its constants are byte strings and numbers, not values of some heap), hence `Send + Sync`: one `Arc<Proto>`
//! per distinct source text serves all VMs of a server. A VM *loads* it once (`Vm`), which interns the string constants into
//! that VM's heap; only that loaded form is executed.
//!
//! A server keeps the prototypes of every script it was ever given, so they are kept small: beside the instructions there is one
//! piece of memory with everything else in [packed] form, read when a function is loaded, fails or is looked at by a debugger.

use std::sync::Arc;

pub use self::packed::{Constants, Locals, Names};
use self::packed::{Packer, Width};
use crate::opcode::Instruction;

mod packed;

/// A constant of a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant<'p> {
    /// `nil` (operand of `EqK`, `SetFieldK`, …).
    Nil,
    /// `true` or `false`.
    Boolean(bool),
    /// A number. Compilers must keep `0` and `-0` apart when they share constants, and must not share NaN.
    Number(f64),
    /// A string: any bytes.
    String(&'p [u8]),
}

/// Where a closure finds one of its upvalues when it is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpvalueSource {
    /// Register of the enclosing function: captured (and shared with other closures that capture it while it is open).
    Register(u8),
    /// Upvalue of the enclosing function.
    Upvalue(u8),
}

/// The scope of a local variable, for error messages and debuggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalVariable<'p> {
    /// Its name; compiler-made ones are in parentheses: `(for generator)`, `(for state)`, `(for control)`, `(for index)`,
    /// `(for limit)`, `(for step)`, as in 5.1.
    pub name: &'p [u8],
    /// First instruction (index) at which it is alive.
    pub start: u32,
    /// First instruction at which it is dead.
    pub end: u32,
}

/// A compiled function.
///
/// The local variables alive at an instruction occupy registers 0, 1, 2, … in the order of [`locals`](Proto::locals) (which is the
/// order of declaration), as in 5.1. Parameters come first and are alive from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Proto {
    /// The instructions (and raw extra words). The last one executed on any path is a return.
    /// Shared so that a loaded prototype reaches it without a detour.
    pub code: Arc<[Instruction]>,
    /// Nested functions, operands of `Closure`.
    pub children: Box<[Arc<Proto>]>,
    /// Chunk name as given to the compiler (`@file`, `=name`, or the source text itself).
    /// Shared by all functions of a chunk.
    pub source: Arc<[u8]>,
    /// Sources of the upvalues, lines, constants, the last line, names of the upvalues, locals: in this order.
    packed: Box<[u8]>,
    /// Where in `packed` the constants begin, and where what only people want to know does.
    constants_at: u32,
    names_at: u32,
    /// The smallest line of any word of the code; `packed` holds what the others are more.
    first_line: u32,
    /// Line of the `function` keyword; 0 for a main chunk.
    pub line_defined: u32,
    line_width: Width,
    upvalue_count: u8,
    /// Number of named parameters (without the implicit `arg`).
    pub parameters: u8,
    /// How many registers the function needs, at least 2, at most 250.
    pub max_stack: u8,
    /// Accepts extra arguments (`...`). A main chunk does.
    pub is_vararg: bool,
    /// 5.1's `LUA_COMPAT_VARARG`: a vararg *function* (not a main chunk) that never mentions `...` gets the local `arg`, a table
    /// of the extra arguments with their number in field `n`, in register `parameters`. If this is false but the function is vararg and not a main
    /// chunk, that register still belongs to a local named `arg`, whose value is nil.
    pub needs_arg: bool,
}

/// What the compiler has found out about a function, to make a [`Proto`] of.
pub(crate) struct Parts<'a, U, C, L> {
    pub(crate) code: &'a [Instruction],
    /// Source line of every word of `code`, 1-based.
    pub(crate) lines: &'a [u32],
    /// The constants.
    pub(crate) constants: C,
    /// Nested functions.
    pub(crate) children: Box<[Arc<Proto>]>,
    /// How a closure gets its upvalues, and what they are called; at most 60.
    pub(crate) upvalues: U,
    /// Scopes of the locals, in the order in which they were declared.
    pub(crate) locals: L,
    pub(crate) source: Arc<[u8]>,
    pub(crate) line_defined: u32,
    pub(crate) last_line_defined: u32,
    pub(crate) parameters: u8,
    pub(crate) max_stack: u8,
    pub(crate) is_vararg: bool,
    pub(crate) needs_arg: bool,
}

impl<'a, U, C, L> Parts<'a, U, C, L>
where
    U: Iterator<Item = (UpvalueSource, &'a [u8])> + Clone,
    C: ExactSizeIterator<Item = Constant<'a>>,
    L: Iterator<Item = LocalVariable<'a>>,
{
    /// The prototype. `scratch` is room to pack it in, whatever is in there.
    pub(crate) fn pack(self, scratch: &mut Vec<u8>) -> Proto {
        let mut packer = Packer::new(scratch);
        let mut upvalue_count = 0;
        for (source, _) in self.upvalues.clone() {
            packer.upvalue(source);
            upvalue_count += 1;
        }
        let (first_line, line_width) = packer.lines(self.lines);
        let constants_at = packer.length();
        packer.number(self.constants.len() as u64);
        self.constants
            .for_each(|constant| packer.constant(constant));
        let names_at = packer.length();
        packer.number(self.last_line_defined.into());
        for (_, name) in self.upvalues {
            packer.name(name);
        }
        self.locals.for_each(|local| packer.local(local));
        Proto {
            code: self.code.into(),
            children: self.children,
            source: self.source,
            packed: scratch.as_slice().into(),
            constants_at,
            names_at,
            first_line,
            line_defined: self.line_defined,
            line_width,
            upvalue_count,
            parameters: self.parameters,
            max_stack: self.max_stack,
            is_vararg: self.is_vararg,
            needs_arg: self.needs_arg,
        }
    }
}

impl Proto {
    /// Source line of a word of the code, 1-based; `None` beyond its end.
    pub fn line(&self, at: usize) -> Option<u32> {
        let lines = self
            .packed
            .get(self.lines_at()..self.constants_at as usize)?;
        let more = self.line_width.get(lines, at)?;
        (at < self.code.len()).then(|| self.first_line.wrapping_add(more))
    }

    fn lines_at(&self) -> usize {
        2 * usize::from(self.upvalue_count)
    }

    /// Whether there is a line for each word of the code, as there has to be.
    pub(crate) fn has_lines(&self) -> bool {
        let bytes = (self.constants_at as usize).checked_sub(self.lines_at());
        bytes == self.line_width.bytes().checked_mul(self.code.len())
    }

    /// The constants.
    pub fn constants(&self) -> Constants<'_> {
        let packed = self.packed.get(self.constants_at as usize..);
        Constants::new(packed.unwrap_or_default())
    }

    /// One constant. Takes time in proportion to its number: who wants many goes over [all](Proto::constants).
    pub fn constant(&self, index: usize) -> Option<Constant<'_>> {
        self.constants().nth(index)
    }

    /// How many upvalues a closure of this function has, at most 60.
    pub fn upvalue_count(&self) -> usize {
        usize::from(self.upvalue_count)
    }

    /// How a closure of this function gets its upvalues.
    #[inline]
    pub fn upvalues(&self) -> impl ExactSizeIterator<Item = UpvalueSource> {
        let packed = self.packed.get(..self.lines_at()).unwrap_or_default();
        packed.chunks_exact(2).map(|source| match source[0] {
            0 => UpvalueSource::Register(source[1]),
            _ => UpvalueSource::Upvalue(source[1]),
        })
    }

    /// Line of the closing `end`; 0 for a main chunk.
    pub fn last_line_defined(&self) -> u32 {
        let packed = self.packed.get(self.names_at as usize..);
        Names::new(packed.unwrap_or_default(), 0).0
    }

    /// Names of the upvalues, in the same order.
    pub fn upvalue_names(&self) -> Names<'_> {
        let packed = self.packed.get(self.names_at as usize..);
        let packed = packed.unwrap_or_default();
        Names::new(packed, self.upvalue_count.into()).1
    }

    /// Scopes of the locals, in the order in which they were declared.
    pub fn locals(&self) -> Locals<'_> {
        let mut names = self.upvalue_names();
        names.by_ref().for_each(drop);
        Locals::new(names.rest())
    }

    /// Bytes the prototype and all nested ones take beside the `Proto` itself.
    pub fn heap_size(&self) -> usize {
        let children: usize = self
            .children
            .iter()
            .map(|child| SHARED_BYTES + size_of::<Proto>() + child.heap_size())
            .sum();
        self.own_heap_size() + children
    }

    /// Bytes the prototype takes beside the `Proto` itself, without the nested ones.
    pub(crate) fn own_heap_size(&self) -> usize {
        SHARED_BYTES + size_of_val(&*self.code) + self.packed.len() + size_of_val(&*self.children)
    }
}

/// What the two counts in front of something shared take.
const SHARED_BYTES: usize = 2 * size_of::<usize>();

#[cfg(test)]
mod tests;
