//! The names of columns that the query does not name.
//!
//! Which functions pass the name of their first argument on is not a rule but a list of the service's own.

use kusto_kql::ast::{Call, DynamicKind, Expression, ExpressionKind, LiteralKind};

/// The name an expression gives its column, if it gives one.
pub(super) fn result_name(expression: &Expression) -> Option<String> {
    match &expression.kind {
        ExpressionKind::Name(name) => Some(name.clone()),
        ExpressionKind::Member { object, name } => Some(path_name(object, name.text.clone())),
        ExpressionKind::Index { object, index } => Some(path_name(object, key_name(index)?)),
        ExpressionKind::Call(call) => call_name(call),
        _ => None,
    }
}

fn path_name(object: &Expression, key: String) -> String {
    match &object.kind {
        ExpressionKind::Name(side) if side.starts_with('$') => key,
        _ => match result_name(object) {
            Some(object) => format!("{object}_{key}"),
            None => key,
        },
    }
}

/// The text of a constant key: `d['k']`, `d[0]`.
fn key_name(index: &Expression) -> Option<String> {
    match &index.kind {
        ExpressionKind::Literal(literal) => match literal.kind {
            LiteralKind::String | LiteralKind::Int | LiteralKind::Long => Some(literal.text.clone()),
            _ => None,
        },
        ExpressionKind::Name(name) => Some(name.clone()),
        _ => None,
    }
}

fn call_name(call: &Call) -> Option<String> {
    if call.object.is_some() {
        return None;
    }
    let name = call.name.text.as_str();
    if name == "ingestion_time" {
        return Some("$IngestionTime".to_owned());
    }
    if let Some((_, fixed)) = FIXED.iter().find(|(function, _)| *function == name) {
        // Of one argument it is the aggregate function of that name.
        return Some(match call.arguments.len() {
            1 => aggregate_name(call),
            _ => (*fixed).to_owned(),
        });
    }
    let first = call.arguments.first().map(|argument| &argument.expression);
    if NAMED_AS_FIRST.contains(&name) {
        return result_name(first?);
    }
    if NAMED_AS_ONLY.contains(&name) && call.arguments.len() == 1 {
        return result_name(first?);
    }
    let prefix = PREFIXED.iter().find(|(function, _)| *function == name)?.1;
    Some(format!(
        "{prefix}_{}",
        first.and_then(result_name).unwrap_or_default()
    ))
}

/// Whether a function's column takes the name of its first argument.
pub(super) fn passes_name(function: &str) -> bool {
    NAMED_AS_FIRST.contains(&function)
}

/// The name that an aggregate gives its column.
pub(super) fn aggregate_name(call: &Call) -> String {
    let name = call.name.text.as_str();
    let argument = |index: usize| {
        let argument = call.arguments.get(index).map(|argument| &argument.expression);
        argument.and_then(result_name).unwrap_or_default()
    };
    let column = match name.starts_with("covariance") {
        true => format!("{}_{}", argument(0), argument(1)),
        false => argument(0),
    };
    match AGGREGATE_PREFIXES.iter().find(|(function, _)| *function == name) {
        Some((_, "")) => column,
        Some((_, prefix)) => format!("{prefix}_{column}"),
        None => format!("{name}_{column}"),
    }
}

/// The name of one column of `percentiles(x, 5, 99.9)`: `percentile_x_99_9`.
pub(super) fn percentile_name(call: &Call, percentile: &Expression) -> String {
    let first = call.arguments.first().map(|argument| &argument.expression);
    let column = first.and_then(result_name).unwrap_or_default();
    let number = match &percentile.kind {
        ExpressionKind::Literal(literal) => literal.text.replace('.', "_"),
        ExpressionKind::Name(name) => name.clone(),
        _ => String::new(),
    };
    format!("percentile_{column}_{number}")
}

/// The text of a constant string.
pub(super) fn constant_text(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Literal(literal) if literal.kind == LiteralKind::String => Some(&literal.text),
        ExpressionKind::Dynamic(value) => match &value.kind {
            DynamicKind::Literal(literal) if literal.kind == LiteralKind::String => Some(&literal.text),
            _ => None,
        },
        _ => None,
    }
}

const NAMED_AS_FIRST: &[&str] = &[
    "split",
    "tostring",
    "tohex",
    "todynamic",
    "toobject",
    "tolong",
    "toint",
    "toreal",
    "todouble",
    "todatetime",
    "totimespan",
    "totime",
    "tobool",
    "toboolean",
    "todecimal",
    "toguid",
    "parse_csv",
    "parsejson",
    "parse_json",
    "parse_xml",
    "format_datetime",
    "format_timespan",
    "startofday",
    "bin",
    "floor",
    "bin_at",
    "bin_auto",
    "binary_and",
    "binary_or",
    "binary_xor",
    "binary_not",
    "binary_shift_right",
    "binary_shift_left",
    "bitset_count_ones",
    "series_fir",
    "series_outliers",
    "series_iir",
    "series_fill_backward",
    "series_fill_forward",
    "series_fill_const",
    "series_fill_linear",
    "round",
    "ceiling",
    "pow",
    "sqrt",
    "log",
    "log2",
    "log10",
    "exp",
    "exp2",
    "exp10",
    "cos",
    "sin",
    "tan",
    "acos",
    "asin",
    "atan",
    "atan2",
    "abs",
    "rand",
    "gamma",
    "loggamma",
    "erf",
    "erfc",
    "format_bytes",
];

/// Functions whose column has one name, whatever the arguments.
const FIXED: &[(&str, &str)] = &[
    ("hll_merge", "hll_merged_result"),
    ("merge_tdigest", "tdigests_merge_result"),
    ("tdigest_merge", "tdigests_merge_result"),
];

const NAMED_AS_ONLY: &[&str] = &["make_datetime", "make_timespan"];

const PREFIXED: &[(&str, &str)] = &[
    ("strlen", "strlen"),
    ("string_size", "string_size"),
    ("percentile_tdigest", "percentile_tdigest"),
    ("dcount_hll", "dcount_hll"),
    ("gettype", "type"),
    ("treepath", "tree"),
    ("repeat", "repeat"),
    ("percentiles_array_tdigest", "percentile_tdigest"),
];

/// Aggregates whose prefix is not their own name; those without prefix take the name of their argument.
const AGGREGATE_PREFIXES: &[(&str, &str)] = &[
    ("makelist", "list"),
    ("make_list", "list"),
    ("make_list_if", "list"),
    ("make_list_with_nulls", "list"),
    ("makeset", "set"),
    ("make_set", "set"),
    ("make_set_if", "set"),
    ("make_dictionary", "dictionary"),
    ("make_bag", "bag"),
    ("make_bag_if", "bag"),
    ("buildschema", "schema"),
    ("tdigest_merge", "merge_tdigests"),
    ("merge_tdigest", "merge_tdigests"),
    ("percentiles_array", "percentiles"),
    ("percentilesw_array", "percentiles"),
    ("take_any", ""),
    ("take_anyif", ""),
    ("binary_all_or", ""),
    ("binary_all_and", ""),
    ("binary_all_xor", ""),
];
