//! The functions of a script, and the variables that closures share.

use std::rc::Rc;

use lua::opcode::Opcode;
use lua::proto::{Constant, Proto, UpvalueSource};

use super::value::Known;

/// A function of the script.
pub(super) struct Function<'a> {
    pub(super) proto: &'a Proto,
    pub(super) constants: Rc<[Constant<'a>]>,
    /// Numbers of the nested functions, in the order of the prototype's.
    pub(super) children: Vec<usize>,
    /// Its locals that closures capture.
    pub(super) captured: Vec<Captured>,
    /// The shared variable behind each upvalue.
    pub(super) upvalues: Vec<usize>,
    /// Whether a closure of it is made anywhere.
    pub(super) is_reached: bool,
    /// Whether a closure of it got to where it is not followed: anybody may call it with anything.
    pub(super) escapes: bool,
    pub(super) parameters: Vec<Known<'a>>,
    /// Its first result.
    pub(super) result: Known<'a>,
    /// All its further results.
    pub(super) further: Known<'a>,
}

/// A local variable that closures capture: while it is alive, its register is the shared variable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Captured {
    pub(super) register: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Number of the shared variable.
    pub(super) variable: usize,
}

/// All functions of a script, the main chunk first, and how many variables they share. `None` if the code has a shape that
/// is not understood.
pub(super) fn collect<'a>(main: &'a Proto) -> Option<(Vec<Function<'a>>, usize)> {
    let mut collection = Collection {
        functions: Vec::new(),
        variables: 0,
    };
    collection.add(main, Vec::new())?;
    Some((collection.functions, collection.variables))
}

struct Collection<'a> {
    functions: Vec<Function<'a>>,
    variables: usize,
}

impl<'a> Collection<'a> {
    fn add(&mut self, proto: &'a Proto, upvalues: Vec<usize>) -> Option<usize> {
        let number = self.functions.len();
        self.functions.push(Function {
            proto,
            constants: proto.constants().collect(),
            children: Vec::new(),
            captured: Vec::new(),
            upvalues,
            is_reached: number == 0,
            escapes: false,
            parameters: vec![Known::Unreached; usize::from(proto.parameters)],
            result: Known::Unreached,
            further: Known::Unreached,
        });
        let mut children = vec![None; proto.children.len()];
        let mut captured: Vec<Captured> = Vec::new();
        let mut at = 0;
        while at < proto.code.len() {
            let word = proto.code[at];
            if word.opcode() == Opcode::Closure {
                let index = usize::from(word.bx());
                let child = proto.children.get(index)?;
                if children[index].is_some() {
                    return None;
                }
                let mut variables = Vec::with_capacity(child.upvalue_count());
                for source in child.upvalues() {
                    variables.push(match source {
                        UpvalueSource::Upvalue(index) => {
                            *self.functions[number].upvalues.get(usize::from(index))?
                        }
                        UpvalueSource::Register(register) => {
                            let own = register == word.a();
                            let scope = scope_of(proto, usize::from(register), at, own)?;
                            self.variable(&mut captured, scope)
                        }
                    });
                }
                children[index] = Some(self.add(child, variables)?);
            }
            at += if word.has_extra_word() { 2 } else { 1 };
        }
        let function = &mut self.functions[number];
        function.captured = captured;
        // A nested function that is never made has no number; nothing asks for it.
        function.children = children
            .into_iter()
            .map(|child| child.unwrap_or(usize::MAX))
            .collect();
        Some(number)
    }

    fn variable(&mut self, captured: &mut Vec<Captured>, scope: (usize, usize, usize)) -> usize {
        let (register, start, end) = scope;
        let known = captured
            .iter()
            .find(|captured| captured.register == register && captured.start == start);
        if let Some(known) = known {
            return known.variable;
        }
        let variable = self.variables;
        self.variables += 1;
        captured.push(Captured {
            register,
            start,
            end,
            variable,
        });
        variable
    }
}

/// Register, first and end instruction of the local that a closure made at `at` captures. `own` if the closure itself
/// becomes that register's value: a local function is alive only from the next instruction on.
fn scope_of(proto: &Proto, register: usize, at: usize, own: bool) -> Option<(usize, usize, usize)> {
    let mut found = None;
    for (index, local) in proto.locals().enumerate() {
        let (start, end) = (local.start as usize, local.end as usize);
        let alive = start <= at && at < end;
        let alive_next = own && start == at + 1;
        if !(alive || alive_next) {
            continue;
        }
        let below = proto
            .locals()
            .take(index)
            .filter(|other| other.start as usize <= start && start < other.end as usize)
            .count();
        if below == register {
            found = Some((register, start, end));
        }
    }
    found
}
