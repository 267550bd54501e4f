//! Bodies of failed requests, which hold anything from a proper error object to a proxy's web page.

use std::fmt;

use http::StatusCode;
use serde_json::Value;

use crate::one_api_error::{ErrorPlace, OneApiError, is_permanent_status};

/// A response that says that a request failed.
///
/// ```
/// use http::StatusCode;
/// use kusto_protocol::ErrorResponse;
///
/// let body = br#"{"error":{"code":"General_BadRequest","message":"Bad request.","@permanent":true}}"#;
/// let response = ErrorResponse::parse(StatusCode::BAD_REQUEST, body);
/// assert_eq!(response.error().unwrap().code, "General_BadRequest");
/// assert_eq!(response.to_string(), "400 Bad Request: General_BadRequest: Bad request.");
///
/// let response = ErrorResponse::parse(StatusCode::BAD_GATEWAY, b"<html><title>Bad gateway</title></html>");
/// assert_eq!(response.text(), Some("Bad gateway"));
/// assert!(!response.is_permanent());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The status of the response. 200 is possible: a service may write an error where rows are expected.
    pub status: StatusCode,
    /// What the body says.
    pub body: ErrorBody,
}

/// What the body of a failed request says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ErrorBody {
    /// Nothing.
    Empty,
    /// An error object, or a text of the service in its known form.
    OneApi(Box<OneApiError>),
    /// The beginning of some other text: a gateway's message, or the title of a web page.
    Text(String),
}

impl ErrorResponse {
    /// How many characters of a foreign text are kept.
    pub const MAX_TEXT: usize = 1024;

    /// Reads a decompressed body, whatever it is.
    pub fn parse(status: StatusCode, body: &[u8]) -> Self {
        Self {
            status,
            body: read(body),
        }
    }

    /// The error in the service's own words, if the body has it.
    pub fn error(&self) -> Option<&OneApiError> {
        match &self.body {
            ErrorBody::OneApi(error) => Some(error),
            ErrorBody::Empty | ErrorBody::Text(_) => None,
        }
    }

    /// The text of the body, for people.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            ErrorBody::Empty => None,
            ErrorBody::OneApi(error) => Some(error.text_for_people()),
            ErrorBody::Text(text) => Some(text),
        }
    }

    /// Whether repeating the request is pointless: as the service says, else as the status suggests (see
    /// [`OneApiError::is_permanent`]).
    pub fn is_permanent(&self) -> bool {
        match &self.body {
            ErrorBody::OneApi(error) => error.is_permanent(self.status),
            ErrorBody::Empty | ErrorBody::Text(_) => is_permanent_status(self.status),
        }
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        match &self.body {
            ErrorBody::Empty => Ok(()),
            ErrorBody::OneApi(error) => write!(f, ": {error}"),
            ErrorBody::Text(text) => write!(f, ": {text}"),
        }
    }
}

fn read(body: &[u8]) -> ErrorBody {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    // Beyond the limit the body is looked at as text only, and of that no more than its beginning is kept.
    if body.len() <= MAX_JSON
        && let Ok(value) = serde_json::from_slice::<Value>(body)
    {
        return from_json(&value);
    }
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_JSON)]);
    if text.starts_with('<') {
        return excerpt(title(&text).unwrap_or("a web page without a title"));
    }
    let error = OneApiError::from_exception_text(&text);
    if error.code.is_empty() && error.exception_type.is_none() {
        return excerpt(&text);
    }
    service_error(error)
}

fn service_error(error: OneApiError) -> ErrorBody {
    ErrorBody::OneApi(Box::new(error.at(ErrorPlace::Body)))
}

fn from_json(value: &Value) -> ErrorBody {
    if let Some(error) = OneApiError::list(value).into_iter().next() {
        return service_error(error);
    }
    // Gateways write `message`, OAuth servers `error` and `error_description`.
    let member = |name: &str| value.get(name).and_then(Value::as_str);
    let known = ["message", "Message", "error_description", "error"]
        .into_iter()
        .find_map(member);
    match (known, value) {
        (Some(text), _) => excerpt(text),
        (None, Value::Null) => ErrorBody::Empty,
        (None, Value::Object(members)) if members.is_empty() => ErrorBody::Empty,
        (None, Value::String(text)) => excerpt(text),
        (None, value) => excerpt(&value.to_string()),
    }
}

