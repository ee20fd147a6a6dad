//! Tokens: the words of Lua source.

use super::symbols::Symbol;

/// One token. Names and strings are symbols of the lexer's table; the text of numbers is already converted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token {
    And,
    Break,
    Do,
    Else,
    ElseIf,
    End,
    False,
    For,
    Function,
    If,
    In,
    Local,
    Nil,
    Not,
    Or,
    Repeat,
    Return,
    Then,
    True,
    Until,
    While,
    /// `..`
    Concat,
    /// `...`
    Dots,
    /// `==`
    Equal,
    /// `>=`
    GreaterEqual,
    /// `<=`
    LessEqual,
    /// `~=`
    NotEqual,
    /// Any other single byte, whether or not the language has a use for it.
    Byte(u8),
    Number(f64),
    Name(Symbol),
    String(Symbol),
    EndOfSource,
}

impl Token {
    /// The reserved word spelled `word`, if it is one.
    pub fn reserved(word: &[u8]) -> Option<Token> {
        // Most names are told apart from reserved words by length and first byte, without a comparison.
        if word.len() < 2 || word.len() > 8 {
            return None;
        }
        let token = match (word[0], word) {
            (b'a', b"and") => Token::And,
            (b'b', b"break") => Token::Break,
            (b'd', b"do") => Token::Do,
            (b'e', b"else") => Token::Else,
            (b'e', b"elseif") => Token::ElseIf,
            (b'e', b"end") => Token::End,
            (b'f', b"false") => Token::False,
            (b'f', b"for") => Token::For,
            (b'f', b"function") => Token::Function,
            (b'i', b"if") => Token::If,
            (b'i', b"in") => Token::In,
            (b'l', b"local") => Token::Local,
            (b'n', b"nil") => Token::Nil,
            (b'n', b"not") => Token::Not,
            (b'o', b"or") => Token::Or,
            (b'r', b"repeat") => Token::Repeat,
            (b'r', b"return") => Token::Return,
            (b't', b"then") => Token::Then,
            (b't', b"true") => Token::True,
            (b'u', b"until") => Token::Until,
            (b'w', b"while") => Token::While,
            _ => return None,
        };
        Some(token)
    }

    /// How a message names this kind of token when it was expected and did not come: `end`, `<name>`, `(`.
    pub fn spelling(self) -> &'static str {
        match self {
            Token::And => "and",
            Token::Break => "break",
            Token::Do => "do",
            Token::Else => "else",
            Token::ElseIf => "elseif",
            Token::End => "end",
            Token::False => "false",
            Token::For => "for",
            Token::Function => "function",
            Token::If => "if",
            Token::In => "in",
            Token::Local => "local",
            Token::Nil => "nil",
            Token::Not => "not",
            Token::Or => "or",
            Token::Repeat => "repeat",
            Token::Return => "return",
            Token::Then => "then",
            Token::True => "true",
            Token::Until => "until",
            Token::While => "while",
            Token::Concat => "..",
            Token::Dots => "...",
            Token::Equal => "==",
            Token::GreaterEqual => ">=",
            Token::LessEqual => "<=",
            Token::NotEqual => "~=",
            Token::Number(_) => "<number>",
            Token::Name(_) => "<name>",
            Token::String(_) => "<string>",
            Token::EndOfSource => "<eof>",
            Token::Byte(byte) => {
                const ASCII: &str = "\0\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}\t\n\u{b}\u{c}\r\u{e}\u{f}\u{10}\u{11}\
                    \u{12}\u{13}\u{14}\u{15}\u{16}\u{17}\u{18}\u{19}\u{1a}\u{1b}\u{1c}\u{1d}\u{1e}\u{1f} !\"#$%&'()*+,-\
                    ./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\u{7f}";
                let at = usize::from(byte);
                ASCII.get(at..at + 1).unwrap_or("?")
            }
        }
    }

    /// Whether a block ends before this token.
    pub fn ends_block(self) -> bool {
        matches!(
            self,
            Token::Else | Token::ElseIf | Token::End | Token::EndOfSource | Token::Until
        )
    }
}
