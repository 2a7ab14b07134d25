//! The input of generated templates: variables and messages.

use super::{Generator, VARIABLES};

/// The variables of a seed, as a JSON object: those that templates use, most with other values.
pub fn variables_of(seed: u64) -> String {
    let mut generator = Generator::new(seed ^ 0x0123_4567_89ab_cdef);
    if generator.below(4) == 0 {
        return VARIABLES.to_owned();
    }
    let usual = [
        ("a", "5"),
        ("b", "\"text\""),
        ("c", r#"[1,"x",[2,3],"x"]"#),
        ("d", r#"{"k":"v","n":{"m":1},"e":""}"#),
        ("e", "\"\""),
        ("f", "0"),
        ("g", "true"),
        ("h", "false"),
        ("l", "4000000000"),
        ("m", "-7"),
        ("x", "1.5"),
        ("s", r#""it's \"q\" é😀""#),
        ("t", "\"2\""),
        ("u", "[]"),
        ("w", "{}"),
    ];
    generator.put("{");
    for (index, (name, value)) in usual.into_iter().enumerate() {
        if index > 0 {
            generator.put(",");
        }
        generator.put(&format!("\"{name}\":"));
        if generator.below(5) < 3 {
            generator.put(value);
        } else {
            generator.json(2);
        }
    }
    generator.put("}");
    // A request contains only what every JSON parser accepts.
    generator
        .out
        .replace("1E400", "1e40")
        .replace("\\ud83d", "half")
        .replace("\\u007f", "")
}

/// The message of a seed: a JSON object in which most generated paths find something.
pub fn document_of(seed: u64) -> String {
    let mut generator = Generator::new(seed ^ 0xfedc_ba98_7654_3210);
    generator.put("{");
    let members = ["o", "l", "n", "r", "lim", "s", "none", "e f", "p"];
    let mut first = true;
    for name in members {
        if generator.below(6) == 0 {
            continue;
        }
        if !first {
            generator.put(", ");
        }
        first = false;
        generator.put(&format!("\"{name}\": "));
        if generator.below(5) == 0 {
            generator.json(2);
            continue;
        }
        match name {
            "o" => generator.object(2, &["p", "q", "big", "s", "k"]),
            "l" => generator.array(2),
            "n" => {
                let numbers = generator.pick(&[
                    "[1, 2.5, -3]",
                    "[]",
                    "[1]",
                    "[\"1\", 2, null]",
                    "[0.1, 0.2, 0.30]",
                    "[3, 1, 2, 2]",
                ]);
                generator.put(numbers);
            }
            "r" => {
                generator.put("[");
                for index in 0..generator.below(4) {
                    if index > 0 {
                        generator.put(",");
                    }
                    generator.object(1, &["k", "m", "t"]);
                }
                generator.put("]");
            }
            _ => generator.scalar(),
        }
    }
    generator.put("}");
    generator.out
}

const STRINGS: [&str; 28] = [
    "text",
    "",
    "x",
    "2",
    "-7",
    "1.5",
    "true",
    "it's",
    "\\\"q\\\"",
    "é😀",
    "a,b,,c,,",
    "  pad ",
    "\\n",
    "a/b",
    "\\u0001\\u007f",
    "\\u2028",
    "TEXT",
    "tete",
    "a.b.c",
    "$a",
    "#if",
    "日本",
    "\\\\",
    "k",
    "\\ud83d",
    "ß",
    "<b>&amp;</b>",
    "aa-bb_cc",
];
const NUMBERS: [&str; 30] = [
    "0",
    "1",
    "2",
    "-1",
    "7",
    "100",
    "2147483647",
    "-2147483648",
    "2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "123456789012345678901234567890",
    "1.5",
    "-0.25",
    "0.1",
    "1e3",
    "1.50",
    "-0.0",
    "1E400",
    "2e23",
    "8.41e21",
    "5e-324",
    "3.14159",
    "0.001",
    "0.0001",
    "12345678.9",
    "1e-7",
    "4.35",
    "65",
];

impl Generator {
    pub(super) fn scalar(&mut self) {
        match self.below(10) {
            0 => self.put("null"),
            1 => {
                let value = self.pick(&["true", "false"]);
                self.put(value);
            }
            2..=4 => {
                let number = self.pick(&NUMBERS);
                self.put(number);
            }
            5 => {
                // Any double, and any with few digits.
                let bits = self.next();
                let value = match self.below(3) {
                    0 => f64::from_bits(bits),
                    1 => (bits % 1_000_000) as f64 / 1000.0,
                    _ => (bits >> 11) as f64 / 9_007_199_254_740_992.0,
                };
                self.put(&if value.is_finite() {
                    format!("{value:e}")
                } else {
                    "1.25".to_owned()
                });
            }
            _ => {
                let text = self.pick(&STRINGS);
                self.put(&format!("\"{text}\""));
            }
        }
    }

    pub(super) fn json(&mut self, depth: u32) {
        match if depth == 0 { 9 } else { self.below(10) } {
            0..=2 => self.array(depth),
            3..=5 => self.object(
                depth,
                &["k", "n", "z", "", "a b", "size", "e", "m", "1", "key"],
            ),
            _ => self.scalar(),
        }
    }

    fn array(&mut self, depth: u32) {
        self.put("[");
        for index in 0..self.below(5) {
            if index > 0 {
                self.put(",");
            }
            self.json(depth - 1);
        }
        self.put("]");
    }

    fn object(&mut self, depth: u32, names: &[&'static str]) {
        self.put("{");
        let mut first = true;
        for name in names {
            if self.below(3) == 0 {
                continue;
            }
            if !first {
                self.put(",");
            }
            first = false;
            self.put(&format!("\"{name}\":"));
            self.json(depth - 1);
        }
        self.put("}");
    }
}
