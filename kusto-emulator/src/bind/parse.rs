//! `parse` and `parse-where`: a pattern becomes a regular expression with a group per column.

use kusto_kql::ast::{self, ExpressionKind, Operator, ParseSegment};
use kusto_protocol::{Column, ColumnType};

use super::column::pick;
use super::name::constant_text;
use super::{Binder, Result};
use crate::plan::{KeyValues, Node, PairSyntax, Parse, ParsedColumn, ParsedKey, Plan, Scalar};
use crate::types;

impl Binder<'_> {
    /// `parse kind=… text with …`
    pub(super) fn parse(
        &mut self,
        input: Plan,
        pattern: &ast::ParsePattern,
        operator: &Operator,
        only_matches: bool,
    ) -> Result<Plan> {
        let name = if only_matches { "parse-where" } else { "parse" };
        self.operator = name;
        let mut kind = "simple";
        let mut flags = "";
        for parameter in &operator.parameters {
            let value = match &parameter.value.kind {
                ExpressionKind::Name(name) => name.as_str(),
                ExpressionKind::Literal(literal) => literal.text.as_str(),
                _ => "",
            };
            match (parameter.name.text.as_str(), value) {
                ("kind", "simple" | "regex" | "relaxed") => kind = value,
                ("flags", value) => flags = value,
                (name, value) => {
                    return Err(self.unsupported(parameter.span, format_args!("'parse {name}={value}'")));
                }
            }
        }
        let (text, _) = self.over(&input, name, |binder| {
            let text = binder.scalar(&pattern.expression)?;
            binder.convert(text, &ColumnType::String, pattern.expression.span)
        })?;
        let (regex, columns) = self.pattern(&pattern.segments, kind, flags, operator)?;
        let mut schema = input.schema.to_vec();
        let mut parsed = Vec::new();
        let group = |index: usize| {
            let name = format!("{COLUMN}{index}");
            regex
                .capture_names()
                .position(|group| group == Some(&name))
                .unwrap_or(0)
        };
        for (index, column) in columns.into_iter().enumerate() {
            let ty = column.column_type.clone();
            let value = self.convert(Scalar::Column(0, ColumnType::String), &ty, operator.span)?;
            parsed.push(ParsedColumn {
                group: group(index),
                value,
            });
            schema.push(column);
        }
        let width = input.schema.len();
        let serialized = input.serialized;
        let node = Node::Parse(Parse {
            input,
            text,
            regex,
            columns: parsed,
            only_matches,
            is_relaxed: kind == "relaxed",
        });
        // A parsed column takes the place of one of its name.
        let places = replaced_order(&schema, width);
        Ok(pick(Plan::new(schema, serialized, node), &places))
    }

    /// `parse-kv text as (keys) with (properties)`
    pub(super) fn parse_kv(&mut self, input: Plan, parse: &ast::ParseKv) -> Result<Plan> {
        self.operator = "parse-kv";
        let span = parse.expression.span;
        let (text, _) = self.over(&input, "parse-kv", |binder| {
            let text = binder.scalar(&parse.expression)?;
            binder.convert(text, &ColumnType::String, span)
        })?;
        let mut syntax = PairSyntax::default();
        for property in &parse.properties {
            let Some(value) = constant_text(&property.value) else {
                let what = format!("'{}' of 'parse-kv'", property.name.text);
                return Err(self.unsupported(property.span, what));
            };
            let mut characters = value.chars();
            match property.name.text.as_str() {
                "pair_delimiter" => value.clone_into(&mut syntax.pair_delimiter),
                "kv_delimiter" => value.clone_into(&mut syntax.key_delimiter),
                "quote" => {
                    let open = characters.next();
                    syntax.quotes = open.map(|open| (open, characters.next().unwrap_or(open)));
                }
                "escape" => syntax.escape = characters.next(),
                name => {
                    return Err(self.unsupported(property.span, format_args!("'{name}' of 'parse-kv'")));
                }
            }
        }
        if syntax.pair_delimiter.is_empty() || syntax.key_delimiter.is_empty() {
            return Err(self.unsupported(span, "'parse-kv' without pair_delimiter and kv_delimiter"));
        }
        let width = input.schema.len();
        let mut schema = input.schema.to_vec();
        let mut keys = Vec::new();
        for column in &parse.keys.columns {
            let ty = types::column_type(column.scalar_type);
            keys.push(ParsedKey {
                name: column.name.text.clone(),
                value: self.convert(Scalar::Column(0, ColumnType::String), &ty, column.span)?,
            });
            schema.push(Column::new(&column.name.text, ty));
        }
        let places = replaced_order(&schema, width);
        let serialized = input.serialized;
        let node = Node::KeyValues(KeyValues {
            input,
            text,
            syntax,
            keys,
        });
        Ok(pick(Plan::new(schema, serialized, node), &places))
    }

    fn pattern(
        &mut self,
        segments: &[ParseSegment],
        kind: &str,
        flags: &str,
        operator: &Operator,
    ) -> Result<(regex::Regex, Vec<Column>)> {
        let mut regex = String::from("^");
        let mut columns: Vec<Column> = Vec::new();
        for (index, segment) in segments.iter().enumerate() {
            let is_last = index + 1 == segments.len();
            let before_star = matches!(segments.get(index + 1), Some(ParseSegment::Star(_)));
            match segment {
                ParseSegment::Star(_) if is_last => regex.push_str(".*"),
                ParseSegment::Star(_) => regex.push_str(".*?"),
                ParseSegment::Text(expression) => {
                    let Some(text) = constant_text(expression) else {
                        let message = "A string literal is expected in the pattern.";
                        return Err(self.semantic(expression.span, "SEM0064", message));
                    };
                    match kind {
                        "regex" => regex.push_str(&format!("(?:{text})")),
                        _ => regex.push_str(&regex::escape(text)),
                    }
                }
                ParseSegment::Column(column) => {
                    let ty = column.scalar_type.map_or(ColumnType::String, types::column_type);
                    if columns.iter().any(|known| known.name == column.name.text) {
                        let message = format!("A column named '{}' already exists.", column.name.text);
                        return Err(self.semantic(column.name.span, "SEM0024", message));
                    }
                    let is_open = is_last || before_star && index + 2 == segments.len();
                    let any = if is_open || kind == "regex" { ".*" } else { ".*?" };
                    let group = match (number_pattern(&ty), kind) {
                        (Some(number), "relaxed") => format!("{number}|{any}"),
                        (Some(number), _) => number.to_owned(),
                        (None, _) => any.to_owned(),
                    };
                    regex.push_str(&format!("(?P<{COLUMN}{}>{group})", columns.len()));
                    columns.push(Column::new(&column.name.text, ty));
                }
            }
        }
        if kind != "regex" && !matches!(segments.last(), Some(ParseSegment::Star(_))) {
            regex.push('$');
        }
        let flags: String = flags.chars().filter(|flag| "imsU".contains(*flag)).collect();
        let built = regex::RegexBuilder::new(&match flags.is_empty() {
            true => regex,
            false => format!("(?{flags}){regex}"),
        })
        .dot_matches_new_line(kind != "regex")
        .build();
        match built {
            Ok(regex) => Ok((regex, columns)),
            Err(error) => {
                let message = format!("The pattern is not a regular expression: {error}");
                Err(self.semantic(operator.span, "SEM0420", message.replace('\n', " ")))
            }
        }
    }
}

/// What a number looks like, for the types whose text says where it ends.
const fn number_pattern(ty: &ColumnType) -> Option<&'static str> {
    match ty {
        ColumnType::Long | ColumnType::Int => Some(r"\s*[-+]?\d+\s*?"),
        ColumnType::Real | ColumnType::Decimal => Some(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*?"),
        _ => None,
    }
}

/// The name of a column's group, before its number: a pattern may have groups of its own.
const COLUMN: &str = "kusto_column_";

/// The columns of the input with parsed columns in the place of those of the same name, then the others.
fn replaced_order(schema: &[Column], width: usize) -> Vec<usize> {
    let parsed = |name: &str| (width..schema.len()).find(|&index| schema[index].name == name);
    let mut order: Vec<usize> = (0..width)
        .map(|index| parsed(&schema[index].name).unwrap_or(index))
        .collect();
    order.extend(
        (width..schema.len())
            .filter(|index| !order.contains(index))
            .collect::<Vec<_>>(),
    );
    order
}
