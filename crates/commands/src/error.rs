//! Why a command failed, with the texts that clients know.

use std::borrow::Cow;

use keyspace::WrongType;
use thiserror::Error;

/// A command's failure. Its `Display` is the error reply, code first, without the leading `-`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommandError {
    /// The key holds another type.
    #[error("{WRONG_TYPE}")]
    WrongType,
    /// The arguments do not fit the command's grammar.
    #[error("ERR syntax error")]
    Syntax,
    /// An argument or value is no 64-bit integer.
    #[error("{NOT_INTEGER}")]
    NotInteger,
    /// An argument or value is no number.
    #[error("ERR value is not a valid float")]
    NotFloat,
    /// A number lies outside what the command takes.
    #[error("ERR value is out of range")]
    OutOfRange,
    /// A number must not be negative.
    #[error("ERR value is out of range, must be positive")]
    MustBePositive,
    /// The key is not there.
    #[error("ERR no such key")]
    NoSuchKey,
    /// An index lies outside the value.
    #[error("ERR index out of range")]
    IndexOutOfRange,
    /// Too few or too many arguments; holds the command's full name, `set` or `config|get`.
    #[error("ERR wrong number of arguments for '{0}' command")]
    Arity(Cow<'static, str>),
    /// A subcommand nobody knows.
    #[error("ERR unknown subcommand '{}'. Try {container} HELP.", String::from_utf8_lossy(.given))]
    UnknownSubcommand {
        /// As the client wrote it.
        given: Vec<u8>,
        /// The container command in upper case.
        container: Cow<'static, str>,
    },
    /// Any other text, whole: `ERR …` or another code.
    #[error("{0}")]
    Text(Cow<'static, str>),
    /// A text that repeats what the client wrote, which may be any bytes.
    #[error("{}", String::from_utf8_lossy(.0))]
    Bytes(Vec<u8>),
}

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
/// Bytes shown of a subcommand that nobody knows.
const WORD_SHOWN_MAX: usize = 128;
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";

impl CommandError {
    /// The error reply, code first, without the leading `-`.
    pub fn reply(&self) -> Cow<'_, [u8]> {
        match self {
            CommandError::Bytes(bytes) => Cow::Borrowed(bytes),
            CommandError::UnknownSubcommand { given, container } => {
                let before = b"ERR unknown subcommand '".as_slice();
                let given = types::up_to_zero(&given[..given.len().min(WORD_SHOWN_MAX)]);
                let container = container.as_bytes();
                Cow::Owned([before, given, b"'. Try ", container, b" HELP."].concat())
            }
            CommandError::Text(Cow::Borrowed(text)) => Cow::Borrowed(text.as_bytes()),
            // The commonest of the others, without formatting.
            CommandError::NotInteger => Cow::Borrowed(NOT_INTEGER.as_bytes()),
            CommandError::WrongType => Cow::Borrowed(WRONG_TYPE.as_bytes()),
            other => Cow::Owned(other.to_string().into_bytes()),
        }
    }

    /// A fixed text, code first.
    pub const fn text(text: &'static str) -> CommandError {
        CommandError::Text(Cow::Borrowed(text))
    }

    /// A text with what the client wrote in it: its bytes, up to a zero byte.
    pub fn repeating(before: &str, given: &[u8], after: &str) -> CommandError {
        CommandError::Bytes(
            [
                before.as_bytes(),
                types::up_to_zero(given),
                after.as_bytes(),
            ]
            .concat(),
        )
    }

    /// A made text, code first.
    pub fn owned(text: String) -> CommandError {
        CommandError::Text(Cow::Owned(text))
    }
}

impl From<WrongType> for CommandError {
    fn from(_: WrongType) -> CommandError {
        CommandError::WrongType
    }
}

/// What a handler returns.
pub type CommandResult = Result<(), CommandError>;
