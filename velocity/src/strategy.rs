//! Templates to try things on, well-formed and wild, and the variables that they speak of (feature
//! `proptest`).
//!
//! A template is a function of a number, so that a run of a million can be repeated, and one of
//! them looked at again.

mod context;
mod words;

use proptest::prelude::*;

pub use self::context::{document_of, variables_of};

/// The variables that generated templates speak of, as a JSON object.
pub const VARIABLES: &str = include_str!("../oracle/variables.json");

/// Any template.
pub fn template() -> impl Strategy<Value = String> {
    any::<u64>().prop_map(template_of)
}

/// The template of a number.
pub fn template_of(seed: u64) -> String {
    let mut generator = Generator::new(seed);
    let wild = generator.below(8) == 0;
    let parts = 1 + generator.below(6);
    for _ in 0..parts {
        if wild {
            generator.soup();
        } else {
            generator.part(3);
        }
    }
    generator.out
}

struct Generator {
    state: u64,
    out: String,
    /// How many parts may still be made: what keeps templates small.
    budget: u32,
    /// Inside of a double-quoted string: what holds such a quote itself would end it.
    in_text: bool,
}

impl Generator {
    fn new(seed: u64) -> Self {
        let mut generator = Generator {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d,
            out: String::new(),
            budget: 40,
            in_text: false,
        };
        for _ in 0..6 {
            generator.next();
        }
        generator
    }

