//! What the instructions do to what is known of the values.
//!
//! Each function is run over abstract values, block by block, until nothing changes; functions, and the variables and
//! results they share, are gone over until nothing changes in any of them. Only then is everything that was checked on the
//! way proven.

use std::rc::Rc;

use lua::opcode::{Instruction, Opcode};
use lua::operand::is_condition;
use lua::proto::{Constant, Proto};

use super::functions::{Captured, Function, collect};
use super::library::Persistence;
use super::value::{Known, Open};
use crate::script::KeyUse;

/// Instructions looked at before a script counts as too large to be understood.
const STEPS_MAX: usize = 200_000;

/// The analysis gives up: nothing is known of the script's keys.
#[derive(Debug)]
pub(super) struct GiveUp;

pub(super) type Result<T> = std::result::Result<T, GiveUp>;

/// What a script can touch; `None` if that is not known.
pub(super) fn analyze(main: &Proto) -> Option<KeyUse> {
    let (functions, variables) = collect(main)?;
    let mut analysis = Analysis {
        functions,
        variables: vec![Known::Unreached; variables],
        uses_keys: false,
        uses_any_key: false,
        library: None,
        changed: true,
        steps: 0,
    };
    analysis.run().ok()?;
    Some(analysis.key_use())
}

pub(super) struct Analysis<'a> {
    pub(super) functions: Vec<Function<'a>>,
    /// What is known of the variables that closures share.
    pub(super) variables: Vec<Known<'a>>,
    /// Some call has elements of KEYS where its command has keys.
    pub(super) uses_keys: bool,
    /// Some call may touch other keys than those of KEYS.
    pub(super) uses_any_key: bool,
    /// Set if the code is a library's.
    pub(super) library: Option<Persistence>,
    pub(super) changed: bool,
    pub(super) steps: usize,
}

/// What is known at one point of a function.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State<'a> {
    pub(super) registers: Vec<Known<'a>>,
    pub(super) open: Option<Open<'a>>,
}

impl<'a> State<'a> {
    /// Joins another state in; whether that changed anything.
    fn join(&mut self, other: &State<'a>) -> bool {
        let mut changed = false;
        for (mine, &theirs) in self.registers.iter_mut().zip(&other.registers) {
            let joined = mine.join(theirs);
            changed |= joined != *mine;
            *mine = joined;
        }
        changed
    }
}

impl<'a> Analysis<'a> {
    /// What the code can touch, when everything has been gone over.
    pub(super) fn key_use(&self) -> KeyUse {
        match (self.uses_any_key, self.uses_keys) {
            (true, _) => KeyUse::Any,
            (false, true) => KeyUse::Declared,
            (false, false) => KeyUse::None,
        }
    }

    pub(super) fn run(&mut self) -> Result<()> {
        while std::mem::take(&mut self.changed) {
            for number in 0..self.functions.len() {
                if self.functions[number].is_reached {
                    Walk::new(self, number).run()?;
                }
            }
            for function in &self.functions {
                if function.escapes && function.result.is_sensitive() {
                    return Err(GiveUp);
                }
            }
            self.release_stored()?;
        }
        Ok(())
    }

    fn join_variable(&mut self, variable: usize, known: Known<'a>) {
        let joined = self.variables[variable].join(known);
        self.changed |= joined != self.variables[variable];
        self.variables[variable] = joined;
    }

    pub(super) fn reach(&mut self, number: usize) {
        self.changed |= !self.functions[number].is_reached;
        self.functions[number].is_reached = true;
    }

