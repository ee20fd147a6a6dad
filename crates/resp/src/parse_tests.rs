use proptest::prelude::*;

use super::*;

fn parse_with(input: &[u8], limits: &Limits) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    let mut buffer = input.to_vec();
    let mut parser = RequestParser::new();
    let mut found = Vec::new();
    loop {
        match parser.parse(&mut buffer, limits)? {
            Parse::Incomplete => return Ok(found),
            Parse::Empty(consumed) => drop(buffer.drain(..consumed)),
            Parse::Request(consumed) => {
                found.push(parser.request(&buffer).iter().map(<[u8]>::to_vec).collect());
                buffer.drain(..consumed);
            }
        }
    }
}

fn parse(input: &[u8]) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    parse_with(input, &Limits::default())
}

fn one(args: &[&[u8]]) -> Result<Vec<Vec<Vec<u8>>>, ProtocolError> {
    Ok(vec![args.iter().map(|arg| arg.to_vec()).collect()])
}

#[test]
fn multibulk_requests() {
    assert_eq!(parse(b"*1\r\n$4\r\nPING\r\n"), one(&[b"PING"]));
    assert_eq!(
        parse(b"*2\r\n$4\r\nECHO\r\n$5\r\na\r\nb\0\r\n"),
        one(&[b"ECHO", b"a\r\nb\0"])
    );
    assert_eq!(parse(b"*1\r\n$0\r\n\r\n"), one(&[b""]));
    assert_eq!(
        parse(b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n").map(|all| all.len()),
        Ok(2)
    );
    assert_eq!(parse(b"*1\rx$4\rxPING\r\n"), one(&[b"PING"]));
}

#[test]
fn empty_requests_are_skipped() {
    for empty in ["\r\n", "\n", "   \r\n", "*0\r\n", "*-1\r\n", "*-5\r\n"] {
        assert_eq!(
            parse(format!("{empty}*1\r\n$4\r\nPING\r\n").as_bytes()),
            one(&[b"PING"]),
            "{empty:?}"
        );
    }
}

#[test]
fn protocol_errors() {
    use ProtocolError::*;
    let cases: &[(&[u8], ProtocolError)] = &[
        (b"*abc\r\n", InvalidMultibulkLength),
        (b"*\r\n", InvalidMultibulkLength),
        (b"*+1\r\n", InvalidMultibulkLength),
        (b"* 1\r\n", InvalidMultibulkLength),
        (b"*01\r\n", InvalidMultibulkLength),
        (b"*-0\r\n", InvalidMultibulkLength),
        (b"*1 \r\n", InvalidMultibulkLength),
        (b"*2147483648\r\n", InvalidMultibulkLength),
        (b"*9223372036854775808\r\n", InvalidMultibulkLength),
        (b"*1\n$4\r\nPING\r\n", InvalidMultibulkLength),
        (b"*1\r\n#4\r\n", ExpectedDollar(b'#')),
        (b"*1\r\n\r\n", ExpectedDollar(b'\r')),
        (b"*1\r\n\xff3\r\n", ExpectedDollar(0xff)),
        (b"*1\r\n$abc\r\n", InvalidBulkLength),
        (b"*1\r\n$-1\r\n", InvalidBulkLength),
        (b"*1\r\n$04\r\n", InvalidBulkLength),
        (b"*1\r\n$536870913\r\n", InvalidBulkLength),
        (b"PING \"abc\r\n", UnbalancedQuotes),
        (b"PING \"a\"b\r\n", UnbalancedQuotes),
        (b"PING 'a'b\r\n", UnbalancedQuotes),
        (b"PING \"\\\"\r\n", UnbalancedQuotes),
    ];
    for (input, error) in cases {
        assert_eq!(
            parse(input),
            Err(*error),
            "{:?}",
            String::from_utf8_lossy(input)
        );
    }
    assert_eq!(parse(&[b'a'; INLINE_MAX + 1]), Err(InlineTooBig));
    assert_eq!(parse(&[b'a'; INLINE_MAX]), Ok(vec![]));
    assert_eq!(
        parse(&[b"*".as_slice(), &[b'1'; INLINE_MAX]].concat()),
        Err(MultibulkCountTooBig)
    );
    assert_eq!(
        parse(&[b"*".as_slice(), &[b'1'; INLINE_MAX - 1]].concat()),
        Ok(vec![])
    );
    assert_eq!(
        parse(&[b"*1\r\n$".as_slice(), &[b'1'; INLINE_MAX]].concat()),
        Err(BulkCountTooBig)
    );
    assert_eq!(parse(b"*2147483647\r\n"), Ok(vec![]));
    assert_eq!(parse(b"*1\r\n$536870912\r\n"), Ok(vec![]));
}

#[test]
fn error_texts() {
    use ProtocolError::*;
    let cases: &[(ProtocolError, &[u8])] = &[
        (InvalidMultibulkLength, b"invalid multibulk length"),
        (
            UnauthenticatedMultibulkLength,
            b"unauthenticated multibulk length",
        ),
        (InvalidBulkLength, b"invalid bulk length"),
        (UnauthenticatedBulkLength, b"unauthenticated bulk length"),
        (ExpectedDollar(0xff), b"expected '$', got '\xff'"),
        (UnbalancedQuotes, b"unbalanced quotes in request"),
        (InlineTooBig, b"too big inline request"),
        (MultibulkCountTooBig, b"too big mbulk count string"),
        (BulkCountTooBig, b"too big bulk count string"),
    ];
    for (error, text) in cases {
        assert_eq!(error.reply(), [b"ERR Protocol error: ", *text].concat());
    }
}

#[test]
fn small_requests_only_before_authentication() {
    let limits = Limits {
        authenticated: false,
        ..Limits::default()
    };
    assert_eq!(parse_with(b"*10\r\n", &limits), Ok(vec![]));
    assert_eq!(
        parse_with(b"*11\r\n", &limits),
        Err(ProtocolError::UnauthenticatedMultibulkLength)
    );
    assert_eq!(parse_with(b"*2\r\n$16384\r\n", &limits), Ok(vec![]));
    assert_eq!(
        parse_with(b"*2\r\n$16385\r\n", &limits),
        Err(ProtocolError::UnauthenticatedBulkLength)
    );
}

#[test]
fn inline_quotes_and_escapes() {
    let cases: &[(&[u8], &[&[u8]])] = &[
        (b"PING\n", &[b"PING"]),
        (b"PING \"a\\x41b\\n\"\r\n", &[b"PING", b"aAb\n"]),
        (b"PING 'a\\'b\\n'\r\n", &[b"PING", b"a'b\\n"]),
        (b"PING a\"b c\"\r\n", &[b"PING", b"ab c"]),
        (b"PING \"\" ''\r\n", &[b"PING", b"", b""]),
        (
            b"PING \"\\q\\a\\b\\t\\r\\xzz\\x4\"\r\n",
            &[b"PING", b"q\x07\x08\t\rxzzx4"],
        ),
        (b"PING\ta\x0bb\r\n", &[b"PING", b"a\x0bb"]),
        (b"PING a\rb\r\n", &[b"PING", b"a", b"b"]),
        (b"PING a\r\r\n", &[b"PING", b"a"]),
        (b"PING \"a\"\x0b\r\n", &[b"PING", b"a"]),
        (b"PING '\\x'\r\n", &[b"PING", b"\\x"]),
        (b"$4\r\n", &[b"$4"]),
    ];
    for (input, args) in cases {
        assert_eq!(
            parse(input),
            one(args),
            "{:?}",
            String::from_utf8_lossy(input)
        );
    }
    assert_eq!(parse(b"PING a\0b\r\nPING\r\n"), Ok(vec![]));
    let long = [b"PING ".as_slice(), &[b'a'; 70_000], b"\r\n"].concat();
    assert_eq!(parse(&long).map(|all| all[0][1].len()), Ok(70_000));
}

#[test]
fn a_large_argument_in_small_pieces_is_looked_at_once() {
    let mut buffer = b"*2\r\n$3\r\nSET\r\n$8388608\r\n".to_vec();
    let mut parser = RequestParser::new();
    assert_eq!(
        parser.parse(&mut buffer, &Limits::default()),
        Ok(Parse::Incomplete)
    );
    assert_eq!(parser.needed(), buffer.len() + 8_388_608 + 2);
    // A parser that rescanned would need some 10^10 steps here.
    for _ in 0..8_388_608 / 1024 {
        buffer.extend_from_slice(&[b'\r'; 1024]);
        assert_eq!(
            parser.parse(&mut buffer, &Limits::default()),
            Ok(Parse::Incomplete)
        );
    }
    buffer.extend_from_slice(b"\r\n");
    assert_eq!(
        parser.parse(&mut buffer, &Limits::default()),
        Ok(Parse::Request(buffer.len()))
    );
    assert_eq!(parser.request(&buffer)[1].len(), 8_388_608);
}

proptest! {
    #[test]
    fn quoted_text_is_one_argument_again(text in proptest::collection::vec(any::<u8>(), 0..50)) {
        let mut line = b"  ".to_vec();
        quote(&text, &mut line);
        line.push(b' ');
        let mut spans = Vec::new();
        split_line(&mut line, &mut spans);
        prop_assert_eq!(spans.len(), 1);
        prop_assert_eq!(spans[0].of(&line), &text[..]);
        if !needs_quotes(&text) {
            spans.clear();
            split_line(&mut text.clone(), &mut spans);
            prop_assert_eq!(&spans[..], &[Span { start: 0, end: text.len() }]);
        }
    }

    #[test]
    fn encoded_requests_come_back(
        requests in proptest::collection::vec(
            proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..30), 1..6), 0..8)
    ) {
        let mut input = Vec::new();
        for request in &requests {
            input.extend_from_slice(format!("*{}\r\n", request.len()).as_bytes());
            for arg in request {
                input.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
                input.extend_from_slice(arg);
                input.extend_from_slice(b"\r\n");
            }
        }
        prop_assert_eq!(parse(&input), Ok(requests));
    }

    #[test]
    fn integers_have_one_form(value: i64) {
        prop_assert_eq!(integer(value.to_string().as_bytes()), Some(value));
    }
}

