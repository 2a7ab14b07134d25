//! Mail addresses as JavaMail reads them for the validator: RFC 822 with display names, comments
//! and groups, and a local name at a domain.

/// The specials of RFC 822, without the dot.
const SPECIALS: &str = "()<>,;:\\\"[]@";

/// Whether a text is one address.
pub(super) fn is_email(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let Some(list) = addresses(&chars) else {
        return false;
    };
    let [address] = &list[..] else {
        return false;
    };
    let colon = address.iter().position(|&c| c == ':');
    match colon {
        Some(colon) if colon > 0 && address.last() == Some(&';') => {
            addresses(&address[colon + 1..address.len() - 1]).is_some()
        }
        _ => is_address(address, Route::Allowed, Domain::Required),
    }
}

/// Whether an address may begin with a route, `@relay:`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    Allowed,
    Not,
}

/// Whether an address must have a domain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Domain {
    Required,
    Optional,
}

/// What a list of addresses is read with.
struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    start: Option<usize>,
    end: Option<usize>,
    in_group: bool,
    route: Route,
    found: Vec<Vec<char>>,
}

/// The addresses of a list; `None` when it is none.
fn addresses(chars: &[char]) -> Option<Vec<Vec<char>>> {
    let mut reader = Reader {
        chars,
        at: 0,
        start: None,
        end: None,
        in_group: false,
        route: Route::Not,
        found: Vec::new(),
    };
    while reader.at < chars.len() {
        reader.step()?;
        reader.at += 1;
    }
    reader.finish(chars.len())?;
    Some(reader.found)
}

impl Reader<'_> {
    fn step(&mut self) -> Option<()> {
        match self.chars[self.at] {
            '(' => {
                if self.start.is_some() && self.end.is_none() {
                    self.end = Some(self.at);
                }
                self.comment()
            }
            ')' | '>' => None,
            '<' => self.angle(),
            '"' => {
                self.start.get_or_insert(self.at);
                self.skip_to('"')
            }
            '[' => {
                self.start.get_or_insert(self.at);
                self.skip_to(']')
            }
            ';' if self.start.is_some() => {
                if !self.in_group {
                    return None;
                }
                self.in_group = false;
                let address = trimmed(&self.chars[self.start?..=self.at]);
                self.found.push(address);
                self.reset();
                Some(())
            }
            ',' if self.start.is_some() && self.in_group => {
                self.route = Route::Not;
                Some(())
            }
            ',' if self.start.is_some() => self.finish(self.at),
            ';' | ',' => {
                self.reset();
                Some(())
            }
            ':' => {
                if self.in_group {
                    return None;
                }
                self.start.get_or_insert(self.at);
                self.in_group = true;
                Some(())
            }
            ' ' | '\t' | '\r' | '\n' => Some(()),
            _ => {
                self.start.get_or_insert(self.at);
                Some(())
            }
        }
    }

    /// The end of an address, at `at` unless it ended before.
    fn finish(&mut self, at: usize) -> Option<()> {
        let Some(start) = self.start else {
            return Some(());
        };
        let address = trimmed(self.chars.get(start..self.end.unwrap_or(at))?);
        if !is_address(&address, self.route, Domain::Optional) {
            return None;
        }
        self.found.push(address);
        self.reset();
        Some(())
    }

    fn reset(&mut self) {
        (self.start, self.end, self.route) = (None, None, Route::Not);
    }

    /// Past a comment, with those in it.
    fn comment(&mut self) -> Option<()> {
        let mut nesting = 0;
        while self.at < self.chars.len() {
            match self.chars[self.at] {
                '\\' => self.at += 1,
                '(' => nesting += 1,
                ')' => nesting -= 1,
                _ => {}
            }
            if nesting == 0 {
                return Some(());
            }
            self.at += 1;
        }
        None
    }

    /// An address between angle brackets.
    fn angle(&mut self) -> Option<()> {
        if self.route == Route::Allowed {
            return None;
        }
        let open = self.at;
        let mut quoted = false;
        self.at += 1;
        while let Some(&c) = self.chars.get(self.at) {
            match c {
                '\\' => self.at += 1,
                '"' => quoted = !quoted,
                '>' if !quoted => break,
                _ => {}
            }
            self.at += 1;
        }
        if quoted || self.at >= self.chars.len() {
            return None;
        }
        if !self.in_group {
            self.start = Some(open + 1);
        }
        self.route = Route::Allowed;
        self.end = Some(self.at);
        Some(())
    }

    /// To the next `end` that no backslash stands before.
    fn skip_to(&mut self, end: char) -> Option<()> {
        self.at += 1;
        while let Some(&c) = self.chars.get(self.at) {
            if c == end {
                return Some(());
            }
            self.at += 1 + usize::from(c == '\\');
        }
        None
    }
}

