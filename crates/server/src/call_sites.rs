//! What the calls of scripts remember: which entry a command name meant last.

use crate::road::Entry;

/// How many names are remembered; a script rarely calls more commands. A power of two.
const SITES: usize = 16;

/// Longer names are looked up each time.
const NAME_BYTES_MAX: usize = 23;

/// The names that the scripts of one VM called last.
#[derive(Debug, Default)]
pub(crate) struct CallSites {
    sites: [Site; SITES],
}

#[derive(Clone, Copy, Debug, Default)]
struct Site {
    length: u8,
    name: [u8; NAME_BYTES_MAX],
    entry: Option<&'static Entry>,
}

impl CallSites {
    /// The entry remembered for this name, as it is written.
    #[inline]
    pub(crate) fn get(&self, name: &[u8]) -> Option<&'static Entry> {
        let site = &self.sites[place(name)];
        let known = site.name.get(..usize::from(site.length))?;
        if *known == *name { site.entry } else { None }
    }

    /// Remembers what a name means. It must mean that whatever follows it.
    pub(crate) fn remember(&mut self, name: &[u8], entry: &'static Entry) {
        let site = &mut self.sites[place(name)];
        if let Some(known) = site.name.get_mut(..name.len()) {
            known.copy_from_slice(name);
            site.length = name.len() as u8;
            site.entry = Some(entry);
        }
    }
}

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
        assert!(sites.get(b"").is_none());
        sites.remember(b"GET", get);
        sites.remember(b"SET", set);
        assert_eq!(sites.get(b"GET").map(|entry| entry.index), Some(get.index));
        assert_eq!(sites.get(b"SET").map(|entry| entry.index), Some(set.index));
        assert!(sites.get(b"get").is_none());
        sites.remember(&[b'x'; 30], get);
        assert!(sites.get(&[b'x'; 30]).is_none());
    }
}
