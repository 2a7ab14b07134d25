//! What is seen on the way through a template.

use std::ops::Range;

use super::Doubt;
use super::json::Trouble;

#[derive(Default)]
pub(super) struct Notes {
    pub(super) doubts: Vec<Doubt>,
    pub(super) troubles: Vec<Trouble>,
}

impl Notes {
    pub(super) fn doubt(&mut self, span: Option<Range<usize>>, reason: impl Into<String>) {
        self.doubts.push(Doubt::new(span, reason));
    }
}
