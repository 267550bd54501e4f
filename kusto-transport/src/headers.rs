//! Headers between the types of `http` and those of `azure_core`.

use azure_core::http::headers::{HeaderName, HeaderValue};
use kusto_protocol::Request;

/// A name in azure_core's type; the ones that every request or answer has are not copied.
pub(crate) fn name(name: &http::HeaderName) -> HeaderName {
    match COMMON.iter().find(|(common, _)| common == name) {
        Some((_, common)) => common.clone(),
        None => HeaderName::from(name.as_str().to_owned()),
    }
}

/// A value in azure_core's type, which holds text only; the ones that every request has are not copied.
pub(crate) fn value(value: &http::HeaderValue) -> Result<HeaderValue, http::header::ToStrError> {
    let text = value.to_str()?;
    Ok(match COMMON_VALUES.iter().find(|common| **common == text) {
        Some(common) => HeaderValue::from_static(common),
        None => HeaderValue::from(text.to_owned()),
    })
}

/// The names that most requests and answers have; those of requests come first, because they are looked for most.
pub(crate) static COMMON: [(http::HeaderName, HeaderName); 17] = [
    common("accept"),
    common("accept-encoding"),
    common("authorization"),
    common("content-type"),
    common("x-ms-app"),
    common("x-ms-client-request-id"),
    common("x-ms-client-version"),
    common("x-ms-version"),
    common("content-encoding"),
    common("content-length"),
    common("date"),
    common("server"),
    common("strict-transport-security"),
    common("transfer-encoding"),
    common("vary"),
    common("x-ms-activity-id"),
    common("x-ms-user"),
];

const COMMON_VALUES: [&str; 4] = [
    "application/json",
    "application/json; charset=utf-8",
    "gzip",
    Request::API_VERSION,
];

const fn common(name: &'static str) -> (http::HeaderName, HeaderName) {
    (http::HeaderName::from_static(name), HeaderName::from_static(name))
}
