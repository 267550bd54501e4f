//! Policies: kept as JSON and shown again. One alone changes what this service does: streaming ingestion can be
//! forbidden. Those that restrict who sees what are refused, since nobody would be restricted.

use std::sync::Arc;

use kusto_protocol::{ColumnType, RowBatch, Value};
use serde_json::json;

use super::show::no_such_table;
use super::{CommandError, Scanner, Session, semantic, table, unsupported};
use crate::service::Service;
use crate::storage::{Database, Policies};

/// What has a policy.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    Database(String),
    Table(String),
}

/// What follows `.show`, `.alter` or `.delete` if it is a policy of a database or a table; else nothing is read.
pub(super) fn scope(scanner: &mut Scanner<'_>) -> Option<Scope> {
    let mut ahead = *scanner;
    let is_database = ahead.eat("database");
    if !is_database && !ahead.eat("table") {
        return None;
    }
    let name = ahead.name().ok()?;
    if !ahead.eat("policy") {
        return None;
    }
    *scanner = ahead;
    Some(match is_database {
        true => Scope::Database(name),
        false => Scope::Table(name),
    })
}

/// Runs the command if it changes a policy: `.alter … policy KIND …`, `.alter-merge …`, `.delete … policy KIND`.
pub(super) fn run(
    service: &Service,
    session: &Session,
    scanner: &mut Scanner<'_>,
) -> Result<Option<RowBatch>, CommandError> {
    let start = *scanner;
    let mut ahead = *scanner;
    let Some(verb) = [".alter-merge", ".alter", ".delete"]
        .into_iter()
        .find(|verb| ahead.eat(verb))
    else {
        return Ok(None);
    };
    let Some(scope) = scope(&mut ahead) else {
        return Ok(None);
    };
    *scanner = ahead;
    let kind = kind(scanner)?;
    let text = match verb {
        ".delete" => None,
        _ => Some(value(&kind, scanner).map_err(|error| match error {
            CommandError::Scan(_) if scanner.is_at_end() => unsupported(&start),
            error => error,
        })?),
    };
    let database = match &scope {
        Scope::Database(name) => name.as_str(),
        Scope::Table(_) => session.database.as_str(),
    };
    service
        .storage
        .update(database, |database| {
            let policies = policies_mut(database, &scope)?;
            match text {
                None => {
                    policies.remove(&kind);
                }
                Some(text) => {
                    let before = policies.get(&kind).filter(|_| verb == ".alter-merge");
                    let text = match before {
                        Some(before) => merged(before, &text),
                        None => text,
                    };
                    policies.insert(kind.clone(), text);
                }
            }
            row(database, &scope, &kind)
        })
        .map(Some)
}

/// What follows `.show database D policy` or `.show table T policy`.
pub(super) fn show_kind(
    database: &Database,
    scope: Scope,
    scanner: &mut Scanner<'_>,
) -> Result<RowBatch, CommandError> {
    let kind = kind(scanner)?;
    row(database, &scope, &kind)
}

fn row(database: &Database, scope: &Scope, kind: &str) -> Result<RowBatch, CommandError> {
    let (policies, entity, entity_type) = match scope {
        Scope::Database(_) => (&database.policies, format!("[{}]", database.name), "Database"),
        Scope::Table(name) => {
            let table = database.tables.get(name);
            let table = table.ok_or_else(|| no_such_table(name, &database.name))?;
            (&table.policies, format!("[{}].[{name}]", database.name), "Table")
        }
    };
    let title = KINDS
        .iter()
        .find(|(word, _)| *word == kind)
        .map_or(kind, |(_, title)| title);
    let columns = [
        ("PolicyName", ColumnType::String),
        ("EntityName", ColumnType::String),
        ("Policy", ColumnType::String),
        ("ChildEntities", ColumnType::String),
        ("EntityType", ColumnType::String),
    ];
    table(&columns, |rows| {
        rows.push_row(&[
            Value::String(title),
            Value::String(&entity),
            Value::String(policies.get(kind).map_or("null", String::as_str)),
            Value::String(""),
            Value::String(entity_type),
        ])
    })
}

