//! JSONPath in Jayway's dialect, which API Gateway uses.
//!
//! One implementation for both users: mapping templates, where a document is a template's live
//! value, and selection expressions, where it is a [`serde_json::Value`].
//!
//! ```
//! use spec::template::json_path::{JsonPath, Selection};
//!
//! let message = serde_json::json!({"detail-type": "order", "items": [{"id": 1}, {"id": 2}]});
//! let kind = JsonPath::parse("$.detail-type")?;
//! assert_eq!(kind.select(&&message), Selection::One(&message["detail-type"]));
//! let last = JsonPath::parse("$.items[-1].id")?;
//! assert_eq!(last.select(&&message), Selection::One(&message["items"][1]["id"]));
//! assert_eq!(JsonPath::parse("$.items.length()")?.select(&&message), Selection::Number(2.0));
//! assert_eq!(JsonPath::parse("$.nothing")?.select(&&message), Selection::Missing);
//! # Ok::<(), spec::template::json_path::JsonPathError>(())
//! ```
//!
//! Realises: TEMPLATE-77

mod cursor;
mod filter;
mod parse;
mod tree;
mod walk;

use self::filter::Filter;
pub use self::tree::{Scalar, Tree};

/// A compiled path.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    segments: Vec<Segment>,
    function: Option<Function>,
}

/// A path that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the JSON path `{path}` is not valid: {reason} (at character {position})")]
pub struct JsonPathError {
    path: String,
    reason: String,
    position: usize,
}

/// What a path selects.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection<D> {
    /// A definite path: the one value it leads to.
    One(D),
    /// An indefinite path (a wildcard, `..`, a slice, several names or indexes, a filter): all
    /// values it selects, perhaps none.
    Many(Vec<D>),
    /// A function: its result.
    Number(f64),
    /// A definite path that leads nowhere.
    Missing,
}

#[derive(Clone, Debug, PartialEq)]
enum Segment {
    /// `.name`, `['name']`, `['a','b']`
    Names(Vec<String>),
    /// `[0]`, `[-1]`, `[0,2]`
    Indexes(Vec<i64>),
    /// `[from:to]`
    Slice(Option<i64>, Option<i64>),
    /// `.*`, `[*]`
    All,
    /// `[?(…)]`
    Filter(Box<Filter>),
    /// `..`: everything below, for the next segment.
    Descend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Length,
    Min,
    Max,
    Avg,
    Sum,
    StdDev,
}

impl JsonPath {
    /// Compiles a path. A leading `$` or `$.` is optional.
    ///
    /// # Errors
    /// If the path is invalid: the error says where.
    pub fn parse(path: &str) -> Result<Self, JsonPathError> {
        parse::parse(path)
    }

    /// The document itself.
    fn empty() -> Self {
        JsonPath {
            segments: Vec::new(),
            function: None,
        }
    }

    /// Whether the path can lead to at most one value.
    pub fn is_definite(&self) -> bool {
        self.segments.iter().all(Segment::is_definite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::Value as Json;
    use serde_json::json;

    fn select(path: &str, document: &Json) -> Json {
        match JsonPath::parse(path).expect("a path").select(&document) {
            Selection::One(value) => value.clone(),
            Selection::Many(values) => Json::Array(values.into_iter().cloned().collect()),
            Selection::Number(number) => json!(number),
            Selection::Missing => json!("MISSING"),
        }
    }

    #[rstest]
    #[case("$", json!({"a": [1, 2, 3], "b": {"c-d": "x", "e f": null}}))]
    #[case("$.a[0]", json!(1))]
    #[case("$.a[-1]", json!(3))]
    #[case("$.a[7]", json!("MISSING"))]
    #[case("a[1]", json!(2))]
    #[case("$.b.c-d", json!("x"))]
    #[case("$['b']['e f']", json!(null))]
    #[case("$[\"b\"].c-d", json!("x"))]
    #[case("$.b.none.deeper", json!("MISSING"))]
    #[case("$.a[*]", json!([1, 2, 3]))]
    #[case("$.b.*", json!(["x", null]))]
    #[case("$.a[0,2]", json!([1, 3]))]
    #[case("$.a[1:]", json!([2, 3]))]
    #[case("$.a[:-1]", json!([1, 2]))]
    #[case("$..c-d", json!(["x"]))]
    #[case("$.a[?(@ > 1)]", json!([2, 3]))]
    #[case("$.a.length()", json!(3.0))]
    fn selects(#[case] path: &str, #[case] expected: Json) {
        assert_eq!(
            select(
                path,
                &json!({"a": [1, 2, 3], "b": {"c-d": "x", "e f": null}})
            ),
            expected
        );
    }

    #[rstest]
    #[case("$.items[?(@.price < 10)].name", json!(["pen"]))]
    #[case("$.items[?(@.price >= 10 && @.name == 'book')].name", json!(["book"]))]
    #[case("$.items[?(@.tag)].name", json!(["book"]))]
    #[case("$.items[?(!(@.tag))].name", json!(["pen"]))]
    #[case("$.items[?(@.name =~ /B.*/i)].price", json!([12]))]
    #[case("$.items[?(@.price > $.limit)].name", json!(["book"]))]
    #[case("$.items[?(@.name in ['pen', 'ink'])].price", json!([2]))]
    fn filters(#[case] path: &str, #[case] expected: Json) {
        let document = json!({
            "limit": 5,
            "items": [
                {"name": "pen", "price": 2},
                {"name": "book", "price": 12, "tag": "new"},
            ],
        });
        assert_eq!(select(path, &document), expected);
    }

    #[rstest]
    #[case("$.")]
    #[case("$[")]
    #[case("$['a")]
    #[case("$[?(@.a ==)]")]
    #[case("$.a..")]
    #[case("")]
    fn refuses(#[case] path: &str) {
        assert!(JsonPath::parse(path).is_err(), "{path}");
    }
}
