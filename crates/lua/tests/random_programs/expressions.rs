//! The expressions of random programs, by the kind of value that is wanted.

use super::{Generator, Kind, NUMBERS, STRINGS, Variable, WORDS};

impl Generator {
    pub(super) fn expression(&mut self, wanted: Kind, depth: usize) -> String {
        let kind = if self.chance(2) { self.kind() } else { wanted };
        if depth == 0 || self.chance(15) {
            return if self.chance(55) && !self.scope.is_empty() {
                self.variable(Some(kind))
            } else {
                self.literal(kind)
            };
        }
        let down = depth - 1;
        if self.chance(8) {
            return self.any(kind, down);
        }
        match kind {
            Kind::Number => self.number(down),
            Kind::String => self.string(down),
            Kind::Boolean => self.boolean(down),
            Kind::Table => self.table(down),
            Kind::Function => self.closure(down),
            Kind::Nil => self.any(kind, down),
        }
    }

    pub(super) fn literal(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Number => self.pick(&NUMBERS).to_owned(),
            Kind::String => format!("'{}'", self.pick(&STRINGS)),
            Kind::Boolean => self.pick(&["true", "false"]).to_owned(),
            Kind::Table => self
                .pick(&["{}", "{1, 2, 3}", "{a = 1, b = 2}", "{'x', n = 1}"])
                .to_owned(),
            Kind::Function => self
                .pick(&[
                    "str",
                    "type",
                    "math.floor",
                    "string.upper",
                    "select",
                    "function() end",
                    "function(...) return ... end",
                    "function(x) return x end",
                    "string.len",
                ])
                .to_owned(),
            Kind::Nil => "nil".to_owned(),
        }
    }

    /// Expressions whose kind is known only when they run.
    fn any(&mut self, kind: Kind, depth: usize) -> String {
        match self.below(6) {
            0 => {
                let (condition, yes, no) = (
                    self.expression(Kind::Boolean, depth),
                    self.expression(kind, depth),
                    self.expression(kind, depth),
                );
                format!("({condition} and {yes} or {no})")
            }
            1 => {
                let (table, place) = (self.variable(Some(Kind::Table)), self.place());
                let otherwise = self.literal(kind);
                self.guarded(&format!("{table}{place}"), &otherwise)
            }
            2 => {
                let function = self.variable(Some(Kind::Function));
                let argument = self.expression(kind, depth);
                let (call, otherwise) = (format!("{function}({argument})"), self.literal(kind));
                format!("(type(({call})) == type({otherwise}) and {call} or {otherwise})")
            }
            3 if self.vararg => self
                .pick(&["(...)", "select('#', ...)", "({...})[1]"])
                .to_owned(),
            4 => format!("({})", self.expression(kind, depth)),
            _ => {
                let (left, right) = (self.expression(kind, depth), self.expression(kind, depth));
                format!("({left} or {right})")
            }
        }
    }

    /// `value`, mostly with something of the right kind to take its place when it is nil.
    fn guarded(&mut self, value: &str, otherwise: &str) -> String {
        if self.chance(88) {
            format!("({value} or {otherwise})")
        } else {
            value.to_owned()
        }
    }

    fn number(&mut self, depth: usize) -> String {
        match self.below(14) {
            0..=5 => {
                let operator = self.pick(&["+", "-", "*", "/", "%", "+", "-", "^"]);
                let left = self.expression(Kind::Number, depth);
                let right = self.expression(Kind::Number, depth);
                format!("({left} {operator} {right})")
            }
            6 => format!("(- {})", self.expression(Kind::Number, depth)),
            7 => format!("#{}", self.variable(Some(Kind::Table))),
            8 => format!("#{}", self.variable(Some(Kind::String))),
            9 => {
                let function = self.pick(&["floor", "ceil", "abs", "sqrt", "max", "min"]);
                format!("math.{function}({})", self.expression(Kind::Number, depth))
            }
            10 => {
                let (left, right) = (
                    self.expression(Kind::Number, depth),
                    self.expression(Kind::Number, depth),
                );
                let function = self.pick(&["max", "min", "fmod"]);
                format!("math.{function}({left}, {right})")
            }
            11 => {
                let converted = format!("tonumber({})", self.expression(Kind::String, depth));
                self.guarded(&converted, "4")
            }
            12 => {
                let (subject, pattern) = (self.expression(Kind::String, depth), self.pattern());
                self.guarded(&format!("(string.find({subject}, '{pattern}'))"), "6")
            }
            _ => {
                let byte = format!("({}):byte()", self.expression(Kind::String, depth));
                self.guarded(&byte, "65")
            }
        }
    }

    fn string(&mut self, depth: usize) -> String {
        let subject = self.expression(Kind::String, depth);
        match self.below(14) {
            0..=3 => {
                let kind = if self.chance(50) {
                    Kind::Number
                } else {
                    Kind::String
                };
                format!("clip({subject} .. {})", self.expression(kind, depth))
            }
            4 => {
                let (a, b) = (self.below(5), self.below(9));
                format!("({subject}):sub({a}, {b})")
            }
            5 => {
                let count = self.expression(Kind::Number, depth);
                format!("clip(({subject}):rep(small({count})))")
            }
            6 => format!(
                "({subject}):{}()",
                self.pick(&["upper", "lower", "reverse"])
            ),
            7 => {
                let format = self.pick(&["%s", "%5s|", "%-5s|", "%q", "%.2s", "%%%s"]);
                format!("string.format('{format}', {subject})")
            }
            8 => {
                let format = self.pick(&["%d", "%5.1f", "%g", "%x", "%05d", "%+d", "%e", "%c"]);
                let number = self.expression(Kind::Number, depth);
                format!("string.format('{format}', small({number}))")
            }
            9 => {
                let pattern = self.pattern();
                let replacement =
                    self.pick(&["'<%0>'", "''", "'%1'", "string.upper", "{a = 'A'}", "'%%'"]);
                format!("clip((string.gsub({subject}, '{pattern}', {replacement})))")
            }
            10 => {
                let matched = format!("(string.match({subject}, '{}'))", self.pattern());
                self.guarded(&matched, "'none'")
            }
            11 => {
                let kind = self.kind();
                format!("type({})", self.expression(kind, depth))
            }
            12 => format!("str({})", self.expression(Kind::Number, depth)),
            _ => {
                let (a, b) = (
                    self.expression(Kind::Number, depth),
                    self.expression(Kind::String, depth),
                );
                format!("table.concat({{{a}, {b}, {subject}}}, '-')")
            }
        }
    }

    fn boolean(&mut self, depth: usize) -> String {
        let kind = self.kind();
        match self.below(9) {
            0 | 1 => {
                let operator = self.pick(&["<", "<=", ">", ">="]);
                let kind = if self.chance(70) {
                    Kind::Number
                } else {
                    Kind::String
                };
                let (left, right) = (self.expression(kind, depth), self.expression(kind, depth));
                format!("{left} {operator} {right}")
            }
            2 | 3 => {
                let operator = self.pick(&["==", "~="]);
                let (left, right) = (self.expression(kind, depth), self.expression(kind, depth));
                format!("({left} {operator} {right})")
            }
            4 => format!("not {}", self.expression(kind, depth)),
            5 | 6 => {
                let operator = self.pick(&["and", "or"]);
                let left = self.expression(Kind::Boolean, depth);
                let right = self.expression(Kind::Boolean, depth);
                format!("({left} {operator} {right})")
            }
            7 => format!(
                "rawequal({}, {})",
                self.expression(kind, depth),
                self.literal(kind)
            ),
            _ => format!("(next({}) == nil)", self.expression(Kind::Table, depth)),
        }
    }

    fn table(&mut self, depth: usize) -> String {
        let mut items = Vec::new();
        for _ in 0..self.below(7) {
            let kind = self.kind();
            let value = self.expression(kind, depth.min(1));
            items.push(match self.below(7) {
                0..=2 => value,
                3 | 4 => format!("{} = {value}", self.pick(&WORDS)),
                5 => format!("[{}] = {value}", self.below(9)),
                _ => {
                    let index = self.expression(Kind::String, depth.min(1));
                    format!("[key({index} or 'none')] = {value}")
                }
            });
        }
        match self.below(8) {
            0 if self.vararg => items.push("...".to_owned()),
            1 => items.push("unpack({1, 2, 3})".to_owned()),
            _ => {}
        }
        let separator = self.pick(&[", ", "; "]);
        format!("{{{}}}", items.join(separator))
    }

    fn closure(&mut self, depth: usize) -> String {
        let parameter = self.fresh("q");
        let mut value = String::new();
        self.inside_function(false, false, |this| {
            this.scope.push(Variable {
                name: parameter.clone(),
                kind: Kind::Number,
            });
            let kind = this.kind();
            value = this.expression(kind, depth);
        });
        if self.chance(30) {
            let target = self.variable(Some(Kind::Number));
            return format!(
                "function({parameter}) tick() {target} = {parameter} return {value} end"
            );
        }
        format!("function({parameter}) tick() return {value} end")
    }
}
