//! The error of this crate.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Why no token could be had, or why none may be sent.
///
/// Display is one line that says which host or which sign-in, and what to do; no token, key or password is in it.
#[derive(Debug)]
pub struct AuthError {
    kind: AuthErrorKind,
    message: Cow<'static, str>,
    code: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// In which way authentication failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthErrorKind {
    /// An answer of the service or of the token endpoint that cannot be read.
    Malformed,
    /// The identity provider said no: [`AuthError::code`] has its code where it gave one.
    Rejected,
    /// A token may not be sent to this host.
    Untrusted,
    /// The identity provider, the metadata endpoint or a command-line tool could not be reached.
    Unavailable,
    /// The connection string asks for a sign-in that this build does not have.
    Unsupported,
}

impl AuthError {
    pub(crate) fn new(kind: AuthErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
            source: None,
        }
    }

    /// Wraps what a credential answered instead of a token.
    pub(crate) fn from_credential(error: azure_core::Error) -> Self {
        let code = entra_code(&error);
        let refused = error.http_status().is_some_and(|status| status.is_client_error());
        let (kind, message) = if code.is_some() || refused {
            (
                AuthErrorKind::Rejected,
                "the identity provider refused to give a token",
            )
        } else {
            (
                AuthErrorKind::Unavailable,
                "no token could be had from the credential",
            )
        };
        Self {
            kind,
            message: message.into(),
            code,
            source: Some(Box::new(error)),
        }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The cause, for whoever makes another error of this one.
    pub fn into_source(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.source
    }

    /// In which way authentication failed.
    pub fn kind(&self) -> AuthErrorKind {
        self.kind
    }

    /// The identity provider's code, such as `AADSTS7000215` for a wrong client secret.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.code {
            Some(code) => write!(f, " ({code})"),
            None => Ok(()),
        }
    }
}

impl Error for AuthError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Finds `AADSTS<digits>` in the words of an error or of its causes.
fn entra_code(error: &azure_core::Error) -> Option<String> {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if let Some(start) = text.find(CODE_PREFIX) {
            let digits = text[start + CODE_PREFIX.len()..]
                .bytes()
                .take_while(u8::is_ascii_digit)
                .count();
            if digits > 0 {
                return Some(text[start..start + CODE_PREFIX.len() + digits].to_owned());
            }
        }
        next = error.source();
    }
    None
}

const CODE_PREFIX: &str = "AADSTS";

#[cfg(test)]
mod tests {
    use azure_core::error::ErrorKind;

    use super::*;

    #[test]
    fn the_providers_code_is_found_in_the_cause() {
        let inner =
            azure_core::Error::with_message(ErrorKind::Credential, "AADSTS7000215: Invalid client secret.");
        let outer = azure_core::Error::with_error(ErrorKind::Credential, inner, "authentication failed");
        let error = AuthError::from_credential(outer);
        assert_eq!(error.kind(), AuthErrorKind::Rejected);
        assert_eq!(error.code(), Some("AADSTS7000215"));
        assert_eq!(
            error.to_string(),
            "the identity provider refused to give a token (AADSTS7000215)"
        );
        assert!(error.source().is_some());
    }

    #[test]
    fn a_network_failure_is_not_a_refusal() {
        let error = azure_core::Error::with_message(ErrorKind::Connection, "no route");
        assert_eq!(
            AuthError::from_credential(error).kind(),
            AuthErrorKind::Unavailable
        );
    }
}
