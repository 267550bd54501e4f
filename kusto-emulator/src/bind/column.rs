//! The columns of `project`, `extend` and their like: which come out, in which order, under which names.

use kusto_kql::ast::{
    Expression, ExpressionKind, Name, NameClause, NamedExpression, Order, ReorderedColumn, Span,
};
use kusto_protocol::{Column, Value};

use super::name::result_name;
use super::{Binder, Result, windowed};
use crate::plan::{Plan, Scalar};

/// Columns under construction. Names are unique: what was not named by the query gives way.
#[derive(Default)]
pub(super) struct Columns {
    columns: Vec<(Column, Scalar)>,
    /// The number of the next `Column1`.
    unnamed: usize,
}

impl Columns {
    pub(super) fn new(columns: Vec<(Column, Scalar)>) -> Self {
        Self { columns, unnamed: 0 }
    }

    pub(super) fn into_inner(self) -> Vec<(Column, Scalar)> {
        self.columns
    }

    pub(super) const fn len(&self) -> usize {
        self.columns.len()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column.name == name)
    }

    /// Adds a column under a name of the engine's choice: `name`, or `name1` if that is taken.
    pub(super) fn add(&mut self, name: &str, scalar: Scalar) {
        let name = unique_name(name, |name| self.position(name).is_some());
        self.columns
            .push((Column::new(name, scalar.ty().clone()), scalar));
    }

    /// Sets the column of that name, in its place if there is one.
    fn set(&mut self, name: &str, scalar: Scalar) {
        let column = Column::new(name, scalar.ty().clone());
        match self.position(name) {
            Some(index) => self.columns[index] = (column, scalar),
            None => self.columns.push((column, scalar)),
        }
    }

    /// The next of `Column1`, `Column2`, …; [`Self::add`] sees to it that the name is free.
    pub(super) fn unnamed(&mut self) -> String {
        self.unnamed += 1;
        format!("Column{}", self.unnamed)
    }
}

