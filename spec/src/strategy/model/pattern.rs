//! Patterns, with what Rhino is lenient about.

use super::dice::Dice;

/// A pattern and a text to look for it in.
pub fn pattern_of(number: u64) -> (String, String) {
    let mut dice = Dice::new(number);
    let count = 1 + dice.below(6);
    let mut pattern = String::new();
    for _ in 0..count {
        pattern.push_str(dice.pick(PIECES));
        if dice.one_in(3) {
            pattern.push_str(dice.pick(QUANTIFIERS));
        }
    }
    if dice.one_in(3) {
        let at = dice.below(pattern.chars().count() + 1);
        let kept: String = pattern.chars().take(at).collect();
        pattern = kept + dice.pick(PIECES);
    }
    let text = (0..dice.below(8)).map(|_| dice.pick(LETTERS)).collect();
    (pattern, text)
}

const PIECES: &[&str] = &[
    "a",
    "b",
    "ab",
    ".",
    "^",
    "$",
    "\\b",
    "\\B",
    "\\d",
    "\\D",
    "\\w",
    "\\W",
    "\\s",
    "\\S",
    "[ab]",
    "[^ab]",
    "[a-c]",
    "[\\w-]",
    "[\\w-\\.]",
    "[\\d-a]",
    "[a-\\d]",
    "[\\d-.]",
    "[]",
    "[^]",
    "[-a]",
    "[a-]",
    "[\\b]",
    "[\\x41-C]",
    "[\\u0061]",
    "[\\ca]",
    "[\\c1]",
    "[a-z-9]",
    "[c-a]",
    "[\\w-a-Z]",
    "(a)",
    "(a|b)",
    "(?:a|)",
    "(a*)",
    "(a|ab)",
    "((a)|b)",
    "(?=a)",
    "(?!b)",
    "(",
    ")",
    "(?:",
    "|",
    "\\1",
    "\\2",
    "\\8",
    "\\0",
    "\\12",
    "\\x61",
    "\\x6",
    "\\u0061",
    "\\u00",
    "\\cA",
    "\\c1",
    "\\p",
    "\\-",
    "\\_",
    "{",
    "}",
    "]",
    "{1}",
    "a{,2}",
    "é",
    "😀",
    "\\",
    "[\\0-9]",
    "[\\377]",
    "[\\400]",
    "(?:a{2}|b)",
    "(?:(a)|b)*",
    "(a\\1)",
    "[",
    "(?i)",
    "(?<n>a)",
    "(?<=a)",
    "\\Z",
    "\\/",
    "[^\\S]",
    "[\\s\\S]",
    "[\\D]",
    "\u{a0}",
    "\\t",
    "\\v",
];
const QUANTIFIERS: &[&str] = &[
    "*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,}", "{0,1}", "{1,2}?", "{2,1}", "{2,}?",
    "{1", "{,2}", "{0,0}?", "{65535}", "**", "{1,2", "{2,1",
];
const LETTERS: &[&str] = &[
    "a", "a", "a", "b", "b", "c", "A", "1", "9", "-", ".", "_", " ", "\n", "\u{a0}", "\u{2028}",
    "é", "😀", "\\", "{", "}", "]", "\u{0}", "\u{1}", "p", "Z", "\u{FEFF}", "\u{180E}",
];
