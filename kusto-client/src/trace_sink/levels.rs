//! What is told, by how much it matters and who tells it.

use tracing::{Level, Metadata};

/// How much a trace matters; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TraceLevel {
    /// Nothing is told.
    Off,
    /// What failed.
    Error,
    /// What went wrong and was mended, such as a retry.
    Warning,
    /// What was done: one record for each request.
    Info,
    /// All there is.
    Verbose,
}

/// The level of each target (the path of the module that tells, such as `kusto_transport`), and of all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLevels {
    default: TraceLevel,
    targets: Vec<(String, TraceLevel)>,
}

impl TraceLevels {
    /// The same level for all targets.
    pub fn new(default: TraceLevel) -> Self {
        Self {
            default,
            targets: Vec::new(),
        }
    }

    /// Sets the level of a target and those below it. The longest name that fits decides.
    #[must_use]
    pub fn target(mut self, name: impl Into<String>, level: TraceLevel) -> Self {
        self.targets.push((name.into(), level));
        self.targets
            .sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        self
    }

    pub(crate) fn admit(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let is_below = |name: &str| {
            let rest = target.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let level = self.targets.iter().find(|(name, _)| is_below(name));
        TraceLevel::of(*metadata.level()) <= level.map_or(self.default, |(_, level)| *level)
    }
}

impl TraceLevel {
    pub(crate) fn of(level: Level) -> Self {
        match level {
            Level::ERROR => Self::Error,
            Level::WARN => Self::Warning,
            Level::INFO => Self::Info,
            _ => Self::Verbose,
        }
    }
}
