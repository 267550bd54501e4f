//! Errors as the service sends them.

use axum::body::Body;
use http::{Response, StatusCode};
use kusto_protocol::{DateTime, OneApiError, OneApiErrorContext};
use serde_json::json;

use super::{Incoming, json_response};
use crate::error::{EngineError, EngineErrorKind};

/// An error as the body of a response that failed.
pub(super) fn response(status: StatusCode, error: OneApiError, incoming: &Incoming) -> Response<Body> {
    let error = with_context(error, incoming);
    json_response(status, json!({"error": error}).to_string())
}

/// What the engine says, in the service's form.
pub(super) fn of_engine(error: &EngineError) -> (StatusCode, OneApiError) {
    let (status, code, class, general) = match error.kind() {
        EngineErrorKind::Syntax => (400, "BadRequest_SyntaxError", "SyntaxException", BAD_REQUEST),
        EngineErrorKind::LimitExceeded => (
            400,
            "LimitsExceeded",
            "KustoServicePartialQueryFailureLimitsExceededException",
            "Request limits were exceeded.",
        ),
        EngineErrorKind::Cancelled => (
            400,
            "Cancelled",
            "KustoServicePartialQueryFailureException",
            "The request was cancelled.",
        ),
        EngineErrorKind::TimedOut => (
            504,
            "RequestExecutionTimeout",
            "KustoServiceTimeoutException",
            "The request timed out.",
        ),
        EngineErrorKind::Semantic => (400, "General_BadRequest", "SemanticException", BAD_REQUEST),
        _ => (400, "General_BadRequest", "KustoBadRequestException", BAD_REQUEST),
    };
    let mut reported = OneApiError::new(code, general);
    reported.exception_type = Some(format!("Kusto.Data.Exceptions.{class}"));
    reported.description = Some(error.to_string());
    reported.permanent = Some(error.is_permanent());
    (
        StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
        reported,
    )
}

pub(super) fn with_context(mut error: OneApiError, incoming: &Incoming) -> OneApiError {
    let mut context = OneApiErrorContext::default();
    context.timestamp = Some(DateTime::from(std::time::SystemTime::now()).to_string());
    context.client_request_id = Some(incoming.client_request_id.clone());
    context.activity_id = Some(incoming.activity_id.to_string());
    error.permanent.get_or_insert(true);
    error.context = Some(context);
    error
}

const BAD_REQUEST: &str = "Request is invalid and cannot be executed.";
