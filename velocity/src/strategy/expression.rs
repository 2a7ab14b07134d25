//! Generated references and expressions.

use super::{Generator, words};

impl Generator {
    pub(super) fn reference(&mut self, depth: u32) {
        let (open, close) = match self.below(6) {
            0 => ("${", "}"),
            1 => ("$!", ""),
            2 => ("$!{", "}"),
            _ => ("$", ""),
        };
        self.put(open);
        match self.below(13) {
            12 => {
                let open = self.pick(&["input.path(", "input.json("]);
                self.put(open);
                let path = self.pick(&words::PATHS);
                self.quoted("", &[path]);
                let close = self.pick(&[")", ")", ").size()", ").get(0)", ").k", ").hashCode()"]);
                self.put(close);
            }
            0 => {
                let call = self.pick(&words::INPUT_CALLS);
                self.put(call);
            }
            1 => {
                let call = self.pick(&words::UTIL_CALLS);
                self.put(call);
            }
            _ => {
                let name = self.pick(&words::NAMES);
                self.put(name);
                for _ in 0..self.below(3) {
                    self.step(depth);
                }
            }
        }
        self.put(close);
    }

    fn step(&mut self, depth: u32) {
        match self.below(4) {
            0 => {
                let name = self.pick(&words::PROPERTIES);
                self.put(".");
                self.put(name);
            }
            1 if depth > 0 => {
                self.put("[");
                self.index();
                self.put("]");
            }
            _ => self.method(depth),
        }
    }

    fn method(&mut self, depth: u32) {
        match self.below(12) {
            0 | 1 if depth > 0 => {
                let open = self.pick(&words::OPEN_METHODS);
                self.put(open);
                self.argument(depth - 1);
                self.put(")");
            }
            2 => {
                let open = self.pick(&[".replaceAll('", ".replaceFirst('"]);
                let pattern = self.pick(&words::PATTERNS);
                let replacement = self.pick(&words::REPLACEMENTS);
                self.quoted(open, &[pattern, replacement]);
                self.put(")");
            }
            3 => {
                let open = self.pick(&[".split('", ".split('", ".matches('"]);
                let pattern = self.pick(&words::PATTERNS);
                self.quoted(open, &[pattern]);
                let close = if open.starts_with(".s") {
                    self.pick(&[")", ")", ", 2)", ", -1)", ").length", ").size()", ")[0]"])
                } else {
                    ")"
                };
                self.put(close);
            }
            4 if self.below(3) == 0 => {
                self.put(".format(");
                let arguments = self.pick(&words::FORMATS);
                self.put(arguments);
                self.put(")");
            }
            _ => {
                let method = self.pick(&words::METHODS);
                self.put(method);
            }
        }
    }

    /// Texts in single quotes, or in double quotes if they contain a single one. The first quote is
    /// that of `open`.
    fn quoted(&mut self, open: &str, texts: &[&str]) {
        self.put(open.trim_end_matches('\''));
        for (index, text) in texts.iter().enumerate() {
            let quote = if text.contains('\'') && !self.in_text {
                "\""
            } else {
                "'"
            };
            if index > 0 {
                self.put(", ");
            }
            self.put(quote);
            self.put(text);
            self.put(quote);
        }
    }

    /// Mostly what is allowed in brackets after a reference.
    fn index(&mut self) {
        if self.below(16) == 0 {
            return self.expression(0);
        }
        let index = self.pick(&words::INDEXES);
        self.put(index);
    }

    /// Mostly a value without operators: lists and calls accept nothing else.
    fn argument(&mut self, depth: u32) {
        match self.below(32) {
            0 => self.expression(depth),
            1..=4 if depth > 0 => {
                self.put("[");
                self.expression(0);
                self.put("]");
            }
            _ => self.expression(0),
        }
    }

    pub(super) fn expression(&mut self, depth: u32) {
        let choice = if depth == 0 {
            self.below(9)
        } else {
            self.below(15)
        };
        match choice {
            0 | 1 => {
                let literal = self.pick(&words::NUMBERS);
                self.put(literal);
            }
            2 => {
                let literal = self.pick(&[
                    "true", "false", "\"\"", "''", "\"text\"", "'text'", "\"2\"", "'$a'",
                ]);
                self.put(literal);
            }
            3 => self.interpolated(),
            4..=8 => {
                self.put("$");
                let name = self.pick(&words::NAMES);
                self.put(name);
                if depth > 0 && self.below(2) == 0 {
                    self.step(depth - 1);
                }
            }
            9 => {
                self.put("!");
                self.expression(depth - 1);
            }
            10 => {
                self.put("(");
                self.expression(depth - 1);
                self.put(")");
            }
            11 | 12 => {
                self.expression(depth - 1);
                let operator = self.pick(&words::OPERATORS);
                self.put(operator);
                self.expression(depth - 1);
            }
            13 => {
                self.put("[");
                for index in 0..self.below(3) {
                    if index > 0 {
                        self.put(", ");
                    }
                    self.argument(depth - 1);
                }
                self.put("]");
            }
            _ => {
                let literal = self.pick(&words::COLLECTIONS);
                self.put(literal);
            }
        }
    }

    /// A double-quoted string with a reference in it.
    fn interpolated(&mut self) {
        if self.in_text {
            self.put("'x'");
            return;
        }
        self.put("\"");
        let text = self.pick(&["x", "", "a b", "it's", "#set($v = 1)"]);
        self.put(text);
        self.in_text = true;
        self.reference(1);
        self.in_text = false;
        let text = self.pick(&["x", "", "-", "\"\"", "#if($g)y#end"]);
        self.put(text);
        self.put("\"");
    }
}
