//! Errors as the service words them: OneAPI error objects with Kusto's extensions.

mod exception_text;
mod json;
mod place;

use std::error::Error;
use std::fmt;

use http::StatusCode;
use serde_json::{Map, Value};

pub use place::ErrorPlace;

/// An error in the service's own words: from the body of a failed request, from inside a result, or from the text
/// that the older layout carries.
///
/// Only `code` and `message` can be relied on. Members that nobody documents are kept in `extensions`, so an
/// error that was read is written back complete.
///
/// An answer may tell one error in several places. Errors are equal if they say the same, whatever their
/// [`place`](Self::place).
///
/// ```
/// use kusto_protocol::OneApiError;
///
/// let error: OneApiError = serde_json::from_str(
///     r#"{"code":"General_BadRequest","message":"Bad request.",
///         "@type":"Kusto.Data.Exceptions.SemanticException",
///         "@message":"Semantic error: SEM0100: name 'q' not found","@permanent":true,"@new":1}"#,
/// )?;
/// assert_eq!(error.class(), Some("SemanticException"));
/// assert_eq!(error.permanent, Some(true));
/// assert_eq!(error.extensions["@new"], 1);
/// assert_eq!(error.to_string(), "General_BadRequest: Semantic error: SEM0100: name 'q' not found");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OneApiError {
    /// `code`: a short word for programs, such as `LimitsExceeded`.
    pub code: String,
    /// `message`: a general sentence; [`description`](Self::description) says more.
    pub message: String,
    /// `target`: what the error is about. Rare.
    pub target: Option<String>,
    /// `@type`: the service's exception type, with its namespace.
    pub exception_type: Option<String>,
    /// `@message`: the full text for people.
    pub description: Option<String>,
    /// `@context`: where and when it happened.
    pub context: Option<OneApiErrorContext>,
    /// `@permanent`: whether repeating the request is pointless.
    pub permanent: Option<bool>,
    /// `@failureCode`: the HTTP status that fits the error, whatever the response had.
    pub failure_code: Option<i64>,
    /// `@text`: the query or command at fault.
    pub text: Option<String>,
    /// `@database`: the database it ran in.
    pub database: Option<String>,
    /// `@errorCode`: the compiler's code, such as `SEM0100`.
    pub error_code: Option<String>,
    /// `@errorMessage`: the compiler's text.
    pub error_message: Option<String>,
    /// `innererror`: the more specific error behind this one.
    pub inner_error: Option<Box<Self>>,
    /// `details`: errors beside this one.
    pub details: Vec<Self>,
    /// All other members, under their names.
    pub extensions: Map<String, Value>,
    /// Where it was found; no member on the wire. None for an error that was not read from an answer, and for those
    /// inside of another.
    pub place: Option<ErrorPlace>,
}

/// Where and when an error happened.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct OneApiErrorContext {
    /// `timestamp`, ISO 8601.
    pub timestamp: Option<String>,
    /// `serviceAlias`: the cluster.
    pub service_alias: Option<String>,
    /// `clientRequestId`: the id that the client gave the request.
    pub client_request_id: Option<String>,
    /// `activityId`: the id that the service gave the request.
    pub activity_id: Option<String>,
    /// `subActivityId`
    pub sub_activity_id: Option<String>,
    /// `activityType`
    pub activity_type: Option<String>,
    /// `parentActivityId`
    pub parent_activity_id: Option<String>,
    /// `activityStack`
    pub activity_stack: Option<String>,
    /// `machineName`
    pub machine_name: Option<String>,
    /// `processName`
    pub process_name: Option<String>,
    /// `processId`
    pub process_id: Option<i64>,
    /// `threadId`
    pub thread_id: Option<i64>,
    /// All other members, under their names.
    pub extensions: Map<String, Value>,
}

impl OneApiError {
    /// How many errors may be nested in one another; what lies deeper is dropped when reading.
    pub const MAX_DEPTH: usize = 32;

