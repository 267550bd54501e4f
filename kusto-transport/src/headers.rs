//! Headers between the types of `http` and those of `azure_core`.

use azure_core::http::headers::{HeaderName, HeaderValue};

/// A name in azure_core's type; the ones that every request or answer has are not copied.
pub(crate) fn name(name: &http::HeaderName) -> HeaderName {
    let known = COMMON.iter().find(|common| **common == name.as_str());
    match known {
        Some(common) => HeaderName::from_static(common),
        None => HeaderName::from(name.as_str().to_owned()),
    }
}

/// A value in azure_core's type, which holds text only.
pub(crate) fn value(value: &http::HeaderValue) -> Result<HeaderValue, http::header::ToStrError> {
    Ok(HeaderValue::from(value.to_str()?.to_owned()))
}

/// Those of requests and answers, in lower case.
const COMMON: &[&str] = &[
    "accept",
    "accept-encoding",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "server",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "x-ms-activity-id",
    "x-ms-app",
    "x-ms-client-request-id",
    "x-ms-client-version",
    "x-ms-user",
    "x-ms-version",
];
