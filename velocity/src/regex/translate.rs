//! Translates a Java pattern for the underlying engine.

use super::PatternError;

pub(super) struct Translated {
    pub(super) pattern: String,
    /// The literal text, if the pattern has no operators.
    pub(super) literal: Option<String>,
    pub(super) groups: usize,
    pub(super) names: Vec<(Box<str>, usize)>,
}

const LINE_END: &str = r"\n\r\x{85}\x{2028}\x{2029}";
const WORD: &str = r"[_\p{L}\p{Nd}]";
/// The end of the text, or the position before its last line terminator.
const DOLLAR: &str = r"(?=(?:\r\n|(?<!\r)\n|[\r\x{85}\x{2028}\x{2029}])?\z)";
const MAX_NESTING: usize = 50;

pub(super) fn translate(pattern: &str) -> Result<Translated, PatternError> {
    let mut translator = Translator {
        source: pattern,
        characters: pattern.chars().collect(),
        at: 0,
        out: String::new(),
        literal: Some(String::new()),
        groups: 0,
        closed: Vec::new(),
        names: Vec::new(),
        ignore_case: false,
        dot_all: false,
    };
    translator.alternatives(0)?;
    if translator.at < translator.characters.len() {
        return Err(translator.invalid("unmatched `)`"));
    }
    Ok(Translated {
        pattern: translator.out,
        literal: translator.literal,
        groups: translator.groups,
        names: translator.names,
    })
}

struct Translator<'p> {
    source: &'p str,
    characters: Vec<char>,
    at: usize,
    out: String,
    literal: Option<String>,
    groups: usize,
    /// Groups whose closing parenthesis has been read.
    closed: Vec<usize>,
    names: Vec<(Box<str>, usize)>,
    ignore_case: bool,
    dot_all: bool,
}

type Step = Result<(), PatternError>;

