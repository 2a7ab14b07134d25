//! Templates to try things on, well-formed and wild, and the variables that they speak of (feature `proptest`).
//!
//! A template is a function of a number, so that a run of a million can be repeated, and one of them looked at again.

use proptest::prelude::*;

/// The variables that generated templates speak of, as a JSON object.
pub const VARIABLES: &str = include_str!("../oracle/variables.json");

/// Any template.
pub fn template() -> impl Strategy<Value = String> {
    any::<u64>().prop_map(template_of)
}

/// The template of a number.
pub fn template_of(seed: u64) -> String {
    let mut generator = Generator {
        state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d,
        out: String::new(),
        budget: 40,
    };
    for _ in 0..6 {
        generator.next();
    }
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
}

const NAMES: [&str; 23] = [
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "l",
    "m",
    "x",
    "s",
    "t",
    "u",
    "w",
    "v",
    "v",
    "i",
    "undefined",
    "a-b",
    "p_1",
    "foreach",
    "velocityCount",
];
const PROPERTIES: [&str; 15] = [
    "k", "n", "m", "e", "size", "length", "empty", "body", "count", "index", "hasNext", "first",
    "K", "missing", "key",
];
const TEXTS: [&str; 34] = [
    "text",
    " ",
    "\n",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ".",
    ",",
    ":",
    "é",
    "😀",
    "0",
    "-",
    "$",
    "#",
    "\\",
    "$$",
    "##c\n",
    "#*c*#",
    "a.b",
    "x\n  y",
    "\t",
    "#[[$a #end]]#",
    "\\$a",
    "\\\\$a",
    "\\#if",
    "$1",
    "!",
    "#ff0",
];
const SOUP: [&str; 62] = [
    "$",
    "#",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "!",
    "\\",
    "\"",
    "'",
    ".",
    ",",
    " ",
    "\n",
    "a",
    "b",
    "if",
    "else",
    "elseif",
    "end",
    "set",
    "foreach",
    "in",
    "$a",
    "$!a",
    "${a",
    "${a}",
    "$d.k",
    "$c.get(",
    "#if(",
    "#set(",
    "#foreach(",
    "#end",
    "#else",
    "#elseif(",
    "#stop",
    "#break",
    "#define(",
    "#macro(",
    "=",
    "==",
    "&&",
    "||",
    "1",
    "1.5",
    "..",
    "[1..3]",
    "true",
    "*",
    "*#",
    "#*",
    "##",
    "]]#",
    "#[[",
    "-",
    "+",
    "/",
    "%",
    "<",
    ">=",
];

impl Generator {
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
        let at = self.below(choices.len() as u64);
        choices[usize::try_from(at).unwrap_or(0)]
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Pieces that need not fit together.
    fn soup(&mut self) {
        for _ in 0..=self.below(6) {
            let piece = self.pick(&SOUP);
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
                let text = self.pick(&TEXTS);
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
        match self.below(12) {
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
                let name = self.pick(&NAMES);
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
                let name = self.pick(&PROPERTIES);
                self.put(".");
                self.put(name);
            }
            1 if depth > 0 => {
                self.put("[");
                self.expression(0);
                self.put("]");
            }
            _ => self.method(depth),
        }
    }

    fn method(&mut self, depth: u32) {
        let method = self.pick(&[
            ".size()",
            ".length()",
            ".get(0)",
            ".get(\"k\")",
            ".isEmpty()",
            ".contains(\"x\")",
            ".containsKey(\"k\")",
            ".keySet()",
            ".values()",
            ".entrySet()",
            ".add(1)",
            ".put(\"z\", 1)",
            ".remove(\"k\")",
            ".remove(0)",
            ".indexOf(\"x\")",
            ".substring(1)",
            ".substring(0, 2)",
            ".startsWith(\"t\")",
            ".endsWith(\"t\")",
            ".toUpperCase()",
            ".toLowerCase()",
            ".replace(\"t\", \"T\")",
            ".replaceAll(\"[a-z]\", \"<$0>\")",
            ".replaceFirst(\"t\", \"\")",
            ".split(\"e\")",
            ".trim()",
            ".concat(\"!\")",
            ".hashCode()",
            ".toString()",
            ".charAt(0)",
            ".compareTo(\"u\")",
            ".matches(\"t.*\")",
            ".intValue()",
            ".equals($a)",
            ".equalsIgnoreCase(\"TEXT\")",
            ".lastIndexOf(\"t\")",
            ".set(0, 9)",
            ".containsValue(\"v\")",
            ".doubleValue()",
            ".longValue()",
            ".floatValue()",
            ".addAll([1])",
            ".clear()",
            ".subList(0, 1)",
            ".putAll({\"r\": 1})",
            ".parseInt(\"12\")",
            ".none()",
            ".codePointAt(0)",
            ".isDigit()",
        ]);
        if depth > 0 && self.below(4) == 0 {
            let open = self.pick(&[
                ".get(",
                ".contains(",
                ".equals(",
                ".concat(",
                ".indexOf(",
                ".substring(",
                ".add(",
                ".compareTo(",
                ".containsKey(",
            ]);
            self.put(open);
            self.expression(depth - 1);
            self.put(")");
        } else {
            self.put(method);
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
                self.put("\"");
                let text = self.pick(&["x", "", "a b", "it's"]);
                self.put(text);
                self.reference(0);
                let text = self.pick(&["x", "", "-", "\"\"", "#if($g)y#end"]);
                self.put(text);
                self.put("\"");
            }
            4..=8 => {
                self.put("$");
                let name = self.pick(&NAMES);
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
                    self.expression(depth - 1);
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