#[test]
fn whole_requests_are_read_in_one_step_and_nothing_else_is() {
    let read = |input: &[u8]| {
        let mut spans = Vec::new();
        let consumed = whole_request(input, &mut spans)?;
        let args: Vec<Vec<u8>> = spans.iter().map(|span| span.of(input).to_vec()).collect();
        Some((consumed, args))
    };
    assert_eq!(read(b"*1\r\n$0\r\n\r\n"), Some((10, vec![vec![]])));
    assert_eq!(
        read(b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1"),
        Some((20, vec![b"GET".to_vec(), b"a".to_vec()]))
    );
    for digits in [10, 99, 100, 999] {
        let input = [
            format!("*1\r\n${digits}\r\n").into_bytes(),
            vec![b'x'; digits + 2],
        ]
        .concat();
        assert_eq!(
            read(&input).map(|(consumed, _)| consumed),
            Some(input.len())
        );
        assert_eq!(read(&input[..input.len() - 1]), None);
    }
    for other in [
        "",
        "*",
        "*1\r\n",
        "*0\r\n$0\r\n\r\n",
        "*01\r\n$0\r\n\r\n",
        "*1\r\n$00\r\n\r\n",
        "*1\n$4\r\nPING\r\n",
        "*-1\r\n$0\r\n\r\n",
        "*1\r\n$4\rxPING\r\n",
        "*1\r\n#4\r\nPING\r\n",
        "PING\r\nPING\r\n",
        "*1\r\n$+1\r\na\r\n",
        "*2\r\n$4\r\nPING\r\n",
    ] {
        assert_eq!(read(other.as_bytes()), None, "{other:?}");
    }
}
