//! Plugins that are a query in KQL over their input, with the arguments put in.

use std::sync::Arc;

use kusto_kql::ast::{Call, Expression, ExpressionKind, NameClause, Span, StatementKind};

use super::super::environment::Binding;
use super::super::{Binder, Result, syntax_error};
use crate::plan::Plan;

impl Binder<'_> {
    /// The plugin of that name, if it is one of these.
    pub(super) fn written_plugin(&mut self, input: &Plan, call: &Call, span: Span) -> Option<Result<Plan>> {
        let write = PLUGINS.iter().find(|(name, _)| *name == call.name.text)?.1;
        let arguments = Arguments {
            call,
            text: &self.text,
        };
        let query = match write(&arguments) {
            Ok(query) => query,
            Err(Unfit::Missing) => {
                let message = format!(
                    "{}(): an argument is missing or not of the form it must have.",
                    call.name.text
                );
                return Some(Err(self.semantic(span, "SEM0219", message)));
            }
            Err(Unfit::Unsupported(what)) => {
                let what = format!("{what} of {}()", call.name.text);
                return Some(Err(self.unsupported(span, what)));
            }
        };
        Some(self.written(input, &query))
    }

    /// The table that a query over `input_` gives.
    fn written(&mut self, input: &Plan, query: &str) -> Result<Plan> {
        let script = kusto_kql::parse(query).map_err(|error| syntax_error(&error))?;
        let environment = self.environment.clone();
        let text = std::mem::replace(&mut self.text, query.into());
        self.environment = environment.with(
            "input_",
            Binding::Table(super::super::source::materialized(input.clone())),
        );
        let mut result = Ok(input.clone());
        for statement in &script.statements {
            result = match &statement.kind {
                StatementKind::Query(expression) => self.without_rows(|binder| binder.tabular(expression)),
                _ => self.declaration(statement).map(|()| input.clone()),
            };
            if result.is_err() {
                break;
            }
        }
        self.environment = environment;
        self.text = text;
        result
    }
}

/// Why a call cannot be written as a query.
enum Unfit {
    Missing,
    Unsupported(&'static str),
}

type Written = std::result::Result<String, Unfit>;

/// The arguments of a plugin as the query writes them.
struct Arguments<'a> {
    call: &'a Call,
    text: &'a Arc<str>,
}

impl Arguments<'_> {
    fn expression(&self, place: usize) -> std::result::Result<&Expression, Unfit> {
        match self.call.arguments.get(place) {
            Some(argument) if argument.name.is_none() => Ok(&argument.expression),
            _ => Err(Unfit::Missing),
        }
    }

    /// The text of an argument, in parentheses.
    fn value(&self, place: usize) -> Written {
        let span = self.expression(place)?.span;
        let text = self.text.get(span.start..span.end).ok_or(Unfit::Missing)?;
        Ok(format!("({text})"))
    }

    /// The name of a column.
    fn name(&self, place: usize) -> std::result::Result<&str, Unfit> {
        match &self.expression(place)?.kind {
            ExpressionKind::Name(name) => Ok(name),
            _ => Err(Unfit::Missing),
        }
    }

    /// The column of an argument as a name that any column may have.
    fn column(&self, place: usize) -> Written {
        self.name(place).map(quoted)
    }

    /// The columns from an argument on.
    fn columns_from(&self, place: usize) -> std::result::Result<Vec<String>, Unfit> {
        (place..self.call.arguments.len())
            .map(|place| self.column(place))
            .collect()
    }
}