    /// A value gets to where it is not followed.
    pub(super) fn release(&mut self, known: Known<'a>) -> Result<()> {
        match known {
            known if known.is_sensitive() => Err(GiveUp),
            Known::Shared => {
                self.shared_escapes();
                Ok(())
            }
            Known::Function(number) => {
                self.reach(number);
                let function = &mut self.functions[number];
                if !function.escapes {
                    function.escapes = true;
                    function.parameters.fill(Known::Other);
                    self.changed = true;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// One pass over one function.
pub(super) struct Walk<'w, 'a> {
    pub(super) analysis: &'w mut Analysis<'a>,
    pub(super) number: usize,
    proto: &'a Proto,
    constants: Rc<[Constant<'a>]>,
    captured: Vec<Captured>,
    /// What is known where a jump can arrive; the rest follows from the instruction before.
    arrivals: Vec<Option<State<'a>>>,
    is_target: Vec<bool>,
    pending: Vec<usize>,
    pub(super) state: State<'a>,
    at: usize,
}

impl<'w, 'a> Walk<'w, 'a> {
    fn new(analysis: &'w mut Analysis<'a>, number: usize) -> Walk<'w, 'a> {
        let function = &analysis.functions[number];
        let proto = function.proto;
        let constants = Rc::clone(&function.constants);
        let mut registers = vec![Known::Absent; usize::from(proto.max_stack) + 4];
        let parameters = &function.parameters;
        registers[..parameters.len()].copy_from_slice(parameters);
        if proto.needs_arg
            && let Some(arg) = registers.get_mut(parameters.len())
        {
            *arg = Known::Other;
        }
        let captured = function.captured.clone();
        let length = proto.code.len();
        Walk {
            analysis,
            number,
            proto,
            constants,
            captured,
            arrivals: vec![None; length + 1],
            is_target: targets(proto),
            pending: Vec::new(),
            state: State {
                registers,
                open: None,
            },
            at: 0,
        }
    }

    fn run(mut self) -> Result<()> {
        let first = self.state.clone();
        self.arrivals[0] = Some(first);
        self.pending.push(0);
        while let Some(start) = self.pending.pop() {
            let Some(state) = &self.arrivals[start] else {
                continue;
            };
            self.state = state.clone();
            self.at = start;
            while self.step()? {
                if self.is_target[self.at] {
                    self.arrive(self.at);
                    break;
                }
            }
        }
        Ok(())
    }

    /// A way through the code gets to `target` with the state as it is.
    fn arrive(&mut self, target: usize) {
        let changed = match &mut self.arrivals[target] {
            Some(state) => state.join(&self.state),
            empty => {
                *empty = Some(self.state.clone());
                true
            }
        };
        if changed {
            self.pending.push(target);
        }
    }

    // ---- registers ---------------------------------------------------------------------------------

    fn captured(&self, register: usize) -> Option<usize> {
        let alive = |captured: &&Captured| {
            captured.register == register && captured.start <= self.at && self.at < captured.end
        };
        self.captured
            .iter()
            .find(alive)
            .map(|captured| captured.variable)
    }

    pub(super) fn read(&self, register: usize) -> Result<Known<'a>> {
        let known = match self.captured(register) {
            Some(variable) => self.analysis.variables[variable],
            None => self.state.registers[register],
        };
        if known == Known::Conflict {
            return Err(GiveUp);
        }
        Ok(known)
    }

    pub(super) fn write(&mut self, register: usize, known: Known<'a>) {
        self.state.registers[register] = known;
        if let Some(variable) = self.captured(register) {
            self.analysis.join_variable(variable, known);
        }
    }

    /// Registers from `first` on hold leftovers that nobody reads.
    pub(super) fn forget_from(&mut self, first: usize) {
        if let Some(rest) = self.state.registers.get_mut(first..) {
            rest.fill(Known::Absent);
        }
    }

    /// Reads a register whose value gets to where it is not followed.
    pub(super) fn read_released(&mut self, register: usize) -> Result<Known<'a>> {
        let known = self.read(register)?;
        self.analysis.release(known)?;
        Ok(known)
    }

    fn constant(&self, index: usize) -> Known<'a> {
        match self.constants[index] {
            Constant::Nil | Constant::Boolean(_) => Known::Absent,
            Constant::Number(number) if number.is_nan() => Known::Other,
            Constant::Number(number) => Known::Number(number),
            Constant::String(text) => Known::Text(text),
        }
    }

    fn name(&self, index: usize) -> Result<&'a [u8]> {
        match self.constants[index] {
            Constant::String(text) => Ok(text),
            _ => Err(GiveUp),
        }
    }

    // ---- instructions --------------------------------------------------------------------------------

    /// One instruction; whether the next one may follow it, at `self.at`.
    fn step(&mut self) -> Result<bool> {
        self.analysis.steps += 1;
        if self.analysis.steps > STEPS_MAX {
            return Err(GiveUp);
        }
        for index in 0..self.captured.len() {
            let captured = self.captured[index];
            if captured.start == self.at {
                let known = self.state.registers[captured.register];
                self.analysis.join_variable(captured.variable, known);
            }
        }
        let word = self.proto.code[self.at];
        let next = self.at + if word.has_extra_word() { 2 } else { 1 };
        let (a, b, c) = operands(word);
        let opcode = word.opcode();
        if is_condition(opcode) {
            self.condition(word)?;
            return Ok(true);
        }
        match opcode {
            Opcode::Move => {
                let known = self.read(b)?;
                self.write(a, known);
            }
            Opcode::LoadK => {
                let known = self.constant(usize::from(word.bx()));
                self.write(a, known);
            }
            Opcode::LoadKx => {
                let known = self.constant(self.proto.code[self.at + 1].0 as usize);
                self.write(a, known);
            }
            Opcode::LoadInteger => self.write(a, Known::Number(f64::from(word.sbx()))),
            Opcode::LoadNil => (a..=a + b).for_each(|register| self.write(register, Known::Absent)),
            Opcode::LoadTrue | Opcode::LoadFalse => self.write(a, Known::Absent),
            Opcode::LoadFalseSkip => {
                self.write(a, Known::Absent);
                self.at = next + 1;
                return Ok(true);
            }
            Opcode::GetUpvalue => {
                let variable = self.analysis.functions[self.number].upvalues[b];
                let known = self.analysis.variables[variable];
                self.write(a, known);
            }
            Opcode::SetUpvalue => {
                let variable = self.analysis.functions[self.number].upvalues[b];
                let known = self.read(a)?;
                let known = self.kept_in_variable(variable, known)?;
                self.analysis.join_variable(variable, known);
            }
            Opcode::GetGlobal => self.global(a, usize::from(word.bx()))?,
            Opcode::GetGlobalKx => {
                let index = self.proto.code[self.at + 1].0 as usize;
                self.global(a, index)?;
            }
            // Globals cannot be set; how that fails is not worth following.
            Opcode::SetGlobal | Opcode::SetGlobalKx => return Err(GiveUp),
            Opcode::NewTable => {
                let known = self.new_table();
                self.write(a, known);
            }
            Opcode::GetTable => {
                let key = self.read_operand(c)?;
                let known = match (self.read(b)?, key) {
                    (Known::Keys, _) => Known::Key,
                    (Known::Shared, _) => Known::Shared,
                    (Known::Redis, Known::Text(name)) => redis_field(name),
                    (Known::Redis, _) => return Err(GiveUp),
                    _ => Known::Other,
                };
                self.write(a, known);
            }
            Opcode::GetField => {
                let known = self.field(self.read(b)?, self.name(c)?);
                self.write(a, known);
            }
            Opcode::GetInteger => {
                let known = match self.read(b)? {
                    Known::Keys => Known::Key,
                    Known::Shared => Known::Shared,
                    _ => Known::Other,
                };
                self.write(a, known);
            }
            Opcode::SetTable => {
                self.store(a, b)?;
                self.store(a, c)?;
            }
            Opcode::SetTableK => self.store(a, b)?,
            Opcode::SetField | Opcode::SetInteger => self.store(a, c)?,
            Opcode::SetFieldK => self.not_followed(a)?,
            Opcode::SelfField => {
                let object = self.read(b)?;
                let method = self.field(object, self.name(c)?);
                self.write(a + 1, object);
                self.write(a, method);
            }
            Opcode::SelfRegister => {
                self.read_released(c)?;
                let object = self.read_released(b)?;
                self.write(a + 1, object);
                self.write(a, Known::Other);
            }
            Opcode::SetList => {
                let last = if b == 0 { self.close_open()? } else { a + b };
                for register in a + 1..=last {
                    self.store(a, register)?;
                }
            }
            Opcode::Add | Opcode::Sub | Opcode::Mul | Opcode::Div | Opcode::Mod | Opcode::Pow => {
                self.read_operand(b)?;
                self.read_operand(c)?;
                self.write(a, Known::Other);
            }
            Opcode::AddK
            | Opcode::SubK
            | Opcode::MulK
            | Opcode::DivK
            | Opcode::ModK
            | Opcode::PowK
            | Opcode::Negate => {
                self.read_operand(b)?;
                self.write(a, Known::Other);
            }
            Opcode::KAdd
            | Opcode::KSub
            | Opcode::KMul
            | Opcode::KDiv
            | Opcode::KMod
            | Opcode::KPow => {
                self.read_operand(c)?;
                self.write(a, Known::Other);
            }
            Opcode::Not => self.write(a, Known::Absent),
            // KEYS has no metatable that could see it.
            Opcode::Length => {
                self.read(b)?;
                self.write(a, Known::Other);
            }
            Opcode::Concat => {
                for register in b..=c {
                    self.read_operand(register)?;
                }
                self.forget_from(b);
                self.write(a, Known::Other);
            }
            Opcode::Jump => {
                self.arrive(jump_target(next, word));
                return Ok(false);
            }
            Opcode::Call => {
                self.call(a, b)?;
                self.place_results(a, c);
            }
            Opcode::TailCall => {
                self.call(a, b)?;
                let known = self.state.registers[a];
                let further = self.state.open.map_or(Known::Other, |open| open.known);
                self.give(known, further)?;
                if self.number != 0 {
                    return Ok(false);
                }
                self.place_results(a, 0);
            }
            Opcode::Return => {
                self.return_values(a, b)?;
                return Ok(false);
            }
            Opcode::Return0 => {
                self.give(Known::Absent, Known::Absent)?;
                return Ok(false);
            }
            Opcode::Return1 => {
                let known = self.read(a)?;
                self.give(known, Known::Absent)?;
                return Ok(false);
            }
            Opcode::VarArg => {
                if b == 0 {
                    self.forget_from(a);
                    self.state.open = Some(Open {
                        start: a,
                        known: Known::Other,
                    });
                } else {
                    (a..a + b - 1).for_each(|register| self.write(register, Known::Other));
                }
            }
            Opcode::Closure => {
                let child = self.analysis.functions[self.number].children[usize::from(word.bx())];
                if self.analysis.library.is_none() {
                    self.analysis.reach(child);
                }
                self.write(a, Known::Function(child));
            }
            Opcode::Close => {}
            Opcode::ForPrep | Opcode::ForLoop => {
                (a..a + 3).try_for_each(|register| self.read_operand(register).map(drop))?;
                let leave = self.state.clone();
                let target = jump_target_wide(next, word);
                let (body, after) = if opcode == Opcode::ForPrep {
                    (next, target)
                } else {
                    (target, next)
                };
                self.write(a, Known::Other);
                self.write(a + 3, Known::Other);
                self.arrive(body);
                self.state = leave;
                self.arrive(after);
                return Ok(false);
            }
            Opcode::TForCall => {
                self.iterate(a, c)?;
            }
            Opcode::TForLoop => {
                let target = jump_target_wide(next, word);
                let control = self.read(a + 3)?;
                self.write(a + 2, control);
                self.arrive(target);
            }
            _ => return Err(GiveUp),
        }
        self.at = next;
        Ok(true)
    }

    fn condition(&mut self, word: Instruction) -> Result<()> {
        let (a, b, _) = operands(word);
        match word.opcode() {
            Opcode::Lt | Opcode::Le => {
                self.read_operand(a)?;
                self.read_operand(b)?;
            }
            Opcode::LtK | Opcode::LeK | Opcode::GtK | Opcode::GeK => {
                self.read_operand(a)?;
            }
            // Two values are equal without a metamethod, unless both are tables that have the same one; no sensitive one has.
            _ => {}
        }
        let jump = self.proto.code[self.at + 1];
        let after = self.at + 2;
        let target = jump_target(after, jump);
        if word.opcode() == Opcode::TestSet {
            let stay = self.state.clone();
            let known = self.read(b)?;
            self.write(a, known);
            self.arrive(target);
            self.state = stay;
        } else {
            self.arrive(target);
        }
        self.at = after;
        Ok(())
    }

    fn global(&mut self, a: usize, index: usize) -> Result<()> {
        let known = match self.name(index)? {
            b"redis" => Known::Redis,
            b"KEYS" => Known::Keys,
            b"unpack" => Known::Unpack,
            b"ipairs" | b"pairs" => Known::Iterate,
            b"pcall" => Known::ProtectedCall,
            b"type" | b"tostring" | b"tonumber" | b"rawequal" => Known::Reader,
            name @ (b"table" | b"string" | b"math" | b"cjson" | b"cmsgpack") => {
                Known::Library(name)
            }
            b"_G" | b"load" | b"loadstring" | b"getfenv" | b"setfenv" | b"debug" | b"require"
            | b"module" | b"dofile" | b"loadfile" => return Err(GiveUp),
            _ => Known::Other,
        };
        self.write(a, known);
        Ok(())
    }

    /// A table that is written to must not be one that is followed.
    pub(super) fn not_followed(&mut self, register: usize) -> Result<()> {
        match self.read(register)? {
            known if known.is_sensitive() => Err(GiveUp),
            Known::Shared => {
                self.writes_shared();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Reads an operand of an operator. Tables of a library have no metatables unless they get one at run time, and who
    /// gives them one has made them escape.
    fn read_operand(&mut self, register: usize) -> Result<Known<'a>> {
        match self.read(register)? {
            Known::Shared => Ok(Known::Shared),
            _ => self.read_released(register),
        }
    }

    /// A field of a table.
    fn field(&self, table: Known<'a>, name: &[u8]) -> Known<'a> {
        if table == Known::Redis && name == b"register_function" && self.is_loading() {
            return Known::Register;
        }
        field(table, name)
    }

    /// Returns the values from `R[a]` on. What the main chunk returns has nowhere to go but into the reply.
    fn return_values(&mut self, a: usize, b: usize) -> Result<()> {
        let open = if b == 0 { self.state.open.take() } else { None };
        if self.number == 0 {
            return Ok(());
        }
        let end = open.map_or((a + b).saturating_sub(1), |open| open.start);
        let mut further = open.map_or(Known::Absent, |open| open.known);
        for register in a + 1..end {
            further = further.join(self.read_operand(register)?);
        }
        let first = if end > a {
            self.read(a)?
        } else {
            open.map_or(Known::Absent, |open| open.known)
        };
        self.give(first, further)
    }

    /// The function returns this value, and these after it.
    fn give(&mut self, first: Known<'a>, further: Known<'a>) -> Result<()> {
        if self.number == 0 {
            return Ok(());
        }
        if further != Known::Shared {
            self.analysis.release(further)?;
        }
        let first = if let Known::Function(_) = first {
            self.analysis.release(first)?;
            Known::Other
        } else {
            first
        };
        let function = &mut self.analysis.functions[self.number];
        let joined = (function.result.join(first), function.further.join(further));
        self.analysis.changed |= joined != (function.result, function.further);
        (function.result, function.further) = joined;
        Ok(())
    }

    /// Takes the open values: the register of the last one that is followed by itself. The rest must be harmless.
    fn close_open(&mut self) -> Result<usize> {
        let open = self.state.open.take().ok_or(GiveUp)?;
        self.analysis.release(open.known)?;
        // Nothing in the open part is sensitive, so what is before it is all there is to look at.
        Ok(open.start.saturating_sub(1))
    }
}

fn operands(word: Instruction) -> (usize, usize, usize) {
    (
        usize::from(word.a()),
        usize::from(word.b()),
        usize::from(word.c()),
    )
}

fn jump_target(from: usize, word: Instruction) -> usize {
    (from as i64 + i64::from(word.sj())) as usize
}

fn jump_target_wide(from: usize, word: Instruction) -> usize {
    (from as i64 + i64::from(word.sbx())) as usize
}

/// Where jumps can arrive.
fn targets(proto: &Proto) -> Vec<bool> {
    let mut targets = vec![false; proto.code.len() + 1];
    let mut at = 0;
    while at < proto.code.len() {
        let word = proto.code[at];
        let next = at + if word.has_extra_word() { 2 } else { 1 };
        match word.opcode() {
            Opcode::Jump => targets[jump_target(next, word)] = true,
            Opcode::ForPrep | Opcode::ForLoop => {
                targets[jump_target_wide(next, word)] = true;
                targets[next] = true;
            }
            Opcode::TForLoop => targets[jump_target_wide(next, word)] = true,
            _ => {}
        }
        at = next;
    }
    targets
}

/// A field of a table.
fn field<'a>(table: Known<'a>, name: &[u8]) -> Known<'a> {
    match table {
        Known::Redis => redis_field(name),
        Known::Keys => Known::Key,
        Known::Shared => Known::Shared,
        Known::Library(library) => match (library, name) {
            (b"string" | b"math", _)
            | (b"table", b"concat" | b"getn" | b"maxn")
            | (b"cjson", b"encode")
            | (b"cmsgpack", b"pack") => Known::Reader,
            _ => Known::Other,
        },
        _ => Known::Other,
    }
}

fn redis_field<'a>(name: &[u8]) -> Known<'a> {
    match name {
        b"call" | b"pcall" => Known::Call,
        b"log" => Known::Reader,
        _ => Known::Other,
    }
}
