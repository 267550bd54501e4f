//! The names of all documented request options, and how each may travel.
//!
//! The names are the service's own; where its libraries spell one differently, the documentation decides. Options
//! that nobody lists here can still be sent: [`ClientRequestProperties::option`] takes any name.
//!
//! ```
//! use kusto_protocol::options;
//!
//! assert_eq!(options::NO_TRUNCATION, "notruncation");
//! assert!(options::find("servertimeout").is_some_and(|option| !option.in_set_statement));
//! ```

use std::time::Duration;

use serde_json::Value;

use super::ClientRequestProperties;
use super::value::{DataScope, OptionValue, QueryConsistency, QueryLanguage};
use crate::frame::ErrorReportingPlacement;
use crate::literal::Literal;
use crate::scalar::DateTime;

/// What is documented about an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestOption {
    /// The name on the wire.
    pub name: &'static str,
    /// What its value is.
    pub value_type: OptionType,
    /// Whether a `set` statement in the query can carry it, instead of the request.
    pub in_set_statement: bool,
}

/// What the value of an option is, and how it is spelled in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptionType {
    /// `true` or `false`.
    Bool,
    /// ISO 8601 in a string.
    DateTime,
    /// Any JSON value.
    Dynamic,
    /// A whole number.
    Long,
    /// A KQL literal in a string.
    Literal,
    /// A string.
    Text,
    /// `[d.]hh:mm:ss[.fffffff]` in a string.
    Timespan,
}

/// One row per option: setter (one is written by hand), constant, name, type of the value, where it may travel,
/// and what it does.
macro_rules! options {
    ($($(.$setter:ident($argument:ty))? $constant:ident $name:literal $type:ident $place:ident $doc:literal)*) => {
        $(
            #[doc = $doc]
            pub const $constant: &str = $name;
        )*

        /// All documented options.
        pub const ALL: &[RequestOption] = &[$(RequestOption {
            name: $name,
            value_type: OptionType::$type,
            in_set_statement: options!(@ $place),
        },)*];

        /// The documented option of this name, in exactly this spelling.
        pub fn find(name: &str) -> Option<RequestOption> {
            Some(match name {
                $($name => RequestOption {
                    name: $name,
                    value_type: OptionType::$type,
                    in_set_statement: options!(@ $place),
                },)*
                _ => return None,
            })
        }

        /// The documented options.
        impl ClientRequestProperties {
            $($(
                #[doc = concat!("`", $name, "`: ", $doc)]
                pub fn $setter(self, value: $argument) -> Self {
                    self.option($constant, value.into_json())
                }
            )?)*
        }
    };
    (@ set) => { true };
    (@ request) => { false };
    (@ client) => { false };
}

