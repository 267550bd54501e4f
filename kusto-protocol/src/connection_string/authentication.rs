//! Which identity a connection string asks for.

use super::keywords::Keyword;
use super::{Value, Values, WHAT};
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::secret::Secret;

/// The identity that a [`ConnectionString`](super::ConnectionString) asks for.
///
/// Where several parts are present the first of these counts: user token, application token, application id and
/// key, application id and certificate, user and password, federated. Libraries of other languages order them
/// differently, so a string with two of key, certificate and password is refused rather than guessed at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// No identity: an emulator, or a caller who adds the credential in code.
    None,
    /// `Fed=true` and nothing else: an Entra identity, found by whichever way the program is set up for (a chain of
    /// defaults, or asking a person).
    Federated {
        /// Whom to propose when a person is asked.
        user_id: Option<String>,
        /// The application on whose behalf a person is asked.
        client_id: Option<String>,
        /// The tenant, by name or id.
        authority_id: Option<String>,
    },
    /// A ready token of a user.
    UserToken(Secret),
    /// A ready token of an application.
    ApplicationToken(Secret),
    /// An application with its client secret.
    ApplicationKey {
        /// The application's id.
        client_id: String,
        /// The client secret.
        key: Secret,
        /// The tenant, by name or id.
        authority_id: String,
    },
    /// An application with its certificate.
    ApplicationCertificate {
        /// The application's id.
        client_id: String,
        /// Where the certificate is.
        certificate: Certificate,
        /// Whether to send the certificate chain along, for tenants that trust by subject and issuer.
        send_x5c: bool,
        /// The tenant, by name or id.
        authority_id: String,
    },
    /// A user with a password.
    UserPassword {
        /// The user's principal name.
        user_id: String,
        /// The password.
        password: Secret,
        /// The tenant, by name or id.
        authority_id: Option<String>,
    },
}

/// Where the certificate of an application is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Certificate {
    /// In the connection string itself.
    Blob {
        /// PEM text (private key, usually with the certificate), or base64 of PEM or PFX bytes.
        blob: Secret,
        /// The thumbprint, needed where the blob holds the private key alone.
        thumbprint: Option<Secret>,
    },
    /// In a certificate store of the machine.
    Store {
        /// SHA-1 thumbprint in hex.
        thumbprint: Option<Secret>,
        /// Distinguished name of the subject.
        subject: Option<Secret>,
        /// Distinguished name of the issuer.
        issuer: Option<Secret>,
    },
}

impl Authentication {
    pub(super) fn from_values(values: &Values) -> Result<Self, ParseError> {
        let values = View(values);
        if let Some(token) = values.secret(Keyword::UserToken) {
            return Ok(Self::UserToken(token));
        }
        if let Some(token) = values.secret(Keyword::ApplicationToken) {
            return Ok(Self::ApplicationToken(token));
        }
        let families: Vec<Keyword> = FAMILIES
            .iter()
            .filter_map(|family| values.first(family))
            .collect();
        match families[..] {
            [] => Ok(values.federated()),
            [Keyword::ApplicationKey] => values.application_key(),
            [Keyword::Password] => values.user_password(),
            [keyword] => values.application_certificate(keyword),
            [first, second, ..] => Err(contradiction(first, second)),
        }
    }
}

struct View<'a>(&'a Values);

impl View<'_> {
    fn federated(&self) -> Authentication {
        match self.0.get(&Keyword::Federated) {
            Some(Value::Bool(true)) => Authentication::Federated {
                user_id: self.text(Keyword::UserId),
                client_id: self.text(Keyword::ApplicationClientId),
                authority_id: self.text(Keyword::AuthorityId),
            },
            _ => Authentication::None,
        }
    }

    fn application_key(&self) -> Result<Authentication, ParseError> {
        let needed_by = Keyword::ApplicationKey;
        Ok(Authentication::ApplicationKey {
            client_id: self.needed(Keyword::ApplicationClientId, needed_by)?,
            key: self.secret(needed_by).unwrap_or_default(),
            authority_id: self.needed(Keyword::AuthorityId, needed_by)?,
        })
    }

    fn application_certificate(&self, needed_by: Keyword) -> Result<Authentication, ParseError> {
        let thumbprint = self.secret(Keyword::CertificateThumbprint);
        let certificate = match (
            self.secret(Keyword::CertificateBlob),
            self.secret(Keyword::CertificatePrivateKey),
        ) {
            (Some(_), Some(_)) => {
                return Err(contradiction(
                    Keyword::CertificateBlob,
                    Keyword::CertificatePrivateKey,
                ));
            }
            (Some(blob), None) | (None, Some(blob)) => Certificate::Blob { blob, thumbprint },
            (None, None) => Certificate::Store {
                thumbprint,
                subject: self.secret(Keyword::CertificateSubject),
                issuer: self.secret(Keyword::CertificateIssuer),
            },
        };
        Ok(Authentication::ApplicationCertificate {
            client_id: self.needed(Keyword::ApplicationClientId, needed_by)?,
            certificate,
            send_x5c: self.0.get(&Keyword::CertificateSendX5c) == Some(&Value::Bool(true)),
            authority_id: self.needed(Keyword::AuthorityId, needed_by)?,
        })
    }

    fn user_password(&self) -> Result<Authentication, ParseError> {
        Ok(Authentication::UserPassword {
            user_id: self.needed(Keyword::UserId, Keyword::Password)?,
            password: self.secret(Keyword::Password).unwrap_or_default(),
            authority_id: self.text(Keyword::AuthorityId),
        })
    }

    fn first(&self, family: &[Keyword]) -> Option<Keyword> {
        family
            .iter()
            .copied()
            .find(|keyword| self.0.contains_key(keyword))
    }

    fn needed(&self, keyword: Keyword, needed_by: Keyword) -> Result<String, ParseError> {
        self.text(keyword).ok_or_else(|| {
            let message = format!("{} needs {} beside it", needed_by.name(), keyword.name());
            ParseError::new(WHAT, ParseErrorKind::Missing, None, message)
        })
    }

    fn text(&self, keyword: Keyword) -> Option<String> {
        match self.0.get(&keyword)? {
            Value::Text(text) => Some(text.clone()),
            Value::Bool(_) | Value::Secret(_) => None,
        }
    }

    fn secret(&self, keyword: Keyword) -> Option<Secret> {
        match self.0.get(&keyword)? {
            Value::Secret(secret) => Some(secret.clone()),
            Value::Bool(_) | Value::Text(_) => None,
        }
    }
}

fn contradiction(first: Keyword, second: Keyword) -> ParseError {
    let message = format!(
        "{} and {} are two credentials; keep one of them",
        first.name(),
        second.name()
    );
    ParseError::new(WHAT, ParseErrorKind::Contradictory, None, message)
}

/// The credentials of which a string may hold one; any keyword of a row makes the credential.
const FAMILIES: [&[Keyword]; 3] = [
    &[Keyword::ApplicationKey],
    &[
        Keyword::CertificateBlob,
        Keyword::CertificatePrivateKey,
        Keyword::CertificateThumbprint,
        Keyword::CertificateSubject,
        Keyword::CertificateIssuer,
    ],
    &[Keyword::Password],
];