/// `name`, or the first of `name1`, `name2`, … that is not taken.
pub(super) fn unique_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    let mut number = 1;
    loop {
        let candidate = format!("{name}{number}");
        if !is_taken(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

impl Binder<'_> {
    /// `project …`
    pub(super) fn project(&mut self, input: Plan, expressions: &[NamedExpression]) -> Result<Plan> {
        let (columns, rows) = self.over(&input, "project", |binder| {
            let mut columns = Columns::default();
            for expression in expressions {
                binder.project_column(&mut columns, expression)?;
            }
            Ok(columns)
        })?;
        Ok(windowed(input, rows.windows).project(columns.into_inner()))
    }

    /// Adds the column that an expression of `project` gives.
    pub(super) fn project_column(&mut self, columns: &mut Columns, named: &NamedExpression) -> Result<()> {
        if named.expression.kind == ExpressionKind::Star {
            return Err(self.semantic(named.span, "SEM0102", "'*' cannot stand here."));
        }
        let is_column = match &named.expression.kind {
            ExpressionKind::Name(name) => self
                .rows
                .as_ref()
                .is_some_and(|rows| rows.position(name).is_some()),
            _ => false,
        };
        if self.tuple_columns(columns, named)? {
            return Ok(());
        }
        let scalar = self.scalar(&named.expression)?;
        match self.single_name(named)? {
            Some(name) => self.declare(columns, &name.text, scalar, name.span),
            None => match self.implied_name(&named.expression) {
                Some(name) if is_column => self.declare(columns, &name, scalar, named.span),
                Some(name) => {
                    columns.add(&name, scalar);
                    Ok(())
                }
                None => {
                    let name = columns.unnamed();
                    columns.add(&name, scalar);
                    Ok(())
                }
            },
        }
    }

    /// Adds a column under the name that the query gives it, which must be free.
    pub(super) fn declare(
        &self,
        columns: &mut Columns,
        name: &str,
        scalar: Scalar,
        span: Span,
    ) -> Result<()> {
        if columns.position(name).is_some() {
            let message = format!("A column named '{name}' already exists.");
            return Err(self.semantic(span, "SEM0024", message));
        }
        columns.add(name, scalar);
        Ok(())
    }

    /// The name an expression gives its column; `column_ifexists("x", 1)` is `x` only if there is an `x`.
    pub(super) fn implied_name(&self, expression: &Expression) -> Option<String> {
        if let ExpressionKind::Call(call) = &expression.kind
            && matches!(call.name.text.as_str(), "column_ifexists" | "columnifexists")
        {
            let name = super::name::constant_text(&call.arguments.first()?.expression)?;
            let exists = self.rows.as_ref()?.position(name).is_some();
            return exists.then(|| name.to_owned());
        }
        if let ExpressionKind::Name(name) = &expression.kind
            && self
                .rows
                .as_ref()
                .is_none_or(|rows| rows.position(name).is_none())
        {
            return Some(name.clone());
        }
        result_name(expression)
    }

    /// What stands before `=`, where one name may stand.
    pub(super) fn single_name<'e>(&self, named: &'e NamedExpression) -> Result<Option<&'e Name>> {
        match &named.name {
            None => Ok(None),
            Some(NameClause::Name(name)) => Ok(Some(name)),
            Some(NameClause::List(names)) => match names.as_slice() {
                [name] => Ok(Some(name)),
                _ => {
                    let message = "The expression has one value, not several.";
                    Err(self.semantic(named.span, "SEM0109", message))
                }
            },
        }
    }

    /// `extend …`, and `serialize …`, which differs in its promise about the order of rows.
    pub(super) fn extend(
        &mut self,
        input: Plan,
        expressions: &[NamedExpression],
        operator: &'static str,
    ) -> Result<Plan> {
        let mut columns = Columns::new(input.columns());
        let (bound, rows) = self.over(&input, operator, |binder| {
            let mut declared: Vec<&str> = Vec::new();
            for named in expressions {
                if let Some(outputs) = binder.outputs(named)? {
                    for output in outputs {
                        let name = output.given.map_or(&output.name, |name| &name.text);
                        columns.set(name, output.value);
                    }
                    continue;
                }
                let scalar = binder.scalar(&named.expression)?;
                match binder.single_name(named)? {
                    Some(name) => {
                        if declared.contains(&name.text.as_str()) {
                            let message = format!("A column named '{}' already exists.", name.text);
                            return Err(binder.semantic(name.span, "SEM0024", message));
                        }
                        declared.push(&name.text);
                        columns.set(&name.text, scalar);
                    }
                    None => match binder.implied_name(&named.expression) {
                        Some(name) => columns.set(&name, scalar),
                        None => {
                            let name = columns.unnamed();
                            columns.add(&name, scalar);
                        }
                    },
                }
            }
            Ok(columns)
        })?;
        Ok(windowed(input, rows.windows).project(bound.into_inner()))
    }

    /// `project-away …`
    pub(super) fn project_away(&mut self, input: Plan, patterns: &[Expression]) -> Result<Plan> {
        let away = self.matching(&input, patterns, "project-away")?;
        let mut columns = input.columns();
        let mut index = 0;
        columns.retain(|_| {
            index += 1;
            !away.contains(&(index - 1))
        });
        Ok(input.project(columns))
    }

    /// `project-keep …`: the order stays.
    pub(super) fn project_keep(&mut self, input: Plan, patterns: &[Expression]) -> Result<Plan> {
        let mut keep = self.matching(&input, patterns, "project-keep")?;
        keep.sort_unstable();
        Ok(pick(input, &keep))
    }

    /// `project-by-names …`: columns by texts or arrays of texts; those that are not there are left out.
    pub(super) fn project_by_names(&mut self, input: Plan, names: &[Expression]) -> Result<Plan> {
        let mut places: Vec<usize> = Vec::new();
        for expression in names {
            let value = self.constant(expression, "A name of 'project-by-names'")?;
            let patterns = match value.value(0) {
                Value::String(name) => vec![name.to_owned()],
                Value::Dynamic(json) => serde_json::from_str(json).unwrap_or_default(),
                _ => Vec::new(),
            };
            for pattern in patterns {
                let matches =
                    (0..input.schema.len()).filter(|&place| wildcard(&pattern, &input.schema[place].name));
                let matches: Vec<usize> = matches.filter(|place| !places.contains(place)).collect();
                places.extend(matches);
            }
        }
        Ok(pick(input, &places))
    }

    /// `project-reorder …`: the named columns first.
    pub(super) fn project_reorder(&mut self, input: Plan, patterns: &[ReorderedColumn]) -> Result<Plan> {
        let mut order: Vec<usize> = Vec::new();
        // A pattern takes what no other pattern names outright.
        let named: Vec<usize> = patterns
            .iter()
            .filter_map(|pattern| match &pattern.column.kind {
                ExpressionKind::Name(name) => super::position(&input.schema, name),
                _ => None,
            })
            .collect();
        for pattern in patterns {
            let is_wildcard = !matches!(pattern.column.kind, ExpressionKind::Name(_));
            let mut found =
                self.matching(&input, std::slice::from_ref(&pattern.column), "project-reorder")?;
            if is_wildcard {
                found.retain(|index| !named.contains(index));
            }
            let name = |index: &usize| input.schema[*index].name.clone();
            match pattern.order {
                None => {}
                Some(Order::Asc) => found.sort_by_key(name),
                Some(Order::Desc) => found.sort_by_key(|index| std::cmp::Reverse(name(index))),
                Some(Order::GrannyAsc) => found.sort_by_key(|index| granny_key(&name(index))),
                Some(Order::GrannyDesc) => {
                    found.sort_by_key(|index| std::cmp::Reverse(granny_key(&name(index))));
                }
            }
            order.extend(
                found
                    .into_iter()
                    .filter(|index| !order.contains(index))
                    .collect::<Vec<_>>(),
            );
        }
        order.extend(
            (0..input.schema.len())
                .filter(|index| !order.contains(index))
                .collect::<Vec<_>>(),
        );
        Ok(pick(input, &order))
    }

    /// `project-rename new = old, …`
    pub(super) fn project_rename(&mut self, input: Plan, renames: &[NamedExpression]) -> Result<Plan> {
        self.operator = "project-rename";
        let mut schema = input.schema.to_vec();
        for rename in renames {
            let new = self.single_name(rename)?;
            let (Some(new), ExpressionKind::Name(old)) = (new, &rename.expression.kind) else {
                let message = "'new = old' is expected here.";
                return Err(self.semantic(rename.span, "SEM0020", message));
            };
            let Some(index) = super::position(&input.schema, old) else {
                let message = format!("Failed to resolve column named '{old}'.");
                return Err(self.semantic(rename.expression.span, "SEM0100", message));
            };
            schema[index].name.clone_from(&new.text);
        }
        for (index, column) in schema.iter().enumerate() {
            if super::position(&schema, &column.name) != Some(index) {
                let span = renames.first().map_or_else(Span::default, |rename| rename.span);
                let message = format!("A column named '{}' already exists.", column.name);
                return Err(self.semantic(span, "SEM0024", message));
            }
        }
        let columns = input.columns().into_iter().zip(schema);
        let columns = columns.map(|((_, scalar), column)| (column, scalar)).collect();
        Ok(input.project(columns))
    }

    /// The places of the columns that names and wildcards stand for, in the order of the patterns.
    fn matching(
        &mut self,
        input: &Plan,
        patterns: &[Expression],
        operator: &'static str,
    ) -> Result<Vec<usize>> {
        let mut found: Vec<usize> = Vec::new();
        for expression in patterns {
            let pattern = match &expression.kind {
                ExpressionKind::Star => "*",
                ExpressionKind::Name(name) => name.as_str(),
                ExpressionKind::Wildcard {
                    object: None,
                    pattern,
                } => pattern.as_str(),
                _ => {
                    self.operator = operator;
                    return Err(self.semantic(expression.span, "SEM0020", "A column name is expected here."));
                }
            };
            let is_name = matches!(expression.kind, ExpressionKind::Name(_));
            let matches = input.schema.iter().enumerate().filter(|(_, column)| {
                if is_name {
                    column.name == pattern
                } else {
                    wildcard(pattern, &column.name)
                }
            });
            let indices: Vec<usize> = matches.map(|(index, _)| index).collect();
            if is_name && indices.is_empty() {
                self.operator = operator;
                let message = format!("Failed to resolve column named '{pattern}'.");
                return Err(self.semantic(expression.span, "SEM0100", message));
            }
            for index in indices {
                if !found.contains(&index) {
                    found.push(index);
                }
            }
        }
        Ok(found)
    }
}

