//! Ingestion properties: the `with (…)` of commands, and what messages say.

use kusto_protocol::{DataFormat, DateTime, IngestionMapping, IngestionMessage, MappingKind};

use super::mapping::Mapping;
use super::validation::ValidationPolicy;
use crate::error::{EngineError, EngineErrorKind};

/// How data is to be ingested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IngestProperties {
    /// The format; without one, that of the source's name, or CSV.
    pub(crate) format: Option<DataFormat>,
    pub(crate) mapping: Option<MappingChoice>,
    /// The kind of mapping that was asked for, which must fit the format.
    pub(crate) mapping_kind: Option<MappingKind>,
    pub(crate) ignore_first_record: bool,
    pub(crate) tags: Vec<String>,
    /// Values of `ingest-by` tags: if the table has one of them, nothing is ingested.
    pub(crate) ingest_if_not_exists: Vec<String>,
    pub(crate) creation_time: Option<DateTime>,
    pub(crate) validation: ValidationPolicy,
    pub(crate) docstring: Option<String>,
    pub(crate) folder: Option<String>,
    pub(crate) extend_schema: bool,
    pub(crate) recreate_schema: bool,
}

/// Which mapping to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MappingChoice {
    /// One that came with the data, as JSON.
    Inline(String),
    /// One that the table or the database has.
    Named(String),
}

impl IngestProperties {
    /// What a command says.
    ///
    /// # Errors
    ///
    /// A property that is not known, or whose value does not read.
    pub(crate) fn from_pairs(pairs: &[(String, String)]) -> Result<Self, EngineError> {
        let mut properties = Self::default();
        for (name, value) in pairs {
            properties.set(name, value)?;
        }
        Ok(properties)
    }

    /// What a message in the queue says.
    ///
    /// # Errors
    ///
    /// As [`from_pairs`](Self::from_pairs), for what the message says beyond its own fields.
    pub(crate) fn from_message(message: &IngestionMessage) -> Result<Self, EngineError> {
        let mut properties = Self {
            format: message.format,
            mapping_kind: message.mapping_kind,
            ignore_first_record: message.ignore_first_record,
            tags: message.tags.clone(),
            ingest_if_not_exists: message.ingest_if_not_exists.clone(),
            creation_time: message.creation_time,
            mapping: match &message.mapping {
                Some(IngestionMapping::Inline(json)) => Some(MappingChoice::Inline(json.clone())),
                Some(IngestionMapping::Reference(name)) => Some(MappingChoice::Named(name.clone())),
                _ => None,
            },
            ..Self::default()
        };
        for (name, value) in &message.extensions {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            properties.set(name, &text)?;
        }
        if let Some(policy) = &message.validation_policy {
            properties.set("validationPolicy", policy)?;
        }
        Ok(properties)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), EngineError> {
        let name = name.to_ascii_lowercase();
        let malformed = |what: &str| {
            let message = format!("the ingestion property '{name}' must be {what}, but is '{value}'");
            ingestion_error("BadRequest_MalformedIngestionProperty", message)
        };
        match name.as_str() {
            "format" => {
                let format = value.parse();
                self.format = Some(format.map_err(|_| {
                    ingestion_error(
                        "BadRequest_FormatNotSupported",
                        format!("there is no format '{value}'"),
                    )
                })?);
            }
            "ingestionmapping" | "csvmapping" | "jsonmapping" | "avromapping" => {
                self.choose_mapping(MappingChoice::Inline(value.to_owned()))?;
            }
            "ingestionmappingreference"
            | "csvmappingreference"
            | "jsonmappingreference"
            | "avromappingreference"
            | "mappingreference" => {
                if value.is_empty() {
                    let message = "the name of the mapping is empty";
                    return Err(ingestion_error("BadRequest_EmptyMappingReference", message));
                }
                self.choose_mapping(MappingChoice::Named(value.to_owned()))?;
            }
            "ingestionmappingtype" | "ingestionmappingkind" => {
                self.mapping_kind = Some(value.parse().map_err(|_| malformed("a kind of mapping"))?);
            }
            "ignorefirstrecord" => self.ignore_first_record = flag(value).ok_or_else(|| malformed(A_BOOL))?,
            "extend_schema" => self.extend_schema = flag(value).ok_or_else(|| malformed(A_BOOL))?,
            "recreate_schema" => self.recreate_schema = flag(value).ok_or_else(|| malformed(A_BOOL))?,
            "tags" => self.tags = list(value).ok_or_else(|| malformed(A_LIST))?,
            "ingestifnotexists" => {
                self.ingest_if_not_exists = list(value).ok_or_else(|| malformed(A_LIST))?;
            }
            "creationtime" => {
                let time = value.trim_matches(['\'', '"']).parse();
                self.creation_time = Some(time.map_err(|_| malformed("a datetime"))?);
            }
            "validationpolicy" => {
                let policy = ValidationPolicy::parse(value);
                self.validation = policy.ok_or_else(|| malformed("a validation policy"))?;
            }
            "docstring" => self.docstring = Some(value.to_owned()),
            "folder" => self.folder = Some(value.to_owned()),
            // These change nothing in a service of one machine that checks every row anyway.
            "distributed" | "ignoresizelimit" | "persistdetails" | "policy_ingestiontime" => {}
            _ => {
                let message = format!("the ingestion property '{name}' is not supported by this service");
                return Err(ingestion_error(
                    "BadRequest_IngestionPropertyNotSupportedInThisContext",
                    message,
                ));
            }
        }
        Ok(())
    }