    /// splitmix64
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick(&mut self, choices: &[&'static str]) -> &'static str {
        let first = self.below(choices.len() as u64);
        let mut picks =
            (first..).map(|at| choices[usize::try_from(at).unwrap_or(0) % choices.len()]);
        let in_text = self.in_text;
        let fitting = picks
            .by_ref()
            .take(choices.len())
            .find(|pick| !in_text || !pick.contains('"'));
        fitting.unwrap_or("x")
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Pieces that need not fit together.
    fn soup(&mut self) {
        for _ in 0..=self.below(6) {
            let piece = self.pick(&words::SOUP);
            self.put(piece);
        }
    }

    fn block(&mut self, depth: u32) {
        for _ in 0..self.below(4) {
            self.part(depth);
        }
    }

    fn part(&mut self, depth: u32) {
        if self.budget == 0 {
            return;
        }
        self.budget -= 1;
        let choice = if depth == 0 {
            self.below(8)
        } else {
            self.below(17)
        };
        match choice {
            0..=2 => {
                let text = self.pick(&words::TEXTS);
                self.put(text);
            }
            3..=7 => self.reference(2),
            8 | 9 => {
                self.put("#set($");
                let name = self.pick(&["v", "v", "i", "a", "d.k", "d.z", "c[0]", "d[\"q\"]", "b"]);
                self.put(name);
                self.put(" = ");
                self.expression(2);
                self.put(")");
                self.newline();
            }
            10..=12 => {
                self.put("#if(");
                self.expression(2);
                self.put(")");
                self.newline();
                self.block(depth - 1);
                for _ in 0..self.below(2) {
                    self.put("#elseif(");
                    self.expression(1);
                    self.put(")");
                    self.block(depth - 1);
                }
                if self.below(2) == 0 {
                    let word = self.pick(&["#else", "#{else}", "#else\n"]);
                    self.put(word);
                    if word == "#else" {
                        self.put(" ");
                    }
                    self.block(depth - 1);
                }
                let end = self.pick(&["#end", "#{end}"]);
                self.put(end);
                self.newline();
            }
            13 | 14 => {
                self.put("#foreach($i in ");
                let list = self.pick(&[
                    "$c",
                    "[1..3]",
                    "$d",
                    "[\"p\", $a]",
                    "$d.keySet()",
                    "$u",
                    "$d.entrySet()",
                    "$b",
                    "$undefined",
                    "[2..5]",
                ]);
                self.put(list);
                self.put(")");
                self.newline();
                let inner = self.pick(&[
                    "$i",
                    "$foreach.count",
                    "$velocityCount",
                    "$foreach.index",
                    "#if($foreach.hasNext),#end",
                    "$!i.key",
                    "#if($i == 2)#break#end",
                    "$foreach.last",
                    "$foreach.info.depth",
                    "$foreach.topmost",
                    "$foreach.parent.index",
                    "#set($foreach.z = $i)",
                    "#set($foreach.k = 1)$foreach.topmost.k",
                    "#if($foreach.first)#break($foreach)#end",
                    "#if($i == 2)#break($foreach.parent)#end",
                    "#if($foreach.count == 2)#break($foreach.topmost)#end",
                    "#set($c[0] = $i)",
                ]);
                self.put(inner);
                self.block(depth - 1);
                self.put("#end");
                self.newline();
            }
            15 => {
                let start = self.pick(&["#define($q)", "#macro(mm $p)", "#macro(nn)"]);
                self.put(start);
                self.block(depth - 1);
                self.put("#end");
                let call = self.pick(&["$q", "#mm($a)", "#nn()", "#mm(\"x\")", "$!q", "#mm()", ""]);
                self.put(call);
            }
            _ => {
                let piece = self.pick(&[
                    "#stop",
                    "#break",
                    "#evaluate(\"$a\")",
                    "#include(\"x\")",
                    "#unknown",
                    "#unknown($a)",
                    "#@mm($a)b#end",
                    "#literal()x$a#end",
                ]);
                self.put(piece);
            }
        }
    }

    fn newline(&mut self) {
        let text = self.pick(&["", "", "\n", " \n", "\n\n", " "]);
        self.put(text);
    }

    fn reference(&mut self, depth: u32) {
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
                let call = self.pick(&[
                    "input.body",
                    "input.path('$.o.p')",
                    "input.json('$.o')",
                    "input.path('$.l')",
                    "input.json('$.l[1]')",
                    "input.path('$.none')",
                    "input.json('$.none')",
                    "input.json('$')",
                    "input.path('$.l').size()",
                    "input.path('$.o').p",
                    "input.params('h')",
                    "input.params().header.h",
                ]);
                self.put(call);
            }
            1 => {
                let call = self.pick(&[
                    "util.escapeJavaScript($s)",
                    "util.escapeJavaScript($input.body)",
                    "util.base64Encode($s)",
                    "util.base64Decode(\"aGk=\")",
                    "util.urlEncode($s)",
                    "util.urlDecode(\"a%20b+c\")",
                    "util.parseJson(\"{'a':1}\")",
                    "util.parseJson(\"{\"\"k\"\": [1, 2.50, null, \"\"x\"\"]}\").k",
                    "context.connectionId",
                    "context.authorizer.token",
                    "context.none",
                    "stageVariables.sv",
                    "stageVariables['sv']",
                ]);
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

    /// Texts in single quotes, or in double ones when they hold one; the first quote is that of
    /// `open`.
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

    /// What may stand in brackets behind a reference, mostly.
    fn index(&mut self) {
        if self.below(16) == 0 {
            return self.expression(0);
        }
        let index = self.pick(&[
            "0",
            "1",
            "-1",
            "2",
            "$f",
            "$i",
            "$v",
            "$a",
            "\"k\"",
            "'k'",
            "\"$b\"",
            "'n'",
            "true",
            "$foreach.index",
            "$undefined",
            "9",
            "-9",
            "\"\"",
            "'size'",
        ]);
        self.put(index);
    }

    /// A value that takes no calculation, mostly: lists and calls take nothing else.
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

    fn expression(&mut self, depth: u32) {
        let choice = if depth == 0 {
            self.below(9)
        } else {
            self.below(15)
        };
        match choice {
            0 | 1 => {
                let literal = self.pick(&[
                    "0",
                    "1",
                    "2",
                    "-1",
                    "2147483647",
                    "2147483648",
                    "9223372036854775807",
                    "9223372036854775808",
                    "1.5",
                    "-0.25",
                    "1e3",
                    "1000.0",
                    "0.1",
                    "3.3",
                    "123456789.123",
                    "1.0E23",
                    "2e-3",
                    "100",
                    "7",
                ]);
                self.put(literal);
            }
            2 => {
                let literal = self.pick(&[
                    "true", "false", "\"\"", "''", "\"text\"", "'text'", "\"2\"", "'$a'",
                ]);
                self.put(literal);
            }
            3 => {
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
                let operator = self.pick(&[
                    " == ", " != ", " < ", " > ", " <= ", " >= ", " && ", " || ", " + ", " - ",
                    " * ", " / ", " % ", "+", "==", " and ", " eq ", " lt ",
                ]);
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
                let literal = self.pick(&[
                    "{}",
                    "{\"k\": 1}",
                    "{\"k\": $a, \"z\": \"y\"}",
                    "[1..3]",
                    "[3..1]",
                    "[$f..5]",
                    "[]",
                    "{$b: 2}",
                    "{\"k\": $undefined}",
                    "[$undefined]",
                ]);
                self.put(literal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Template};

    #[test]
    fn a_number_is_always_the_same_template() {
        assert_eq!(template_of(7), template_of(7));
    }

    // A generator whose templates are all errors would test nothing.
    #[test]
    fn most_templates_parse_and_few_do_not() {
        let parse = |seed| Template::parse(&template_of(seed), &Options::default()).is_ok();
        let good = (0..2_000).filter(|seed| parse(*seed)).count();
        assert!((1_000..1_950).contains(&good), "{good}");
    }
}