impl Translator<'_> {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += usize::from(next.is_some());
        next
    }

    fn looking_at(&self, text: &str) -> bool {
        text.chars()
            .enumerate()
            .all(|(offset, character)| self.characters.get(self.at + offset) == Some(&character))
    }

    fn invalid(&self, what: &str) -> PatternError {
        PatternError::Invalid(format!(
            "the regular expression `{}` is not valid: {what}",
            self.source
        ))
    }

    fn unsupported(&self, what: &str) -> PatternError {
        PatternError::Unsupported(format!(
            "the regular expression `{}` is not supported: {what}",
            self.source
        ))
    }

    fn alternatives(&mut self, depth: usize) -> Step {
        if depth > MAX_NESTING {
            return Err(self.unsupported("it is nested too deep"));
        }
        let (ignore_case, dot_all) = (self.ignore_case, self.dot_all);
        loop {
            match self.peek() {
                None | Some(')') => break,
                Some('|') => {
                    self.at += 1;
                    self.literal = None;
                    self.out.push('|');
                }
                Some(_) => self.quantified(depth)?,
            }
        }
        (self.ignore_case, self.dot_all) = (ignore_case, dot_all);
        Ok(())
    }

    fn quantified(&mut self, depth: usize) -> Step {
        let start = self.out.len();
        if !self.atom(depth)? {
            return Ok(());
        }
        let quantifier = match self.peek() {
            Some(c @ ('?' | '*' | '+')) => {
                self.at += 1;
                c.to_string()
            }
            Some('{') => self.repetition()?,
            _ => return Ok(()),
        };
        self.literal = None;
        let atom = self.out.split_off(start);
        match self.peek() {
            Some('+') => {
                self.at += 1;
                self.out.push_str(&format!("(?>(?:{atom}){quantifier})"));
            }
            Some('?') => {
                self.at += 1;
                self.out.push_str(&format!("(?:{atom}){quantifier}?"));
            }
            _ => self.out.push_str(&format!("(?:{atom}){quantifier}")),
        }
        match self.peek() {
            Some(c @ ('?' | '*' | '+')) => Err(self.invalid(&format!("dangling `{c}`"))),
            Some('{') => Err(self.unsupported("a repetition of a repetition")),
            _ => Ok(()),
        }
    }

    /// `{n}`, `{n,}`, `{n,m}`
    fn repetition(&mut self) -> Result<String, PatternError> {
        self.at += 1;
        let text: String = self.characters[self.at..]
            .iter()
            .take_while(|&&c| c != '}')
            .collect();
        self.at += text.chars().count() + 1;
        let (from, to) = match text.split_once(',') {
            Some((from, "")) => (from, None),
            Some((from, to)) => (from, Some(to)),
            None => (text.as_str(), Some(text.as_str())),
        };
        let number = |digits: &str| {
            digits
                .parse::<u32>()
                .ok()
                .filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if self.at > self.characters.len() {
            return Err(self.invalid("the repetition is not closed by `}`"));
        }
        let Some(low) = number(from) else {
            return Err(self.invalid("illegal repetition"));
        };
        let high = match to {
            None => None,
            Some(to) => Some(number(to).ok_or_else(|| self.invalid("illegal repetition"))?),
        };
        if high.is_some_and(|high| high < low) {
            return Err(self.invalid("illegal repetition range"));
        }
        if low > 1000 || high.is_some_and(|high| high > 1000) {
            return Err(self.unsupported("a repetition of more than 1000"));
        }
        Ok(match high {
            None => format!("{{{low},}}"),
            Some(high) => format!("{{{low},{high}}}"),
        })
    }

    /// One atom; false if it was an inline flag, to which no quantifier applies.
    fn atom(&mut self, depth: usize) -> Result<bool, PatternError> {
        let Some(character) = self.next() else {
            return Ok(false);
        };
        match character {
            '(' => return self.group(depth),
            '[' => {
                self.literal = None;
                self.class(depth)?;
            }
            '.' => self.operator(&if self.dot_all {
                "(?s:.)".to_owned()
            } else {
                format!("[^{LINE_END}]")
            }),
            '^' => self.operator(r"\A"),
            '$' => self.operator(DOLLAR),
            '*' | '+' | '?' => return Err(self.invalid(&format!("dangling `{character}`"))),
            '{' => return Err(self.invalid("illegal repetition")),
            '\\' => self.escape()?,
            literal => self.push_literal(literal),
        }
        Ok(true)
    }

    fn operator(&mut self, text: &str) {
        self.literal = None;
        self.out.push_str(text);
    }

    fn push_literal(&mut self, character: char) {
        if self.ignore_case && character.is_ascii_alphabetic() {
            let (lower, upper) = (
                character.to_ascii_lowercase(),
                character.to_ascii_uppercase(),
            );
            self.operator(&format!("[{lower}{upper}]"));
            return;
        }
        if let Some(literal) = &mut self.literal {
            literal.push(character);
        }
        push_escaped(&mut self.out, character);
    }

    fn group(&mut self, depth: usize) -> Result<bool, PatternError> {
        self.literal = None;
        let mut capturing = None;
        if self.looking_at("?") {
            self.at += 1;
            let open = ["<=", "<!", ":", "=", "!", ">"]
                .into_iter()
                .find(|open| self.looking_at(open));
            if let Some(open) = open {
                self.at += open.len();
                self.out.push_str("(?");
                self.out.push_str(open);
            } else if self.looking_at("<") {
                self.at += 1;
                let name: String = self.characters[self.at..]
                    .iter()
                    .take_while(|&&c| c != '>')
                    .collect();
                self.at += name.chars().count() + 1;
                let valid = name.chars().all(|c| c.is_ascii_alphanumeric())
                    && name.starts_with(|c: char| c.is_ascii_alphabetic());
                if !valid || self.at > self.characters.len() {
                    return Err(self.invalid("a group's name is letters and digits"));
                }
                if self.names.iter().any(|(known, _)| **known == *name) {
                    return Err(self.invalid("two groups have the same name"));
                }
                self.groups += 1;
                capturing = Some(self.groups);
                self.names.push((name.into(), self.groups));
                self.out.push('(');
            } else {
                return self.flags(depth);
            }
        } else {
            self.groups += 1;
            capturing = Some(self.groups);
            self.out.push('(');
        }
        self.alternatives(depth + 1)?;
        if self.next() != Some(')') {
            return Err(self.invalid("unclosed group"));
        }
        self.out.push(')');
        self.closed.extend(capturing);
        Ok(true)
    }

    /// `(?i)` to the end of the group, or `(?i:…)`.
    fn flags(&mut self, depth: usize) -> Result<bool, PatternError> {
        let before = (self.ignore_case, self.dot_all);
        let mut on = true;
        loop {
            match self.next() {
                Some('i') => self.ignore_case = on,
                Some('s') => self.dot_all = on,
                Some('-') if on => on = false,
                Some(')') => return Ok(false),
                Some(':') => {
                    self.out.push_str("(?:");
                    self.alternatives(depth + 1)?;
                    if self.next() != Some(')') {
                        return Err(self.invalid("unclosed group"));
                    }
                    self.out.push(')');
                    (self.ignore_case, self.dot_all) = before;
                    return Ok(true);
                }
                Some(flag @ ('m' | 'x' | 'd' | 'u' | 'U')) => {
                    return Err(self.unsupported(&format!("the flag `{flag}`")));
                }
                _ => return Err(self.invalid("unknown inline modifier")),
            }
        }
    }

    fn escape(&mut self) -> Step {
        let Some(character) = self.next() else {
            return Err(self.invalid("it ends in `\\`"));
        };
        match character {
            'Q' => {
                while !self.looking_at("\\E") {
                    let Some(literal) = self.next() else {
                        return Ok(());
                    };
                    self.push_literal(literal);
                }
                self.at += 2;
            }
            'A' => self.operator(r"\A"),
            'z' => self.operator(r"\z"),
            'Z' => self.operator(DOLLAR),
            'b' if self.looking_at("{") => return Err(self.unsupported("`\\b{g}`")),
            'b' => self.operator(&format!("(?:(?<={WORD})(?!{WORD})|(?<!{WORD})(?={WORD}))")),
            'B' => self.operator(&format!("(?:(?<={WORD})(?={WORD})|(?<!{WORD})(?!{WORD}))")),
            'R' => self.operator(&format!(r"(?:\r\n|[{LINE_END}\x0B\x0C])")),
            'G' | 'X' | 'N' => return Err(self.unsupported(&format!("`\\{character}`"))),
            'k' => self.named_reference()?,
            '1'..='9' => self.numbered_reference(character)?,
            _ => {
                if let Some(class) = self.class_escape(character)? {
                    self.operator(&format!("[{class}]"));
                } else {
                    let literal = self.character_escape(character)?;
                    self.push_literal(literal);
                }
            }
        }
        Ok(())
    }

    /// `\k<name>`
    fn named_reference(&mut self) -> Step {
        let name: String = self.characters[self.at..]
            .iter()
            .skip(1)
            .take_while(|&&c| c != '>')
            .collect();
        let known = self
            .names
            .iter()
            .find(|(known, _)| **known == *name)
            .map(|&(_, group)| group);
        let Some(group) = known.filter(|_| self.looking_at("<")) else {
            return Err(self.invalid("there is no group of that name"));
        };
        self.at += name.chars().count() + 2;
        self.back_reference(group)
    }

    /// `\1`, and further digits as long as there are so many groups.
    fn numbered_reference(&mut self, character: char) -> Step {
        let mut group = character.to_digit(10).unwrap_or(0) as usize;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let longer = group * 10 + digit as usize;
            if longer > self.groups {
                break;
            }
            group = longer;
            self.at += 1;
        }
        self.back_reference(group)
    }

    fn back_reference(&mut self, group: usize) -> Step {
        if !self.closed.contains(&group) {
            return Err(self.unsupported("a reference to a group that is not complete before it"));
        }
        if self.ignore_case {
            return Err(self.unsupported("a back reference that ignores case"));
        }
        self.operator(&format!("(?:\\{group})"));
        Ok(())
    }

    /// `\d` and similar escapes, as members of a class.
    fn class_escape(&mut self, character: char) -> Result<Option<String>, PatternError> {
        let members = match character {
            'd' => "0-9",
            'D' => "^0-9",
            'w' => "a-zA-Z_0-9",
            'W' => "^a-zA-Z_0-9",
            's' => r" \t\n\x0B\x0C\r",
            'S' => r"^ \t\n\x0B\x0C\r",
            'h' => r" \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}",
            'H' => r"^ \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}",
            'v' => r"\n\x0B\x0C\r\x{85}\x{2028}\x{2029}",
            'V' => r"^\n\x0B\x0C\r\x{85}\x{2028}\x{2029}",
            'p' => return self.property().map(Some),
            'P' => return self.property().map(|members| Some(format!("^{members}"))),
            _ => return Ok(None),
        };
        Ok(Some(members.to_owned()))
    }

    fn property(&mut self) -> Result<String, PatternError> {
        let name: String = if self.looking_at("{") {
            let name: String = self.characters[self.at + 1..]
                .iter()
                .take_while(|&&c| c != '}')
                .collect();
            self.at += name.chars().count() + 2;
            name
        } else {
            self.next().map(String::from).unwrap_or_default()
        };
        if self.at > self.characters.len() || name.is_empty() {
            return Err(self.invalid("unclosed character family"));
        }
        let members = match name.as_str() {
            "Lower" if !self.ignore_case => "a-z",
            "Upper" if !self.ignore_case => "A-Z",
            "Lower" | "Upper" | "Alpha" => "a-zA-Z",
            "ASCII" => r"\x00-\x7F",
            "Digit" => "0-9",
            "Alnum" => "a-zA-Z0-9",
            "Punct" => r"!-/:-@\[-`\{-\x7E",
            "Graph" => r"!-\x7E",
            "Print" => r" -\x7E",
            "Blank" => r" \t",
            "Cntrl" => r"\x00-\x1F\x7F",
            "XDigit" => "0-9a-fA-F",
            "Space" => r" \t\n\x0B\x0C\r",
            _ => {
                let category = name.strip_prefix("Is").unwrap_or(&name);
                let known = [
                    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Me", "Mc", "N", "Nd", "Nl",
                    "No", "Z", "Zs", "Zl", "Zp", "P", "Pd", "Ps", "Pe", "Pc", "Po", "Pi", "Pf",
                    "S", "Sm", "Sc", "Sk", "So",
                ];
                if !known.contains(&category) || self.ignore_case {
                    return Err(self.unsupported(&format!("`\\p{{{name}}}`")));
                }
                return Ok(format!("\\p{{{category}}}"));
            }
        };
        Ok(members.to_owned())
    }

    fn character_escape(&mut self, character: char) -> Result<char, PatternError> {
        Ok(match character {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{C}',
            'a' => '\u{7}',
            'e' => '\u{1B}',
            '0' => {
                let digits: String = self.characters[self.at..]
                    .iter()
                    .take(3)
                    .take_while(|c| c.is_digit(8))
                    .collect();
                let length = if digits.len() == 3 && digits.as_bytes()[0] > b'3' {
                    2
                } else {
                    digits.len()
                };
                self.at += length;
                let code = u32::from_str_radix(&digits[..length], 8)
                    .map_err(|_| self.invalid("illegal octal escape"))?;
                char::from_u32(code).unwrap_or('\0')
            }
            'x' if self.looking_at("{") => {
                let digits: String = self.characters[self.at + 1..]
                    .iter()
                    .take_while(|&&c| c != '}')
                    .collect();
                self.at += digits.len() + 2;
                self.code_point(&digits)?
            }
            'x' => self.hexadecimal(2)?,
            'u' => {
                let digits: String = self.characters[self.at..].iter().take(4).collect();
                match u32::from_str_radix(&digits, 16) {
                    Ok(0xD800..=0xDFFF) => {
                        return Err(self.unsupported("a surrogate written as `\\u`"));
                    }
                    _ => self.hexadecimal(4)?,
                }
            }
            'c' => {
                let control = self
                    .next()
                    .filter(char::is_ascii)
                    .ok_or_else(|| self.invalid("illegal control escape"))?;
                char::from_u32(u32::from(control) ^ 64).unwrap_or('\0')
            }
            letter if letter.is_ascii_alphabetic() => {
                return Err(self.invalid(&format!("illegal escape `\\{letter}`")));
            }
            literal => literal,
        })
    }

    fn hexadecimal(&mut self, length: usize) -> Result<char, PatternError> {
        let digits: String = self.characters[self.at..].iter().take(length).collect();
        self.at += digits.chars().count();
        if digits.chars().count() != length {
            return Err(self.invalid("illegal hexadecimal escape"));
        }
        self.code_point(&digits)
    }

    fn code_point(&self, digits: &str) -> Result<char, PatternError> {
        let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| valid);
        code.and_then(char::from_u32)
            .ok_or_else(|| self.invalid("illegal hexadecimal escape"))
    }

    /// A class after its `[`.
    fn class(&mut self, depth: usize) -> Step {
        if depth > MAX_NESTING {
            return Err(self.unsupported("it is nested too deep"));
        }
        self.out.push('[');
        if self.looking_at("^") {
            self.at += 1;
            self.out.push('^');
        }
        if self.looking_at("]") {
            return Err(self.unsupported("a class that begins with `]`: write `\\]`"));
        }
        let mut empty = true;
        loop {
            let Some(character) = self.next() else {
                return Err(self.invalid("unclosed character class"));
            };
            match character {
                ']' if !empty => break,
                '[' => self.class(depth + 1)?,
                '&' if self.looking_at("&") => {
                    self.at += 1;
                    if empty || self.looking_at("]") || self.looking_at("&") {
                        return Err(self.unsupported("an intersection with nothing"));
                    }
                    self.out.push_str("&&");
                }
                _ => self.member(character)?,
            }
            empty = false;
        }
        self.out.push(']');
        Ok(())
    }

    /// A character, a range or an escape in a class.
    fn member(&mut self, character: char) -> Step {
        let low = if character == '\\' {
            let Some(escaped) = self.next() else {
                return Err(self.invalid("it ends in `\\`"));
            };
            if escaped == 'Q' {
                return Err(self.unsupported("`\\Q` in a class"));
            }
            if let Some(class) = self.class_escape(escaped)? {
                self.out.push_str(&format!("[{class}]"));
                if self.looking_at("-") && !self.characters[self.at + 1..].starts_with(&[']']) {
                    return Err(self.unsupported("a range that begins with a class"));
                }
                return Ok(());
            }
            self.character_escape(escaped)?
        } else {
            character
        };
        let ranged = self.looking_at("-")
            && !matches!(self.characters.get(self.at + 1), None | Some(']' | '['))
            && !self.characters[self.at + 1..].starts_with(&['&', '&']);
        if !ranged {
            return self.push_range(low, low);
        }
        self.at += 1;
        let Some(mut high) = self.next() else {
            return Err(self.invalid("unclosed character class"));
        };
        if high == '\\' {
            let Some(escaped) = self.next() else {
                return Err(self.invalid("it ends in `\\`"));
            };
            if self.class_escape(escaped)?.is_some() {
                return Err(self.unsupported("a range that ends in a class"));
            }
            high = self.character_escape(escaped)?;
        }
        if high < low {
            return Err(self.invalid("illegal character range"));
        }
        self.push_range(low, high)
    }

    fn push_range(&mut self, low: char, high: char) -> Step {
        let mut push = |low: char, high: char| {
            push_escaped(&mut self.out, low);
            if low != high {
                self.out.push('-');
                push_escaped(&mut self.out, high);
            }
        };
        push(low, high);
        if self.ignore_case {
            for (from, to, shift) in [('a', 'z', 'A'), ('A', 'Z', 'a')] {
                let (low, high) = (low.max(from), high.min(to));
                if low <= high {
                    let other = |c: char| {
                        char::from_u32(u32::from(c) - u32::from(from) + u32::from(shift))
                            .unwrap_or(c)
                    };
                    push(other(low), other(high));
                }
            }
        }
        Ok(())
    }
}

/// Escapes every punctuation character, so that none is an operator.
fn push_escaped(out: &mut String, character: char) {
    if character.is_ascii() && !character.is_ascii_alphanumeric() {
        out.push_str(&format!("\\x{:02X}", u32::from(character)));
    } else {
        out.push(character);
    }
}
