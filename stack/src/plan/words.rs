//! Plans in words, for logs.

use std::fmt;

use super::{Change, FunctionPart, Plan, TablePart};

impl fmt::Display for Plan {
    /// For logs: ``rules; function `SendMessage` changed (code); table `Rows` new``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        if self.rules {
            parts.push("rules".to_owned());
        }
        let functions = self.functions.iter();
        parts.extend(functions.map(|one| format!("function `{}` {}", one.logical_id, one.change)));
        let tables = self.tables.iter();
        parts.extend(tables.map(|one| format!("table `{}` {}", one.logical_id, one.change)));
        if self.event_source_mappings {
            parts.push("event source mappings".to_owned());
        }
        parts.extend(self.restart.iter().map(ToString::to_string));
        if parts.is_empty() {
            parts.push("nothing".to_owned());
        }
        if !self.waiting.is_empty() {
            let waiting = self.waiting.join(", ");
            parts.push(format!("waits for a deployment: {waiting}"));
        }
        f.write_str(&parts.join("; "))
    }
}

impl<P: fmt::Display> fmt::Display for Change<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added => f.write_str("new"),
            Self::Removed => f.write_str("removed"),
            Self::Changed(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                write!(f, "changed ({})", parts.join(", "))
            }
        }
    }
}

impl fmt::Display for FunctionPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Code => "code",
            Self::Runtime => "runtime",
            Self::Handler => "handler",
            Self::Environment => "environment",
            Self::Timeout => "timeout",
            Self::MemorySize => "memory size",
            Self::LoggingConfig => "logging",
            Self::Layers => "layers",
        })
    }
}

impl fmt::Display for TablePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeySchema => "key schema",
            Self::Definition => "definition",
            Self::TimeToLive => "time to live",
        })
    }
}
