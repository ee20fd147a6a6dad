//! The debugger of scripts: what `redis-cli --ldb` talks to.
//!
//! A [`Machine`] that debugs watches the lines of its script. At a stop the run is suspended; the server hands in the client's
//! commands ([`Machine::debug_command`]) for as long as it takes, then resumes the run. What the debugger has to say gathers as lines of text, which
//! the server sends at each stop ([`Machine::take_debug_lines`]).
//!
//! The commands, their abbreviations and every line of output are those of Redis 7.0.

mod command;
mod human;
mod reply;
mod source;
#[cfg(test)]
mod tests;
mod trace;

use lua::hook::{Event, Events, Reaction};
use lua::inspect::CodePlace;
use lua::native::Raise;
use lua::runtime::Runtime;
use lua::value::Value;

use crate::machine::{Machine, RunState};
use source::Source;

/// The most breakpoints there can be.
const BREAKPOINTS_MAX: usize = 64;
/// Bytes of a value or reply that are shown, unless `maxlen` says otherwise.
const LENGTH_SHOWN: usize = 256;
/// The least `maxlen` allows.
const LENGTH_SHOWN_MIN: usize = 60;

/// What is to become of a stopped run after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugStep {
    /// It stays where it is.
    Stay,
    /// It goes on.
    Resume,
    /// It ends with an error: [`Machine::fail_debugged`].
    Abort,
}

/// The state of a debugging session.
pub(crate) struct Debugger {
    source: Source,
    breakpoints: Vec<u32>,
    /// Stop at the next line; meanwhile calls and errors are shown.
    steps: bool,
    /// `redis.breakpoint()` was called.
    breakpoint_called: bool,
    /// The script has run for too long without a stop.
    overdue: bool,
    /// Where the run is.
    line: u32,
    lines: Vec<Vec<u8>>,
    /// Bytes shown of a value; 0 for all.
    length_shown: usize,
    /// The user knows of `maxlen`.
    hint_given: bool,
}

impl Debugger {
    fn new(text: &[u8]) -> Debugger {
        Debugger {
            source: Source::new(text),
            breakpoints: Vec::new(),
            steps: true,
            breakpoint_called: false,
            overdue: false,
            line: 0,
            lines: Vec::new(),
            length_shown: LENGTH_SHOWN,
            hint_given: false,
        }
    }

    /// Says a line.
    fn say(&mut self, line: impl Into<Vec<u8>>) {
        self.lines.push(line.into());
    }

    /// Says a line that may be too long to be shown whole.
    fn say_shortened(&mut self, mut line: Vec<u8>) {
        let is_trimmed = self.length_shown != 0 && line.len() > self.length_shown;
        if is_trimmed {
            line.truncate(self.length_shown);
            line.extend_from_slice(b" ...");
        }
        self.say(line);
        if is_trimmed && !self.hint_given {
            self.hint_given = true;
            self.say("<hint> The above reply was trimmed. Use 'maxlen 0' to disable trimming.");
        }
    }

    /// Says that an error was made for the script, while stepping.
    pub(crate) fn say_error(&mut self, text: &[u8]) {
        if self.steps {
            self.say([b"<error> ".as_slice(), text].concat());
        }
    }

    /// A line of the source as it is shown: marked if the run is there, or a breakpoint is.
    fn say_source_line(&mut self, number: u32) {
        let here = if number == self.line { "->" } else { "  " };
        let is_breakpoint = self.breakpoints.contains(&number);
        let sign = if is_breakpoint { "#" } else { " " };
        let mut line = format!("{here}{sign}{number:<3} ").into_bytes();
        line.extend_from_slice(self.source.line(number));
        self.say(line);
    }

    /// Control comes to a line of the script: whether it stops here.
    fn reach(&mut self, line: u32) -> bool {
        self.line = line;
        let is_breakpoint = self.breakpoints.contains(&line);
        let reason = if self.breakpoint_called {
            "redis.breakpoint() called"
        } else if is_breakpoint {
            "break point"
        } else if self.steps {
            "step over"
        } else if self.overdue {
            "timeout reached, infinite loop?"
        } else {
            return false;
        };
        self.steps = false;
        self.breakpoint_called = false;
        self.overdue = false;
        self.say(format!("* Stopped at {line}, stop reason = {reason}"));
        self.say_source_line(line);
        true
    }
}

/// Whether code is the debugged script's or library's, and not what it has made with `loadstring`.
fn is_debugged(place: &CodePlace) -> bool {
    matches!(&*place.source, b"@user_script" | b"@user_function")
}

/// The debugger of the run, if it is debugged.
pub(crate) fn debugger(runtime: &mut Runtime) -> Option<&mut Debugger> {
    runtime.host_mut::<RunState>()?.debugger.as_deref_mut()
}

fn on_line(event: Event, runtime: &mut Runtime) -> Reaction {
    let Event::Line(line) = event else {
        return Reaction::Continue;
    };
    let place = runtime.call_info(0).and_then(|info| info.code);
    if !place.is_some_and(|place| is_debugged(&place)) {
        return Reaction::Continue;
    }
    let stops = debugger(runtime).is_some_and(|debugger| debugger.reach(line));
    if stops {
        Reaction::Suspend
    } else {
        Reaction::Continue
    }
}

impl Machine {
    /// Debugs the run that is prepared: it stops at its first line. `text` is what the user knows as the source. The machine is not to be used
    /// for other runs afterwards.
    pub fn start_debugging(&mut self, text: &[u8]) {
        trace::install(&mut self.vm);
        if let Some(state) = self.vm.host_mut::<RunState>() {
            state.debugger = Some(Box::new(Debugger::new(text)));
        }
        let events = Events {
            lines: true,
            ..Events::default()
        };
        self.vm.set_hook(events, Some(Box::new(on_line)));
    }

    /// Lets the run go on to its end unwatched.
    pub fn stop_debugging(&mut self) {
        self.vm.set_hook(Events::default(), None);
        if let Some(state) = self.vm.host_mut::<RunState>() {
            state.debugger = None;
        }
    }

    /// Whether the run stands at a stop and waits for commands.
    pub fn is_at_stop(&self) -> bool {
        self.vm.is_at_hook()
    }

    /// Stops the run at the next line, because it takes long.
    pub fn stop_soon(&mut self) {
        if let Some(debugger) = debugger(&mut self.vm.runtime) {
            debugger.overdue = true;
        }
    }

    /// What the debugger has said since the last call; line ends within a line are blanks.
    pub fn take_debug_lines(&mut self) -> Vec<Vec<u8>> {
        let Some(debugger) = debugger(&mut self.vm.runtime) else {
            return Vec::new();
        };
        let mut lines = std::mem::take(&mut debugger.lines);
        for line in &mut lines {
            for byte in line.iter_mut() {
                if matches!(byte, b'\r' | b'\n') {
                    *byte = b' ';
                }
            }
        }
        lines
    }

    /// Goes on with a stopped run as if it had failed where it stands with this error of the API.
    pub fn fail_debugged(&mut self, text: &str, reply: &mut dyn resp::Reply) -> crate::Progress {
        let heap = &mut self.vm.runtime.heap;
        let table = heap.new_table(0, 1);
        let text = Value::String(heap.new_string(text.as_bytes()));
        heap.raw_set_field(table, "err", text);
        self.run_on(Some(Raise::Error(Value::Table(table))), reply)
    }
}
