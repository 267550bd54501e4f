//! Functions of several values: each value is a column of its own, where columns are made.
//!
//! The function itself gives all values as one `dynamic`, of which each column takes its part.

use kusto_kql::ast::{Call, ExpressionKind, Name, NameClause, NamedExpression, Span};
use kusto_protocol::ColumnType;

use super::column::Columns;
use super::{Binder, Result};
use crate::plan::Scalar;

/// One of the values: what its column is called behind the name of the function, its place, its type.
struct Part {
    suffix: &'static str,
    path: &'static [&'static str],
    ty: ColumnType,
}

/// A column that an expression gives: the name in the query, the name by default, the value.
pub(super) struct Output<'e> {
    pub(super) given: Option<&'e Name>,
    pub(super) name: String,
    pub(super) value: Scalar,
}

impl Binder<'_> {
    /// The columns of an expression that is a function of several values; `None` if it is none.
    pub(super) fn outputs<'e>(&mut self, named: &'e NamedExpression) -> Result<Option<Vec<Output<'e>>>> {
        let ExpressionKind::Call(call) = &named.expression.kind else {
            return Ok(None);
        };
        let Some(values) = self.tuple(call, named.expression.span)? else {
            return Ok(None);
        };
        let given: Vec<&Name> = match &named.name {
            None => Vec::new(),
            Some(NameClause::Name(name)) => vec![name],
            Some(NameClause::List(names)) => names.iter().collect(),
        };
        if given.len() > values.len() {
            let message = "There are more names than values.";
            return Err(self.semantic(named.span, "SEM0109", message));
        }
        let values = values.into_iter().enumerate();
        let outputs = values.map(|(index, (name, value))| Output {
            given: given.get(index).copied(),
            name,
            value,
        });
        Ok(Some(outputs.collect()))
    }

    /// Adds the columns of a function of several values; says whether the expression is one.
    pub(super) fn tuple_columns(&mut self, columns: &mut Columns, named: &NamedExpression) -> Result<bool> {
        let Some(outputs) = self.outputs(named)? else {
            return Ok(false);
        };
        for output in outputs {
            match output.given {
                Some(name) => self.declare(columns, &name.text, output.value, name.span)?,
                None => columns.add(&output.name, output.value),
            }
        }
        Ok(true)
    }

    /// The first value of a function of several, which is what it is worth inside an expression. Only the
    /// sorting of arrays gives an array of all there.
    pub(super) fn first_of_tuple(&mut self, call: &Call, span: Span) -> Result<Option<Scalar>> {
        if is_sorting(&call.name.text) {
            return Ok(None);
        }
        let values = self.tuple(call, span)?;
        Ok(values.map(|mut values| values.swap_remove(0).1))
    }

    /// The values of a call and their names, if its function has several.
    fn tuple(&mut self, call: &Call, span: Span) -> Result<Option<Vec<(String, Scalar)>>> {
        let function = call.name.text.as_str();
        if call.object.is_some() || self.function(function).is_some() {
            return Ok(None);
        }
        if is_sorting(function) {
            return self.sorted_arrays(call, span).map(Some);
        }
        let Some((whole, parts)) = parts(function) else {
            return Ok(None);
        };
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(self.scalar(&argument.expression)?);
        }
        let whole = self.call(whole, arguments, span)?;
        let first = call.arguments.first().map(|argument| &argument.expression);
        let first = first
            .and_then(|first| self.implied_name(first))
            .unwrap_or_default();
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            let mut value = whole.clone();
            for key in part.path {
                value = self.call("[]", vec![value, super::scalar::text(key)], span)?;
            }
            let value = self.convert(value, &part.ty, span)?;
            values.push((format!("{function}_{first}_{}", part.suffix), value));
        }
        Ok(Some(values))
    }

    /// `array_sort_asc(a, b)`: as many columns as arrays.
    fn sorted_arrays(&mut self, call: &Call, span: Span) -> Result<Vec<(String, Scalar)>> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        let mut names = Vec::with_capacity(call.arguments.len());
        for (index, argument) in call.arguments.iter().enumerate() {
            let value = self.scalar(&argument.expression)?;
            if index == 0 || *value.ty() != ColumnType::Bool {
                let name = self.implied_name(&argument.expression);
                names.push(format!(
                    "{}_sorted",
                    name.unwrap_or_else(|| format!("array{index}"))
                ));
            }
            arguments.push(value);
        }
        let whole = self.call(&call.name.text, arguments, span)?;
        if names.len() < 2 {
            return Ok(names.into_iter().map(|name| (name, whole.clone())).collect());
        }
        let mut values = Vec::with_capacity(names.len());
        for (index, name) in names.into_iter().enumerate() {
            let value = self.call("[]", vec![whole.clone(), super::scalar::long(index as i64)], span)?;
            values.push((name, value));
        }
        Ok(values)
    }
}

fn is_sorting(function: &str) -> bool {
    matches!(function, "array_sort_asc" | "array_sort_desc")
}

/// The function that gives all values at once, and where in its bag each of them is.
fn parts(function: &str) -> Option<(&'static str, Vec<Part>)> {
    use ColumnType::{Dynamic, Long, Real};
    let part = |suffix: &'static str, path: &'static [&'static str], ty| Part { suffix, path, ty };
    Some(match function {
        "series_stats" => (
            "series_stats_dynamic",
            vec![
                part("min", &["min"], Real),
                part("min_idx", &["min_idx"], Long),
                part("max", &["max"], Real),
                part("max_idx", &["max_idx"], Long),
                part("avg", &["avg"], Real),
                part("stdev", &["stdev"], Real),
                part("variance", &["variance"], Real),
            ],
        ),
        "series_fit_line" => (
            "series_fit_line_dynamic",
            vec![
                part("rsquare", &["rsquare"], Real),
                part("slope", &["slope"], Real),
                part("variance", &["variance"], Real),
                part("rvariance", &["rvariance"], Real),
                part("interception", &["interception"], Real),
                part("line_fit", &["line_fit"], Dynamic),
            ],
        ),
        "series_fit_2lines" => (
            "series_fit_2lines_dynamic",
            vec![
                part("rsquare", &["rsquare"], Real),
                part("split_idx", &["split_idx"], Long),
                part("variance", &["variance"], Real),
                part("rvariance", &["rvariance"], Real),
                part("line_fit", &["line_fit"], Dynamic),
                part("right_rsquare", &["right", "rsquare"], Real),
                part("right_slope", &["right", "slope"], Real),
                part("right_interception", &["right", "interception"], Real),
                part("right_variance", &["right", "variance"], Real),
                part("right_rvariance", &["right", "rvariance"], Real),
                part("left_rsquare", &["left", "rsquare"], Real),
                part("left_slope", &["left", "slope"], Real),
                part("left_interception", &["left", "interception"], Real),
                part("left_variance", &["left", "variance"], Real),
                part("left_rvariance", &["left", "rvariance"], Real),
            ],
        ),
        _ => return None,
    })
}
