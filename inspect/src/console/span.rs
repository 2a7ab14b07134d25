//! Spans of a template, in every unit in which somebody counts.

use std::ops::Range;

use serde::Serialize;

/// A span of the template. Lines and columns are counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct At {
    /// Line of its start.
    pub line: usize,
    /// Column of its start.
    pub column: usize,
    /// Line of its end.
    pub end_line: usize,
    /// Column behind its end.
    pub end_column: usize,
    /// Its bytes: the first, and the one behind the last.
    pub span: [usize; 2],
    /// The same in UTF-16 units, in which browsers count.
    pub utf16: [usize; 2],
}

/// Where every byte of a template is: so thousands of findings are located in one pass.
pub(super) struct Places(Vec<Place>);

/// The location of one byte.
#[derive(Clone, Copy)]
struct Place {
    line: u32,
    column: u32,
    utf16: u32,
}

impl Places {
    pub(super) fn of(template: &str) -> Self {
        let mut places = Vec::with_capacity(template.len() + 1);
        let mut here = Place {
            line: 1,
            column: 1,
            utf16: 0,
        };
        for char in template.chars() {
            places.extend(std::iter::repeat_n(here, char.len_utf8()));
            here.utf16 += if char.len_utf16() == 2 { 2 } else { 1 };
            match char {
                '\n' => {
                    here.line += 1;
                    here.column = 1;
                }
                _ => here.column += 1,
            }
        }
        places.push(here);
        Self(places)
    }

    pub(super) fn locate(&self, span: Range<usize>) -> At {
        // There is at least the end of the template.
        let place = |at: usize| self.0[at.min(self.0.len() - 1)];
        let (start, end) = (place(span.start), place(span.end));
        At {
            line: start.line as usize,
            column: start.column as usize,
            end_line: end.line as usize,
            end_column: end.column as usize,
            span: [span.start, span.end],
            utf16: [start.utf16 as usize, end.utf16 as usize],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_columns_and_units() {
        let at = Places::of("é\n𝄞 #if(x").locate(8..12);
        assert_eq!(
            (at.line, at.column, at.end_line, at.end_column),
            (2, 3, 2, 7)
        );
        assert_eq!((at.span, at.utf16), ([8, 12], [5, 9]));
    }

    #[test]
    fn what_is_behind_the_end_is_at_the_end() {
        let at = Places::of("a\n").locate(1..9);
        assert_eq!(
            (at.line, at.column, at.end_line, at.end_column),
            (1, 2, 2, 1)
        );
        assert_eq!(Places::of("").locate(0..0).utf16, [0, 0]);
    }
}
