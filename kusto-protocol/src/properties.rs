//! Request properties: options that steer the service, values of query parameters, and who asks.

pub mod options;
mod value;

use std::time::Duration;

use serde_json::{Map, Value};

use crate::frame::ColumnType;
use crate::literal::{Literal, QueryParameters, kql_string};
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::scalar::Timespan;
use options::{OptionType, RequestOption};
use value::{MAX_SERVER_TIMEOUT, MIN_SERVER_TIMEOUT, OptionValue};

pub use value::{DataScope, QueryConsistency, QueryLanguage};

/// What goes with the text of a query or command.
///
/// Each documented option has a setter of its own name; [`option`](Self::option) sets any other. The service
/// ignores options that it does not know or whose value has the wrong type, without a word, so
/// [`check`](Self::check) looks at the types before a request is sent.
///
/// ```
/// use std::time::Duration;
/// use kusto_protocol::ClientRequestProperties;
/// use serde_json::{Value, json};
///
/// let properties = ClientRequestProperties::new()
///     .server_timeout(Duration::from_secs(120))
///     .no_truncation(true)
///     .option("some_new_option", 3)
///     .parameter("state", "FLORIDA");
/// assert_eq!(
///     properties.to_json(),
///     json!({
///         "Options": {"servertimeout": "00:02:00", "notruncation": true, "some_new_option": 3},
///         "Parameters": {"state": "\"FLORIDA\""},
///     }),
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct ClientRequestProperties {
    /// `Options`: by name, in the spelling of the wire.
    pub options: Map<String, Value>,
    /// `Parameters`: by name, each a KQL literal in a string or a plain JSON value.
    /// [`Literal::from_parameter`] reads them.
    pub parameters: Map<String, Value>,
    /// The id of the request (`x-ms-client-request-id`): `<application>.<activity>;<unique id>`. It is recorded by
    /// the service, and needed to cancel the request.
    pub client_request_id: Option<String>,
    /// The application that asks (`x-ms-app`).
    pub application: Option<String>,
    /// The user who asks (`x-ms-user`); for tracing only.
    pub user: Option<String>,
}

impl ClientRequestProperties {
    /// No options, no parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an option by its name on the wire.
    pub fn option(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    /// `servertimeout`: how long the service may work on the request. Times below a second or above an hour are
    /// brought to that limit.
    pub fn server_timeout(self, value: Duration) -> Self {
        self.option(options::SERVER_TIMEOUT, clamp(value).into_json())
    }

    /// Sets the value of a query parameter. The text of the query must declare it, see
    /// [`QueryParameters::declare`].
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Literal>) -> Self {
        self.parameters
            .insert(name.into(), Value::from(value.into().to_string()));
        self
    }

    /// Sets the values of several query parameters.
    pub fn parameters(mut self, parameters: &QueryParameters) -> Self {
        self.parameters.extend(parameters.to_json());
        self
    }

    /// Sets the id of the request.
    pub fn client_request_id(mut self, id: impl Into<String>) -> Self {
        self.client_request_id = Some(id.into());
        self
    }

