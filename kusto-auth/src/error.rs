//! The error of this crate.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::advice;

/// Why no token could be had, or why none may be sent.
///
/// Display is one line that says which host or which sign-in, and what to do; no token, key or password is in it.
#[derive(Clone, Debug)]
pub struct AuthError {
    kind: AuthErrorKind,
    message: Cow<'static, str>,
    code: Option<String>,
    claims: Option<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// In which way authentication failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthErrorKind {
    /// No connection to the cluster's metadata endpoint or to the identity provider; nothing was sent.
    Connect,
    /// An answer of the service or of the token endpoint that cannot be read.
    Malformed,
    /// What the sign-in needs is not on this machine, or not as it must be: a variable, a file, a browser, a command-line
    /// tool, somebody who is signed in to it. Trying again does not help.
    Missing,
    /// The identity provider said no: [`AuthError::code`] has its code where it gave one.
    Rejected,
    /// No secure connection: the certificate of the cluster or of the identity provider was not accepted.
    Tls,
    /// No answer in time: of a host, or of the person who was asked to sign in.
    Timeout,
    /// The identity provider, the metadata endpoint, a command-line tool or a callback is out of order for the moment.
    Unavailable,
    /// The connection string asks for a sign-in that this build does not have.
    Unsupported,
    /// A token may not be sent to this host.
    Untrusted,
}

impl AuthError {
    pub(crate) fn new(kind: AuthErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
            claims: None,
            source: None,
        }
    }

    /// Wraps what a credential answered instead of a token.
    pub(crate) fn from_credential(error: azure_core::Error) -> Self {
        // A flow of this crate has said it all.
        let error = match error.into_downcast::<Self>() {
            Ok(own) => return own,
            Err(error) => error,
        };
        let code = entra_code(&error);
        let refused = error.http_status().is_some_and(|status| status.is_client_error());
        let (kind, message) = match &code {
            Some(code) => {
                let advice = advice::of(code).map_or_else(String::new, |advice| format!("; {advice}"));
                let message = format!("the identity provider refused to give a token{advice}");
                (AuthErrorKind::Rejected, message)
            }
            None if refused => {
                let message = "the identity provider refused to give a token".to_owned();
                (AuthErrorKind::Rejected, message)
            }
            None => {
                let cause = one_line(&error.to_string());
                let message = format!("no token could be had from the credential: {cause}");
                (AuthErrorKind::Unavailable, message)
            }
        };
        Self {
            kind,
            message: message.into(),
            code,
            claims: None,
            source: Some(Arc::new(error)),
        }
    }

    /// In the clothes of azure_core, for whoever calls a credential of this crate.
    pub(crate) fn into_azure(self) -> azure_core::Error {
        azure_core::Error::new(azure_core::error::ErrorKind::Credential, self)
    }

    /// Says which credential it was, where the words do not.
    pub(crate) fn in_credential(mut self, name: &str) -> Self {
        self.message = format!("{name}: {}", self.message).into();
        self
    }

    #[cfg(feature = "azure-identity")]
    pub(crate) fn with_kind(mut self, kind: AuthErrorKind) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn with_code(mut self, code: Option<String>) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn with_claims(mut self, claims: Option<String>) -> Self {
        self.claims = claims;
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// The cause, for whoever makes another error of this one.
    pub fn into_source(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.source.map(|source| Box::new(source) as _)
    }

    /// Whether an HTTP client found no connection because a certificate was not accepted, which does not pass by
    /// itself.
    pub fn is_tls(error: &azure_core::Error) -> bool {
        // rustls reports what it does not accept as an I/O error of kind `InvalidData`, perhaps inside of others.
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = next {
            let io = error.downcast_ref::<std::io::Error>();
            if io.is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData) {
                return true;
            }
            // The source of an I/O error is that of the error it wraps, which would be passed over.
            let wrapped = io.and_then(std::io::Error::get_ref);
            next = wrapped.map_or_else(|| error.source(), |wrapped| Some(wrapped));
        }
        false
    }

    /// In which way authentication failed.
    pub fn kind(&self) -> AuthErrorKind {
        self.kind
    }

    /// The claims that the next sign-in must bring, as JSON, where the provider asks for some (conditional access).
    pub fn claims(&self) -> Option<&str> {
        self.claims.as_deref()
    }

    /// The identity provider's code, such as `AADSTS7000215` for a wrong client secret; the word of
    /// OAuth, such as `invalid_grant`, if it gave none.
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

/// Texts of others may have several lines, and more than anybody reads.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Finds `AADSTS<digits>` in the words of an error or of its causes.
fn entra_code(error: &azure_core::Error) -> Option<String> {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        if let Some(code) = code_in(&error.to_string()) {
            return Some(code);
        }
        next = error.source();
    }
    None
}

/// Finds `AADSTS<digits>` in a text.
pub(crate) fn code_in(text: &str) -> Option<String> {
    let start = text.find(CODE_PREFIX)?;
    let digits = text[start + CODE_PREFIX.len()..]
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    (digits > 0).then(|| text[start..start + CODE_PREFIX.len() + digits].to_owned())
}

const CODE_PREFIX: &str = "AADSTS";

/// Characters of a foreign text that are repeated.
const MAX_WORDS: usize = 300;

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
            "the identity provider refused to give a token; the client secret is wrong: use its value, not its id \
             (AADSTS7000215)"
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
