//! Syntax errors, worded as Lua 5.1.5 words them.

use thiserror::Error;

use crate::chunk_id::{SYNTAX_ERROR_ROOM, write_chunk_id};

/// What is wrong with the source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SyntaxError {
    #[error("unfinished string")]
    UnfinishedString,
    #[error("unfinished long string")]
    UnfinishedLongString,
    #[error("unfinished long comment")]
    UnfinishedLongComment,
    #[error("invalid long string delimiter")]
    InvalidLongStringDelimiter,
    #[error("nesting of [[...]] is deprecated")]
    NestedLongString,
    #[error("escape sequence too large")]
    EscapeTooLarge,
    #[error("malformed number")]
    MalformedNumber,
    #[error("unexpected symbol")]
    UnexpectedSymbol,
    #[error("syntax error")]
    NotAStatement,
    #[error("'{0}' expected")]
    Expected(&'static str),
    #[error("'{expected}' expected (to close '{opened}' at line {line})")]
    Unclosed {
        expected: &'static str,
        opened: &'static str,
        line: u32,
    },
    #[error("'=' or 'in' expected")]
    EqualOrInExpected,
    #[error("<name> or '...' expected")]
    ParameterExpected,
    #[error("function arguments expected")]
    ArgumentsExpected,
    #[error("ambiguous syntax (function call x new statement)")]
    AmbiguousCall,
    #[error("no loop to break")]
    NoLoopToBreak,
    #[error("cannot use '...' outside a vararg function")]
    DotsOutsideVararg,
    #[error("chunk has too many syntax levels")]
    TooManyLevels,
    #[error("function or expression too complex")]
    TooComplex,
    #[error("control structure too long")]
    JumpTooLong,
    #[error("main function has more than {most} {what}")]
    MainLimit { most: usize, what: &'static str },
    #[error("function at line {line} has more than {most} {what}")]
    FunctionLimit {
        line: u32,
        most: usize,
        what: &'static str,
    },
    #[error("too many local variables")]
    TooManyDeclarations,
    #[error("constant table overflow")]
    ConstantOverflow,
    #[error("chunk too large")]
    ChunkTooLarge,
}

/// Why a source could not be compiled, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// What is wrong.
    pub kind: SyntaxError,
    /// The line the lexer had reached, from 1. Zero for errors that have no position.
    pub line: u32,
    /// The text of the offending token, when the message shows it.
    pub near: Option<Box<[u8]>>,
    /// The readable form of the chunk's name.
    pub chunk_id: Box<[u8]>,
}

impl CompileError {
    pub(crate) fn new(
        kind: SyntaxError,
        chunk_name: &[u8],
        line: u32,
        near: Option<Box<[u8]>>,
    ) -> Box<CompileError> {
        let mut chunk_id = Vec::new();
        write_chunk_id(&mut chunk_id, chunk_name, SYNTAX_ERROR_ROOM);
        Box::new(CompileError {
            kind,
            line,
            near,
            chunk_id: chunk_id.into(),
        })
    }

    /// The message as Lua shows it: `chunk:line: what near 'token'`. Bytes, for the source may not be UTF-8.
    pub fn message(&self) -> Vec<u8> {
        let mut message = Vec::new();
        if self.line > 0 {
            message.extend_from_slice(&self.chunk_id);
            message.extend_from_slice(format!(":{}: ", self.line).as_bytes());
        }
        message.extend_from_slice(self.kind.to_string().as_bytes());
        if let Some(near) = &self.near {
            message.extend_from_slice(b" near '");
            message.extend_from_slice(near);
            message.push(b'\'');
        }
        message
    }
}

impl std::fmt::Display for CompileError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.message()))
    }
}

impl std::error::Error for CompileError {}