    /// Sets the application that asks.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = Some(name.into());
        self
    }

    /// Sets the user who asks.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }

    /// Reads the `properties` member of a request: an object, a string that holds one as JSON, or null. The keys may
    /// be in any case, as some libraries write them in lower case.
    ///
    /// # Errors
    ///
    /// If it is something else, or if options or parameters are not objects.
    ///
    /// ```
    /// use kusto_protocol::ClientRequestProperties;
    /// use serde_json::json;
    ///
    /// let object = json!({"options": {"notruncation": true}});
    /// let text = json!(object.to_string());
    /// let properties = ClientRequestProperties::from_json(&text)?;
    /// assert_eq!(properties, ClientRequestProperties::new().no_truncation(true));
    /// assert_eq!(properties, ClientRequestProperties::from_json(&object)?);
    /// # Ok::<(), kusto_protocol::ParseError>(())
    /// ```
    pub fn from_json(value: &Value) -> Result<Self, ParseError> {
        let members = match value {
            Value::Null => return Ok(Self::default()),
            Value::String(text) if text.trim().is_empty() => return Ok(Self::default()),
            Value::String(text) => serde_json::from_str(text).map_err(|error| {
                let message = format!("the string does not hold a JSON object: {error}");
                malformed(WHAT, message)
            })?,
            Value::Object(members) => members.clone(),
            Value::Array(_) | Value::Bool(_) | Value::Number(_) => {
                return Err(malformed(WHAT, "an object or a string that holds one expected"));
            }
        };
        let mut properties = Self::default();
        for (name, value) in members {
            let object = |value| match value {
                Value::Object(members) => Ok(members),
                Value::Null => Ok(Map::new()),
                _ => Err(malformed(WHAT, "Options and Parameters must be objects")),
            };
            match name.to_ascii_lowercase().as_str() {
                "options" => properties.options = object(value)?,
                "parameters" => properties.parameters = object(value)?,
                "clientrequestid" => properties.client_request_id = value.as_str().map(str::to_owned),
                "application" => properties.application = value.as_str().map(str::to_owned),
                "user" => properties.user = value.as_str().map(str::to_owned),
                _ => {}
            }
        }
        Ok(properties)
    }

    /// The `properties` member of a request. The id, the application and the user are not in it: they travel as
    /// headers.
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        if !self.options.is_empty() {
            members.insert("Options".to_owned(), Value::Object(self.options.clone()));
        }
        if !self.parameters.is_empty() {
            members.insert("Parameters".to_owned(), Value::Object(self.parameters.clone()));
        }
        Value::Object(members)
    }

    /// Checks the documented options for values of the wrong type; other options pass.
    ///
    /// # Errors
    ///
    /// If one has a value that the service would ignore; the error names it.
    pub fn check(&self) -> Result<(), ParseError> {
        for (name, value) in &self.options {
            if let Some(option) = options::find(name)
                && !is_of_its_type(&option, value)
            {
                let expected = match option.value_type {
                    OptionType::Bool => "true or false",
                    OptionType::DateTime => "an ISO 8601 date in a string",
                    OptionType::Dynamic => "a JSON value",
                    OptionType::Long => "a whole number",
                    OptionType::Literal => "a KQL literal",
                    OptionType::Text => "a string",
                    OptionType::Timespan => "a string [d.]hh:mm:ss[.fffffff]",
                };
                return Err(malformed("request option", format!("{name} must be {expected}")));
            }
        }
        Ok(())
    }

    /// How long the service may work on the request: one hour with `norequesttimeout`, else `servertimeout` brought
    /// between a second and an hour (a number means milliseconds), else `default`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use kusto_protocol::ClientRequestProperties;
    ///
    /// let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    /// let properties = ClientRequestProperties::new();
    /// assert_eq!(properties.effective_server_timeout(minutes(4)), minutes(4));
    /// assert_eq!(properties.server_timeout(minutes(90)).effective_server_timeout(minutes(4)), minutes(60));
    /// ```
    pub fn effective_server_timeout(&self, default: Duration) -> Duration {
        if self.options.get(options::NO_REQUEST_TIMEOUT) == Some(&Value::Bool(true)) {
            return MAX_SERVER_TIMEOUT;
        }
        let wanted = match self.options.get(options::SERVER_TIMEOUT) {
            Some(Value::Number(millis)) => millis.as_u64().map(Duration::from_millis),
            Some(value) => match Literal::from_parameter(ColumnType::Timespan, value) {
                Ok(Literal::Timespan(span)) => Duration::try_from(span).ok(),
                _ => None,
            },
            None => None,
        };
        wanted.map_or(default, clamp)
    }

    /// Moves options into `set` statements, one a line, for places that have no request properties: stored
    /// functions, links, other tools. Returns the statements, and the properties that a `set` statement cannot
    /// carry.
    ///
    /// ```
    /// use kusto_protocol::{ClientRequestProperties, QueryConsistency};
    ///
    /// let (statements, rest) = ClientRequestProperties::new()
    ///     .no_truncation(true)
    ///     .request_description("nightly \"report\"")
    ///     .query_consistency(QueryConsistency::Weak)
    ///     .to_set_statements();
    /// assert_eq!(statements, "set notruncation = true;\nset request_description = \"nightly \\\"report\\\"\";\n");
    /// assert_eq!(rest, ClientRequestProperties::new().query_consistency(QueryConsistency::Weak));
    /// ```
    pub fn to_set_statements(&self) -> (String, Self) {
        let mut statements = Vec::new();
        let mut rest = self.clone();
        rest.options.retain(|name, value| {
            let option = options::find(name);
            let is_name = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_name || option.is_some_and(|option| !option.in_set_statement) {
                return true;
            }
            let text = match option {
                Some(option) => literal(&option, value),
                None => Some(untyped(value)),
            };
            if let Some(text) = &text {
                statements.push(format!("set {name} = {text};\n"));
            }
            text.is_none()
        });
        // By name, whatever order the map keeps: a feature of serde_json that any crate may turn on decides that.
        statements.sort_unstable();
        (statements.concat(), rest)
    }
}

/// The value of a documented option as KQL; `None` if it has the wrong type.
fn is_of_its_type(option: &RequestOption, value: &Value) -> bool {
    match option.value_type {
        OptionType::Bool => value.is_boolean(),
        OptionType::Text => value.is_string(),
        OptionType::Timespan if value.is_string() => {
            // As every request has one; a literal takes longer to read.
            let is_plain = value
                .as_str()
                .is_some_and(|text| text.parse::<Timespan>().is_ok());
            is_plain || Literal::from_parameter(ColumnType::Timespan, value).is_ok()
        }
        _ => literal(option, value).is_some(),
    }
}

fn literal(option: &RequestOption, value: &Value) -> Option<String> {
    let typed = |column_type| {
        Literal::from_parameter(column_type, value)
            .ok()
            .map(|literal| literal.to_string())
    };
    match option.value_type {
        OptionType::Bool => value.as_bool().map(|value| value.to_string()),
        OptionType::DateTime => typed(ColumnType::DateTime),
        OptionType::Dynamic => typed(ColumnType::Dynamic),
        OptionType::Long if value.is_boolean() && option.name == options::QUERY_PYTHON_DEBUG => {
            Some(value.to_string())
        }
        OptionType::Long => value.as_i64().map(|value| value.to_string()),
        OptionType::Literal => match value {
            Value::String(text) => text.parse::<Literal>().ok().map(|literal| literal.to_string()),
            value => Some(untyped(value)),
        },
        OptionType::Text => value.as_str().map(kql_string),
        OptionType::Timespan if value.is_number() && option.name == options::SERVER_TIMEOUT => {
            Some(value.to_string())
        }
        OptionType::Timespan => value.as_str().and_then(|_| typed(ColumnType::Timespan)),
    }
}

fn untyped(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => kql_string(text),
        Value::Null | Value::Array(_) | Value::Object(_) => Literal::Dynamic(value.clone()).to_string(),
    }
}

fn clamp(timeout: Duration) -> Duration {
    timeout.clamp(MIN_SERVER_TIMEOUT, MAX_SERVER_TIMEOUT)
}

fn malformed(what: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> ParseError {
    ParseError::new(what, ParseErrorKind::Malformed, None, message)
}

const WHAT: &str = "request properties";

#[cfg(test)]
mod tests;
