//! Errors as the service sends them.

use std::time::SystemTime;

use http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use kusto_protocol::{DateTime, OneApiError, OneApiErrorContext};
use serde_json::json;

use super::Incoming;
use super::reply::{Body, json_response};
use crate::bearer::Unauthorized;
use crate::error::{EngineError, EngineErrorKind};

/// Why a request was refused before its answer began.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: Box<OneApiError>,
    /// What the client can do about it, where HTTP has a header for that.
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    fn new(status: StatusCode, error: OneApiError) -> Self {
        Self {
            status,
            error: Box::new(error),
            header: None,
        }
    }

    /// A request that does not read as one.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        let error = described(
            "General_BadRequest",
            BAD_REQUEST,
            "KustoBadRequestException",
            message,
        );
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// A streaming ingestion that cannot be done.
    pub(super) fn ingestion(failed: &EngineError) -> Self {
        let mut error = OneApiError::new(failed.code().unwrap_or("BadRequest"), BAD_REQUEST);
        error.exception_type =
            Some("Kusto.DataNode.Exceptions.StreamingIngestionRequestException".to_owned());
        error.description = Some(failed.to_string());
        error.failure_code = Some(400);
        error.permanent = Some(failed.is_permanent());
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// A database that is not there.
    pub(super) fn no_such_database(name: &str) -> Self {
        let error = described(
            "BadRequest_DatabaseNotExist",
            BAD_REQUEST,
            "DatabaseNotFoundException",
            format!("Entity ID '{name}' of kind 'Database' was not found."),
        );
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// A request that writes although it says that it must not.
    pub(super) fn read_only() -> Self {
        let message = "The request is read-only, so it cannot change anything.";
        let error = described("Forbidden", message, "KustoRequestDeniedException", message);
        Self::new(StatusCode::FORBIDDEN, error)
    }

    /// A query in another language than KQL.
    pub(super) fn unsupported_language(language: &str) -> Self {
        let message = format!(
            "the query language '{language}' is not supported by this service, which runs KQL ('csl', 'kql')"
        );
        Self::bad_request(message)
    }

    /// A path that leads nowhere.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, OneApiError::new("NotFound", message))
    }

    /// A path that answers to other methods.
    pub(super) fn method_not_allowed(path: &str, allowed: &'static str) -> Self {
        let error = OneApiError::new("MethodNotAllowed", format!("{path} answers to {allowed} only"));
        Self {
            header: Some((ALLOW, HeaderValue::from_static(allowed))),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, error)
        }
    }

    /// A request without a token that would do.
    pub(super) fn unauthorized(reason: &Unauthorized, authority: &str) -> Self {
        let challenge = HeaderValue::from_str(&reason.challenge(authority));
        let class = "KustoRequestDeniedException";
        let error = described(
            "Unauthorized",
            "The request is not authenticated.",
            class,
            reason.to_string(),
        );
        Self {
            header: challenge.ok().map(|challenge| (WWW_AUTHENTICATE, challenge)),
            ..Self::new(StatusCode::UNAUTHORIZED, error)
        }
    }

    /// A query that is one too many.
    pub(super) fn throttled(capacity: usize) -> Self {
        let message = format!(
            "The query was aborted due to throttling. Retrying after some backoff might help. CommandType: \
             'Query', Capacity: {capacity}, Origin: 'RequestRateLimitPolicy/WorkloadGroup/default'."
        );
        let general = "The request was throttled.";
        let mut error = described("TooManyRequests", general, "QueryThrottledException", message);
        error.permanent = Some(false);
        Self {
            header: Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, error)
        }
    }

    /// What a fault puts in place of the answer.
    pub(super) fn scripted(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("Unknown");
        let code = reason.replace(' ', "");
        let message = "The request failed because a fault was asked for.";
        let mut error = described(&code, reason, "KustoServiceException", message);
        error.permanent = Some(status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS);
        Self::new(status, error)
    }

    /// A body of more bytes than the service takes.
    pub(super) fn too_large(message: impl Into<String>) -> Self {
        let class = "KustoRequestPayloadTooLargeException";
        let error = described("Payload too large", "The request is too large.", class, message);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    }

    /// A body in a coding that the service does not know.
    pub(super) fn unsupported_coding(coding: &str) -> Self {
        let message =
            format!("the content coding '{coding}' is not supported; send gzip, deflate, or the plain body");
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            OneApiError::new("UnsupportedMediaType", message),
        )
    }

    /// A fault of the service itself.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        let mut error = OneApiError::new("InternalServiceError", message);
        error.permanent = Some(false);
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error)
    }

    /// The response that says so.
    pub(super) fn response(self, incoming: &Incoming) -> Response<Body> {
        let error = with_context(*self.error, incoming);
        let mut response = json_response(self.status, json!({"error": error}).to_string());
        response.headers_mut().extend(self.header);
        response
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        let status = match error.kind() {
            EngineErrorKind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, of_engine(&error))
    }
}

