//! Messages from JSON, whichever library wrote them.

use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value};

use super::{IngestionMapping, IngestionMessage, ReportLevel, ReportMethod, StatusRow, WHAT};
use crate::data_format::{DataFormat, MappingKind};
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::scalar::Guid;

impl<'de> Deserialize<'de> for IngestionMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(deserializer)?;
        message(members).map_err(D::Error::custom)
    }
}

pub(super) fn message(members: Map<String, Value>) -> Result<IngestionMessage, ParseError> {
    let mut members = Members(members);
    let mut properties = match members.take("AdditionalProperties") {
        Some(Value::Object(properties)) => Members(properties),
        Some(_) => return Err(wrong("AdditionalProperties", "an object")),
        None => Members(Map::new()),
    };
    let id = members
        .parse::<Guid>("Id", "a guid")?
        .ok_or_else(|| missing("Id"))?;
    let mut message = IngestionMessage::new(
        id,
        members.required("BlobPath")?,
        members.required("DatabaseName")?,
        members.required("TableName")?,
        properties.required("authorizationContext")?,
    )
    .described(properties)?;
    message.raw_data_size = members.number("RawDataSize")?;
    message.retain_blob_on_success = members.flag("RetainBlobOnSuccess")?;
    message.flush_immediately = members.flag("FlushImmediately")?;
    message.ignore_size_limit = members.flag("IgnoreSizeLimit")?;
    message.report_level = members.code("ReportLevel", ReportLevel::from_code)?;
    message.report_method = members.code("ReportMethod", ReportMethod::from_code)?;
    message.source_message_creation_time = members.parse("SourceMessageCreationTime", DATE)?;
    message.application = members.text("ApplicationForTracing")?;
    message.client_version = members.text("ClientVersionForTracing")?;
    message.status_row = members
        .take("IngestionStatusInTable")
        .map(status_row)
        .transpose()?;
    // Java's library puts the policy beside the properties.
    let policy = members.take("ValidationPolicy").map(json_text);
    message.validation_policy = message.validation_policy.or(policy);
    Ok(message)
}

impl IngestionMessage {
    /// The message with the properties of the data. All of them that have no field become extensions.
    pub(crate) fn described(mut self, mut properties: Members) -> Result<Self, ParseError> {
        self.mapping = mapping(&mut properties)?;
        self.validation_policy = properties.take("validationPolicy").map(json_text);
        self.format = properties.parse::<DataFormat>("format", "the name of a format")?;
        self.mapping_kind = properties.parse::<MappingKind>("ingestionMappingType", "a kind of mapping")?;
        self.tags = properties.texts("tags")?;
        self.ingest_if_not_exists = properties.texts("ingestIfNotExists")?;
        self.ignore_first_record = properties.flag("ignoreFirstRecord")?;
        self.creation_time = properties.parse("creationTime", DATE)?;
        self.extensions = properties.0;
        Ok(self)
    }
}

fn mapping(properties: &mut Members) -> Result<Option<IngestionMapping>, ParseError> {
    let inline = properties.take("ingestionMapping").map(json_text);
    // The older name stands in the documentation's sample.
    let reference = match properties.text("ingestionMappingReference")? {
        Some(name) => Some(name),
        None => properties.text("mappingReference")?,
    };
    match (inline, reference) {
        (Some(_), Some(_)) => {
            let message = "a mapping and a reference to one exclude each other; leave one out";
            Err(ParseError::new(
                WHAT,
                ParseErrorKind::Contradictory,
                None,
                message,
            ))
        }
        (Some(mapping), None) => Ok(Some(IngestionMapping::Inline(mapping))),
        (None, Some(name)) => Ok(Some(IngestionMapping::Reference(name))),
        (None, None) => Ok(None),
    }
}

fn status_row(value: Value) -> Result<StatusRow, ParseError> {
    let Value::Object(members) = value else {
        return Err(wrong("IngestionStatusInTable", "an object"));
    };
    let mut members = Members(members);
    Ok(StatusRow {
        table: members.required("TableConnectionString")?.into(),
        partition_key: members.required("PartitionKey")?,
        row_key: members.required("RowKey")?,
    })
}

/// JSON that travels in a string, or as itself.
fn json_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// Members of an object, taken out one by one.
pub(crate) struct Members(pub(crate) Map<String, Value>);

impl Members {
    /// Takes a member by its name in any case; a null counts as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        while let Some(found) = self.0.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned() {
            match self.0.remove(&found) {
                Some(Value::Null) | None => {}
                value => return value,
            }
        }
        None
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, ParseError> {
        match self.take(name) {
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
            Some(_) => Err(wrong(name, "a string")),
            None => Ok(None),
        }
    }

    pub(crate) fn required(&mut self, name: &'static str) -> Result<String, ParseError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn parse<T: FromStr>(
        &mut self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ParseError> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => {
                text.trim().parse().map(Some).map_err(|_| wrong(name, expected))
            }
            _ => Ok(None),
        }
    }

    pub(crate) fn number(&mut self, name: &'static str) -> Result<Option<u64>, ParseError> {
        self.parse(name, "a whole number")
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, ParseError> {
        let text = self.text(name)?.unwrap_or_default();
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" | "" => Ok(false),
            _ => Err(wrong(name, "true or false")),
        }
    }

    fn code<T: Default>(
        &mut self,
        name: &'static str,
        from_code: fn(u64) -> Option<T>,
    ) -> Result<T, ParseError> {
        match self.number(name)? {
            Some(code) => from_code(code).ok_or_else(|| wrong(name, "0, 1 or 2")),
            None => Ok(T::default()),
        }
    }

    fn texts(&mut self, name: &'static str) -> Result<Vec<String>, ParseError> {
        const EXPECTED: &str = "a JSON array of strings";
        let texts = match self.take(name) {
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(Vec::new()),
            Some(Value::String(text)) => serde_json::from_str(&text),
            Some(value) => serde_json::from_value(value),
            None => return Ok(Vec::new()),
        };
        texts.map_err(|_| wrong(name, EXPECTED))
    }
}

fn wrong(name: &'static str, expected: &'static str) -> ParseError {
    ParseError::new(
        WHAT,
        ParseErrorKind::Malformed,
        None,
        format!("{name} must be {expected}"),
    )
}

fn missing(name: &'static str) -> ParseError {
    ParseError::new(WHAT, ParseErrorKind::Missing, None, format!("{name} is missing"))
}

const DATE: &str = "an ISO 8601 date";
