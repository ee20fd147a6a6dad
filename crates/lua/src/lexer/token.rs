//! Tokens: the words of Lua source.

/// Declares the tokens that have one spelling.
macro_rules! tokens {
    ($($name:ident $spelling:literal,)*) => {
        /// The kind of a token; one byte, because the parser looks at it all the time. What a name, string or
        /// number is, the lexer knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Token {
            $($name,)*
            Name,
            String,
            Number,
            EndOfSource,
            /// A byte that the language has no use for.
            Unknown,
        }

        impl Token {
            /// How a message names this kind of token when it was expected and did not come: `end`, `<name>`, `(`.
            pub fn spelling(self) -> &'static str {
                match self {
                    $(Token::$name => $spelling,)*
                    Token::Name => "<name>",
                    Token::String => "<string>",
                    Token::Number => "<number>",
                    Token::EndOfSource => "<eof>",
                    Token::Unknown => "?",
                }
            }
        }
    };
}

tokens! {
    And "and",
    Break "break",
    Do "do",
    Else "else",
    ElseIf "elseif",
    End "end",
    False "false",
    For "for",
    Function "function",
    If "if",
    In "in",
    Local "local",
    Nil "nil",
    Not "not",
    Or "or",
    Repeat "repeat",
    Return "return",
    Then "then",
    True "true",
    Until "until",
    While "while",
    Plus "+",
    Minus "-",
    Star "*",
    Slash "/",
    Percent "%",
    Caret "^",
    Hash "#",
    Equal "==",
    NotEqual "~=",
    LessEqual "<=",
    GreaterEqual ">=",
    Less "<",
    Greater ">",
    Assign "=",
    OpenParenthesis "(",
    CloseParenthesis ")",
    OpenBrace "{",
    CloseBrace "}",
    OpenBracket "[",
    CloseBracket "]",
    Semicolon ";",
    Colon ":",
    Comma ",",
    Dot ".",
    Concat "..",
    Dots "...",
}

impl Token {
    /// The reserved word spelled `word`, if it is one.
    #[inline]
    pub fn reserved(word: &[u8]) -> Option<Token> {
        // Most names are told apart from reserved words by length and first byte, without a comparison.
        let [first, rest @ ..] = word else {
            return None;
        };
        let token = match (first, rest) {
            (b'a', b"nd") => Token::And,
            (b'b', b"reak") => Token::Break,
            (b'd', b"o") => Token::Do,
            (b'e', b"lse") => Token::Else,
            (b'e', b"lseif") => Token::ElseIf,
            (b'e', b"nd") => Token::End,
            (b'f', b"alse") => Token::False,
            (b'f', b"or") => Token::For,
            (b'f', b"unction") => Token::Function,
            (b'i', b"f") => Token::If,
            (b'i', b"n") => Token::In,
            (b'l', b"ocal") => Token::Local,
            (b'n', b"il") => Token::Nil,
            (b'n', b"ot") => Token::Not,
            (b'o', b"r") => Token::Or,
            (b'r', b"epeat") => Token::Repeat,
            (b'r', b"eturn") => Token::Return,
            (b't', b"hen") => Token::Then,
            (b't', b"rue") => Token::True,
            (b'u', b"ntil") => Token::Until,
            (b'w', b"hile") => Token::While,
            _ => return None,
        };
        Some(token)
    }

    /// The token that a byte is by itself, unless it begins one that needs more looking at.
    pub const fn single(byte: u8) -> Token {
        match byte {
            b'+' => Token::Plus,
            b'-' => Token::Minus,
            b'*' => Token::Star,
            b'/' => Token::Slash,
            b'%' => Token::Percent,
            b'^' => Token::Caret,
            b'#' => Token::Hash,
            b'<' => Token::Less,
            b'>' => Token::Greater,
            b'=' => Token::Assign,
            b'(' => Token::OpenParenthesis,
            b')' => Token::CloseParenthesis,
            b'{' => Token::OpenBrace,
            b'}' => Token::CloseBrace,
            b'[' => Token::OpenBracket,
            b']' => Token::CloseBracket,
            b';' => Token::Semicolon,
            b':' => Token::Colon,
            b',' => Token::Comma,
            b'.' => Token::Dot,
            _ => Token::Unknown,
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
