//! What the tables of a V1 answer are: the layout itself does not say.

use super::Table;
use crate::{TableKind, Value};

/// Gives each table its kind, and its name where one is known.
///
/// The last table may list the others. Without such a list the first table is the result, as are those after it,
/// except for a second table that is shaped like properties: queries of old and commands had just these two.
pub(super) fn assign_kinds(tables: &mut [Table]) {
    if let Some((last, others)) = tables.split_last_mut()
        && is_table_of_contents(last)
    {
        for row in last.rows() {
            let (Some(Value::Long(ordinal)), Some(Value::String(kind)), Some(Value::String(name))) =
                (row.value("Ordinal"), row.value("Kind"), row.value("Name"))
            else {
                continue;
            };
            if let Some(table) = usize::try_from(ordinal).ok().and_then(|at| others.get_mut(at)) {
                table.identify(TableKind::from_name(kind), Some(name));
            }
        }
        last.identify(TableKind::TableOfContents, None);
        return;
    }
    let has_properties = tables.len() == 2 && is_properties(&tables[1]);
    for table in tables.iter_mut() {
        table.identify(TableKind::PrimaryResult, None);
    }
    if has_properties {
        tables[1].identify(TableKind::QueryProperties, None);
    }
}

fn is_table_of_contents(table: &Table) -> bool {
    column_names(table).eq(["Ordinal", "Kind", "Name", "Id", "PrettyName"])
}

fn is_properties(table: &Table) -> bool {
    column_names(table).eq(["Value"])
}

fn column_names(table: &Table) -> impl Iterator<Item = &str> {
    table.columns().iter().map(|column| column.name.as_str())
}
