//! Messages to JSON. Properties are strings whatever they mean, which every reader understands.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{IngestionMapping, IngestionMessage, StatusRow};

impl Serialize for IngestionMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("Id", &self.id)?;
        map.serialize_entry("BlobPath", self.blob.expose())?;
        if let Some(size) = self.raw_data_size {
            map.serialize_entry("RawDataSize", &size)?;
        }
        map.serialize_entry("DatabaseName", &self.database)?;
        map.serialize_entry("TableName", &self.table)?;
        map.serialize_entry("RetainBlobOnSuccess", &self.retain_blob_on_success)?;
        map.serialize_entry("FlushImmediately", &self.flush_immediately)?;
        map.serialize_entry("IgnoreSizeLimit", &self.ignore_size_limit)?;
        map.serialize_entry("ReportLevel", &self.report_level.code())?;
        map.serialize_entry("ReportMethod", &self.report_method.code())?;
        if let Some(time) = self.source_message_creation_time {
            map.serialize_entry("SourceMessageCreationTime", &time)?;
        }
        if let Some(application) = &self.application {
            map.serialize_entry("ApplicationForTracing", application)?;
        }
        if let Some(version) = &self.client_version {
            map.serialize_entry("ClientVersionForTracing", version)?;
        }
        if let Some(row) = &self.status_row {
            map.serialize_entry("IngestionStatusInTable", &StatusRowJson(row))?;
        }
        map.serialize_entry("AdditionalProperties", &AdditionalProperties(self))?;
        map.end()
    }
}

/// A row's place in JSON; the public type has no such form, since it would show the secret.
struct StatusRowJson<'a>(&'a StatusRow);

impl Serialize for StatusRowJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("TableConnectionString", self.0.table.expose())?;
        map.serialize_entry("PartitionKey", &self.0.partition_key)?;
        map.serialize_entry("RowKey", &self.0.row_key)?;
        map.end()
    }
}

struct AdditionalProperties<'a>(&'a IngestionMessage);

impl Serialize for AdditionalProperties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("authorizationContext", message.authorization_context.expose())?;
        if let Some(format) = message.format {
            map.serialize_entry("format", format.name())?;
        }
        match &message.mapping {
            Some(IngestionMapping::Inline(mapping)) => map.serialize_entry("ingestionMapping", mapping)?,
            Some(IngestionMapping::Reference(name)) => {
                map.serialize_entry("ingestionMappingReference", name)?
            }
            None => {}
        }
        if let Some(kind) = message.mapping_kind {
            map.serialize_entry("ingestionMappingType", kind.name())?;
        }
        for (name, texts) in [
            ("tags", &message.tags),
            ("ingestIfNotExists", &message.ingest_if_not_exists),
        ] {
            if !texts.is_empty() {
                map.serialize_entry(name, &serde_json::json!(texts).to_string())?;
            }
        }
        if message.ignore_first_record {
            map.serialize_entry("ignoreFirstRecord", "true")?;
        }
        if let Some(time) = message.creation_time {
            map.serialize_entry("creationTime", &time)?;
        }
        if let Some(policy) = &message.validation_policy {
            map.serialize_entry("validationPolicy", policy)?;
        }
        let mut extensions = message.extensions.iter();
        extensions.try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}
