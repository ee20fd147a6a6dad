use super::*;

/// The tokens of a source, names and strings as text.
fn tokens(source: &str) -> Result<Vec<String>, String> {
    let mut lexer = Lexer::new(source.as_bytes(), b"=t");
    let mut out = Vec::new();
    loop {
        lexer.advance().map_err(|error| error.to_string())?;
        out.push(match lexer.token() {
            Token::EndOfSource => return Ok(out),
            Token::Name => String::from_utf8_lossy(lexer.symbols.text(lexer.symbol())).into(),
            Token::String => {
                format!(
                    "{:?}",
                    String::from_utf8_lossy(lexer.symbols.text(lexer.symbol()))
                )
            }
            Token::Number => format!("{:?}", lexer.number()),
            Token::Unknown => {
                String::from_utf8_lossy(&lexer.source[lexer.position - 1..lexer.position]).into()
            }
            token => token.spelling().into(),
        });
    }
}

fn joined(source: &str) -> String {
    tokens(source).map_or_else(|error| error, |tokens| tokens.join(" "))
}

#[test]
fn words_and_signs() {
    assert_eq!(
        joined("if andy and _x1 then..."),
        "if andy and _x1 then ..."
    );
    assert_eq!(
        joined("a==b=c~=d<=e<f>=g>h..i.j"),
        "a == b = c ~= d <= e < f >= g > h .. i . j"
    );
    assert_eq!(
        joined("x--c\ny--[[z\n]]w--[==[\n]]]=]]==]v--[=\nu"),
        "x y w v u"
    );
    assert_eq!(joined("{#t;%}~@"), "{ # t ; % } ~ @");
}

#[test]
fn strings() {
    assert_eq!(
        joined(
            r#"'a\n\65\q\'"' "x\
y""#
        ),
        r#""a\nAq'\"" "x\ny""#
    );
    assert_eq!(
        joined("[[\nab]] [==[]]]=]\r\n\r]==]"),
        r#""ab" "]]]=]\n\n""#
    );
    assert_eq!(joined(r"'\0019\48'"), r#""\u{1}90""#);
}

#[test]
fn numbers() {
    assert_eq!(
        joined("0 007 3.5 .5 5. 1e3 1E-2 0x10 0XfF"),
        "0.0 7.0 3.5 0.5 5.0 1000.0 0.01 16.0 255.0"
    );
    assert_eq!(joined("1e+"), "t:1: malformed number near '1e+'");
    assert_eq!(joined("3..2"), "t:1: malformed number near '3..2'");
    assert_eq!(joined("3 ..2"), "3.0 .. 2.0");
}

#[test]
fn lines_are_counted_by_line_ends_of_any_kind() {
    let mut lexer = Lexer::new(b"a\nb\r\nc\n\rd\r\re", b"=t");
    let mut lines = Vec::new();
    loop {
        lexer.advance().expect("the source is right");
        if lexer.token() == Token::EndOfSource {
            break;
        }
        lines.push(lexer.line);
    }
    assert_eq!(lines, [1, 2, 3, 4, 6]);
}

#[test]
fn the_lookahead_becomes_the_current_token() {
    let mut lexer = Lexer::new(b"a = 'x\\n'", b"=t");
    lexer.advance().expect("a name");
    assert_eq!(lexer.look_ahead().expect("a sign"), Token::Assign);
    assert_eq!(lexer.look_ahead().expect("the same sign"), Token::Assign);
    lexer.advance().expect("a sign");
    assert_eq!(lexer.token(), Token::Assign);
    lexer.advance().expect("a string");
    assert_eq!(lexer.symbols.text(lexer.symbol()), b"x\n");
}

#[test]
fn a_zero_byte_passes_for_dots_and_exponents() {
    assert_eq!(joined("a.\0b"), "a .. b");
    assert_eq!(joined("..\0 .\0. .\0\0"), "... ... ...");
    assert_eq!(joined("1\0 2.\0+3 .5\x009 4\0x"), "1.0 2.0 0.5 4.0");
    assert_eq!(joined("1\0-2-3"), "1.0 - 3.0");
    assert!(joined("1e\0").contains("malformed number near '1e'"));
}
