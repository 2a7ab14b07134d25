//! Generators of templates, well formed and not, and of their variables (feature `proptest`).
//!
//! A template is a function of a seed, so that a run of a million can be repeated, and any one of
//! them examined again.

mod context;
mod expression;
mod words;

use proptest::prelude::*;

pub use self::context::{document_of, variables_of};

/// The variables that generated templates use, as a JSON object.
pub const VARIABLES: &str = include_str!("../oracle/variables.json");

/// Any template.
pub fn template() -> impl Strategy<Value = String> {
    any::<u64>().prop_map(template_of)
}

/// The template of a seed.
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
    /// How many parts may still be generated: keeps templates small.
    budget: u32,
    /// Inside a double-quoted string, which a piece with such a quote would end.
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

    /// Random pieces that need not fit together.
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
            8 | 9 => self.set(),
            10..=12 => self.condition(depth),
            13 | 14 => self.foreach(depth),
            15 => self.definition(depth),
            _ => {
                let piece = self.pick(&words::RARE_DIRECTIVES);
                self.put(piece);
            }
        }
    }

    fn set(&mut self) {
        self.put("#set($");
        let name = self.pick(&["v", "v", "i", "a", "d.k", "d.z", "c[0]", "d[\"q\"]", "b"]);
        self.put(name);
        self.put(" = ");
        self.expression(2);
        self.put(")");
        self.newline();
    }

    fn condition(&mut self, depth: u32) {
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

    fn foreach(&mut self, depth: u32) {
        self.put("#foreach($i in ");
        let list = self.pick(&words::FOREACH_LISTS);
        self.put(list);
        self.put(")");
        self.newline();
        let inner = self.pick(&words::FOREACH_BODIES);
        self.put(inner);
        self.block(depth - 1);
        self.put("#end");
        self.newline();
    }

    /// A defined block or a macro, and perhaps a use of it.
    fn definition(&mut self, depth: u32) {
        let start = self.pick(&["#define($q)", "#macro(mm $p)", "#macro(nn)"]);
        self.put(start);
        self.block(depth - 1);
        self.put("#end");
        let call = self.pick(&["$q", "#mm($a)", "#nn()", "#mm(\"x\")", "$!q", "#mm()", ""]);
        self.put(call);
    }

    fn newline(&mut self) {
        let text = self.pick(&["", "", "\n", " \n", "\n\n", " "]);
        self.put(text);
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

    // If all templates were errors, the generator would test nothing.
    #[test]
    fn most_templates_parse_and_few_do_not() {
        let parse = |seed| Template::parse(&template_of(seed), &Options::default()).is_ok();
        let good = (0..2_000).filter(|seed| parse(*seed)).count();
        assert!((1_000..1_950).contains(&good), "{good}");
    }
}