    fn choose_mapping(&mut self, choice: MappingChoice) -> Result<(), EngineError> {
        if self.mapping.is_some() {
            let message = "a mapping and the name of a mapping exclude each other";
            return Err(ingestion_error("BadRequest_DuplicateMapping", message));
        }
        self.mapping = Some(choice);
        Ok(())
    }

    /// The format of a source of this name.
    pub(crate) fn format_of(&self, location: &str) -> DataFormat {
        let named = || DataFormat::from_file_name(location.split('?').next().unwrap_or_default());
        self.format.or_else(named).unwrap_or(DataFormat::Csv)
    }
}

/// An error of ingestion, with the code that the service gives it.
pub(crate) fn ingestion_error(code: &'static str, message: impl Into<String>) -> EngineError {
    EngineError::new(EngineErrorKind::Semantic, message).with_code(code)
}

/// Reads a mapping whose kind must fit the format.
pub(super) fn parsed(kind: MappingKind, json: &str) -> Result<Mapping, EngineError> {
    Mapping::parse(kind, json).map_err(|message| ingestion_error("BadRequest_InvalidMapping", message))
}

/// A list of texts: a JSON array, or one text.
fn list(value: &str) -> Option<Vec<String>> {
    let value = value.trim();
    match value.starts_with('[') {
        true => serde_json::from_str(value).ok(),
        false => Some(vec![value.to_owned()]),
    }
}

fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

const A_BOOL: &str = "true or false";
const A_LIST: &str = "a JSON array of strings";

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Result<IngestProperties, EngineError> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        IngestProperties::from_pairs(&pairs)
    }

    #[test]
    fn properties_are_read() {
        let properties = set(&[
            ("Format", "json"),
            ("tags", r#"["drop-by:a","b"]"#),
            ("ingestIfNotExists", r#"["k"]"#),
            ("creationTime", "2024-01-02"),
            ("ignoreFirstRecord", "True"),
        ])
        .unwrap();
        assert_eq!(properties.format, Some(DataFormat::Json));
        assert_eq!(properties.tags, ["drop-by:a", "b"]);
        assert_eq!(properties.ingest_if_not_exists, ["k"]);
        assert!(properties.ignore_first_record && properties.creation_time.is_some());
    }

    #[test]
    fn errors_have_the_codes_of_the_service() {
        let code = |pairs: &[(&str, &str)]| set(pairs).unwrap_err().code().unwrap();
        assert_eq!(code(&[("format", "xml")]), "BadRequest_FormatNotSupported");
        assert_eq!(code(&[("tags", "[1]")]), "BadRequest_MalformedIngestionProperty");
        assert_eq!(
            code(&[("zipPattern", "x")]),
            "BadRequest_IngestionPropertyNotSupportedInThisContext"
        );
        assert_eq!(
            code(&[("ingestionMapping", "[]"), ("ingestionMappingReference", "m")]),
            "BadRequest_DuplicateMapping"
        );
    }
}
