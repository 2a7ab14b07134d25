//! Settings of the language: Velocity's own switches, and bounds so that no template can hang or
//! exhaust memory.

/// Settings for parsing and rendering. The default is Velocity 1.7 as it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What a null or undefined reference evaluates to.
    pub missing: Missing,
    /// Whether templates may define macros (`velocimacro.permissions.allow.inline`). If not,
    /// `#macro` is swallowed and calls print as they stand.
    pub inline_macros: bool,
    /// Whether the directive `#evaluate` exists. If not, it prints as it stands.
    pub evaluate: bool,
    /// Rounds of one `#foreach` (`directive.foreach.maxloops`); further ones are left out silently.
    /// `None`: no such limit.
    pub foreach_rounds: Option<usize>,
    /// How deep a template may nest blocks and expressions, and how deep rendering may go in calls
    /// and definitions.
    pub depth: usize,
    /// How much work one rendering may do: nodes rendered and expressions evaluated.
    pub steps: u64,
    /// Bytes of output of one rendering.
    pub output_bytes: usize,
    /// Bytes that strings and lists made during one rendering may take up, all together.
    pub memory_bytes: usize,
}

/// What a null or undefined reference evaluates to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Null: prints as it is written, is false.
    #[default]
    Null,
    /// The empty string: prints nothing, is true.
    EmptyString,
}

impl Options {
    /// Whether `#name` is a directive, besides `#set`, `#if` and its kin.
    pub(crate) fn has_directive(&self, name: &str) -> bool {
        match name {
            "foreach" | "include" | "parse" | "macro" | "literal" | "break" | "define" | "stop" => {
                true
            }
            "evaluate" => self.evaluate,
            _ => false,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            missing: Missing::Null,
            inline_macros: true,
            evaluate: true,
            foreach_rounds: None,
            depth: 100,
            steps: 20_000_000,
            output_bytes: 64 << 20,
            memory_bytes: 512 << 20,
        }
    }
}
