//! The list of cases that differ from Lua 5.1.5 on purpose.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The cases that differ on purpose, with the reason of each.
///
/// In the file a line `golden/area/file: name of the case` is followed by indented lines with the
/// reason. Lines that start with `#` are comments.
pub struct Deliberate {
    reasons: BTreeMap<String, String>,
}

impl Deliberate {
    /// Reads the list; panics if a case stands there without a reason.
    pub fn read(path: &Path) -> Deliberate {
        let text = fs::read_to_string(path).expect("the list of deliberate differences");
        let mut reasons: BTreeMap<String, String> = BTreeMap::new();
        let mut current = String::new();
        for line in text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            if line.starts_with(' ') {
                let reason = reasons.get_mut(&current).expect("a reason follows a case");
                reason.push_str(line.trim());
                reason.push(' ');
            } else {
                current = line.to_owned();
                reasons.insert(current.clone(), String::new());
            }
        }
        for (case, reason) in &reasons {
            assert!(!reason.is_empty(), "no reason is given for `{case}`");
        }
        Deliberate { reasons }
    }

    /// Why this case may differ, if it may.
    pub fn reason(&self, file: &str, name: &str) -> Option<&str> {
        self.reasons
            .get(&format!("{file}: {name}"))
            .map(String::as_str)
    }
}
