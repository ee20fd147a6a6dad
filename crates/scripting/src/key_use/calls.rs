//! What calls do: of commands, of the script's own functions, of the natives that are known.

use super::command::{Arguments, Touches};
use super::flow::{GiveUp, Result, Walk};
use super::value::{Known, Open};

impl<'a> Walk<'_, 'a> {
    /// Calls `R[a]`; what is known of the first result is left in it, of open results in `state.open`.
    pub(super) fn call(&mut self, a: usize, b: usize) -> Result<()> {
        let function = self.read(a)?;
        let (end, rest) = if b == 0 {
            let open = self.state.open.take().ok_or(GiveUp)?;
            (open.start, Some(open.known))
        } else {
            (a + b, None)
        };
        let arguments: Vec<Known<'a>> = (a + 1..end)
            .map(|register| self.read(register))
            .collect::<Result<_>>()?;
        let (first, further) = self.results_of(function, &arguments, rest)?;
        self.forget_from(a);
        self.write(a, first);
        self.state.open = Some(Open {
            start: a,
            known: further,
        });
        Ok(())
    }

    /// The first result of a call and what all further ones are.
    fn results_of(
        &mut self,
        function: Known<'a>,
        arguments: &[Known<'a>],
        rest: Option<Known<'a>>,
    ) -> Result<(Known<'a>, Known<'a>)> {
        self.note_call(function);
        match function {
            Known::Register if self.is_loading() => Ok((Known::Absent, Known::Absent)),
            Known::Shared => {
                self.analysis.stored_is_called();
                self.release_all(arguments, rest)?;
                Ok((Known::Other, Known::Other))
            }
            Known::Call => {
                self.command(arguments, rest)?;
                Ok((Known::Other, Known::Absent))
            }
            Known::ProtectedCall => {
                match arguments.split_first() {
                    Some((Known::Call, arguments)) => self.command(arguments, rest)?,
                    Some((Known::Shared, arguments)) => {
                        self.analysis.stored_is_called();
                        self.release_all(arguments, rest)?;
                    }
                    Some((&Known::Function(number), arguments)) => {
                        let (first, _) = self.call_function(number, arguments, rest)?;
                        self.analysis.release(first)?;
                    }
                    _ => self.release_all(arguments, rest)?,
                }
                Ok((Known::Absent, Known::Other))
            }
            Known::Unreached => Ok((Known::Unreached, Known::Unreached)),
            Known::Function(number) => self.call_function(number, arguments, rest),
            Known::Unpack if arguments.first() == Some(&Known::Keys) => {
                Ok((Known::Key, Known::Key))
            }
            Known::Unpack if arguments.first() == Some(&Known::Shared) => {
                Ok((Known::Shared, Known::Shared))
            }
            Known::Iterate if arguments.first() == Some(&Known::Shared) => {
                Ok((Known::SharedIterator, Known::Conflict))
            }
            Known::Iterate if arguments.first() == Some(&Known::Keys) => {
                Ok((Known::KeysIterator, Known::Conflict))
            }
            Known::Reader | Known::KeysIterator => {
                for known in arguments.iter().copied().chain(rest) {
                    if known != Known::Keys && known != Known::Shared {
                        self.analysis.release(known)?;
                    }
                }
                Ok((Known::Other, Known::Other))
            }
            _ => {
                self.release_all(arguments, rest)?;
                Ok((Known::Other, Known::Other))
            }
        }
    }

    fn release_all(&mut self, arguments: &[Known<'a>], rest: Option<Known<'a>>) -> Result<()> {
        let mut all = arguments.iter().copied().chain(rest);
        all.try_for_each(|known| self.analysis.release(known))
    }

    fn command(&mut self, arguments: &[Known<'a>], rest: Option<Known<'a>>) -> Result<()> {
        // A command keeps nothing of a table of a library: it refuses it.
        let mut all = arguments.iter().copied().chain(rest);
        all.try_for_each(|known| match known {
            Known::Shared => Ok(()),
            known => self.analysis.release(known),
        })?;
        let call = Arguments {
            fixed: arguments,
            rest,
        };
        match call.touches() {
            Some(Touches::Nothing) => Ok(()),
            Some(Touches::DeclaredKeys) => {
                self.analysis.uses_keys = true;
                Ok(())
            }
            None => {
                self.analysis.uses_any_key = true;
                Ok(())
            }
        }
    }

    fn call_function(
        &mut self,
        number: usize,
        arguments: &[Known<'a>],
        rest: Option<Known<'a>>,
    ) -> Result<(Known<'a>, Known<'a>)> {
        self.analysis.reach(number);
        let count = self.analysis.functions[number].parameters.len();
        for index in 0..count.max(arguments.len()) {
            let known = match arguments.get(index) {
                Some(&known) => known,
                None => rest.map_or(Known::Absent, |rest| rest.join(Known::Absent)),
            };
            let Some(parameter) = self.analysis.functions[number].parameters.get_mut(index) else {
                self.analysis.release(known)?;
                continue;
            };
            let joined = parameter.join(known);
            self.analysis.changed |= joined != *parameter;
            *parameter = joined;
            if joined == Known::Conflict {
                return Err(GiveUp);
            }
        }
        if let Some(rest) = rest {
            self.analysis.release(rest)?;
        }
        let function = &self.analysis.functions[number];
        Ok((function.result, function.further))
    }

    /// Puts the results of the call that left them in `R[a]` and `state.open` where the instruction wants them.
    pub(super) fn place_results(&mut self, a: usize, c: usize) {
        if c == 0 {
            // The first one is forgotten as such; open values are all alike.
            if let Some(open) = &mut self.state.open {
                open.known = open.known.join(self.state.registers[a]);
            }
            return;
        }
        let Some(open) = self.state.open.take() else {
            return;
        };
        if c == 1 {
            self.write(a, Known::Absent);
            return;
        }
        let first = self.state.registers[a];
        for (index, register) in (a + 1..a + c - 1).enumerate() {
            // `ipairs(KEYS)` returns its function, KEYS itself and a start.
            let known = match (first, index) {
                (Known::KeysIterator, 0) => Known::Keys,
                (Known::SharedIterator, 0) => Known::Shared,
                (Known::KeysIterator | Known::SharedIterator, _) => Known::Other,
                _ => open.known,
            };
            self.write(register, known);
        }
    }

    /// The call of a generic `for`, whose results go to `R[a + 3]` and on.
    pub(super) fn iterate(&mut self, a: usize, c: usize) -> Result<()> {
        let generator = self.read(a)?;
        let arguments = [self.read(a + 1)?, self.read(a + 2)?];
        let (first, second) = if generator == Known::KeysIterator && arguments[0] == Known::Keys {
            (Known::Other, Known::Key)
        } else if generator == Known::SharedIterator && arguments[0] == Known::Shared {
            (Known::Shared, Known::Shared)
        } else {
            self.results_of(generator, &arguments, None)?
        };
        if first.is_sensitive() || second.is_sensitive() {
            return Err(GiveUp);
        }
        self.forget_from(a + 3);
        for (index, register) in (a + 3..a + 3 + c).enumerate() {
            self.write(register, if index == 0 { first } else { second });
        }
        Ok(())
    }
}
