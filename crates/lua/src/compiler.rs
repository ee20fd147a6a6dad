//! The compiler: one pass from tokens to register bytecode.
//!
//! A recursive-descent parser over the [`Lexer`] generates code as it goes, without a syntax tree. An
//! expression that has been parsed is an [`Expression`](expression::Expression): a description of where its value is or how it can be
//! made, turned into code as late as possible, so that the value lands in the right register, or in no register at
//! all when an instruction takes it as a constant. Conditions are lists of jumps waiting for their targets.
//!
//! Evaluation order, register use, limits, error messages and the line of every instruction follow Lua 5.1.5: all
//! of them can be observed by a program. Nesting is limited to [`MAX_LEVELS`] as there; within that limit the
//! recursion fits a thread with a 512 KB stack. Time is linear in the length of the source, memory too.

mod constructor;
mod emit;
pub mod error;
mod expression;
mod function;
mod grammar;
mod jump;
mod loops;
mod operator;
mod statement;

use std::sync::Arc;

use self::error::{CompileError, SyntaxError};
use self::function::{Block, Function, Variable};
use self::jump::JumpNode;
use crate::lexer::{Lexer, Symbol, Token};
use crate::proto::Proto;

/// The deepest nesting of blocks and expressions, counted together (5.1's `LUAI_MAXCCALLS`).
pub const MAX_LEVELS: u32 = 200;

/// The most local variables alive at once in a function (5.1's `LUAI_MAXVARS`).
const MAX_LOCALS: usize = 200;

/// The most local variables a function declares from its beginning to its end (5.1 counts their debug records in a `short`).
const MAX_DECLARATIONS: usize = i16::MAX as usize;

/// The most upvalues of a function (5.1's `LUAI_MAXUPVALUES`).
const MAX_UPVALUES: usize = 60;

/// The most constants of a function (5.1's `MAXARG_Bx` + 1).
const MAX_CONSTANTS: usize = 1 << 18;

/// What the parts of the compiler return: errors are boxed to keep the success path small.
type Result<T> = std::result::Result<T, Box<CompileError>>;

/// Compiles a chunk to the prototype of its main function.
///
/// `chunk_name` is shown in messages and kept in the prototype: `=name`, `@file`, or the source text itself.
///
/// # Errors
/// The first syntax error, worded and placed as Lua 5.1.5 does. Precompiled chunks are no text: as in Redis, their first byte
/// is the error.
pub fn compile(source: &[u8], chunk_name: &[u8]) -> std::result::Result<Proto, CompileError> {
    compile_shared(source, &chunk_name.into(), 0)
}

/// As [`compile`], with a name that other chunks may have, too.
///
/// `native_calls` is 0, but for a chunk compiled on behalf of running code: Lua counts the native calls in progress (`loadstring`
/// itself is one) among the nesting levels, of which that many fewer are left to the source.
///
/// # Errors
/// As [`compile`].
pub fn compile_shared(
    source: &[u8],
    chunk_name: &Arc<[u8]>,
    native_calls: u32,
) -> std::result::Result<Proto, CompileError> {
    let proto = compile_boxed(source, chunk_name, native_calls).map_err(|error| *error)?;
    #[cfg(debug_assertions)]
    if let Err(fault) = crate::verify::verify(&proto) {
        panic!("the compiler made invalid code: {fault}");
    }
    Ok(proto)
}

fn compile_boxed(source: &[u8], chunk_name: &Arc<[u8]>, native_calls: u32) -> Result<Proto> {
    // Positions, lines and symbol numbers are 32 bits wide; half of that range leaves room for sums.
    if source.len() > i32::MAX as usize {
        return Err(CompileError::new(
            SyntaxError::ChunkTooLarge,
            chunk_name,
            0,
            None,
        ));
    }
    let mut compiler = Compiler {
        lexer: Lexer::new(source, chunk_name),
        function: Function::main(source.len()),
        enclosing: Vec::new(),
        spare: Vec::new(),
        variables: Vec::new(),
        blocks: Vec::new(),
        jumps: Vec::new(),
        displaced: Vec::new(),
        functions_made: 1,
        levels: native_calls,
        source: chunk_name,
        packed: Vec::with_capacity(256),
    };
    compiler.main()
}

