//! The best of the tokens that compete at a position.

use super::token::Kind;

/// The best match so far: the longer one wins, then the kind declared first.
#[derive(Default)]
pub(super) struct Best(Option<(Kind, usize)>);

/// Tokens with a single spelling.
pub(super) type Literals = [(&'static [u8], Kind)];

impl Best {
    pub(super) fn found(&self) -> Option<(Kind, usize)> {
        self.0
    }

    pub(super) fn offer(&mut self, kind: Kind, length: usize) {
        let better = match self.0 {
            None => length > 0,
            Some((best, longest)) => length > longest || (length == longest && kind < best),
        };
        if better {
            self.0 = Some((kind, length));
        }
    }

    pub(super) fn offer_literal(&mut self, rest: &[u8], literal: &[u8], kind: Kind) {
        if rest.starts_with(literal) {
            self.offer(kind, literal.len());
        }
    }

    pub(super) fn offer_literals(&mut self, rest: &[u8], literals: &Literals) {
        for (literal, kind) in literals {
            self.offer_literal(rest, literal, *kind);
        }
    }
}