    /// An error with its two mandatory members.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// The errors of a wrapper as it stands in results and bodies: `{"OneApiErrors":[{"error":{…}},…]}`,
    /// `{"Exceptions":["…",…]}`, `{"error":{…}}`, or a list of such. What is none of these gives no error.
    ///
    /// ```
    /// use kusto_protocol::OneApiError;
    ///
    /// let row = serde_json::json!({"OneApiErrors": [{"error": {"code": "LimitsExceeded", "message": "…"}}]});
    /// assert_eq!(OneApiError::list(&row)[0].code, "LimitsExceeded");
    /// ```
    pub fn list(wrapper: &Value) -> Vec<Self> {
        json::list(wrapper)
    }

    /// The same error, found in this place.
    #[must_use]
    pub const fn at(mut self, place: ErrorPlace) -> Self {
        self.place = Some(place);
        self
    }

    /// Reads the text that stands in `Exceptions` of V1 answers (and sometimes is the whole body): a sentence, then
    /// `[0]Type: message`, then `key=value` lines. Whatever is not there stays empty; the whole text is the
    /// [`description`](Self::description).
    ///
    /// ```
    /// use kusto_protocol::OneApiError;
    ///
    /// let error = OneApiError::from_exception_text(
    ///     "Query execution has exceeded the allowed limits (80DA0003): .\r\n\
    ///      [0]Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException: too much\r\n\
    ///      ActivityId=00000000-0000-0000-0000-000000000001\r\n",
    /// );
    /// assert_eq!(error.code, "LimitsExceeded");
    /// assert_eq!(error.hresult(), Some(0x80DA_0003));
    /// assert_eq!(error.activity_id(), Some("00000000-0000-0000-0000-000000000001"));
    /// ```
    pub fn from_exception_text(text: &str) -> Self {
        exception_text::read(text)
    }

    /// Whether repeating the request is pointless: as the service says, else as `failure_code` or the response's
    /// status suggests. Of client errors all but 429 are permanent, of server errors none. An error inside a
    /// successful response that says nothing is taken for permanent.
    pub fn is_permanent(&self, status: StatusCode) -> bool {
        let own = self
            .failure_code
            .and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
        self.permanent
            .unwrap_or_else(|| is_permanent_status(own.unwrap_or(status)))
    }

    /// The service's exception class: the last part of `exception_type`.
    pub fn class(&self) -> Option<&str> {
        self.exception_type.as_deref()?.rsplit('.').next()
    }

    /// The most specific error: the end of the chain of inner errors.
    pub fn innermost(&self) -> &Self {
        let mut error = self;
        while let Some(inner) = &error.inner_error {
            error = inner;
        }
        error
    }

    /// The text for people: the description, else the message.
    pub fn text_for_people(&self) -> &str {
        self.description
            .as_deref()
            .filter(|text| !text.is_empty())
            .unwrap_or(&self.message)
    }

    /// The id that the client gave the request, if the service repeats it.
    pub fn client_request_id(&self) -> Option<&str> {
        self.context.as_ref()?.client_request_id.as_deref()
    }

    /// The id that the service gave the request.
    pub fn activity_id(&self) -> Option<&str> {
        self.context.as_ref()?.activity_id.as_deref()
    }

    /// The engine's result code, as in `(80DA0003)`: the first eight hex digits in parentheses in the text.
    pub fn hresult(&self) -> Option<u32> {
        let underlying = self
            .extensions
            .get(exception_text::UNDERLYING_ERROR_CODE)
            .and_then(Value::as_str);
        let underlying = underlying.and_then(|code| u32::from_str_radix(code, 16).ok());
        underlying.or_else(|| {
            let parts = self.text_for_people().split('(').skip(1);
            let codes = parts
                .filter_map(|part| part.split_once(')'))
                .map(|(code, _)| code);
            let codes = codes.map(|code| code.trim_start_matches("0x"));
            codes
                .filter(|code| code.len() == 8)
                .find_map(|code| u32::from_str_radix(code, 16).ok())
        })
    }
}

