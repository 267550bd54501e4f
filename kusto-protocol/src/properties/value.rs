//! The values of request options, as the service spells them in JSON.

use std::time::Duration;

use serde_json::Value;

use crate::frame::ErrorReportingPlacement;
use crate::literal::Literal;
use crate::scalar::{DateTime, Timespan};

/// How recent the metadata must be that a query runs on (`queryconsistency`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum QueryConsistency {
    /// `strongconsistency`: the latest. The service's default.
    #[default]
    Strong,
    /// `weakconsistency`: up to minutes old, in exchange for spreading the load.
    Weak,
    /// `weakconsistency_by_query`: equal queries run on the same node.
    WeakByQuery,
    /// `weakconsistency_by_database`: queries of one database run on the same node.
    WeakByDatabase,
    /// `weakconsistency_by_session_id`: queries of one `query_weakconsistency_session_id` run on the same node.
    WeakBySessionId,
}

impl QueryConsistency {
    /// The service's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strong => "strongconsistency",
            Self::Weak => "weakconsistency",
            Self::WeakByQuery => "weakconsistency_by_query",
            Self::WeakByDatabase => "weakconsistency_by_database",
            Self::WeakBySessionId => "weakconsistency_by_session_id",
        }
    }

    /// Reads a spelling in any case, the two outdated ones too.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "strongconsistency" => Some(Self::Strong),
            "weakconsistency" => Some(Self::Weak),
            "weakconsistency_by_query" | "affinitizedweakconsistency" => Some(Self::WeakByQuery),
            "weakconsistency_by_database" | "databaseaffinitizedweakconsistency" => {
                Some(Self::WeakByDatabase)
            }
            "weakconsistency_by_session_id" => Some(Self::WeakBySessionId),
            _ => None,
        }
    }
}

/// The language of a query's text (`query_language`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum QueryLanguage {
    /// `kql`. The service's default.
    #[default]
    Kql,
    /// `sql`: T-SQL, `SELECT` statements only.
    Sql,
}

impl QueryLanguage {
    /// The service's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kql => "kql",
            Self::Sql => "sql",
        }
    }

    /// Reads a spelling in any case; `csl` is an older name of KQL.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "csl" | "kql" => Some(Self::Kql),
            "sql" => Some(Self::Sql),
            _ => None,
        }
    }
}

/// Which data a query sees (`query_datascope`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum DataScope {
    /// `default`: what the tables' policies say.
    #[default]
    Default,
    /// `all`: hot and cold data.
    All,
    /// `hotcache`: hot data only.
    HotCache,
}

impl DataScope {
    /// The service's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::All => "all",
            Self::HotCache => "hotcache",
        }
    }
}

/// The longest time that the service works on a request.
pub(crate) const MAX_SERVER_TIMEOUT: Duration = Duration::from_secs(3600);
/// The shortest that may be asked for.
pub(crate) const MIN_SERVER_TIMEOUT: Duration = Duration::from_secs(1);

/// What the typed setters take.
pub(super) trait OptionValue {
    fn into_json(self) -> Value;
}

impl OptionValue for Duration {
    fn into_json(self) -> Value {
        Value::from(Timespan::try_from(self).unwrap_or(Timespan::MAX).to_string())
    }
}

impl OptionValue for Literal {
    fn into_json(self) -> Value {
        Value::from(self.to_string())
    }
}

impl OptionValue for DateTime {
    fn into_json(self) -> Value {
        Value::from(self.to_string())
    }
}

impl OptionValue for ErrorReportingPlacement {
    fn into_json(self) -> Value {
        Value::from(match self {
            Self::InData => "in_data",
            Self::EndOfTable => "end_of_table",
            Self::EndOfDataSet => "end_of_dataset",
        })
    }
}

macro_rules! option_value {
    ($($type:ty: $value:ident => $json:expr;)*) => {$(
        impl OptionValue for $type {
            fn into_json(self) -> Value {
                let $value = self;
                Value::from($json)
            }
        }
    )*};
}

option_value! {
    bool: value => value;
    i32: value => value;
    i64: value => value;
    &str: value => value;
    Value: value => value;
    DataScope: value => value.as_str();
    QueryConsistency: value => value.as_str();
    QueryLanguage: value => value.as_str();
}
