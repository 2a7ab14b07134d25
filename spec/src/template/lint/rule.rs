//! The linter's rules, their names and their reasons.

use std::fmt;

/// What a finding is about. Its name ([`Rule::id`]) never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The text is not a template.
    ///
    /// Realises: TEMPLATE-86
    Syntax,
    /// The template ends in `$`, `#` or `\$`.
    ///
    /// Realises: TEMPLATE-57
    TrailingSign,
    /// The template is larger than API Gateway takes.
    TooLarge,
    /// The output of `escapeJavaScript` in a JSON string, where `\'` is no escape.
    ///
    /// Realises: TEMPLATE-7, TEMPLATE-8
    SingleQuote,
    /// A value that others control, printed unescaped in a JSON string.
    ///
    /// Realises: TEMPLATE-20
    UnescapedValue,
    /// A value that others control, where JSON is expected.
    ///
    /// Realises: TEMPLATE-71, TEMPLATE-72, TEMPLATE-84
    BareValue,
    /// `$input.json`, which brings its own quotes, in a JSON string.
    ///
    /// Realises: TEMPLATE-3
    JsonInString,
    /// None of a few harmless inputs, with values of every type wherever the template looks, gives
    /// JSON.
    NotJson,
    /// A name of `$context` that WebSocket APIs lack.
    ///
    /// Realises: TEMPLATE-22, TEMPLATE-37 to TEMPLATE-39
    UnknownContextName,
    /// Any other name that does not exist.
    ///
    /// Realises: TEMPLATE-40
    UnknownName,
    /// A hyphen that was meant as a minus sign but belongs to the name.
    ///
    /// Realises: TEMPLATE-56
    HyphenInName,
    /// A condition that does not test what it seems to test.
    ///
    /// Realises: TEMPLATE-41, TEMPLATE-42
    ConstantCondition,
    /// `#macro`, `#evaluate`, `#include` or `#parse`.
    ///
    /// Realises: TEMPLATE-49 to TEMPLATE-51
    UnsupportedDirective,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 13] = [
        Rule::Syntax,
        Rule::TrailingSign,
        Rule::TooLarge,
        Rule::SingleQuote,
        Rule::UnescapedValue,
        Rule::BareValue,
        Rule::JsonInString,
        Rule::NotJson,
        Rule::UnknownContextName,
        Rule::UnknownName,
        Rule::HyphenInName,
        Rule::ConstantCondition,
        Rule::UnsupportedDirective,
    ];

    /// Its name in reports, such as `single-quote`.
    pub fn id(self) -> &'static str {
        match self {
            Rule::Syntax => "syntax",
            Rule::TrailingSign => "trailing-sign",
            Rule::TooLarge => "too-large",
            Rule::SingleQuote => "single-quote",
            Rule::UnescapedValue => "unescaped-value",
            Rule::BareValue => "bare-value",
            Rule::JsonInString => "json-in-string",
            Rule::NotJson => "not-json",
            Rule::UnknownContextName => "unknown-context-name",
            Rule::UnknownName => "unknown-name",
            Rule::HyphenInName => "hyphen-in-name",
            Rule::ConstantCondition => "constant-condition",
            Rule::UnsupportedDirective => "unsupported-directive",
        }
    }

    /// What happens to a template that violates it.
    pub fn why(self) -> &'static str {
        match self {
            Rule::Syntax => "a template that cannot be parsed renders nothing: the request fails",
            Rule::TrailingSign => {
                "Velocity 1.7 reads on after the sign and reaches the end of the template, which \
                 then cannot be parsed"
            }
            Rule::TooLarge => "API Gateway refuses mapping templates over 300 KB",
            Rule::SingleQuote => {
                "`escapeJavaScript` writes `'` as `\\'`, which JSON does not know: a message with \
                 a single quote is refused by Lambda (\"Unrecognized character escape\")"
            }
            Rule::UnescapedValue => {
                "a quote in the value ends the string: the output is no longer JSON, or has \
                 members that the value forged"
            }
            Rule::BareValue => {
                "the value is inserted unchanged: if it is missing or not JSON, the output is not \
                 JSON either; and it can forge members"
            }
            Rule::JsonInString => {
                "`$input.json` gives JSON text: a string has its own quotes, which end the string \
                 around it"
            }
            Rule::NotJson => "Lambda accepts only JSON: every call would fail",
            Rule::UnknownContextName => {
                "the name has no value in templates of WebSocket APIs: it renders as nothing"
            }
            Rule::UnknownName => {
                "a reference to a missing name renders as nothing, without an error"
            }
            Rule::HyphenInName => {
                "in Velocity a hyphen belongs to the name: this is one reference, to a name that \
                 does not exist"
            }
            Rule::ConstantCondition => {
                "in API Gateway a missing value is the empty string, and every string is true, \
                 even `\"\"` and `\"false\"`"
            }
            Rule::UnsupportedDirective => {
                "API Gateway drops `#macro`, prints `#evaluate` as text, and fails at `#include` \
                 and `#parse`"
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