pub(crate) fn is_permanent_status(status: StatusCode) -> bool {
    !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS
}

impl PartialEq for OneApiError {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            code,
            message,
            target,
            exception_type,
            description,
            context,
            permanent,
            failure_code,
            text,
            database,
            error_code,
            error_message,
            inner_error,
            details,
            extensions,
            place: _,
        } = self;
        *code == other.code
            && *message == other.message
            && *target == other.target
            && *exception_type == other.exception_type
            && *description == other.description
            && *context == other.context
            && *permanent == other.permanent
            && *failure_code == other.failure_code
            && *text == other.text
            && *database == other.database
            && *error_code == other.error_code
            && *error_message == other.error_message
            && *inner_error == other.inner_error
            && *details == other.details
            && *extensions == other.extensions
    }
}

impl fmt::Display for OneApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text_for_people();
        // Texts of the older layout begin with the code.
        if !self.code.is_empty() && !text.starts_with(&self.code) {
            f.write_str(&self.code)?;
            f.write_str(if text.is_empty() { "" } else { ": " })?;
        } else if text.is_empty() {
            f.write_str("the service gave no reason")?;
        }
        // Service texts span lines; an error message is one line.
        let mut words = text.split_whitespace();
        f.write_str(words.next().unwrap_or_default())?;
        words.try_for_each(|word| write!(f, " {word}"))
    }
}

impl Error for OneApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner_error
            .as_deref()
            .map(|inner| inner as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_decides_what_is_permanent_and_the_status_fills_in() {
        let mut error = OneApiError::new("Timeout", "");
        for (status, permanent) in [
            (400, true),
            (404, true),
            (429, false),
            (500, false),
            (503, false),
            (200, true),
        ] {
            assert_eq!(
                error.is_permanent(StatusCode::from_u16(status).unwrap()),
                permanent,
                "{status}"
            );
        }
        error.failure_code = Some(503);
        assert!(!error.is_permanent(StatusCode::BAD_REQUEST));
        error.permanent = Some(true);
        assert!(error.is_permanent(StatusCode::INTERNAL_SERVER_ERROR));
    }

    #[test]
    fn display_is_one_line_whatever_is_there() {
        assert_eq!(OneApiError::default().to_string(), "the service gave no reason");
        assert_eq!(OneApiError::new("X", "").to_string(), "X");
        assert_eq!(OneApiError::new("", " a\r\n b ").to_string(), "a b");
        assert_eq!(OneApiError::new("X", "a\n\nb").to_string(), "X: a b");
        assert_eq!(OneApiError::new("X", "X: a").to_string(), "X: a");
    }

    #[test]
    fn errors_that_say_the_same_are_equal_wherever_they_were_found() {
        let error = OneApiError::new("X", "a");
        assert_eq!(error.clone().at(ErrorPlace::DataSetCompletion), error);
        assert_ne!(OneApiError::new("X", "b"), error);
    }

    #[test]
    fn the_innermost_error_is_at_the_end_of_the_chain() {
        let mut outer = OneApiError::new("General_BadRequest", "Bad request.");
        assert_eq!(outer.innermost().code, "General_BadRequest");
        outer.inner_error = Some(Box::new(OneApiError::new("SEM0100", "name")));
        assert_eq!(outer.innermost().code, "SEM0100");
        assert_eq!(outer.source().unwrap().to_string(), "SEM0100: name");
    }

    #[test]
    fn result_codes_are_found_in_texts() {
        for (text, code) in [
            ("exceeded the allowed limits (80DA0003): .", Some(0x80DA_0003)),
            ("bad (thing) happened (0x80DA0001)", Some(0x80DA_0001)),
            ("(12345)", None),
            ("no code", None),
        ] {
            assert_eq!(OneApiError::new("", text).hresult(), code, "{text}");
        }
    }
}
