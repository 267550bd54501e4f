//! Error objects as JSON, both ways. Reading never fails on the type of a member: what does not fit is an extension.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::{OneApiError, OneApiErrorContext};

pub(super) fn list(wrapper: &Value) -> Vec<OneApiError> {
    match wrapper {
        Value::Array(items) => items.iter().flat_map(list).collect(),
        Value::Object(members) => {
            let one_api_errors = members.get("OneApiErrors").into_iter().flat_map(list);
            let exceptions = members
                .get("Exceptions")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let exceptions = exceptions
                .filter_map(Value::as_str)
                .map(OneApiError::from_exception_text);
            let error = members
                .get("error")
                .and_then(Value::as_object)
                .map(|error| read(error.clone(), 1));
            one_api_errors.chain(exceptions).chain(error).collect()
        }
        _ => Vec::new(),
    }
}

fn read(mut members: Map<String, Value>, depth: usize) -> OneApiError {
    let nested = |value: Value| match value {
        Value::Object(members) if depth < OneApiError::MAX_DEPTH => Some(read(members, depth + 1)),
        _ => None,
    };
    let details = match members.remove("details") {
        Some(Value::Array(details)) => details.into_iter().filter_map(nested).collect(),
        _ => Vec::new(),
    };
    OneApiError {
        code: take_text(&mut members, "code").unwrap_or_default(),
        message: take_text(&mut members, "message").unwrap_or_default(),
        target: take_text(&mut members, "target"),
        exception_type: take_text(&mut members, "@type"),
        description: take_text(&mut members, "@message"),
        context: match members.remove("@context") {
            Some(Value::Object(context)) => Some(read_context(context)),
            _ => None,
        },
        permanent: take(&mut members, "@permanent", Value::as_bool),
        failure_code: take(&mut members, "@failureCode", Value::as_i64),
        text: take_text(&mut members, "@text"),
        database: take_text(&mut members, "@database"),
        error_code: take_text(&mut members, "@errorCode"),
        error_message: take_text(&mut members, "@errorMessage"),
        inner_error: members.remove("innererror").and_then(nested).map(Box::new),
        details,
        extensions: members,
        place: None,
    }
}

fn read_context(mut members: Map<String, Value>) -> OneApiErrorContext {
    OneApiErrorContext {
        timestamp: take_text(&mut members, "timestamp"),
        service_alias: take_text(&mut members, "serviceAlias"),
        client_request_id: take_text(&mut members, "clientRequestId"),
        activity_id: take_text(&mut members, "activityId"),
        sub_activity_id: take_text(&mut members, "subActivityId"),
        activity_type: take_text(&mut members, "activityType"),
        parent_activity_id: take_text(&mut members, "parentActivityId"),
        activity_stack: take_text(&mut members, "activityStack"),
        machine_name: take_text(&mut members, "machineName"),
        process_name: take_text(&mut members, "processName"),
        process_id: take(&mut members, "processId", Value::as_i64),
        thread_id: take(&mut members, "threadId", Value::as_i64),
        extensions: members,
    }
}

/// Removes a member if it has the wanted type; a null counts as absent.
fn take<T>(members: &mut Map<String, Value>, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let value = members.get(name)?;
    let found = read(value);
    if found.is_some() || value.is_null() {
        members.remove(name);
    }
    found
}

fn take_text(members: &mut Map<String, Value>, name: &str) -> Option<String> {
    take(members, name, |value| value.as_str().map(str::to_owned))
}

impl<'de> Deserialize<'de> for OneApiError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(members) => Ok(read(members, 1)),
            _ => Err(D::Error::custom("an error object expected")),
        }
    }
}

impl Serialize for OneApiError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", &self.code)?;
        map.serialize_entry("message", &self.message)?;
        entry(&mut map, "target", self.target.as_ref())?;
        entry(&mut map, "@type", self.exception_type.as_ref())?;
        entry(&mut map, "@message", self.description.as_ref())?;
        entry(&mut map, "@context", self.context.as_ref())?;
        entry(&mut map, "@permanent", self.permanent.as_ref())?;
        entry(&mut map, "@failureCode", self.failure_code.as_ref())?;
        entry(&mut map, "@text", self.text.as_ref())?;
        entry(&mut map, "@database", self.database.as_ref())?;
        entry(&mut map, "@errorCode", self.error_code.as_ref())?;
        entry(&mut map, "@errorMessage", self.error_message.as_ref())?;
        entry(&mut map, "innererror", self.inner_error.as_ref())?;
        entry(
            &mut map,
            "details",
            Some(&self.details).filter(|details| !details.is_empty()),
        )?;
        self.extensions
            .iter()
            .try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

