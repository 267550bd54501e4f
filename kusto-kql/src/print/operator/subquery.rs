//! Operators that read other tables or run pipes of their own.

use crate::ast::{Expression, Find, FindColumn, FindProjection, Partition, PartitionBody};
use crate::print::{Printer, type_name};

impl Printer {
    pub(super) fn scope_and_tables(&mut self, scope: Option<&str>, tables: &[Expression]) {
        if let Some(scope) = scope {
            self.push(" datascope=");
            self.push(scope);
        }
        if !tables.is_empty() {
            self.nested(" in (", ")", |p| p.join(tables, ", ", Self::pipe));
        }
    }

    pub(super) fn find(&mut self, find: &Find) {
        self.scope_and_tables(find.scope.as_deref(), &find.tables);
        self.clause(" where ", Some(&find.predicate));
        match &find.projection {
            None => {}
            Some(FindProjection::Smart) => self.push(" project-smart"),
            Some(FindProjection::Columns(columns)) => self.find_columns(" project ", columns),
        }
        self.find_columns(" project-away ", &find.project_away);
    }

    fn find_columns(&mut self, word: &str, columns: &[FindColumn]) {
        self.push(if columns.is_empty() { "" } else { word });
        self.join(columns, ", ", |p, column| match column {
            FindColumn::Star => p.push("*"),
            FindColumn::Pack => p.push("pack(*)"),
            FindColumn::Column(name, scalar_type) => {
                p.name(&name.text);
                if let Some(scalar_type) = scalar_type {
                    p.push(": ");
                    p.push(type_name(*scalar_type));
                }
            }
        });
    }

    pub(super) fn partition(&mut self, partition: &Partition) {
        self.clause(
            if partition.id.is_some() { " " } else { " by " },
            Some(&partition.by),
        );
        self.clause(" in ", partition.values.as_ref());
        self.clause(" id ", partition.id.as_ref());
        match &partition.body {
            PartitionBody::Operators(operators) => self.operators(operators),
            PartitionBody::Query(query) => self.nested(" { ", " }", |p| p.pipe(query)),
        }
    }
}