fn policies_mut<'a>(database: &'a mut Database, scope: &Scope) -> Result<&'a mut Policies, CommandError> {
    let Scope::Table(name) = scope else {
        return Ok(&mut database.policies);
    };
    let missing = no_such_table(name, &database.name);
    let table = database.tables.get_mut(name).ok_or(missing)?;
    Ok(&mut Arc::make_mut(table).policies)
}

fn kind(scanner: &mut Scanner<'_>) -> Result<String, CommandError> {
    let place = *scanner;
    let word = scanner.name()?.to_ascii_lowercase();
    match KINDS.iter().any(|(kind, _)| *kind == word) {
        true => Ok(word),
        false => {
            let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
            Err(place
                .expected(&format!("a kind of policy ({})", kinds.join(", ")))
                .into())
        }
    }
}

/// The policy: JSON in a string, or one of the short forms.
fn value(kind: &str, scanner: &mut Scanner<'_>) -> Result<String, CommandError> {
    match kind {
        "streamingingestion" if scanner.eat("enable") => return Ok(json!({"IsEnabled": true}).to_string()),
        "streamingingestion" if scanner.eat("disable") => return Ok(json!({"IsEnabled": false}).to_string()),
        "ingestiontime" if scanner.eat("true") => return Ok(json!({"IsEnabled": true}).to_string()),
        "ingestiontime" if scanner.eat("false") => return Ok(json!({"IsEnabled": false}).to_string()),
        "caching" if scanner.eat("hot") => {
            scanner.expect("=")?;
            let span = scanner.name()?;
            return Ok(json!({"DataHotSpan": {"Value": span}, "IndexHotSpan": {"Value": span}}).to_string());
        }
        "caching" if scanner.eat("hotdata") => {
            scanner.expect("=")?;
            let data = scanner.name()?;
            scanner.expect("hotindex")?;
            scanner.expect("=")?;
            let index = scanner.name()?;
            return Ok(json!({"DataHotSpan": {"Value": data}, "IndexHotSpan": {"Value": index}}).to_string());
        }
        "retention" if !scanner.is_string_next() => {
            let mut policy = serde_json::Map::new();
            while !scanner.is_at_end() {
                let (name, is_span) = match scanner.eat("softdelete") {
                    true => ("SoftDeletePeriod", true),
                    false => {
                        scanner.expect("recoverability")?;
                        ("Recoverability", false)
                    }
                };
                scanner.expect("=")?;
                let mut value = scanner.word_or_string()?;
                if let (false, Some(first)) = (is_span, value.get_mut(..1)) {
                    // The command says `disabled`, the policy `Disabled`.
                    first.make_ascii_uppercase();
                }
                policy.insert(name.to_owned(), value.into());
            }
            return Ok(serde_json::Value::Object(policy).to_string());
        }
        _ => {}
    }
    let place = *scanner;
    let text = scanner.string()?;
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(semantic(format!(
            "the policy is not JSON: {error}; it begins at byte {}",
            place.position()
        ))),
    }
}

/// The members of both objects; the second one's count.
fn merged(before: &str, after: &str) -> String {
    let object = |text: &str| serde_json::from_str::<serde_json::Map<_, _>>(text);
    match (object(before), object(after)) {
        (Ok(mut before), Ok(after)) => {
            before.extend(after);
            serde_json::Value::Object(before).to_string()
        }
        _ => after.to_owned(),
    }
}

/// The kinds of policy: the word in commands, and what results call them.
const KINDS: &[(&str, &str)] = &[
    ("auto_delete", "AutoDeletePolicy"),
    ("caching", "CachingPolicy"),
    ("encoding", "EncodingPolicy"),
    ("extent_tags_retention", "ExtentTagsRetentionPolicy"),
    ("ingestionbatching", "IngestionBatchingPolicy"),
    ("ingestiontime", "IngestionTimePolicy"),
    ("merge", "ExtentsMergePolicy"),
    ("mirroring", "MirroringPolicy"),
    ("partitioning", "PartitioningPolicy"),
    ("retention", "RetentionPolicy"),
    ("roworder", "RowOrderPolicy"),
    ("sharding", "ShardingPolicy"),
    ("streamingingestion", "StreamingIngestionPolicy"),
    ("update", "UpdatePolicy"),
];
