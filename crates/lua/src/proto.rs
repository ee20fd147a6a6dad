//! Function prototypes: what the compiler makes and every VM shares.
//!
//! A [`Proto`] is immutable and self-contained (its constants are byte strings and numbers, not values of some heap), hence `Send + Sync`: one `Arc<Proto>`
//! per distinct source text serves all VMs of a server. A VM *loads* it once (`Vm`), which interns the string constants into
//! that VM's heap; only that loaded form is executed.

use std::sync::Arc;

use crate::opcode::Instruction;

/// A constant of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `nil` (operand of `EqK`, `SetFieldK`, …).
    Nil,
    /// `true` or `false`.
    Boolean(bool),
    /// A number. Compilers must keep `0` and `-0` apart when they share constants, and must not share NaN.
    Number(f64),
    /// A string: any bytes.
    String(Box<[u8]>),
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalVariable {
    /// Its name; compiler-made ones are in parentheses: `(for generator)`, `(for state)`, `(for control)`, `(for index)`,
    /// `(for limit)`, `(for step)`, as in 5.1.
    pub name: Box<[u8]>,
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
    /// Source line of every word of `code` (same length), 1-based.
    pub lines: Box<[u32]>,
    /// The constants.
    pub constants: Box<[Constant]>,
    /// Nested functions, operands of `Closure`.
    pub children: Box<[Arc<Proto>]>,
    /// How a closure of this function gets its upvalues (at most 60).
    pub upvalues: Box<[UpvalueSource]>,
    /// Names of the upvalues (same length as `upvalues`).
    pub upvalue_names: Box<[Box<[u8]>]>,
    /// Scopes of the locals, in the order in which they were declared.
    pub locals: Box<[LocalVariable]>,
    /// Number of named parameters (without the implicit `arg`).
    pub parameters: u8,
    /// Accepts extra arguments (`...`). A main chunk does.
    pub is_vararg: bool,
    /// 5.1's `LUA_COMPAT_VARARG`: a vararg *function* (not a main chunk) that never mentions `...` gets the local `arg`, a table
    /// of the extra arguments with their number in field `n`, in register `parameters`. If this is false but the function is vararg and not a main
    /// chunk, that register still belongs to a local named `arg`, whose value is nil.
    pub needs_arg: bool,
    /// How many registers the function needs, at least 2, at most 250.
    pub max_stack: u8,
    /// Chunk name as given to the compiler (`@file`, `=name`, or the source text itself).
    /// Shared by all functions of a chunk.
    pub source: Arc<[u8]>,
    /// Line of the `function` keyword; 0 for a main chunk.
    pub line_defined: u32,
    /// Line of the closing `end`; 0 for a main chunk.
    pub last_line_defined: u32,
}

impl Proto {
    /// Bytes the prototype and all nested ones take beside the `Proto` itself.
    pub fn heap_size(&self) -> usize {
        let children: usize = self
            .children
            .iter()
            .map(|child| size_of::<Proto>() + child.heap_size())
            .sum();
        self.own_heap_size() + children
    }

    /// Bytes the prototype takes beside the `Proto` itself, without the nested ones.
    pub(crate) fn own_heap_size(&self) -> usize {
        let constants: usize = self
            .constants
            .iter()
            .map(|constant| {
                let text = if let Constant::String(text) = constant {
                    text.len()
                } else {
                    0
                };
                size_of::<Constant>() + text
            })
            .sum();
        let locals: usize = self
            .locals
            .iter()
            .map(|local| size_of::<LocalVariable>() + local.name.len())
            .sum();
        let names: usize = self
            .upvalue_names
            .iter()
            .map(|name| size_of::<Box<[u8]>>() + name.len())
            .sum();
        size_of_val(&*self.code)
            + size_of_val(&*self.lines)
            + constants
            + locals
            + names
            + self.upvalues.len() * size_of::<UpvalueSource>()
    }
}
