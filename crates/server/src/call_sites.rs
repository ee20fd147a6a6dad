//! What the calls of scripts remember: which entry a command name meant last.

use types::bytes_equal;

use crate::road::Entry;

/// How many names are remembered; a script rarely calls more commands. A power of two.
const SITES: usize = 16;

/// Longer names are looked up each time.
const NAME_BYTES_MAX: usize = 22;

/// The names that the scripts of one VM called last.
#[derive(Debug, Default)]
pub(crate) struct CallSites {
    sites: [Site; SITES],
}

#[derive(Clone, Copy, Debug, Default)]
struct Site {
    entry: Option<&'static Entry>,
    /// With how many arguments it was called, which it takes.
    count: u8,
    length: u8,
    name: [u8; NAME_BYTES_MAX],
}

impl CallSites {
    /// The entry remembered for the name as it is written, and whether it was called with as many arguments.
    #[inline(always)]
    pub(crate) fn get(&self, args: &[&[u8]]) -> Option<(&'static Entry, bool)> {
        let name = *args.first()?;
        let site = &self.sites[place(name)];
        let known = site.name.get(..usize::from(site.length))?;
        let entry = site.entry.filter(|_| bytes_equal(known, name))?;
        Some((entry, usize::from(site.count) == args.len()))
    }

    /// Remembers what a name means. It must mean that whatever follows it, and take as many arguments as these.
    pub(crate) fn remember(&mut self, args: &[&[u8]], entry: &'static Entry) {
        let Some(name) = args.first() else { return };
        let site = &mut self.sites[place(name)];
        if let Some(known) = site.name.get_mut(..name.len()) {
            known.copy_from_slice(name);
            site.length = name.len() as u8;
            site.count = u8::try_from(args.len()).unwrap_or(0);
            site.entry = Some(entry);
        }
    }
}

#[inline(always)]
fn place(name: &[u8]) -> usize {
    let first = name.first().copied().unwrap_or(0);
    let last = name.last().copied().unwrap_or(0);
    (usize::from(first) * 7 + usize::from(last) * 3 + name.len()) % SITES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::road::lookup;

    #[test]
    fn a_name_is_remembered_as_it_is_written_until_another_takes_its_place() {
        let entry = |name: &[u8]| {
            lookup::entries()
                .iter()
                .find(|entry| entry.command.name.as_bytes() == name)
        };
        let (get, set) = (entry(b"get").expect("GET"), entry(b"set").expect("SET"));
        let mut sites = CallSites::default();
        assert!(sites.get(&[]).is_none());
        assert!(sites.get(&[b""]).is_none());
        sites.remember(&[b"GET", b"k"], get);
        sites.remember(&[b"SET", b"k", b"v"], set);
        let known = |args: &[&[u8]]| {
            let found = sites.get(args);
            found.map(|(entry, same)| (entry.index, same))
        };
        assert_eq!(known(&[b"GET", b"other"]), Some((get.index, true)));
        assert_eq!(known(&[b"SET", b"k", b"v"]), Some((set.index, true)));
        assert_eq!(
            known(&[b"SET", b"k", b"v", b"NX"]),
            Some((set.index, false))
        );
        assert_eq!(known(&[b"get", b"k"]), None);
        let long = [b'x'; 30];
        sites.remember(&[&long], get);
        assert!(sites.get(&[&long]).is_none());
    }
}