/// The columns at these places, in this order.
pub(super) fn pick(input: Plan, places: &[usize]) -> Plan {
    let columns = input.columns();
    let picked = places.iter().map(|&index| columns[index].clone()).collect();
    input.project(picked)
}

/// Whether a name fits a pattern in which `*` stands for anything.
pub(super) fn wildcard(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|prefix| name.strip_prefix(prefix)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((suffix, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(suffix)
}

/// A key that orders runs of digits as numbers: `a2` before `a10`.
fn granny_key(name: &str) -> Vec<(String, u64)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits_at = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, tail) = rest.split_at(digits_at);
        let digits_end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (digits, tail) = tail.split_at(digits_end);
        key.push((text.to_owned(), digits.parse().unwrap_or(0)));
        rest = tail;
    }
    key
}

/// The columns with unique names: the second `x` becomes `x1`, unless a later column has that name.
pub(super) fn with_unique_names(columns: &[Column]) -> Vec<Column> {
    let mut names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    for index in 0..names.len() {
        if names[..index].contains(&names[index]) {
            names[index] = unique_name(&names[index], |name| names.iter().any(|taken| taken == name));
        }
    }
    let columns = columns.iter().zip(names);
    columns
        .map(|(column, name)| Column::new(name, column.column_type.clone()))
        .collect()
}
