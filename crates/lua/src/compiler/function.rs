//! The function being compiled: its blocks, local variables, upvalues and constants.
//!
//! Names are resolved without searching: each symbol knows the innermost variable in scope that bears its name,
//! and each variable the one it hides. Likewise each symbol knows its constant in the function being compiled.

use std::sync::Arc;

use super::error::SyntaxError;
use super::jump::JumpList;
use super::{
    CompileError, Compiler, Displaced, MAX_CONSTANTS, MAX_DECLARATIONS, MAX_LOCALS, MAX_UPVALUES,
    Result,
};
use crate::lexer::{NONE, Symbol};
use crate::opcode::{Instruction, Opcode};
use crate::proto::{self, LocalVariable, Parts, Proto, UpvalueSource};

/// A local variable in scope (or declared and about to be).
pub struct Variable {
    symbol: Symbol,
    /// How many functions are around the one it belongs to.
    depth: u32,
    register: u8,
    /// The variable of the same name that it hides, or [`NONE`].
    hidden: u32,
    /// Its number among the function's debug records.
    record: u32,
}

/// A block being compiled.
pub struct Block {
    /// Breaks out of this block, if it is a loop.
    pub breaks: JumpList,
    /// Local variables active when it began.
    pub active: usize,
    /// Some variable of the block is an upvalue of an inner function.
    pub captured: bool,
    /// It is a loop.
    pub is_loop: bool,
}

/// The life of a local variable, for debuggers.
struct LocalRecord {
    symbol: Symbol,
    start: u32,
    end: u32,
}

/// A constant as the compiler has it.
#[derive(Clone, Copy)]
enum Constant {
    Nil,
    Boolean(bool),
    Number(f64),
    String(Symbol),
}

struct Upvalue {
    symbol: Symbol,
    /// Which variable it is, as a position in the compiler's stack of variables.
    variable: u32,
    source: UpvalueSource,
}

/// Where a name leads.
pub enum Place {
    Local(u8),
    Upvalue(u8),
    Global,
}

/// The state of a function being compiled.
pub struct Function {
    /// Distinguishes it from every other function of the chunk.
    serial: u32,
    pub code: Vec<Instruction>,
    pub lines: Vec<u32>,
    constants: Vec<Constant>,
    children: Vec<Arc<Proto>>,
    upvalues: Vec<Upvalue>,
    records: Vec<LocalRecord>,
    /// Indices of the constants nil, false and true, or [`NONE`].
    nil_constant: u32,
    boolean_constants: [u32; 2],
    /// The sign that all zeros of the function share (5.1 finds `0` and `-0` equal when it shares constants).
    zero: Option<f64>,
    /// Jumps to the next instruction.
    pub waiting: JumpList,
    /// The last place that is known to be a jump target.
    pub last_target: u32,
    /// Index of the last instruction that is not an extra word.
    pub last_instruction: u32,
    /// The lowest free register; those below hold active variables and temporaries.
    pub free_register: u8,
    /// Active local variables: they occupy the first registers.
    pub active: usize,
    pub max_stack: u8,
    first_variable: usize,
    pub first_block: usize,
    first_jump: usize,
    first_displaced: usize,
    pub parameters: u8,
    pub is_vararg: bool,
    pub needs_arg: bool,
    pub line_defined: u32,
    last_line_defined: u32,
}

impl Function {
    /// The main function of a chunk of the given length.
    pub fn main(source_length: usize) -> Function {
        let mut main = Function::with_room((source_length / 8).clamp(16, 4096));
        main.is_vararg = true;
        main
    }

    /// A function without code, with room for so much of it.
    fn with_room(words: usize) -> Function {
        Function {
            serial: 0,
            code: Vec::with_capacity(words),
            lines: Vec::with_capacity(words),
            constants: Vec::with_capacity(words / 2),
            children: Vec::new(),
            upvalues: Vec::new(),
            records: Vec::new(),
            nil_constant: NONE,
            boolean_constants: [NONE; 2],
            zero: None,
            waiting: JumpList::EMPTY,
            last_target: NONE,
            last_instruction: NONE,
            free_register: 0,
            active: 0,
            max_stack: 2,
            first_variable: 0,
            first_block: 0,
            first_jump: 0,
            first_displaced: 0,
            parameters: 0,
            is_vararg: false,
            needs_arg: false,
            line_defined: 0,
            last_line_defined: 0,
        }
    }

