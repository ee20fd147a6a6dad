//! The debugger's commands.

use lua::ErrorKind;
use lua::evaluate::EvaluationError;
use lua::value::Value;

use super::human::write_value;
use super::{BREAKPOINTS_MAX, DebugStep, Debugger, LENGTH_SHOWN_MIN, debugger, is_debugged};
use crate::convert;
use crate::machine::Machine;

/// Fuel of an evaluation, during which the event loop serves nobody else: some hundredths of a second.
const EVALUATION_FUEL: u64 = 2_000_000;

/// The name of evaluated code in error positions.
const EVALUATED: &[u8] = b"@ldb_eval";

/// Lines shown before and after the current one.
const LINES_AROUND: i64 = 5;

const HELP: &[&str] = &[
    "Redis Lua debugger help:",
    "[h]elp               Show this help.",
    "[s]tep               Run current line and stop again.",
    "[n]ext               Alias for step.",
    "[c]ontinue           Run till next breakpoint.",
    "[l]ist               List source code around current line.",
    "[l]ist [line]        List source code around [line].",
    "                     line = 0 means: current position.",
    "[l]ist [line] [ctx]  In this form [ctx] specifies how many lines",
    "                     to show before/after [line].",
    "[w]hole              List all source code. Alias for 'list 1 1000000'.",
    "[p]rint              Show all the local variables.",
    "[p]rint <var>        Show the value of the specified variable.",
    "                     Can also show global vars KEYS and ARGV.",
    "[b]reak              Show all breakpoints.",
    "[b]reak <line>       Add a breakpoint to the specified line.",
    "[b]reak -<line>      Remove breakpoint from the specified line.",
    "[b]reak 0            Remove all breakpoints.",
    "[t]race              Show a backtrace.",
    "[e]val <code>        Execute some Lua code (in a different callframe).",
    "[r]edis <cmd>        Execute a Redis command.",
    "[m]axlen [len]       Trim logged Redis replies and Lua var dumps to len.",
    "                     Specifying zero as <len> means unlimited.",
    "[a]bort              Stop the execution of the script. In sync",
    "                     mode dataset changes will be retained.",
    "",
    "Debugger functions you can call from Lua scripts:",
    "redis.debug()        Produce logs in the debugger console.",
    "redis.breakpoint()   Stop execution like if there was a breakpoint in the",
    "                     next line of code.",
];

