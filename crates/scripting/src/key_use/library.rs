//! Libraries: what each function can touch, and whether one call can leave something behind for another.
//!
//! A library's code runs once in every machine that calls its functions, and its local variables live on in the functions
//! that captured them. If none of them changes after that, every machine has the same values, and calls may run side by
//! side. What could change is looked for on the safe side:
//!
//! - a variable of the library that a function assigns to;
//! - a table made while the library was loaded that a function writes to, or lets get to where it is not followed;
//! - any variable or table at all, if the code calls a function of its own while it is loaded: what that function leaves
//!   behind is not told apart from what a call makes for itself.

use std::sync::Arc;

use lua::proto::Proto;

use super::flow::{Analysis, GiveUp, Result, Walk};
use super::functions::collect;
use super::value::Known;
use crate::script::KeyUse;

/// More functions than this are not looked at one by one.
const SINGLE_MAX: usize = 64;

/// What is known of a library.
#[derive(Debug)]
pub(crate) struct LibraryUse {
    /// Whether a call may leave something behind for later ones.
    pub(crate) has_state: bool,
    /// What each callback can touch.
    pub(crate) functions: Vec<KeyUse>,
}

/// What an analysis of a library finds out beside the keys.
#[derive(Debug, Default)]
pub(super) struct Persistence {
    pub(super) has_state: bool,
    /// The code calls functions while it is loaded.
    calls_at_load: bool,
    /// Functions that were put into tables while the library was loaded.
    stored: Vec<usize>,
    /// Whether anything that was read from such a table is called or gets to where it is not followed.
    stored_is_called: bool,
}

/// What the code of a library tells of its callbacks; `None` in `callbacks` is a function that is no Lua.
pub(crate) fn of(code: &Proto, callbacks: &[Option<Arc<Proto>>]) -> LibraryUse {
    let lua: Vec<&Proto> = callbacks.iter().flatten().map(|proto| &**proto).collect();
    let unknown = |has_state| LibraryUse {
        has_state,
        functions: vec![KeyUse::Any; callbacks.len()],
    };
    let Some((key_use, has_state)) = analyze(code, &lua) else {
        return unknown(true);
    };
    let single = has_state || key_use != KeyUse::Any || callbacks.len() > SINGLE_MAX;
    let functions = callbacks.iter().map(|callback| match callback {
        None => KeyUse::Any,
        Some(_) if single => key_use,
        // What one function does need not be true of the others, as long as they cannot change anything for it.
        Some(callback) => match analyze(code, &[callback]) {
            Some((key_use, false)) => key_use,
            _ => KeyUse::Any,
        },
    });
    LibraryUse {
        has_state,
        functions: functions.collect(),
    }
}

fn analyze(code: &Proto, callbacks: &[&Proto]) -> Option<(KeyUse, bool)> {
    let (functions, variables) = collect(code)?;
    let mut analysis = Analysis {
        functions,
        variables: vec![Known::Unreached; variables],
        uses_keys: false,
        uses_any_key: false,
        library: Some(Persistence::default()),
        changed: true,
        steps: 0,
    };
    for &callback in callbacks {
        let mut numbers = 0..analysis.functions.len();
        let number = numbers.find(|&n| std::ptr::eq(analysis.functions[n].proto, callback))?;
        analysis.reach(number);
        let parameters = &mut analysis.functions[number].parameters;
        parameters.fill(Known::Other);
        if let Some(keys) = parameters.first_mut() {
            *keys = Known::Keys;
        }
    }
    analysis.run().ok()?;
    let has_state = analysis
        .library
        .as_ref()
        .is_none_or(|library| library.has_state);
    Some((analysis.key_use(), has_state))
}

impl Analysis<'_> {
    /// A table of the library gets to where it is not followed: whoever has it may write to it, or call what is in it.
    pub(super) fn shared_escapes(&mut self) {
        if let Some(library) = &mut self.library {
            library.has_state = true;
        }
        self.stored_is_called();
    }

    /// Something read from a table of the library is called.
    pub(super) fn stored_is_called(&mut self) {
        if let Some(library) = &mut self.library {
            self.changed |= !library.stored_is_called;
            library.stored_is_called = true;
        }
    }

    /// Lets the functions in the library's tables escape, if anything there is called.
    pub(super) fn release_stored(&mut self) -> Result<()> {
        let Some(library) = &mut self.library else {
            return Ok(());
        };
        for function in self.functions.iter().filter(|function| function.escapes) {
            library.has_state |=
                function.result == Known::Shared || function.further == Known::Shared;
        }
        if !library.stored_is_called {
            return Ok(());
        }
        let stored = library.stored.clone();
        let mut functions = stored.into_iter().map(Known::Function);
        functions.try_for_each(|function| self.release(function))
    }
}

impl<'a> Walk<'_, 'a> {
    /// Whether the instructions are those that run while a library is loaded.
    pub(super) fn is_loading(&self) -> bool {
        self.analysis.library.is_some() && self.number == 0
    }

    /// What is known of a new table.
    pub(super) fn new_table(&self) -> Known<'a> {
        if self.is_loading() {
            Known::Shared
        } else {
            Known::Other
        }
    }

    /// A table of the library is written to.
    pub(super) fn writes_shared(&mut self) {
        let is_loading = self.is_loading();
        if let Some(library) = &mut self.analysis.library {
            library.has_state |= !is_loading;
        }
    }

    /// Puts `R[value]` into the table `R[table]`.
    pub(super) fn store(&mut self, table: usize, value: usize) -> Result<()> {
        self.not_followed(table)?;
        let into_shared = self.is_loading() && self.read(table)? == Known::Shared;
        match (into_shared, self.read(value)?) {
            (true, Known::Shared) => Ok(()),
            (true, Known::Function(number)) => {
                if let Some(library) = &mut self.analysis.library
                    && !library.stored.contains(&number)
                {
                    library.stored.push(number);
                    self.analysis.changed = true;
                }
                Ok(())
            }
            _ => self.read_released(value).map(drop),
        }
    }

    /// Notes what is called while a library is loaded: anything but what it has for that.
    pub(super) fn note_call(&mut self, function: Known<'a>) {
        if !self.is_loading()
            || matches!(function, Known::Register | Known::Reader | Known::Unreached)
        {
            return;
        }
        if let Some(library) = &mut self.analysis.library {
            self.analysis.changed |= !library.calls_at_load;
            library.calls_at_load = true;
            library.has_state = true;
        }
    }

    /// A function assigns to a variable that it has captured: what is known of the value there.
    pub(super) fn kept_in_variable(
        &mut self,
        variable: usize,
        known: Known<'a>,
    ) -> Result<Known<'a>> {
        if self.number == 0 {
            return Ok(known);
        }
        let mut own = self.analysis.functions[0].captured.iter();
        let is_librarys = own.any(|captured| captured.variable == variable);
        let Some(library) = &mut self.analysis.library else {
            return Ok(known);
        };
        library.has_state |= is_librarys;
        if !is_librarys && !library.calls_at_load {
            return Ok(known);
        }
        // A later call finds the keys of an earlier one there.
        match known {
            Known::Keys => Err(GiveUp),
            Known::Key => Ok(Known::Other),
            known => Ok(known),
        }
    }
}
