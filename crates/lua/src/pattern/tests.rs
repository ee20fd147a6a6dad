use super::*;
use proptest::prelude::*;

/// Reads a string as Lua's `%q` writes it (with line ends as `\n`).
fn unquote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text[1..text.len() - 1].iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next().unwrap() {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            digit @ b'0'..=b'9' => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    match bytes.peek() {
                        Some(more) if more.is_ascii_digit() => {
                            value = value * 10 + u32::from(more - b'0');
                            bytes.next();
                        }
                        _ => break,
                    }
                }
                out.push(value as u8);
            }
            other => out.push(other),
        }
    }
    out
}

fn quote(text: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::new();
    crate::format::write_quoted(&mut quoted, text);
    let mut out = Vec::new();
    for pair in quoted.split_inclusive(|&byte| byte == b'\n') {
        if pair.ends_with(b"\\\n") {
            out.extend_from_slice(&pair[..pair.len() - 1]);
            out.push(b'n');
        } else {
            out.extend_from_slice(pair);
        }
    }
    out
}

fn run(
    search: &mut Search,
    pattern: &Pattern,
    subject: &[u8],
    slice: u64,
) -> Result<Step, PatternError> {
    for _ in 0..1_000_000 {
        let mut budget = slice;
        match search.run(pattern, subject, &mut budget)? {
            Step::OutOfBudget => {}
            step => return Ok(step),
        }
    }
    panic!("the search does not end");
}

fn show_capture(search: &Search, subject: &[u8], index: usize) -> Result<Vec<u8>, PatternError> {
    Ok(match search.capture(index)? {
        Capture::Span(start, end) => quote(&subject[start..end]),
        Capture::Position(at) => (at + 1).to_string().into_bytes(),
    })
}

fn failed(error: PatternError) -> Vec<u8> {
    [b"false ".to_vec(), quote(error.to_string().as_bytes())].concat()
}

fn find(pattern: &[u8], subject: &[u8], slice: u64) -> Result<Vec<u8>, PatternError> {
    if is_plain(pattern) {
        return Ok(match find_plain(subject, pattern, 0) {
            Some(at) => format!("true {} {}", at + 1, at + pattern.len()).into_bytes(),
            None => b"true nil".to_vec(),
        });
    }
    let compiled = Pattern::new(pattern, true);
    let mut search = Search::default();
    search.begin(0);
    let Step::Found { start, end } = run(&mut search, &compiled, subject, slice)? else {
        return Ok(b"true nil".to_vec());
    };
    let mut out = format!("true {} {}", start + 1, end).into_bytes();
    for index in 0..search.capture_count() {
        out.push(b' ');
        out.extend(show_capture(&search, subject, index)?);
    }
    Ok(out)
}

fn first_match(pattern: &[u8], subject: &[u8], slice: u64) -> Result<Vec<u8>, PatternError> {
    let compiled = Pattern::new(pattern, true);
    let mut search = Search::default();
    search.begin(0);
    let Step::Found { start, end } = run(&mut search, &compiled, subject, slice)? else {
        return Ok(b"true nil".to_vec());
    };
    let mut out = b"true".to_vec();
    if search.capture_count() == 0 {
        out.push(b' ');
        out.extend(quote(&subject[start..end]));
    }
    for index in 0..search.capture_count() {
        out.push(b' ');
        out.extend(show_capture(&search, subject, index)?);
    }
    Ok(out)
}

/// `pattern<TAB>subject<TAB>find<TAB>match` lines, printed by lua5.1.
#[test]
fn agrees_with_the_recorded_output_of_lua() {
    let recorded = include_bytes!("../../tests/recorded/patterns.txt");
    let mut cases = 0;
    for line in recorded
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let columns: Vec<&[u8]> = line.split(|&byte| byte == b'\t').collect();
        let (pattern, subject) = (unquote(columns[0]), unquote(columns[1]));
        for slice in [1, 3, 1_000_000] {
            let found = find(&pattern, &subject, slice).unwrap_or_else(failed);
            assert_eq!(
                String::from_utf8_lossy(&found),
                String::from_utf8_lossy(columns[2]),
                "find {}",
                String::from_utf8_lossy(line)
            );
            let matched = first_match(&pattern, &subject, slice).unwrap_or_else(failed);
            assert_eq!(
                String::from_utf8_lossy(&matched),
                String::from_utf8_lossy(columns[3]),
                "match {}",
                String::from_utf8_lossy(line)
            );
        }
        cases += 1;
    }
    assert!(cases > 1500);
}

