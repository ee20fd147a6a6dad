//! Reading what the suite prints.

/// What one unit's run came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed: name and the line that says why.
    pub failed: Vec<(String, String)>,
    /// Whether the run came to its end.
    pub finished: bool,
}

/// Reads the output of `test_helper.tcl` for `unit`.
pub fn read(output: &str, unit: &str) -> Verdict {
    let plain = without_colours(output);
    let mut verdict = Verdict::default();
    let place = format!(" in tests/{unit}.tcl");
    let mut lines = plain.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("[ok]: ") {
            verdict.passed += 1;
        } else if let Some(rest) = line.strip_prefix("[err]: ") {
            let name = rest.strip_suffix(&place).unwrap_or(rest).trim().to_owned();
            let reason = lines.peek().map_or("", |next| next.trim()).to_owned();
            verdict.failed.push((name, reason));
        } else if let Some(rest) = line
            .strip_prefix("[exception]: ")
            .or_else(|| line.strip_prefix("[TIMEOUT]: "))
        {
            verdict
                .failed
                .push(("the run itself".to_owned(), rest.to_owned()));
        } else if line.trim() == "The End" {
            verdict.finished = true;
            // What follows repeats the failures.
            break;
        }
    }
    verdict
}

fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("\x1b[") {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find('m').map_or(rest.len(), |end| end + 1);
        rest = &rest[end..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_and_failures_are_counted_once() {
        let output = "[\x1b[0;32mok\x1b[0m]: SET and GET (1 ms)\n\
                      [\x1b[0;31merr\x1b[0m]: APPEND in tests/unit/type/string.tcl\nExpected 'a' to be 'b'\n\n\
                      \n                   The End\n\n*** [err]: APPEND in tests/unit/type/string.tcl\n";
        let verdict = read(output, "unit/type/string");
        assert_eq!((verdict.passed, verdict.finished), (1, true));
        assert_eq!(
            verdict.failed,
            [("APPEND".to_owned(), "Expected 'a' to be 'b'".to_owned())]
        );
    }

    #[test]
    fn a_run_without_its_end_is_not_finished() {
        assert!(!read("[ok]: one (0 ms)\n", "unit/scan").finished);
    }
}
