//! Glob patterns of KEYS, SCAN, PSUBSCRIBE and CONFIG GET: `* ? [abc] [^a-z] \x`.

/// Whether `text` matches `pattern` as a whole; with `ignore_case`, ASCII letters match in either
/// case.
///
/// As in Redis, an empty text matches only an empty pattern. The commands that take the pattern `*`
/// for no pattern at all (KEYS, SCAN and its kin) do so before they come here.
pub fn matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let mut pattern_at = 0;
    let mut text_at = 0;
    // Where the pattern goes on behind the last star, and where in the text that star's match ends
    // so far. Only the last star needs to be tried again: whatever an earlier one could match more,
    // this one can match too.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match pattern.get(pattern_at) {
            Some(b'*') => {
                pattern_at += 1;
                star = Some((pattern_at, text_at));
                continue;
            }
            None if text_at == text.len() => return true,
            Some(_) if text_at < text.len() => {
                if let Some(next) = match_one(pattern, pattern_at, text[text_at], ignore_case) {
                    pattern_at = next;
                    text_at += 1;
                    continue;
                }
            }
            _ => {}
        }
        match &mut star {
            Some((after, end)) if *end < text.len() => {
                *end += 1;
                pattern_at = *after;
                text_at = *end;
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

/// Matches one byte against the pattern's element at `at`; returns where the next element starts.
fn match_one(pattern: &[u8], at: usize, byte: u8, ignore_case: bool) -> Option<usize> {
    let is_same = |literal| fold(literal, ignore_case) == fold(byte, ignore_case);
    match pattern[at] {
        b'?' => Some(at + 1),
        b'[' => {
            let (matched, next) = match_class(pattern, at + 1, byte, ignore_case);
            matched.then_some(next)
        }
        b'\\' if at + 1 < pattern.len() => is_same(pattern[at + 1]).then_some(at + 2),
        literal => is_same(literal).then_some(at + 1),
    }
}

/// Matches one byte against the class whose first element is at `at`. A class without `]` goes to
/// the pattern's end.
fn match_class(pattern: &[u8], mut at: usize, byte: u8, ignore_case: bool) -> (bool, usize) {
    let folded = fold(byte, ignore_case);
    let negated = pattern.get(at) == Some(&b'^');
    if negated {
        at += 1;
    }
    let mut matched = false;
    while at < pattern.len() {
        match pattern[at] {
            b'\\' if at + 1 < pattern.len() => {
                at += 1;
                // Redis minds the case here even when it minds it nowhere else.
                matched |= pattern[at] == byte;
            }
            b']' => {
                at += 1;
                break;
            }
            first if at + 2 < pattern.len() && pattern[at + 1] == b'-' => {
                let last = pattern[at + 2];
                // Ordered before folded: `[Z-a]` ignoring case is empty.
                let range = fold(first.min(last), ignore_case)..=fold(first.max(last), ignore_case);
                matched |= range.contains(&folded);
                at += 2;
            }
            literal => matched |= fold(literal, ignore_case) == folded,
        }
        at += 1;
    }
    (matched != negated, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pattern, text, and whether redis-server 7.0.15 finds the text with KEYS.
    const CASES: &[(&str, &str, bool)] = &[
        ("", "", true),
        ("*", "", false),
        ("*", "abc", true),
        ("a*c", "abbc", true),
        ("a*c", "abbd", false),
        ("h?llo", "hello", true),
        ("h?llo", "hllo", false),
        ("h[ae]llo", "hallo", true),
        ("h[ae]llo", "hillo", false),
        ("h[^e]llo", "hallo", true),
        ("h[^e]llo", "hello", false),
        ("h[a-b]llo", "hbllo", true),
        ("h[b-a]llo", "hallo", true),
        ("[", "[", false),
        ("[a", "a", true),
        ("[a", "[", false),
        ("[^", "a", true),
        ("[]", "]", false),
        ("[]a]", "a]", false),
        ("[^]", "a", true),
        ("[a-]", "-", false),
        ("[a-]", "b", false),
        ("[a-", "a", true),
        ("[a-", "-", true),
        ("a[", "a", false),
        ("\\", "\\", true),
        ("a\\", "a\\", true),
        ("\\*", "*", true),
        ("\\*", "a", false),
        ("[\\]]", "]", true),
        ("[\\", "\\", true),
        ("[\\a-c]", "b", false),
        ("[a\\-c]", "-", true),
        ("a**b", "ab", true),
        ("*[", "[", false),
        ("*?", "a", true),
        ("?*?", "a", false),
        ("[-a]", "-", true),
        ("[!a]", "!", true),
        ("[!a]", "b", false),
    ];

    #[test]
    fn matches_what_keys_matches() {
        for (pattern, text, matched) in CASES {
            let found = matches(pattern.as_bytes(), text.as_bytes(), false);
            assert_eq!(found, *matched, "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn case_is_ignored_on_request_in_letters_and_ranges_but_not_after_a_backslash_in_a_class() {
        assert!(matches(b"ABC", b"abc", true));
        assert!(matches(b"[A-C]x", b"bX", true));
        assert!(matches(b"\\Abc", b"abc", true));
        assert!(!matches(b"ABC", b"abc", false));
        assert!(!matches(b"[\\A]", b"a", true));
        assert!(matches(b"[\\A]", b"A", true));
        assert!(!matches(b"[H-a]x", b"GX", true));
        assert!(!matches(b"[F-_]x", b"GX", true));
        assert!(matches(b"[A-h]x", b"GX", true));
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = b"a*".repeat(200);
        let text = [b"a".repeat(5_000), b"b".to_vec()].concat();
        assert!(matches(&pattern, &text, false));
        assert!(!matches(&[&pattern[..], b"c"].concat(), &text, false));
    }
}