/// A name in brackets.
fn quoted(name: &str) -> String {
    format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// What comes before each column, and the column.
fn each(columns: &[String], write: impl Fn(&str) -> String) -> String {
    columns.iter().map(|column| write(column)).collect()
}

type Write = fn(&Arguments<'_>) -> Written;

const PLUGINS: &[(&str, Write)] = &[
    ("activity_counts_metrics", activity_counts_metrics),
    ("dcount_intersect", dcount_intersect),
    ("ipv4_lookup", |a| ip_lookup(a, "ipv4_is_in_range")),
    ("ipv6_lookup", |a| ip_lookup(a, "ipv6_is_in_range")),
    ("rolling_percentile", rolling_percentile),
    ("session_count", session_count),
];

/// For each window of time: records, who was active, who for the first time, and how many there were up to then.
fn activity_counts_metrics(arguments: &Arguments<'_>) -> Written {
    let (id, time) = (arguments.column(0)?, arguments.column(1)?);
    let (start, end, step) = (arguments.value(2)?, arguments.value(3)?, arguments.value(4)?);
    let columns = arguments.columns_from(5)?;
    let by = each(&columns, |column| format!(", {column}"));
    let order = each(&columns, |column| format!("{column} asc, "));
    let parts = each(&columns, |column| format!(" or {column} != prev({column})"));
    Ok(format!(
        "let rows_ = materialize(input_ | where {time} >= {start} and {time} < {end}
            | extend {time} = bin_at({time}, {step}, {start}));
         let counts_ = rows_ | summarize ['count'] = count(), dcount = count_distinct({id}) by {time}{by};
         let first_ = rows_ | where isnotempty({id}) | summarize {time} = min({time}) by {id}{by}
            | summarize new_dcount = count() by {time}{by};
         counts_ | lookup kind=leftouter first_ on {time}{by} | extend new_dcount = coalesce(new_dcount, 0)
            | sort by {order}{time} asc
            | extend aggregated_dcount = row_cumsum(new_dcount, row_number() == 1{parts})
            | project {time}{by}, ['count'], dcount, new_dcount, aggregated_dcount"
    ))
}

/// Of sketches of sets how many values the first has, the first and the second have, all three, …
fn dcount_intersect(arguments: &Arguments<'_>) -> Written {
    let sketches = arguments.columns_from(0)?;
    if !(1..=MAX_SKETCHES).contains(&sketches.len()) {
        return Err(Unfit::Unsupported("more than six sketches"));
    }
    // Of the first sets so many are in common: the union of each choice of them, added and taken away by turns.
    let intersection = |number: usize| {
        let choices = 1..1_usize << number;
        let terms = choices.map(|choice| {
            let chosen: Vec<&str> = (0..number)
                .filter(|place| choice >> place & 1 == 1)
                .map(|place| sketches[place].as_str())
                .collect();
            let sign = if chosen.len() % 2 == 1 { '+' } else { '-' };
            match chosen.as_slice() {
                [only] => format!(" {sign} dcount_hll({only})"),
                chosen => format!(" {sign} dcount_hll(hll_merge({}))", chosen.join(", ")),
            }
        });
        format!("s{} = 0{}", number - 1, terms.collect::<String>())
    };
    let columns: Vec<String> = (1..=sketches.len()).map(intersection).collect();
    Ok(format!("input_ | extend {}", columns.join(", ")))
}

/// Rows with those of a table whose range their address is in.
fn ip_lookup(arguments: &Arguments<'_>, is_in_range: &str) -> Written {
    let (table, source, range) = (arguments.value(0)?, arguments.column(1)?, arguments.column(2)?);
    let mut keeps_unmatched = false;
    for argument in arguments.call.arguments.iter().skip(3) {
        let value = arguments
            .text
            .get(argument.expression.span.start..argument.expression.span.end);
        match (&argument.name, value) {
            (Some(NameClause::Name(name)), Some("true")) if name.text == "return_unmatched" => {
                keeps_unmatched = true
            }
            (Some(NameClause::Name(name)), Some("false")) if name.text == "return_unmatched" => {}
            _ => return Err(Unfit::Unsupported("a further key")),
        }
    }
    let unmatched = match keeps_unmatched {
        true => "| union (rows_ | join kind=leftanti matches_ on row_ | project-away all_, address_)",
        false => "",
    };
    Ok(format!(
        "let rows_ = input_ | serialize all_ = 1, row_ = row_number(), address_ = {source};
         let ranges_ = {table} | extend all_ = 1, range_ = {range};
         let matches_ = materialize(rows_ | join kind=inner ranges_ on all_ | where {is_in_range}(address_, range_)
            | project-away all_, all_1, address_, range_);
         matches_ {unmatched} | project-away row_"
    ))
}

/// The percentile of each bin together with those before it.
fn rolling_percentile(arguments: &Arguments<'_>) -> Written {
    let (value, index) = (arguments.column(0)?, arguments.column(2)?);
    let (percentile, step, bins) = (arguments.value(1)?, arguments.value(3)?, arguments.value(4)?);
    let by = each(&arguments.columns_from(5)?, |column| format!(", {column}"));
    let plain = |value: &str| value.trim_matches(['(', ')']).to_owned();
    let name = quoted(&format!(
        "rolling_{}_percentile_{}_{}",
        plain(&bins),
        arguments.name(0)?,
        plain(&percentile)
    ));
    Ok(format!(
        "let rows_ = materialize(input_ | project {index} = bin({index}, {step}){by}, value_ = {value});
         let bins_ = rows_ | distinct {index}{by};
         rows_ | extend later_ = range(0, {bins} - 1) | mv-expand later_ to typeof(long)
            | extend {index} = {index} + later_ * {step}
            | summarize {name} = percentile(value_, {percentile}) by {index}{by}
            | join kind=leftsemi bins_ on {index}{by} | project {index}{by}, {name}"
    ))
}

/// For each bin how many sessions begin: an id that was not active for as long as the window looks back.
fn session_count(arguments: &Arguments<'_>) -> Written {
    let (id, time) = (arguments.column(0)?, arguments.column(1)?);
    let (start, end) = (arguments.value(2)?, arguments.value(3)?);
    let (bin, back) = (arguments.value(4)?, arguments.value(5)?);
    let columns = arguments.columns_from(6)?;
    let by = each(&columns, |column| format!(", {column}"));
    let order = each(&columns, |column| format!("{column} asc, "));
    let parts = each(&columns, |column| format!(" or {column} != prev({column})"));
    Ok(format!(
        "input_ | where {time} >= {start} and {time} < {end} | sort by {order}{id} asc, {time} asc
            | extend begins_ = row_number() == 1 or {id} != prev({id}){parts} or {time} - prev({time}) >= {back}
            | where begins_ | summarize count_sessions = count() by {time} = bin({time}, {bin}){by}
            | sort by {order}{time} asc"
    ))
}

/// The unions that an intersection is computed from double with each sketch.
const MAX_SKETCHES: usize = 6;