fn trimmed(chars: &[char]) -> Vec<char> {
    let blank = |c: &char| *c <= ' ';
    let start = chars.iter().take_while(|c| blank(c)).count();
    let end = chars[start..].iter().rev().take_while(|c| blank(c)).count();
    chars[start..chars.len() - end].to_vec()
}

fn is_address(address: &[char], route: Route, domain: Domain) -> bool {
    let Some(first) = address.first() else {
        return false;
    };
    let start = if route == Route::Allowed && *first == '@' {
        match skip_route(address) {
            Some(start) => start,
            None => return false,
        }
    } else {
        0
    };
    match local_end(address, start, domain) {
        Err(()) => false,
        Ok(None) => domain == Domain::Optional,
        Ok(Some(at)) => is_domain(&address[at + 1..], at.checked_sub(1).map(|at| address[at])),
    }
}

/// Past `@relay,@relay:`.
fn skip_route(address: &[char]) -> Option<usize> {
    let mut start = 0;
    while let Some(length) = address[start..].iter().position(|c| [',', ':'].contains(c)) {
        if address[start] != '@' {
            return None;
        }
        let at = start + length;
        start = at + 1;
        if address[at] == ':' {
            break;
        }
    }
    Some(start)
}

/// Where the `@` behind the local name stands, if there is one.
fn local_end(address: &[char], start: usize, domain: Domain) -> Result<Option<usize>, ()> {
    let whole = domain == Domain::Required;
    let mut quoted = false;
    let mut last = '\u{FFFF}';
    let mut at = start;
    while let Some(&c) = address.get(at) {
        let before = std::mem::replace(&mut last, c);
        let next = address.get(at + 1).copied();
        at += 1;
        if c == '\\' || before == '\\' {
            continue;
        }
        match c {
            '"' => {
                let misplaced = if quoted {
                    next.is_some_and(|next| next != '@')
                } else {
                    at != 1
                };
                if whole && misplaced {
                    return Err(());
                }
                quoted = !quoted;
                continue;
            }
            '\r' if next.is_some_and(|next| next != '\n') => return Err(()),
            '\n' if next.is_some_and(|next| next != ' ' && next != '\t') => return Err(()),
            _ => {}
        }
        if quoted {
            continue;
        }
        match c {
            '.' if at - 1 == start || before == '.' => return Err(()),
            '@' if at == 1 || before == '.' => return Err(()),
            '@' => return Ok(Some(at - 1)),
            c if c <= ' ' || c == '\u{7F}' || SPECIALS.contains(c) => return Err(()),
            _ => {}
        }
    }
    // An `@` behind a backslash at the very end is one without a domain.
    if quoted || last == '@' {
        return Err(());
    }
    Ok(None)
}

fn is_domain(domain: &[char], before: Option<char>) -> bool {
    if domain.is_empty() || domain[0] == '.' {
        return false;
    }
    let mut literal = false;
    let mut last = before.unwrap_or('\u{FFFF}');
    for (at, &c) in domain.iter().enumerate() {
        let letter = c.is_alphanumeric() && u32::from(c) < 0x1_0000 || c == '-' || c == '.';
        let valid = match c {
            '[' => {
                literal = true;
                at == 0
            }
            ']' => {
                literal = false;
                at + 1 == domain.len()
            }
            c if c <= ' ' || c == '\u{7F}' => false,
            c => literal || letter && !(c == '.' && last == '.'),
        };
        if !valid {
            return false;
        }
        last = c;
    }
    last != '.'
}