/// A constant's place that an inner function has taken over in a symbol's meaning, to be put back when it is done.
struct Displaced {
    symbol: Symbol,
    constant_of: u32,
    constant: u32,
}

/// The state of one compilation.
struct Compiler<'s> {
    lexer: Lexer<'s>,
    /// The function being compiled.
    function: Function,
    /// The functions around it, outermost first.
    enclosing: Vec<Function>,
    /// Finished functions, whose room serves the next ones.
    spare: Vec<Function>,
    /// Local variables declared and still in scope, of all these functions.
    variables: Vec<Variable>,
    /// Blocks being compiled, of all these functions.
    blocks: Vec<Block>,
    /// Jumps of all these functions, as nodes of jump lists.
    jumps: Vec<JumpNode>,
    displaced: Vec<Displaced>,
    /// The serial number of the next function.
    functions_made: u32,
    levels: u32,
    source: &'s Arc<[u8]>,
    /// Room in which prototypes are packed.
    packed: Vec<u8>,
}

impl Compiler<'_> {
    fn main(&mut self) -> Result<Proto> {
        self.lexer.advance()?;
        self.chunk()?;
        self.check(Token::EndOfSource)?;
        self.finish_main()
    }

    /// Enters one level of nesting; the caller leaves it again with [`Compiler::leave_level`].
    fn enter_level(&mut self) -> Result<()> {
        self.levels += 1;
        if self.levels > MAX_LEVELS {
            return Err(self.lexer.error_without_token(SyntaxError::TooManyLevels));
        }
        Ok(())
    }

    fn leave_level(&mut self) {
        self.levels -= 1;
    }

    fn token(&self) -> Token {
        self.lexer.token()
    }

    fn advance(&mut self) -> Result<()> {
        self.lexer.advance()
    }

    /// Passes the token if it is the current one.
    fn accept(&mut self, token: Token) -> Result<bool> {
        if self.token() != token {
            return Ok(false);
        }
        self.advance()?;
        Ok(true)
    }

    /// Fails unless the token is the current one.
    fn check(&self, token: Token) -> Result<()> {
        if self.token() == token {
            return Ok(());
        }
        Err(self.lexer.error(SyntaxError::Expected(token.spelling())))
    }

    /// Passes the token, which must be the current one.
    fn expect(&mut self, token: Token) -> Result<()> {
        self.check(token)?;
        self.advance()
    }

    /// Passes the token that closes what `opening` opened on `line`.
    fn expect_closing(&mut self, token: Token, opening: Token, line: u32) -> Result<()> {
        if self.token() == token {
            return self.advance();
        }
        let expected = token.spelling();
        Err(self.lexer.error(if line == self.lexer.line {
            SyntaxError::Expected(expected)
        } else {
            SyntaxError::Unclosed {
                expected,
                opened: opening.spelling(),
                line,
            }
        }))
    }

    /// Passes a name.
    fn expect_name(&mut self) -> Result<Symbol> {
        self.check(Token::Name)?;
        let symbol = self.lexer.symbol();
        self.advance()?;
        Ok(symbol)
    }

    /// Fails with "function … has more than `most` `what`" if `count` is above `most`.
    fn check_limit(&self, count: usize, most: usize, what: &'static str) -> Result<()> {
        if count <= most {
            return Ok(());
        }
        Err(self.limit_error(&self.function, most, what))
    }

    #[cold]
    fn limit_error(
        &self,
        function: &Function,
        most: usize,
        what: &'static str,
    ) -> Box<CompileError> {
        let line = function.line_defined;
        self.lexer.error_without_token(if line == 0 {
            SyntaxError::MainLimit { most, what }
        } else {
            SyntaxError::FunctionLimit { line, most, what }
        })
    }
}

#[cfg(test)]
mod tests;
