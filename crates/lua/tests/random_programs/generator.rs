//! Writes random Lua programs that end.
//!
//! A program is a prelude and a list of blocks. Each block runs protected and prints its error, so
//! that one mistake does not hide what comes after, and so that blocks can be left out when a
//! failing program is made smaller. Expressions are chosen by the kind of value that is wanted,
//! with a small chance of any other kind, so that most code works and the rest shows error texts.
//!
//! Programs end because loops are short, functions call only functions written before them, and a
//! counter of ticks stops the rest. Nothing printed depends on addresses, time or the C library.

mod expressions;

use std::fmt::Write;

/// What every program starts with.
pub const PRELUDE: &str = r#"local ticks = 0
local function tick() ticks = ticks + 1 if ticks > 3000 then error('out of ticks', 0) end end
local function text(v, depth)
  local kind = type(v)
  if kind == 'number' then return v ~= v and 'nan' or tostring(v) end
  if kind == 'string' then return string.format('%q', #v > 80 and v:sub(1, 80) or v) end
  if kind ~= 'table' then return kind == 'boolean' and tostring(v) or kind end
  if (depth or 0) > 2 then return '{...}' end
  local parts = {'#' .. #v}
  for k, e in pairs(v) do
    parts[#parts + 1] = text(k, 3) .. '=' .. text(e, (depth or 0) + 1)
    if #parts > 60 then break end
  end
  return '{' .. table.concat(parts, ' ') .. '}'
end
local function show(...)
  tick()
  local parts = {}
  for i = 1, select('#', ...) do parts[i] = text((select(i, ...))) end
  print(table.concat(parts, '\t'))
end
local function str(v) return (tostring(v):gsub('0x%x+', '')) end
local function clip(s) if type(s) == 'string' and #s > 120 then return s:sub(1, 120) end return s end
local function small(n) n = math.abs(n) if n ~= n or n > 1e9 then return 3 end return math.floor(n) % 7 end
local function key(k) local kind = type(k) if kind == 'table' or kind == 'function' or kind == 'thread' then return kind end return k end
local function try(f) local ok, e = pcall(f) if not ok then print('failed: ' .. text(e)) end end
"#;

/// Kinds of values an expression may be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    String,
    Boolean,
    Table,
    Function,
    Nil,
}

const KINDS: [Kind; 6] = [
    Kind::Number,
    Kind::String,
    Kind::Boolean,
    Kind::Table,
    Kind::Function,
    Kind::Nil,
];

#[derive(Clone)]
struct Variable {
    name: String,
    kind: Kind,
}

/// Writes one program; the same seed gives the same program.
pub struct Generator {
    state: u64,
    scope: Vec<Variable>,
    counter: usize,
    depth: usize,
    loops: usize,
    vararg: bool,
    coroutine: bool,
    out: String,
    indent: usize,
}

const WORDS: [&str; 14] = [
    "a", "b", "id", "name", "count", "list", "x", "y", "key", "value", "n", "total", "alpha", "k1",
];
const STRINGS: [&str; 16] = [
    "",
    "a",
    "abc",
    "hello world",
    "10",
    " 3 ",
    "0x1f",
    "1e2",
    "x=1, y=2",
    "%d",
    "a.b.c",
    "\\n",
    "ABC",
    "a\\0b",
    "longer text with several words",
    "zz",
];
const NUMBERS: [&str; 20] = [
    "0", "1", "2", "3", "-1", "7", "10", "0.5", "-2.5", "100", "255", "1e3", "2^31", "2^53",
    "1e15", "1/3", "1e100", "-7", "16", "3.14159",
];
const PATTERNS: [&str; 18] = [
    "a",
    "%a+",
    "%d",
    "(%w)(%w)",
    "^%s*",
    "[aeiou]",
    ".-b",
    "%s",
    "(.)%1",
    "()",
    "l*",
    "x=(%d)",
    "%f[%w]%w+",
    "[^%w]",
    "$",
    "%b()",
    "(%a+)=(%d+)",
    "[%",
];

impl Generator {
    /// A generator for one program.
    pub fn new(seed: u64) -> Generator {
        Generator {
            state: seed,
            scope: Vec::new(),
            counter: 0,
            depth: 0,
            loops: 0,
            vararg: false,
            coroutine: false,
            out: String::new(),
            indent: 0,
        }
    }

    /// The blocks of the program, to be run in order after the prelude.
    pub fn blocks(mut self) -> Vec<String> {
        let count = 5 + self.below(8);
        let globals = ["g1", "g2", "g3", "g4", "g5", "g6"];
        for (name, kind) in globals.iter().zip(KINDS) {
            self.scope.push(Variable {
                name: (*name).to_owned(),
                kind,
            });
        }
        let mut blocks = Vec::new();
        let mut first = String::new();
        for (name, kind) in globals.iter().zip(KINDS) {
            let value = self.literal(kind);
            let _ = writeln!(first, "try(function() {name} = {value} end)");
        }
        blocks.push(first);
        for _ in 0..count {
            self.out.clear();
            self.indent = 1;
            self.depth = 0;
            let size = 2 + self.below(6);
            self.body(size);
            blocks.push(format!("try(function()\n{}end)\n", self.out));
        }
        blocks
    }

    // SplitMix64: small, seedable by any number, good enough to pick branches.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pattern(&mut self) -> &'static str {
        if self.chance(2) {
            "[%"
        } else {
            self.pick(&PATTERNS)
        }
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn kind(&mut self) -> Kind {
        KINDS[self.below(KINDS.len())]
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}{}", self.counter)
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Statements in a scope of their own.
    fn body(&mut self, size: usize) {
        let outer = self.scope.len();
        self.depth += 1;
        for _ in 0..size {
            self.statement();
        }
        self.depth -= 1;
        self.scope.truncate(outer);
    }

    fn block(&mut self, head: &str, size: usize, tail: &str) {
        self.line(head);
        self.indent += 1;
        self.line("tick()");
        self.body(size);
        self.indent -= 1;
        self.line(tail);
    }

    fn declare(&mut self, kind: Kind) {
        let value = self.expression(kind, 3);
        let name = if self.chance(10) && !self.scope.is_empty() {
            self.variable(None)
        } else {
            self.fresh("v")
        };
        let name = if name.contains(['.', '[']) {
            self.fresh("v")
        } else {
            name
        };
        self.line(&format!("local {name} = {value}"));
        self.scope.push(Variable { name, kind });
    }

    fn variable(&mut self, kind: Option<Kind>) -> String {
        let fitting: Vec<String> = self
            .scope
            .iter()
            .filter(|variable| kind.is_none_or(|kind| variable.kind == kind))
            .map(|variable| variable.name.clone())
            .collect();
        if fitting.is_empty() {
            return "g1".to_owned();
        }
        // The newest variables are the most interesting ones.
        let back = self.below(fitting.len()).min(self.below(fitting.len()));
        fitting[fitting.len() - 1 - back].clone()
    }

    fn statement(&mut self) {
        let deep = self.depth > 3;
        match self.below(if deep { 12 } else { 26 }) {
            0..=2 => {
                let kind = self.kind();
                self.declare(kind);
            }
            3 | 4 => {
                let kind = self.kind();
                let (name, value) = (self.variable(Some(kind)), self.expression(kind, 3));
                self.line(&format!("{name} = {value}"));
            }
            5 | 6 => {
                let (table, place) = (self.variable(Some(Kind::Table)), self.place());
                let kind = self.kind();
                let value = self.expression(kind, 2);
                self.line(&format!("{table}{place} = {value}"));
            }
            7..=9 => {
                let (first, second) = (self.kind(), self.kind());
                let (first, second) = (self.expression(first, 4), self.expression(second, 2));
                self.line(&format!("show({first}, {second})"));
            }
            10 => {
                let (left, right) = (self.kind(), self.kind());
                let (a, b) = (self.variable(Some(left)), self.variable(Some(right)));
                let (left, right) = (self.expression(left, 2), self.expression(right, 2));
                self.line(&format!("{a}, {b} = {left}, {right}"));
            }
            11 => {
                let call = self.library_statement();
                self.line(&call);
            }
            12 | 13 => self.conditional(),
            14 | 15 => self.counted_loop(),
            16 => self.traversal(),
            17 => self.conditional_loop(),
            18..=20 => self.function(),
            21 => self.protected(),
            22 | 23 => self.coroutine(),
            24 => self.metatable(),
            _ => {
                if self.loops > 0 && self.chance(60) {
                    let condition = self.expression(Kind::Boolean, 2);
                    self.line(&format!("if {condition} then break end"));
                } else if self.coroutine {
                    let kind = self.kind();
                    let value = self.expression(kind, 2);
                    let name = self.fresh("y");
                    self.line(&format!("local {name} = coroutine.yield({value})"));
                    self.scope.push(Variable {
                        name,
                        kind: Kind::Number,
                    });
                } else {
                    let size = 1 + self.below(4);
                    self.block("do", size, "end");
                }
            }
        }
    }

    /// `.field` or `[key]`.
    fn place(&mut self) -> String {
        match self.below(6) {
            0 | 1 => format!(".{}", self.pick(&WORDS)),
            2 => format!("[{}]", 1 + self.below(8)),
            3 => format!("[{}]", self.pick(&NUMBERS)),
            4 => {
                let index = self.expression(Kind::Number, 1);
                format!("[key({index})]")
            }
            _ => {
                let index = self.expression(Kind::String, 1);
                format!("[key({index})]")
            }
        }
    }

    fn conditional(&mut self) {
        let condition = self.expression(Kind::Boolean, 3);
        let size = 1 + self.below(3);
        self.block(&format!("if {condition} then"), size, "");
        if self.chance(30) {
            let condition = self.expression(Kind::Boolean, 2);
            self.block(&format!("elseif {condition} then"), 1, "");
        }
        if self.chance(50) {
            self.block("else", 2, "end");
        } else {
            self.line("end");
        }
    }

    fn counted_loop(&mut self) {
        let name = self.fresh("i");
        let (start, stop) = (self.below(6), self.below(8));
        let step = self.pick(&["", "", "", ", 1", ", 2", ", -1", ", 0.5"]);
        let start = if self.chance(15) {
            let value = self.expression(Kind::Number, 1);
            format!("small({value})")
        } else {
            start.to_string()
        };
        let size = 1 + self.below(4);
        self.loops += 1;
        self.scope.push(Variable {
            name: name.clone(),
            kind: Kind::Number,
        });
        self.block(
            &format!("for {name} = {start}, {stop}{step} do"),
            size,
            "end",
        );
        self.scope.pop();
        self.loops -= 1;
    }

    fn traversal(&mut self) {
        let (k, v) = (self.fresh("k"), self.fresh("e"));
        let head = match self.below(5) {
            0 | 1 => {
                let table = self.expression(Kind::Table, 2);
                format!("for {k}, {v} in pairs({table}) do")
            }
            2 => {
                let table = self.expression(Kind::Table, 2);
                format!("for {k}, {v} in ipairs({table}) do")
            }
            3 => {
                let (subject, pattern) = (self.expression(Kind::String, 2), self.pattern());
                format!("for {k}, {v} in string.gmatch({subject}, '{pattern}') do")
            }
            _ => {
                let table = self.variable(Some(Kind::Table));
                format!("for {k}, {v} in next, {table} do")
            }
        };
        self.loops += 1;
        let outer = self.scope.len();
        self.scope.push(Variable {
            name: k.clone(),
            kind: Kind::String,
        });
        self.scope.push(Variable {
            name: v.clone(),
            kind: Kind::Number,
        });
        let size = 1 + self.below(3);
        self.block(&head, size, "end");
        self.scope.truncate(outer);
        self.loops -= 1;
    }

    fn conditional_loop(&mut self) {
        let (counter, limit) = (self.fresh("c"), 1 + self.below(6));
        self.line(&format!("local {counter} = 0"));
        let condition = self.expression(Kind::Boolean, 2);
        self.loops += 1;
        let size = 1 + self.below(3);
        let step = format!("{counter} = {counter} + 1");
        if self.chance(50) {
            self.line(&format!("while {counter} < {limit} and ({condition}) do"));
            self.indent += 1;
            self.line(&step);
            self.line("tick()");
            self.body(size);
            self.indent -= 1;
            self.line("end");
        } else {
            self.line("repeat");
            self.indent += 1;
            self.line(&step);
            self.line("tick()");
            self.body(size);
            self.indent -= 1;
            self.line(&format!("until {counter} >= {limit} or ({condition})"));
        }
        self.loops -= 1;
        self.scope.push(Variable {
            name: counter,
            kind: Kind::Number,
        });
    }

    /// Runs `write` as the body of a new function: loops and yields outside do not reach in.
    fn inside_function(&mut self, vararg: bool, coroutine: bool, write: impl FnOnce(&mut Self)) {
        let saved = (self.loops, self.vararg, self.coroutine, self.scope.len());
        (self.loops, self.vararg, self.coroutine) = (0, vararg, coroutine);
        write(self);
        (self.loops, self.vararg, self.coroutine) = (saved.0, saved.1, saved.2);
        self.scope.truncate(saved.3);
    }

    fn function(&mut self) {
        let name = self.fresh("f");
        let vararg = self.chance(30);
        let (a, b) = (self.fresh("p"), self.fresh("p"));
        let tail = if vararg { ", ..." } else { "" };
        let method = self.chance(20);
        let head = if method {
            let table = self.variable(Some(Kind::Table));
            let table = if table.starts_with(|c: char| c.is_alphabetic()) {
                table
            } else {
                "g4".into()
            };
            format!("function {table}:{name}({a}, {b}{tail})")
        } else if self.chance(70) {
            format!("local function {name}({a}, {b}{tail})")
        } else {
            format!("local {name} = function({a}, {b}{tail})")
        };
        let size = 1 + self.below(5);
        self.line(&head);
        self.inside_function(vararg, false, |this| {
            let (first, second) = (this.kind(), this.kind());
            this.scope.push(Variable {
                name: a,
                kind: first,
            });
            this.scope.push(Variable {
                name: b,
                kind: second,
            });
            this.indent += 1;
            this.line("tick()");
            this.body(size);
            let results: Vec<String> = (0..this.below(4))
                .map(|_| {
                    let kind = this.kind();
                    this.expression(kind, 2)
                })
                .collect();
            this.line(&format!("return {}", results.join(", ")));
            this.indent -= 1;
        });
        self.line("end");
        if method {
            let table = self.variable(Some(Kind::Table));
            let argument = self.expression(Kind::Number, 1);
            self.line(&format!("show({table}:{name}({argument}))"));
        } else {
            let (x, y) = (self.kind(), self.kind());
            let (x, y) = (self.expression(x, 2), self.expression(y, 2));
            self.line(&format!("show({name}({x}, {y}, 3))"));
            self.scope.push(Variable {
                name,
                kind: Kind::Function,
            });
        }
    }

    fn protected(&mut self) {
        let size = 1 + self.below(4);
        self.line("show(pcall(function(...)");
        self.inside_function(true, false, |this| {
            this.indent += 1;
            this.line("tick()");
            this.body(size);
            let kind = this.kind();
            let value = this.expression(kind, 2);
            let end = match this.below(5) {
                0 => format!("error({value})"),
                1 => format!("error({value}, {})", this.below(4)),
                2 => format!("assert({value}, 'asserted')"),
                _ => format!("return {value}, ..."),
            };
            this.line(&end);
            this.indent -= 1;
        });
        self.line("end, 'argument'))");
    }

    fn coroutine(&mut self) {
        let name = self.fresh("co");
        let size = 2 + self.below(4);
        let parameter = self.fresh("p");
        let wrapped = self.chance(40);
        let maker = if wrapped { "wrap" } else { "create" };
        self.line(&format!(
            "local {name} = coroutine.{maker}(function({parameter})"
        ));
        self.inside_function(false, true, |this| {
            this.scope.push(Variable {
                name: parameter,
                kind: Kind::Number,
            });
            this.indent += 1;
            this.line("tick()");
            this.line("coroutine.yield('first')");
            this.body(size);
            let kind = this.kind();
            let value = this.expression(kind, 2);
            this.line(&format!("return coroutine.yield({value}), 'end'"));
            this.indent -= 1;
        });
        self.line("end)");
        for _ in 0..2 + self.below(4) {
            let kind = self.kind();
            let argument = self.expression(kind, 1);
            if wrapped {
                self.line(&format!("show(pcall({name}, {argument}))"));
            } else {
                self.line(&format!("show(coroutine.resume({name}, {argument}))"));
                self.line(&format!("show(coroutine.status({name}))"));
            }
        }
    }

    fn metatable(&mut self) {
        let name = self.fresh("m");
        let mut events = Vec::new();
        for _ in 0..1 + self.below(4) {
            let event = self.pick(&[
                "add", "sub", "mul", "div", "mod", "pow", "unm", "concat", "eq", "lt", "le",
                "index", "newindex", "call", "tostring",
            ]);
            let kind = if event == "tostring" {
                Kind::String
            } else {
                self.kind()
            };
            let mut value = String::new();
            self.inside_function(false, false, |this| {
                this.scope.push(Variable {
                    name: "b".into(),
                    kind: Kind::Number,
                });
                this.scope.push(Variable {
                    name: "a".into(),
                    kind: Kind::Table,
                });
                let save = std::mem::take(&mut this.scope);
                this.scope = save.iter().rev().take(2).cloned().collect();
                value = if event == "newindex" {
                    "rawset(a, key(b), c)".to_owned()
                } else {
                    this.expression(kind, 2)
                };
                this.scope = save;
            });
            // Inside, `a` and `b` are raw operands: using them again would recurse until the end of
            // the ticks, which is slow but ends.
            events.push(format!(
                "__{event} = function(a, b, c) tick() return {value} end"
            ));
        }
        let table = self.expression(Kind::Table, 2);
        self.line(&format!(
            "local {name} = setmetatable({table}, {{{}}})",
            events.join(", ")
        ));
        self.scope.push(Variable {
            name: name.clone(),
            kind: Kind::Table,
        });
        let mut other = String::new();
        self.inside_function(false, false, |this| {
            other = this.expression(Kind::Number, 1)
        });
        let uses = [
            format!("{name} + {other}"),
            format!("{other} - {name}"),
            format!("{name} * {name}"),
            format!("-{name}"),
            format!("{name} .. 'x'"),
            format!("{name} == setmetatable({{}}, getmetatable({name}))"),
            format!("{name} < setmetatable({{}}, getmetatable({name}))"),
            format!("{name} <= {name}"),
            format!("{name}.missing"),
            format!("{name}({other})"),
            format!("(tostring({name}):gsub('0x%x+', ''))"),
        ];
        for _ in 0..2 {
            let which = self.below(uses.len());
            self.line(&format!(
                "show(pcall(function() return {} end))",
                uses[which]
            ));
        }
    }

    fn library_statement(&mut self) -> String {
        let table = self.variable(Some(Kind::Table));
        let kind = self.kind();
        match self.below(8) {
            0 | 1 => format!("table.insert({table}, {})", self.expression(kind, 1)),
            2 => format!(
                "table.insert({table}, {}, {})",
                1 + self.below(3),
                self.expression(kind, 1)
            ),
            3 => format!("show(table.remove({table}))"),
            4 => format!("show(table.remove({table}, {}))", 1 + self.below(3)),
            5 => {
                let operator = self.pick(&["<", ">"]);
                format!(
                    "show(pcall(table.sort, {table}, function(a, b) tick() return a {operator} b end), {table})"
                )
            }
            6 => format!("show(pcall(table.concat, {table}, ','))"),
            _ => "collectgarbage()".to_owned(),
        }
    }
}
