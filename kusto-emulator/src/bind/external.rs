//! `externaldata` and `inline_external_table`: rows of files, read when the query is bound.

use kusto_kql::ast::{
    Expression, ExpressionKind, ExternalData, InlineExternalTable, Parameter, RowSchema, Span,
};
use kusto_protocol::{Column, Value};

use super::{Binder, Result};
use crate::ingest::{self, IngestProperties};
use crate::plan::{Node, Plan};
use crate::types;

impl Binder<'_> {
    /// `externaldata (schema) [sources] with (properties)`
    pub(super) fn external_data(&mut self, external: &ExternalData, span: Span) -> Result<Plan> {
        let pairs = self.properties(&external.properties)?;
        self.external_rows(&external.schema, &external.sources, &pairs, "externaldata", span)
    }

    /// `inline_external_table (schema) kind=storage dataformat=csv (sources) with (properties)`
    pub(super) fn inline_external_table(&mut self, table: &InlineExternalTable, span: Span) -> Result<Plan> {
        const NAME: &str = "inline_external_table";
        if !table.partitions.is_empty() || !table.path_format.is_empty() {
            return Err(self.unsupported(span, format_args!("partitions of '{NAME}'")));
        }
        let mut pairs = self.properties(&table.properties)?;
        for parameter in &table.parameters {
            let value = self.property(parameter)?;
            match (parameter.name.text.as_str(), value.as_str()) {
                ("kind", "storage") => {}
                ("dataformat", _) => pairs.push(("format".to_owned(), value)),
                (name, value) => {
                    return Err(
                        self.unsupported(parameter.span, format_args!("'{name}={value}' of '{NAME}'"))
                    );
                }
            }
        }
        self.external_rows(&table.schema, &table.sources, &pairs, NAME, span)
    }

    /// Names and values of properties, as a command writes them.
    fn properties(&mut self, properties: &[Parameter]) -> Result<Vec<(String, String)>> {
        let pairs = properties.iter();
        pairs
            .map(|property| Ok((property.name.text.clone(), self.property(property)?)))
            .collect()
    }

    fn property(&mut self, property: &Parameter) -> Result<String> {
        match &property.value.kind {
            ExpressionKind::Name(word) => Ok(word.clone()),
            _ => {
                let value = self.constant(&property.value, "The value of a property")?;
                Ok(value.value(0).to_string())
            }
        }
    }

    fn external_rows(
        &mut self,
        schema: &RowSchema,
        sources: &[Expression],
        properties: &[(String, String)],
        operator: &'static str,
        span: Span,
    ) -> Result<Plan> {
        let columns = schema.columns.iter();
        let columns: Vec<Column> = columns
            .map(|column| Column::new(&column.name.text, types::column_type(column.scalar_type)))
            .collect();
        let properties = IngestProperties::from_pairs(properties)?;
        let mut batches = Vec::new();
        for source in sources {
            let path = self.constant(source, "A source of external data")?;
            let Value::String(path) = path.value(0) else {
                return Err(self.semantic(
                    source.span,
                    "SEM0231",
                    "A source of external data must be a string.",
                ));
            };
            if path.contains("://") && !path.starts_with("file://") {
                // What comes behind may be a secret.
                let shown = path.split(['?', ';']).next().unwrap_or_default();
                return Err(self.unsupported(span, format_args!("'{operator}' from '{shown}'")));
            }
            let data = self.session.sources.read(path)?;
            batches.extend(ingest::read_source(data, path, &columns, &properties)?);
        }
        Ok(Plan::new(columns, false, Node::Rows(batches)))
    }
}