/// A number as C's `atoi` reads it: the digits in front, 0 without any.
fn leading_number(word: &[u8]) -> i64 {
    let (sign, digits) = match word.first() {
        Some(b'-') => (-1, &word[1..]),
        Some(b'+') => (1, &word[1..]),
        _ => (1, word),
    };
    let digits = digits.iter().take_while(|digit| digit.is_ascii_digit());
    let number = digits.fold(0i64, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    sign * number
}

impl Debugger {
    fn list(&mut self, around: i64, context: i64) {
        let around = if around <= 0 {
            i64::from(self.line)
        } else {
            around
        };
        for number in 1..=self.source.count() {
            if (i64::from(number) - around).abs() <= context {
                self.say_source_line(number);
            }
        }
    }

    fn break_at(&mut self, word: &[u8]) {
        let Some(line) = types::number::parse_i64(word) else {
            let line = [b"Invalid argument:'", word, b"'"].concat();
            return self.say(line);
        };
        if line == 0 {
            self.breakpoints.clear();
            self.say("All breakpoints removed.");
        } else if line < 0 {
            let place = self
                .breakpoints
                .iter()
                .position(|&other| i64::from(other) == -line);
            match place {
                Some(place) => {
                    self.breakpoints.remove(place);
                    self.say("Breakpoint removed.");
                }
                None => self.say("No breakpoint in the specified line."),
            }
        } else if self.breakpoints.len() >= BREAKPOINTS_MAX {
            self.say("Too many breakpoints set.");
        } else {
            match u32::try_from(line) {
                Ok(number)
                    if number <= self.source.count() && !self.breakpoints.contains(&number) =>
                {
                    self.breakpoints.push(number);
                    self.list(line, 1);
                }
                _ => self.say("Wrong line number."),
            }
        }
    }

    fn show_breakpoints(&mut self) {
        if self.breakpoints.is_empty() {
            return self.say("No breakpoints set. Use 'b <line>' to add one.");
        }
        self.say(format!("{} breakpoints set:", self.breakpoints.len()));
        for number in self.breakpoints.clone() {
            self.say_source_line(number);
        }
    }

    fn set_length_shown(&mut self, argument: Option<&[u8]>) {
        if let Some(word) = argument {
            let length = leading_number(word);
            self.hint_given = true;
            self.length_shown = match usize::try_from(length) {
                Ok(0) => 0,
                Ok(length) => length.max(LENGTH_SHOWN_MIN),
                Err(_) => LENGTH_SHOWN_MIN,
            };
        }
        let line = match self.length_shown {
            0 => "<value> replies are unlimited.".to_owned(),
            length => format!("<value> replies are truncated at {length} bytes."),
        };
        self.say(line);
    }
}

impl Machine {
    /// Does a command of who debugs: the words of a line. `words` is not empty.
    pub fn debug_command(&mut self, words: &[&[u8]]) -> DebugStep {
        let name = words[0].to_ascii_lowercase();
        let count = words.len();
        let Some(debugger) = debugger(&mut self.vm.runtime) else {
            return DebugStep::Resume;
        };
        match name.as_slice() {
            b"h" | b"help" => {
                for line in HELP {
                    debugger.say(*line);
                }
            }
            b"s" | b"step" | b"n" | b"next" => {
                debugger.steps = true;
                return DebugStep::Resume;
            }
            b"c" | b"continue" => return DebugStep::Resume,
            b"a" | b"abort" => return DebugStep::Abort,
            b"t" | b"trace" => self.show_trace(),
            b"m" | b"maxlen" => {
                debugger.set_length_shown((count == 2).then(|| words[1]));
            }
            b"b" | b"break" if count == 1 => debugger.show_breakpoints(),
            b"b" | b"break" => {
                for word in &words[1..] {
                    debugger.break_at(word);
                }
            }
            b"l" | b"list" => {
                let around = words.get(1).map_or(0, |word| leading_number(word));
                let context = words.get(2).map(|word| leading_number(word));
                debugger.list(around, context.unwrap_or(LINES_AROUND));
            }
            b"w" | b"whole" => debugger.list(1, 1_000_000),
            b"p" | b"print" if count == 2 => self.show_variable(words[1]),
            b"p" | b"print" => self.show_variables(),
            b"e" | b"eval" => self.evaluate(&words[1..].join(&b' ')),
            b"r" | b"redis" if count > 1 => self.call_redis(&words[1..]),
            _ => debugger
                .say("<error> Unknown Redis Lua debugger command or wrong number of arguments."),
        }
        DebugStep::Stay
    }

    fn say(&mut self, line: Vec<u8>) {
        if let Some(debugger) = debugger(&mut self.vm.runtime) {
            debugger.say(line);
        }
    }

    fn say_value(&mut self, label: &[u8], value: Value) {
        let mut line = label.to_vec();
        write_value(&self.vm.runtime.heap, value, &mut line);
        if let Some(debugger) = debugger(&mut self.vm.runtime) {
            debugger.say_shortened(line);
        }
    }

    fn show_trace(&mut self) {
        let runtime = &mut self.vm.runtime;
        for level in 0..runtime.call_depth() {
            let Some(info) = runtime.call_info(level) else {
                break;
            };
            let Some(place) = info.code.filter(is_debugged) else {
                continue;
            };
            let mut line = if level == 0 { "In " } else { "From " }.as_bytes().to_vec();
            match info.name {
                Some((_, name)) => line.extend_from_slice(&name),
                None => line.extend_from_slice(b"top level"),
            }
            line.push(b':');
            if let Some(debugger) = debugger(runtime) {
                debugger.say(line);
                debugger.say_source_line(place.line);
            }
        }
    }

    fn show_variables(&mut self) {
        let locals = self.vm.runtime.locals(0);
        if locals.is_empty() {
            self.say(b"No local variables in the current context.".to_vec());
        }
        for local in locals {
            let label = [b"<value> ", &*local.name, b" = "].concat();
            self.say_value(&label, local.value);
        }
    }

    /// Shows the variable of this name of the innermost function that has one.
    fn show_variable(&mut self, name: &[u8]) {
        let runtime = &mut self.vm.runtime;
        let in_function = (0..runtime.call_depth()).find_map(|level| {
            let mut locals = runtime.locals(level).into_iter();
            locals.find(|local| *local.name == *name)
        });
        let value = match in_function {
            Some(local) => Some(local.value),
            None if name == b"KEYS" || name == b"ARGV" => {
                let name = if name == b"KEYS" { "KEYS" } else { "ARGV" };
                let globals = runtime.heap.global_table();
                Some(runtime.heap.raw_get_field(globals, name))
            }
            None => None,
        };
        match value {
            Some(value) => self.say_value(b"<value> ", value),
            None => self.say(b"No such variable.".to_vec()),
        }
    }

    fn evaluate(&mut self, code: &[u8]) {
        match self.vm.evaluate(code, EVALUATED, EVALUATION_FUEL) {
            Ok(values) => {
                let first = values.first().copied().unwrap_or(Value::Nil);
                self.say_value(b"<retval> ", first);
            }
            Err(EvaluationError::Syntax(error)) => {
                self.say([b"<error> ".as_slice(), &error.message()].concat());
            }
            Err(EvaluationError::Run(error)) => {
                let text = match error.value {
                    _ if error.kind == ErrorKind::Stopped => b"ldb_eval: took too long".to_vec(),
                    Value::Table(_) => {
                        convert::error_text(&mut self.vm.runtime.heap, error.value).0
                    }
                    _ => error.message,
                };
                self.say([b"<error> ".as_slice(), &text].concat());
            }
        }
    }

    /// Calls a command as the script would, and shows it.
    fn call_redis(&mut self, words: &[&[u8]]) {
        let globals = self.vm.globals();
        let heap = &mut self.vm.runtime.heap;
        let Value::Table(redis) = heap.raw_get_field(globals, "redis") else {
            return;
        };
        let pcall = heap.raw_get_field(redis, "pcall");
        let arguments: Vec<Value> = words
            .iter()
            .map(|word| Value::String(heap.new_string(word)))
            .collect();
        if let Some(debugger) = debugger(&mut self.vm.runtime) {
            debugger.steps = true;
        }
        // What the command replies is shown as it is made.
        let _ = self.vm.call_beside(pcall, &arguments, EVALUATION_FUEL);
        if let Some(debugger) = debugger(&mut self.vm.runtime) {
            debugger.steps = false;
        }
    }
}
