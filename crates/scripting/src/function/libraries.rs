//! All libraries of a server.
//!
//! They change rarely and are read by every call, so a change makes a new [`Registry`] and puts it in the place of the old
//! one: a reader sees all of a change or nothing of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};

use super::header;
use super::library::{Function, Library, LibraryError, LoadedLibrary, LogLine};
use crate::machine::Machine;

/// Most names are no longer than this; they are put into lower case on the stack.
const NAME_BYTES: usize = 64;

/// Makes the machine that a library's code is run on while it is loaded: a fresh one each time, whose interrupt ends what
/// takes too long.
pub type MakeMachine<'a> = &'a mut dyn FnMut() -> Machine;

/// All libraries.
#[derive(Debug, Default)]
pub struct Libraries {
    current: RwLock<Arc<Registry>>,
    /// Held by who is making a new registry.
    change: Mutex<()>,
    removals: AtomicU64,
}

/// The libraries at one time.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    libraries: BTreeMap<String, LoadedLibrary>,
    /// By the name in lower case: FCALL finds a function whatever the case, although its library may have two that differ
    /// in nothing else. Then the first one is found.
    functions: HashMap<Box<[u8]>, Arc<Function>>,
    bytes: usize,
}

/// What RESTORE does with the libraries that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestorePolicy {
    /// All go.
    Flush,
    /// They stay; one of the same name is an error.
    Append,
    /// They stay, but for those of the same names.
    Replace,
}

/// What a change has done.
#[derive(Debug, Default)]
pub struct Change {
    /// The libraries that are gone; dropping them may take a while.
    pub removed: Vec<Arc<Library>>,
    /// What the code of new libraries wrote to the log.
    pub log: Vec<LogLine>,
}

impl Libraries {
    /// The libraries as they are now.
    pub fn current(&self) -> Arc<Registry> {
        Arc::clone(&self.current.read())
    }

    /// The function of this name.
    pub fn function(&self, name: &[u8]) -> Option<Arc<Function>> {
        let current = self.current.read();
        let mut lower = [0; NAME_BYTES];
        let Some(lower) = lower.get_mut(..name.len()) else {
            return current.functions.get(&*name.to_ascii_lowercase()).cloned();
        };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        current.functions.get(&*lower).cloned()
    }

    /// Whether a library is still there, and not another one in its place.
    pub fn holds(&self, library: &Library) -> bool {
        let current = self.current.read();
        let found = current.libraries.get(library.name());
        found.is_some_and(|found| found.library.id() == library.id())
    }

    /// How often libraries were removed: machines that hold code from before may drop it.
    pub fn removals(&self) -> u64 {
        self.removals.load(Ordering::Relaxed)
    }

    /// FUNCTION LOAD: the library's name. With `replace` it may take the place of one of the same name.
    ///
    /// # Errors
    /// Why it cannot be loaded; nothing has changed then.
    pub fn load(
        &self,
        text: &[u8],
        replace: bool,
        make_machine: MakeMachine<'_>,
    ) -> Result<(String, Change), LibraryError> {
        let _change = self.change.lock();
        let mut next = Registry::clone(&self.current.read());
        let mut change = Change::default();
        let header = header::parse(text)?;
        let name = header.name.clone();
        if !replace && next.libraries.contains_key(&name) {
            return Err(LibraryError::Exists(name));
        }
        let loaded = LoadedLibrary::load(text, &header, &mut make_machine(), &mut change.log)?;
        change.removed.extend(next.remove(&name));
        next.add(loaded)?;
        self.put(next, &change);
        Ok((name, change))
    }

    /// FUNCTION DELETE.
    ///
    /// # Errors
    /// There is no such library.
    pub fn delete(&self, name: &[u8]) -> Result<Change, LibraryError> {
        let _change = self.change.lock();
        let mut next = Registry::clone(&self.current.read());
        let name = std::str::from_utf8(name).map_err(|_| LibraryError::Unknown)?;
        let removed = next.remove(name).ok_or(LibraryError::Unknown)?;
        let change = Change {
            removed: vec![removed],
            log: Vec::new(),
        };
        self.put(next, &change);
        Ok(change)
    }

    /// FUNCTION FLUSH.
    pub fn flush(&self) -> Change {
        let _change = self.change.lock();
        let change = Change {
            removed: self.current.read().all(),
            log: Vec::new(),
        };
        self.put(Registry::default(), &change);
        change
    }

    /// FUNCTION RESTORE of these libraries' texts: all of them or, after an error, none.
    ///
    /// # Errors
    /// Why one of them cannot be loaded.
    pub fn restore(
        &self,
        texts: &[Vec<u8>],
        policy: RestorePolicy,
        make_machine: MakeMachine<'_>,
    ) -> Result<Change, LibraryError> {
        let _change = self.change.lock();
        let mut change = Change::default();
        let mut restored = Registry::default();
        for text in texts {
            let header = header::parse(text)?;
            if restored.libraries.contains_key(&header.name) {
                return Err(LibraryError::Exists(header.name));
            }
            let loaded = LoadedLibrary::load(text, &header, &mut make_machine(), &mut change.log)?;
            restored.add(loaded)?;
        }
        let current = self.current();
        let next = if policy == RestorePolicy::Flush {
            change.removed = current.all();
            restored
        } else {
            let mut next = Registry::clone(&current);
            for name in restored.libraries.keys() {
                let Some(removed) = next.remove(name) else {
                    continue;
                };
                if policy == RestorePolicy::Append {
                    return Err(LibraryError::RestoredExists(name.clone()));
                }
                change.removed.push(removed);
            }
            for loaded in restored.libraries.into_values() {
                next.add(loaded)?;
            }
            next
        };
        self.put(next, &change);
        Ok(change)
    }

    fn put(&self, next: Registry, change: &Change) {
        *self.current.write() = Arc::new(next);
        for library in &change.removed {
            library.set_gone();
        }
        if !change.removed.is_empty() {
            self.removals.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Registry {
    /// The libraries, by name.
    pub fn libraries(&self) -> impl ExactSizeIterator<Item = &LoadedLibrary> {
        self.libraries.values()
    }

    /// How many functions there are.
    pub fn function_count(&self) -> usize {
        self.functions.len()
    }

    /// Bytes the libraries take: text, code and tables.
    pub fn memory(&self) -> usize {
        self.bytes
    }

    fn all(&self) -> Vec<Arc<Library>> {
        let libraries = self.libraries.values();
        libraries
            .map(|loaded| Arc::clone(&loaded.library))
            .collect()
    }

    fn add(&mut self, loaded: LoadedLibrary) -> Result<(), LibraryError> {
        for function in &loaded.functions {
            if self.functions.contains_key(&key_of(function)) {
                let name = function.name().to_owned();
                return Err(LibraryError::FunctionExists(name));
            }
        }
        for function in &loaded.functions {
            let first = self.functions.entry(key_of(function));
            first.or_insert_with(|| Arc::clone(function));
        }
        self.bytes += loaded.bytes();
        self.libraries
            .insert(loaded.library.name().to_owned(), loaded);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Option<Arc<Library>> {
        let loaded = self.libraries.remove(name)?;
        for function in &loaded.functions {
            self.functions.remove(&key_of(function));
        }
        self.bytes -= loaded.bytes();
        Some(loaded.library)
    }
}

/// What a function is found by.
fn key_of(function: &Function) -> Box<[u8]> {
    function.name().to_ascii_lowercase().into_bytes().into()
}