/// What the engine says, in the service's form.
pub(super) fn of_engine(error: &EngineError) -> OneApiError {
    let (code, class, general) = match error.kind() {
        EngineErrorKind::Syntax => ("BadRequest_SyntaxError", "SyntaxException", BAD_REQUEST),
        EngineErrorKind::LimitExceeded => (
            "LimitsExceeded",
            "KustoServicePartialQueryFailureLimitsExceededException",
            "Request limits were exceeded.",
        ),
        EngineErrorKind::Cancelled => (
            "Cancelled",
            "KustoServicePartialQueryFailureException",
            "The request was cancelled.",
        ),
        EngineErrorKind::TimedOut => (
            "RequestExecutionTimeout",
            "KustoServiceTimeoutException",
            "The request timed out.",
        ),
        EngineErrorKind::Semantic | EngineErrorKind::Runtime | EngineErrorKind::Unsupported => {
            ("General_BadRequest", "KustoBadRequestException", BAD_REQUEST)
        }
    };
    let code = error.code().unwrap_or(code);
    let text = error.to_string();
    let inner_class = match error.kind() {
        EngineErrorKind::Syntax => "SyntaxException",
        _ => "SemanticException",
    };
    let mut reported = described(code, general, class, text.as_str());
    reported.permanent = Some(error.is_permanent());
    reported.inner_error = compiler_error(&text).map(|(code, message)| {
        let mut inner = described(code, message, inner_class, text.as_str());
        inner.permanent = reported.permanent;
        inner.error_code = Some(code.to_owned());
        inner.error_message = Some(message.to_owned());
        Box::new(inner)
    });
    reported
}

/// The compiler's code in a message, and what it says after that: `SEM0100` and `…`.
fn compiler_error(text: &str) -> Option<(&str, &str)> {
    let is_code = |part: &str| {
        let digits = part.strip_prefix("SEM").or_else(|| part.strip_prefix("SYN"));
        digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_digit()))
    };
    let mut rest = text;
    while let Some((part, behind)) = rest.split_once(": ") {
        if is_code(part) {
            return Some((part, behind));
        }
        rest = behind;
    }
    None
}

/// The error with what is known about its request. One that says nothing else is permanent.
pub(super) fn with_context(mut error: OneApiError, incoming: &Incoming) -> OneApiError {
    let mut context = OneApiErrorContext::default();
    context.timestamp = Some(DateTime::from(SystemTime::now()).to_string());
    context.client_request_id = Some(incoming.client_request_id.clone());
    context.activity_id = Some(incoming.activity_id.to_string());
    error.permanent.get_or_insert(true);
    error.context = Some(context);
    error
}

fn described(code: &str, general: &str, class: &str, message: impl Into<String>) -> OneApiError {
    let mut error = OneApiError::new(code, general);
    error.exception_type = Some(format!("Kusto.Data.Exceptions.{class}"));
    error.description = Some(message.into());
    error
}

const BAD_REQUEST: &str = "Request is invalid and cannot be executed.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_the_compiler_is_found_in_what_it_says() {
        let text = "Semantic error: SEM0100: 'x': not known: at all";
        assert_eq!(compiler_error(text), Some(("SEM0100", "'x': not known: at all")));
        assert_eq!(compiler_error("Entity not found: SEMANTICS: x"), None);
        assert_eq!(compiler_error("Query execution timed out."), None);
    }
}
