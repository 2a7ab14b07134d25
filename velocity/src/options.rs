//! Settings of the language: Velocity's own switches, and limits so that no template can hang or
//! exhaust memory.

/// Settings for parsing and rendering. The default is stock Velocity 1.7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What a null or undefined reference evaluates to.
    pub missing: Missing,
    /// Whether templates may define macros (`velocimacro.permissions.allow.inline`). If not,
    /// `#macro` prints nothing, and calls print as text.
    pub inline_macros: bool,
    /// Whether the directive `#evaluate` exists. If not, it prints as text.
    pub evaluate: bool,
    /// Limit on iterations of one `#foreach` (`directive.foreach.maxloops`); further ones are
    /// silently skipped. `None`: no limit.
    pub foreach_rounds: Option<usize>,
    /// How deep a template may nest blocks and expressions, and how deep rendering may recurse into
    /// calls and definitions.
    pub depth: usize,
    /// How much work one rendering may do: nodes rendered and expressions evaluated.
    pub steps: u64,
    /// Limit on the output of one rendering, in bytes.
    pub output_bytes: usize,
    /// Limit on all strings and lists built during one rendering, in bytes.
    pub memory_bytes: usize,
}

/// What a null or undefined reference evaluates to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Null: prints as written, and is false.
    #[default]
    Null,
    /// The empty string: prints nothing, and is true.
    EmptyString,
}

impl Options {
    /// Whether `#name` is a directive other than `#set`, `#if`, `#elseif`, `#else` and `#end`.
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