impl Serialize for OneApiErrorContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        entry(&mut map, "timestamp", self.timestamp.as_ref())?;
        entry(&mut map, "serviceAlias", self.service_alias.as_ref())?;
        entry(&mut map, "machineName", self.machine_name.as_ref())?;
        entry(&mut map, "processName", self.process_name.as_ref())?;
        entry(&mut map, "processId", self.process_id.as_ref())?;
        entry(&mut map, "threadId", self.thread_id.as_ref())?;
        entry(&mut map, "clientRequestId", self.client_request_id.as_ref())?;
        entry(&mut map, "activityId", self.activity_id.as_ref())?;
        entry(&mut map, "subActivityId", self.sub_activity_id.as_ref())?;
        entry(&mut map, "activityType", self.activity_type.as_ref())?;
        entry(&mut map, "parentActivityId", self.parent_activity_id.as_ref())?;
        entry(&mut map, "activityStack", self.activity_stack.as_ref())?;
        self.extensions
            .iter()
            .try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

fn entry<M: SerializeMap, T: Serialize>(map: &mut M, name: &str, value: Option<&T>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn full() -> Value {
        json!({
            "code": "General_BadRequest", "message": "Bad request.", "target": "q",
            "@type": "Kusto.Data.Exceptions.KustoBadRequestException", "@message": "Semantic error: SEM0100: x",
            "@context": {
                "timestamp": "2026-01-02T03:04:05.0000001Z", "serviceAlias": "C1", "machineName": "m",
                "processName": "p", "processId": 4328, "threadId": 7, "appDomainName": "RdRuntime",
                "clientRequestId": "KRC.execute;1", "activityId": "a", "subActivityId": "s", "activityType": "t",
                "parentActivityId": "pa", "activityStack": "(…)", "serviceFarm": "f"
            },
            "@permanent": true, "@failureCode": 400, "@text": "q", "@database": "D", "@errorCode": "SEM0100",
            "@errorMessage": "x", "@new": {"a": [1]},
            "innererror": {"code": "SEM0100", "message": "x"},
            "details": [{"code": "d", "message": "y"}]
        })
    }

    #[test]
    fn every_member_survives_reading_and_writing() {
        let error: OneApiError = serde_json::from_value(full()).unwrap();
        assert_eq!(error.class(), Some("KustoBadRequestException"));
        assert_eq!(error.client_request_id(), Some("KRC.execute;1"));
        assert_eq!(error.context.as_ref().unwrap().extensions["serviceFarm"], "f");
        assert_eq!(error.innermost().code, "SEM0100");
        assert_eq!(error.details[0].message, "y");
        assert_eq!(serde_json::to_value(&error).unwrap(), full());
    }

    #[test]
    fn members_of_another_type_become_extensions() {
        let value =
            json!({"code": 7, "message": null, "@permanent": "yes", "@context": 1, "innererror": "x"});
        let error: OneApiError = serde_json::from_value(value).unwrap();
        assert_eq!((error.code.as_str(), error.permanent), ("", None));
        assert_eq!(error.extensions["@permanent"], "yes");
        assert_eq!(error.extensions["code"], 7);
        assert!(serde_json::from_value::<OneApiError>(json!([])).is_err());
    }

    #[test]
    fn nesting_is_cut_at_the_limit() {
        let nested = |levels: usize| {
            let innermost = json!({"code": "0", "message": ""});
            (1..levels).fold(
                innermost,
                |inner, level| json!({"code": level.to_string(), "message": "", "innererror": inner}),
            )
        };
        let read = |levels| serde_json::from_value::<OneApiError>(nested(levels)).unwrap();
        assert_eq!(read(OneApiError::MAX_DEPTH).innermost().code, "0");
        assert_eq!(read(OneApiError::MAX_DEPTH + 1).innermost().code, "1");
    }

    #[test]
    fn wrappers_of_both_layouts_are_opened() {
        let error = json!({"error": {"code": "LimitsExceeded", "message": ""}});
        let codes = |value: Value| {
            list(&value)
                .into_iter()
                .map(|error| error.code)
                .collect::<Vec<_>>()
        };
        assert_eq!(codes(error.clone()), ["LimitsExceeded"]);
        assert_eq!(
            codes(json!({"OneApiErrors": [error, error, 7, null]})),
            ["LimitsExceeded", "LimitsExceeded"]
        );
        assert_eq!(list(&json!({"Exceptions": ["boom", 1]}))[0].message, "boom");
        assert!(codes(json!({"error": "text"})).is_empty());
        assert!(codes(json!({})).is_empty() && codes(json!("x")).is_empty());
    }
}