#[test]
fn a_pattern_bomb_runs_out_of_budget() {
    let subject = vec![b'a'; 200];
    let pattern = Pattern::new(&[&b"a-".repeat(30)[..], b"b"].concat(), true);
    let mut search = Search::default();
    search.begin(0);
    let mut budget = 100_000;
    assert_eq!(
        search.run(&pattern, &subject, &mut budget),
        Ok(Step::OutOfBudget)
    );
    assert_eq!(budget, 0);
}

#[test]
fn a_very_long_pattern_is_too_complex_and_does_not_overflow_the_stack() {
    let pattern = Pattern::new(&b"a?".repeat(200_000), true);
    let subject = vec![b'a'; 200_000];
    let mut search = Search::default();
    search.begin(0);
    assert_eq!(
        search.run(&pattern, &subject, &mut 10_000_000),
        Err(PatternError::TooComplex)
    );
}

#[test]
fn a_long_repetition_is_cut_into_strides() {
    let subject = vec![b'a'; 1_000_000];
    let pattern = Pattern::new(b"%a*()", true);
    let mut search = Search::default();
    search.begin(0);
    assert_eq!(
        search.run(&pattern, &subject, &mut 10),
        Ok(Step::OutOfBudget)
    );
    assert_eq!(
        run(&mut search, &pattern, &subject, 10).unwrap(),
        Step::Found {
            start: 0,
            end: 1_000_000
        }
    );
    assert_eq!(search.capture(0), Ok(Capture::Position(1_000_000)));
}

proptest! {
    #[test]
    fn no_pattern_panics(
        pattern in proptest::collection::vec(prop_oneof![
            proptest::sample::select(b"%[]()^$.*+-?ab1fbz\0".to_vec()), any::<u8>()
        ], 0..20),
        subject in proptest::collection::vec(proptest::sample::select(b"ab(1)[x] \0".to_vec()), 0..30),
    ) {
        let compiled = Pattern::new(&pattern, true);
        let mut search = Search::default();
        search.begin(0);
        if let Ok(Step::Found { start, end }) = search.run(&compiled, &subject, &mut 100_000) {
            prop_assert!(start <= end && end <= subject.len());
            for index in 0..search.capture_count() {
                if let Ok(Capture::Span(start, end)) = search.capture(index) {
                    prop_assert!(start <= end && end <= subject.len());
                }
            }
        }
    }

    #[test]
    fn slicing_does_not_change_the_outcome(
        pattern in proptest::collection::vec(proptest::sample::select(b"%[]()^$.*+-?ab1fbw".to_vec()), 0..12),
        subject in proptest::collection::vec(proptest::sample::select(b"ab(1)x ".to_vec()), 0..20),
        slice in 1_u64..20,
    ) {
        let compiled = Pattern::new(&pattern, true);
        let mut whole = Search::default();
        whole.begin(0);
        let expected = whole.run(&compiled, &subject, &mut 1_000_000_000);
        let mut sliced = Search::default();
        sliced.begin(0);
        prop_assert_eq!(run(&mut sliced, &compiled, &subject, slice), expected);
    }

    #[test]
    fn plain_search_agrees_with_windows(
        subject in proptest::collection::vec(proptest::sample::select(b"ab".to_vec()), 0..300),
        needle in proptest::collection::vec(proptest::sample::select(b"ab".to_vec()), 1..6),
        from in 0_usize..300,
    ) {
        let from = from.min(subject.len());
        let expected = subject[from..].windows(needle.len()).position(|window| window == needle).map(|at| at + from);
        prop_assert_eq!(find_plain(&subject, &needle, from), expected);
    }
}
