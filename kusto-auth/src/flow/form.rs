//! The body of a request to a token endpoint.

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use kusto_protocol::Secret;

use crate::error::{AuthError, AuthErrorKind};

/// Fields in their order; secrets are remembered, so that no answer can bring them into a message.
#[derive(Clone, Default)]
pub(crate) struct Form {
    text: String,
    secrets: Vec<Secret>,
}

impl Form {
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.push_str(name);
        self.text.push('=');
        percent_encode(value, &mut self.text);
        self
    }

    pub(crate) fn secret(mut self, name: &str, value: &Secret) -> Self {
        self.secrets.push(value.clone());
        self.field(name, value.expose())
    }

    pub(crate) fn optional(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// The request, and the secrets in it.
    pub(crate) fn post(self, address: &str) -> Result<(Request<Bytes>, Vec<Secret>), AuthError> {
        let request = Request::post(address)
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .header(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            )
            .body(Bytes::from(self.text))
            .map_err(|error| invalid_address(address).with_source(error))?;
        Ok((request, self.secrets))
    }
}

pub(crate) fn invalid_address(address: &str) -> AuthError {
    AuthError::new(
        AuthErrorKind::Unsupported,
        format!("{address} is no address to sign in at; check the login endpoint and the tenant"),
    )
}

/// All but the unreserved characters of RFC 3986.
pub(crate) fn percent_encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_and_secrets_remembered() {
        let form = Form::default()
            .field("scope", "https://r/.default a")
            .secret("client_secret", &Secret::new("p+=&é"))
            .optional("claims", None);
        let (request, secrets) = form.post("https://login/t/token").unwrap();
        assert_eq!(
            request.body().as_ref(),
            b"scope=https%3A%2F%2Fr%2F.default%20a&client_secret=p%2B%3D%26%C3%A9"
        );
        assert_eq!(secrets, [Secret::new("p+=&é")]);
    }
}
