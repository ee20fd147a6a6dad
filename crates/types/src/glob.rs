//! Glob patterns of KEYS, SCAN, PSUBSCRIBE and CONFIG GET: `* ? [abc] [^a-z] \x`.

/// Whether `text` matches `pattern` as a whole; with `ignore_case`, ASCII letters match in either case.
pub fn matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    let mut pattern_at = 0;
    let mut text_at = 0;
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern_at < pattern.len() && pattern[pattern_at] == b'*' {
            pattern_at += 1;
            star = Some((pattern_at, text_at));
            continue;
        }
        if text_at == text.len() {
            if pattern_at == pattern.len() {
                return true;
            }
        } else if pattern_at < pattern.len()
            && let Some(next) = match_one(pattern, pattern_at, text[text_at], ignore_case)
        {
            pattern_at = next;
            text_at += 1;
            continue;
        }
        match &mut star {
            Some((after, from)) if *from < text.len() => {
                *from += 1;
                pattern_at = *after;
                text_at = *from;
            }
            _ => return false,
        }
    }
}

fn fold(byte: u8, ignore_case: bool) -> u8 {
    if ignore_case {
        byte.to_ascii_lowercase()
    } else {
        byte
    }
}

/// Matches one byte against the pattern element at `at`; returns where the next element starts.
fn match_one(pattern: &[u8], at: usize, byte: u8, ignore_case: bool) -> Option<usize> {
    let byte = fold(byte, ignore_case);
    match pattern[at] {
        b'?' => Some(at + 1),
        b'[' => {
            let (matched, next) = match_class(pattern, at + 1, byte, ignore_case);
            matched.then_some(next)
        }
        b'\\' if at + 1 < pattern.len() => {
            (fold(pattern[at + 1], ignore_case) == byte).then_some(at + 2)
        }
        literal => (fold(literal, ignore_case) == byte).then_some(at + 1),
    }
}

fn match_class(pattern: &[u8], mut at: usize, byte: u8, ignore_case: bool) -> (bool, usize) {
    let negated = pattern.get(at) == Some(&b'^');
    if negated {
        at += 1;
    }
    let mut matched = false;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' if at + 1 < pattern.len() => {
                at += 1;
                matched |= pattern[at] == byte;
            }
            b']' => {
                at += 1;
                break;
            }
            first if at + 2 < pattern.len() && pattern[at + 1] == b'-' => {
                let (low, high) = (first.min(pattern[at + 2]), first.max(pattern[at + 2]));
                matched |= (fold(low, ignore_case)..=fold(high, ignore_case)).contains(&byte);
                at += 2;
            }
            literal => matched |= fold(literal, ignore_case) == byte,
        }
        at += 1;
    }
    (matched != negated, at)
}