fn title(page: &str) -> Option<&str> {
    // ASCII case folding keeps every byte in its place.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find('<')?;
    Some(page[start..end].trim()).filter(|title| !title.is_empty())
}

/// The beginning of a text, on one line.
fn excerpt(text: &str) -> ErrorBody {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return ErrorBody::Empty;
    }
    match line.char_indices().nth(ErrorResponse::MAX_TEXT) {
        Some((end, _)) => ErrorBody::Text(format!("{}…", &line[..end])),
        None => ErrorBody::Text(line),
    }
}

const MAX_JSON: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(status: u16, body: &str) -> ErrorResponse {
        ErrorResponse::parse(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn every_shape_of_body_is_survived() {
        for (body, shown) in [
            ("", "500 Internal Server Error"),
            (" {} ", "500 Internal Server Error"),
            ("null", "500 Internal Server Error"),
            (
                "\u{feff}{\"message\": \"no\\nroute\"}",
                "500 Internal Server Error: no route",
            ),
            (
                "{\"error\": \"invalid_grant\", \"error_description\": \"expired\"}",
                "500 Internal Server Error: expired",
            ),
            (
                "{\"error\": \"invalid_grant\"}",
                "500 Internal Server Error: invalid_grant",
            ),
            ("{\"a\": 1}", "500 Internal Server Error: {\"a\":1}"),
            ("\"text\"", "500 Internal Server Error: text"),
            (
                "upstream\r\nconnect error",
                "500 Internal Server Error: upstream connect error",
            ),
            (
                "<HTML><HEAD><TITLE lang=en> Ä b </TITLE>",
                "500 Internal Server Error: Ä b",
            ),
            ("<html>", "500 Internal Server Error: a web page without a title"),
            (
                "{\"error\": {\"code\": \"X\", \"message\": \"y\"}}",
                "500 Internal Server Error: X: y",
            ),
            (
                "{\"error\": {\"code\"",
                "500 Internal Server Error: {\"error\": {\"code\"",
            ),
        ] {
            assert_eq!(parse(500, body).to_string(), shown, "{body}");
        }
        let not_utf8 = ErrorResponse::parse(StatusCode::BAD_GATEWAY, b"\xff\xfe oops");
        assert_eq!(not_utf8.text(), Some("\u{fffd}\u{fffd} oops"));
    }

    #[test]
    fn texts_of_the_service_in_a_success_are_errors_too() {
        let response = parse(
            200,
            "General_BadRequest: Request is invalid.\r\nError details:\r\nActivityId=a1",
        );
        let error = response.error().unwrap();
        assert_eq!(
            (error.code.as_str(), error.activity_id()),
            ("General_BadRequest", Some("a1"))
        );
        assert_eq!(error.place, Some(ErrorPlace::Body));
        assert!(response.is_permanent());
    }

    #[test]
    fn the_service_decides_what_is_permanent() {
        let body = |permanent| {
            format!("{{\"error\":{{\"code\":\"X\",\"message\":\"\",\"@permanent\":{permanent}}}}}")
        };
        assert!(!parse(400, &body(false)).is_permanent());
        assert!(parse(500, &body(true)).is_permanent());
        assert!(parse(404, "").is_permanent());
        assert!(!parse(429, "slow down").is_permanent());
        assert!(!parse(503, "<html>").is_permanent());
    }

    #[test]
    fn of_long_texts_the_beginning_is_kept() {
        let length = |characters: usize| {
            parse(500, &"ä".repeat(characters))
                .text()
                .unwrap()
                .chars()
                .count()
        };
        assert_eq!(length(ErrorResponse::MAX_TEXT), ErrorResponse::MAX_TEXT);
        assert_eq!(length(ErrorResponse::MAX_TEXT + 1), ErrorResponse::MAX_TEXT + 1);
        assert!(
            parse(500, &"ä".repeat(ErrorResponse::MAX_TEXT + 1))
                .text()
                .unwrap()
                .ends_with('…')
        );
        assert_eq!(length(3 * MAX_JSON), ErrorResponse::MAX_TEXT + 1);
    }
}