options! {
    .best_effort(bool) BEST_EFFORT "best_effort" Bool set
        "Drops the legs of a union that are missing or fail, as long as one works."
    .client_max_redirect_count(i64) CLIENT_MAX_REDIRECT_COUNT "client_max_redirect_count" Long client
        "How many redirects the client follows. Read by the client, not by the service."
    .client_results_reader_allow_varying_row_widths(bool)
        CLIENT_RESULTS_READER_ALLOW_VARYING_ROW_WIDTHS "client_results_reader_allow_varying_row_widths" Bool client
        "Lets rows of one table differ in width. Read by the client, not by the service."
    .defer_partial_query_failures(bool) DEFER_PARTIAL_QUERY_FAILURES "deferpartialqueryfailures" Bool set
        "Reports partial failures in the status table only."
    .materialized_view_shuffle_query(Value)
        MATERIALIZED_VIEW_SHUFFLE_QUERY "materialized_view_shuffle_query" Dynamic set
        "Which materialized views to shuffle, by which keys: `[{\"Name\":\"V\",\"Keys\":[\"K\"]}]`."
    .max_memory_consumption_per_query_per_node(i64)
        MAX_MEMORY_CONSUMPTION_PER_QUERY_PER_NODE "max_memory_consumption_per_query_per_node" Long set
        "Bytes of memory for the whole query on each node. The lower of two values counts."
    .max_memory_consumption_per_iterator(i64)
        MAX_MEMORY_CONSUMPTION_PER_ITERATOR "maxmemoryconsumptionperiterator" Long set
        "Bytes of memory for each operator, at most 32 212 254 720. The lower of two values counts."
    .max_output_columns(i64) MAX_OUTPUT_COLUMNS "maxoutputcolumns" Long set
        "How many columns the query may produce."
    .no_request_timeout(bool) NO_REQUEST_TIMEOUT "norequesttimeout" Bool request
        "Sets the longest server timeout, one hour."
    .no_truncation(bool) NO_TRUNCATION "notruncation" Bool set
        "Lifts the limits of 500 000 rows and 64 MiB, unless other limits are set as well."
    .push_selection_through_aggregation(bool)
        PUSH_SELECTION_THROUGH_AGGREGATION "push_selection_through_aggregation" Bool set
        "Lets the optimizer move filters below aggregations."
    .query_bin_auto_at(Literal) QUERY_BIN_AUTO_AT "query_bin_auto_at" Literal set
        "Where the bins of `bin_auto()` begin."
    .query_bin_auto_size(Literal) QUERY_BIN_AUTO_SIZE "query_bin_auto_size" Literal set
        "The size of the bins of `bin_auto()`."
    .query_cursor_after_default(&str) QUERY_CURSOR_AFTER_DEFAULT "query_cursor_after_default" Text set
        "The argument of `cursor_after()` where the query gives none."
    .query_cursor_before_or_at_default(&str)
        QUERY_CURSOR_BEFORE_OR_AT_DEFAULT "query_cursor_before_or_at_default" Text set
        "The argument of `cursor_before_or_at()` where the query gives none."
    .query_cursor_current(&str) QUERY_CURSOR_CURRENT "query_cursor_current" Text set
        "What `cursor_current()` returns."
    .query_cursor_disabled(bool) QUERY_CURSOR_DISABLED "query_cursor_disabled" Bool set
        "Forbids cursor functions."
    .query_cursor_scoped_tables(Value) QUERY_CURSOR_SCOPED_TABLES "query_cursor_scoped_tables" Dynamic set
        "The tables that the default cursor range applies to: an array of names."
    .query_datascope(DataScope) QUERY_DATASCOPE "query_datascope" Text set
        "Which data the query sees."
    .query_datetimescope_column(&str) QUERY_DATETIMESCOPE_COLUMN "query_datetimescope_column" Text set
        "The column of the automatic time filter."
    .query_datetimescope_from(DateTime) QUERY_DATETIMESCOPE_FROM "query_datetimescope_from" DateTime set
        "The lower bound of the automatic time filter."
    .query_datetimescope_to(DateTime) QUERY_DATETIMESCOPE_TO "query_datetimescope_to" DateTime set
        "The upper bound of the automatic time filter."
    .query_distribution_nodes_span(i32) QUERY_DISTRIBUTION_NODES_SPAN "query_distribution_nodes_span" Long set
        "How many nodes merge their results together."
    .query_fanout_nodes_percent(i32) QUERY_FANOUT_NODES_PERCENT "query_fanout_nodes_percent" Long set
        "Percent of the nodes to run on. The lower of two values counts."
    .query_fanout_threads_percent(i32) QUERY_FANOUT_THREADS_PERCENT "query_fanout_threads_percent" Long set
        "Percent of each node's threads to run on. The lower of two values counts."
    .query_force_row_level_security(bool) QUERY_FORCE_ROW_LEVEL_SECURITY "query_force_row_level_security" Bool set
        "Applies row-level security even where its policy is switched off."
    .query_language(QueryLanguage) QUERY_LANGUAGE "query_language" Text request
        "The language of the text: KQL, or T-SQL."
    .query_log_query_parameters(bool) QUERY_LOG_QUERY_PARAMETERS "query_log_query_parameters" Bool request
        "Keeps the parameters of the query for `.show queries`."
    .query_max_entities_in_union(i64) QUERY_MAX_ENTITIES_IN_UNION "query_max_entities_in_union" Long set
        "How many entities a union may stand for."
    .query_now(DateTime) QUERY_NOW "query_now" DateTime set
        "What `now()` returns."
    .query_optimize_fts_at_relop(bool) QUERY_OPTIMIZE_FTS_AT_RELOP "query_optimize_fts_at_relop" Bool set
        "An experimental optimization of free-text search."
    .query_python_debug(i32) QUERY_PYTHON_DEBUG "query_python_debug" Long set
        "Returns the input of the n-th Python plugin instead of running it."
    .query_results_apply_getschema(bool) QUERY_RESULTS_APPLY_GETSCHEMA "query_results_apply_getschema" Bool set
        "Returns the schema of each result instead of its rows."
    .query_results_cache_force_refresh(bool)
        QUERY_RESULTS_CACHE_FORCE_REFRESH "query_results_cache_force_refresh" Bool request
        "Runs the query and renews its cached result; needs `query_results_cache_max_age`."
    .query_results_cache_max_age(Duration) QUERY_RESULTS_CACHE_MAX_AGE "query_results_cache_max_age" Timespan set
        "How old a cached result may be."
    .query_results_cache_per_shard(bool) QUERY_RESULTS_CACHE_PER_SHARD "query_results_cache_per_shard" Bool set
        "Caches results per extent."
    .query_results_progressive_row_count(i64)
        QUERY_RESULTS_PROGRESSIVE_ROW_COUNT "query_results_progressive_row_count" Long set
        "How many rows to send with each progressive update; a hint."
    .query_results_progressive_update_period(Duration)
        QUERY_RESULTS_PROGRESSIVE_UPDATE_PERIOD "query_results_progressive_update_period" Timespan set
        "How often to send progressive updates; a hint."
    .query_take_max_records(i64) QUERY_TAKE_MAX_RECORDS "query_take_max_records" Long set
        "How many rows to return at most, without an error. The lower of two values counts."
    .query_weakconsistency_session_id(&str)
        QUERY_WEAKCONSISTENCY_SESSION_ID "query_weakconsistency_session_id" Text request
        "The session of `weakconsistency_by_session_id`."
    .query_consistency(QueryConsistency) QUERY_CONSISTENCY "queryconsistency" Text request
        "How recent the metadata must be that the query runs on."
    .request_app_name(&str) REQUEST_APP_NAME "request_app_name" Text request
        "The application shown in reports."
    .request_block_row_level_security(bool)
        REQUEST_BLOCK_ROW_LEVEL_SECURITY "request_block_row_level_security" Bool set
        "Refuses tables with row-level security."
    .request_callout_disabled(bool) REQUEST_CALLOUT_DISABLED "request_callout_disabled" Bool set
        "Forbids calls to services chosen by the user."
    .request_description(&str) REQUEST_DESCRIPTION "request_description" Text set
        "Free text, shown by `.show queries`."
    .request_external_data_disabled(bool) REQUEST_EXTERNAL_DATA_DISABLED "request_external_data_disabled" Bool set
        "Forbids `externaldata` and external tables."
    .request_external_table_disabled(bool)
        REQUEST_EXTERNAL_TABLE_DISABLED "request_external_table_disabled" Bool set
        "Forbids external tables."
    .request_impersonation_disabled(bool) REQUEST_IMPERSONATION_DISABLED "request_impersonation_disabled" Bool set
        "Does not pass the caller's identity on, to other clusters for instance."
    .request_readonly(bool) REQUEST_READONLY "request_readonly" Bool request
        "Forbids writing."
    .request_readonly_hardline(bool) REQUEST_READONLY_HARDLINE "request_readonly_hardline" Bool request
        "Forbids writing and plugins; what opening a shared link uses."
    .request_remote_entities_disabled(bool)
        REQUEST_REMOTE_ENTITIES_DISABLED "request_remote_entities_disabled" Bool set
        "Forbids other databases and clusters."
    .request_sandboxed_execution_disabled(bool)
        REQUEST_SANDBOXED_EXECUTION_DISABLED "request_sandboxed_execution_disabled" Bool set
        "Forbids plugins that run in a sandbox."
    .request_user(&str) REQUEST_USER "request_user" Text request
        "The user shown in service traces."
    .results_error_reporting_placement(ErrorReportingPlacement)
        RESULTS_ERROR_REPORTING_PLACEMENT "results_error_reporting_placement" Text set
        "Where errors are reported that come after the first row."
    .results_progressive_enabled(bool) RESULTS_PROGRESSIVE_ENABLED "results_progressive_enabled" Bool request
        "Sends results that are replaced while the query runs."
    .results_v2_fragment_primary_tables(bool)
        RESULTS_V2_FRAGMENT_PRIMARY_TABLES "results_v2_fragment_primary_tables" Bool request
        "Sends primary tables in fragments."
    .results_v2_newlines_between_frames(bool)
        RESULTS_V2_NEWLINES_BETWEEN_FRAMES "results_v2_newlines_between_frames" Bool set
        "Puts line breaks between frames."
    SERVER_TIMEOUT "servertimeout" Timespan request
        "How long the service may work on the request, at most one hour."
    .truncation_max_records(i64) TRUNCATION_MAX_RECORDS "truncationmaxrecords" Long set
        "How many rows to return before failing; 500 000 unless set."
    .truncation_max_size(i64) TRUNCATION_MAX_SIZE "truncationmaxsize" Long request
        "How many bytes to return before failing; 67 108 864 unless set."
    .validate_permissions(bool) VALIDATE_PERMISSIONS "validatepermissions" Bool set
        "Checks the permissions and does not run the query."
}