    /// A function without code, in the room of this one.
    fn emptied(mut self) -> Function {
        self.code.clear();
        self.lines.clear();
        self.constants.clear();
        self.children.clear();
        self.upvalues.clear();
        self.records.clear();
        Function {
            code: self.code,
            lines: self.lines,
            constants: self.constants,
            children: self.children,
            upvalues: self.upvalues,
            records: self.records,
            ..Function::with_room(0)
        }
    }

    /// The number as this function's constants would have it: all its zeros have the sign of the first.
    pub fn signed_zero(&mut self, value: f64) -> f64 {
        if value == 0.0 {
            *self.zero.get_or_insert(value)
        } else {
            value
        }
    }
}

impl Compiler<'_> {
    /// Begins a function nested in the current one.
    pub fn open_function(&mut self, line_defined: u32) {
        let mut inner = self.spare.pop().unwrap_or_else(|| Function::with_room(32));
        inner.serial = self.functions_made;
        self.functions_made += 1;
        inner.line_defined = line_defined;
        inner.first_variable = self.variables.len();
        inner.first_block = self.blocks.len();
        inner.first_jump = self.jumps.len();
        inner.first_displaced = self.displaced.len();
        self.enclosing
            .push(std::mem::replace(&mut self.function, inner));
    }

    /// Ends the current function and makes the one around it current again.
    pub fn close_function(&mut self, last_line: u32) -> Result<Proto> {
        self.leave_scope(0);
        self.emit_return(0, Some(0))?;
        let outer = self
            .enclosing
            .pop()
            .expect("a nested function has one around it");
        let mut function = std::mem::replace(&mut self.function, outer);
        function.last_line_defined = last_line;
        self.jumps.truncate(function.first_jump);
        for displaced in self.displaced.drain(function.first_displaced..) {
            let meaning = self.lexer.symbols.meaning_mut(displaced.symbol);
            meaning.constant_of = displaced.constant_of;
            meaning.constant = displaced.constant;
        }
        let proto = self.prototype(&mut function);
        self.spare.push(function.emptied());
        Ok(proto)
    }

    /// Ends the main function.
    pub fn finish_main(&mut self) -> Result<Proto> {
        self.leave_scope(0);
        self.emit_return(0, Some(0))?;
        let mut main = std::mem::replace(&mut self.function, Function::with_room(0));
        Ok(self.prototype(&mut main))
    }

    /// The finished form of a function. Its parts are copied, not shrunk: the function's room is used again.
    fn prototype(&mut self, function: &mut Function) -> Proto {
        let symbols = &self.lexer.symbols;
        let children = function.children.drain(..).collect();
        let parts = Parts {
            code: &function.code,
            lines: &function.lines,
            constants: function.constants.iter().map(|constant| match *constant {
                Constant::Nil => proto::Constant::Nil,
                Constant::Boolean(value) => proto::Constant::Boolean(value),
                Constant::Number(number) => proto::Constant::Number(number),
                Constant::String(symbol) => proto::Constant::String(symbols.text(symbol)),
            }),
            children,
            upvalues: function
                .upvalues
                .iter()
                .map(|upvalue| (upvalue.source, symbols.text(upvalue.symbol))),
            locals: function.records.iter().map(|record| LocalVariable {
                name: symbols.text(record.symbol),
                start: record.start,
                end: record.end,
            }),
            parameters: function.parameters,
            is_vararg: function.is_vararg,
            needs_arg: function.needs_arg,
            max_stack: function.max_stack,
            source: Arc::clone(self.source),
            line_defined: function.line_defined,
            last_line_defined: function.last_line_defined,
        };
        parts.pack(&mut self.packed)
    }

    /// Adds a nested function to the current one and returns its number.
    pub fn add_child(&mut self, child: Proto) -> Result<u16> {
        let Ok(index) = u16::try_from(self.function.children.len()) else {
            return Err(self.error_without_position(SyntaxError::ConstantOverflow));
        };
        self.function.children.push(Arc::new(child));
        Ok(index)
    }

    // ---- blocks and local variables ----------------------------------------------------------------

    pub fn enter_block(&mut self, is_loop: bool) {
        self.blocks.push(Block {
            breaks: JumpList::EMPTY,
            active: self.function.active,
            captured: false,
            is_loop,
        });
    }

    pub fn leave_block(&mut self) -> Result<()> {
        let block = self.blocks.pop().expect("every block left was entered");
        self.leave_scope(block.active);
        if block.captured {
            self.emit_abc(Opcode::Close, block.active as u8, 0, 0)?;
        }
        self.function.free_register = block.active as u8;
        self.patch_to_here(block.breaks);
        Ok(())
    }

    /// Declares a local variable, which comes into scope with [`Compiler::activate`].
    pub fn declare(&mut self, symbol: Symbol) -> Result<()> {
        let declared = self.variables.len() - self.function.first_variable;
        self.check_limit(declared + 1, MAX_LOCALS, "local variables")?;
        if self.function.records.len() >= MAX_DECLARATIONS {
            return Err(self.error_without_position(SyntaxError::TooManyDeclarations));
        }
        self.variables.push(Variable {
            symbol,
            depth: self.enclosing.len() as u32,
            register: declared as u8,
            hidden: NONE,
            record: self.function.records.len() as u32,
        });
        self.function.records.push(LocalRecord {
            symbol,
            start: 0,
            end: 0,
        });
        Ok(())
    }

    /// Declares a variable that only debuggers see.
    pub fn declare_hidden(&mut self, name: &'static [u8]) -> Result<()> {
        let symbol = self.lexer.symbols.intern(name);
        self.declare(symbol)
    }

    /// Brings the next `count` declared variables into scope. Their values are in their registers by now.
    pub fn activate(&mut self, count: usize) {
        let here = self.function.code.len() as u32;
        for _ in 0..count {
            let index = self.function.first_variable + self.function.active;
            let variable = &mut self.variables[index];
            let meaning = self.lexer.symbols.meaning_mut(variable.symbol);
            variable.hidden = meaning.variable;
            meaning.variable = index as u32;
            self.function.records[variable.record as usize].start = here;
            self.function.active += 1;
        }
    }

    /// Says that debuggers shall see the newest variable from the next instruction on.
    pub fn restart_newest_variable(&mut self) {
        let here = self.function.code.len() as u32;
        if let Some(record) = self.function.records.last_mut() {
            record.start = here;
        }
    }

    /// Ends the scope of all but the first `active` variables of the current function.
    fn leave_scope(&mut self, active: usize) {
        let here = self.function.code.len() as u32;
        while self.function.active > active {
            let Some(variable) = self.variables.pop() else {
                break;
            };
            self.lexer.symbols.meaning_mut(variable.symbol).variable = variable.hidden;
            self.function.records[variable.record as usize].end = here;
            self.function.active -= 1;
        }
    }

    /// Finds what a name stands for here, making it an upvalue of the functions between if need be.
    pub fn resolve(&mut self, symbol: Symbol) -> Result<Place> {
        let found = self.lexer.symbols.meaning(symbol).variable;
        if found == NONE {
            return Ok(Place::Global);
        }
        let Variable {
            depth, register, ..
        } = self.variables[found as usize];
        let own_depth = self.enclosing.len();
        let depth = depth as usize;
        if depth == own_depth {
            return Ok(Place::Local(register));
        }
        if let Some(index) = find_upvalue(&self.function, found) {
            return Ok(Place::Upvalue(index));
        }
        let mut source = UpvalueSource::Register(register);
        let mut upvalue = 0;
        for level in depth + 1..=own_depth {
            let function = if level == own_depth {
                &self.function
            } else {
                &self.enclosing[level]
            };
            upvalue = match find_upvalue(function, found) {
                Some(index) => index,
                None => {
                    let count = function.upvalues.len();
                    if count >= MAX_UPVALUES {
                        return Err(self.limit_error(function, MAX_UPVALUES, "upvalues"));
                    }
                    if level == depth + 1 {
                        self.mark_captured(depth, register);
                    }
                    let function = if level == own_depth {
                        &mut self.function
                    } else {
                        &mut self.enclosing[level]
                    };
                    function.upvalues.push(Upvalue {
                        symbol,
                        variable: found,
                        source,
                    });
                    count as u8
                }
            };
            source = UpvalueSource::Upvalue(upvalue);
        }
        Ok(Place::Upvalue(upvalue))
    }

    /// Notes that the variable in `register` of the function at `depth` is an upvalue of an inner one: the block
    /// it belongs to has to close it.
    fn mark_captured(&mut self, depth: usize, register: u8) {
        let first = self.enclosing[depth].first_block;
        let end = match self.enclosing.get(depth + 1) {
            Some(inner) => inner.first_block,
            None => self.function.first_block,
        };
        let owner = self.blocks[first..end]
            .iter_mut()
            .rev()
            .find(|block| block.active <= usize::from(register));
        if let Some(block) = owner {
            block.captured = true;
        }
    }

    // ---- constants ---------------------------------------------------------------------------------

    /// The index of a string constant.
    pub fn string_constant(&mut self, symbol: Symbol) -> Result<u32> {
        if let Some(index) = self.known_constant(symbol) {
            return Ok(index);
        }
        self.add_symbol_constant(symbol, Constant::String(symbol))
    }

    /// The index of a number constant.
    pub fn number_constant(&mut self, value: f64) -> Result<u32> {
        let value = self.function.signed_zero(value);
        let symbol = self.lexer.symbols.intern_number(value);
        if let Some(index) = self.known_constant(symbol) {
            return Ok(index);
        }
        self.add_symbol_constant(symbol, Constant::Number(value))
    }

    pub fn nil_constant(&mut self) -> Result<u32> {
        if self.function.nil_constant == NONE {
            self.function.nil_constant = self.add_constant(Constant::Nil)?;
        }
        Ok(self.function.nil_constant)
    }

    pub fn boolean_constant(&mut self, value: bool) -> Result<u32> {
        let known = usize::from(value);
        if self.function.boolean_constants[known] == NONE {
            self.function.boolean_constants[known] = self.add_constant(Constant::Boolean(value))?;
        }
        Ok(self.function.boolean_constants[known])
    }

    fn known_constant(&self, symbol: Symbol) -> Option<u32> {
        let meaning = self.lexer.symbols.meaning(symbol);
        (meaning.constant_of == self.function.serial).then_some(meaning.constant)
    }

    fn add_symbol_constant(&mut self, symbol: Symbol, constant: Constant) -> Result<u32> {
        let index = self.add_constant(constant)?;
        let meaning = self.lexer.symbols.meaning_mut(symbol);
        if meaning.constant_of != NONE {
            // It may be a constant of an enclosing function too, which wants to find it again.
            self.displaced.push(Displaced {
                symbol,
                constant_of: meaning.constant_of,
                constant: meaning.constant,
            });
        }
        meaning.constant_of = self.function.serial;
        meaning.constant = index;
        Ok(index)
    }

    fn add_constant(&mut self, constant: Constant) -> Result<u32> {
        if self.function.constants.len() >= MAX_CONSTANTS {
            return Err(self.error_without_position(SyntaxError::ConstantOverflow));
        }
        self.function.constants.push(constant);
        Ok(self.function.constants.len() as u32 - 1)
    }

    /// Some errors are reported without a position.
    #[cold]
    fn error_without_position(&self, kind: SyntaxError) -> Box<CompileError> {
        CompileError::new(kind, self.source, 0, None)
    }
}

fn find_upvalue(function: &Function, variable: u32) -> Option<u8> {
    let found = function
        .upvalues
        .iter()
        .position(|upvalue| upvalue.variable == variable)?;
    Some(found as u8)
}
