//! The identity that a connection string asks for.

#[cfg(feature = "client-certificate")]
use kusto_protocol::Secret;
use kusto_protocol::{Authentication, Certificate, ConnectionString};

use super::Credential;
use crate::error::{AuthError, AuthErrorKind};
use crate::flow::ClientAuthentication;
use crate::user_sign_in::UserSignIn;

impl Credential {
    /// The identity that a connection string asks for.
    ///
    /// The first of these counts: a user token, an application token, an application with key or certificate, a user
    /// with password. `Fed=true` without any of them means a person who signs in with a browser if the string says
    /// which person (`User ID`) or on behalf of which application (`Application Client Id`), else the
    /// [default chain](Self::default_chain). A string that says nothing is anonymous if it points to this machine.
    ///
    /// ```
    /// use kusto_auth::Credential;
    ///
    /// for (string, credential) in [
    ///     ("http://localhost:8080", "anonymous"),
    ///     ("https://h.kusto.windows.net;Fed=true", "default chain"),
    ///     ("https://h.kusto.windows.net;Fed=true;UserID=someone@contoso.com", "interactive browser"),
    ///     ("https://h.kusto.windows.net;AppClientId=a;AppKey=k;TenantId=contoso.com", "client secret"),
    /// ] {
    ///     let chosen = Credential::from_connection_string(&string.parse()?)?;
    ///     assert_eq!(format!("{chosen:?}"), format!("Credential({credential})"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Unsupported`] for what a connection string cannot mean here, such as a certificate in a store
    /// of the machine; the message says what to use in its place.
    pub fn from_connection_string(string: &ConnectionString) -> Result<Self, AuthError> {
        let unsupported = |message: &'static str| Err(AuthError::new(AuthErrorKind::Unsupported, message));
        match string.authentication() {
            Authentication::None if string.endpoint().is_loopback() => Ok(Self::anonymous()),
            Authentication::None => unsupported(
                "the connection string names no credential; add Fed=true to it, or pass a credential (an anonymous one \
                 for services that want none)",
            ),
            Authentication::UserToken(token) | Authentication::ApplicationToken(token) => {
                Ok(Self::token(token.clone()))
            }
            Authentication::Federated {
                user_id: None,
                client_id: None,
                authority_id,
            } => Ok(Self::default_chain(authority_id.as_deref())),
            Authentication::Federated {
                user_id,
                client_id,
                authority_id,
            } => {
                let mut sign_in = UserSignIn::browser();
                if let Some(user) = user_id {
                    sign_in = sign_in.login_hint(user);
                }
                if let Some(id) = client_id {
                    sign_in = sign_in.client_id(id);
                }
                if let Some(tenant) = authority_id {
                    sign_in = sign_in.tenant(tenant);
                }
                Ok(Self::user(sign_in))
            }
            Authentication::ApplicationKey {
                client_id,
                key,
                authority_id,
            } => {
                let authentication = ClientAuthentication::Secret(key.clone());
                Self::application_in_region(string, authority_id, client_id, authentication)
            }
            #[cfg(feature = "client-certificate")]
            Authentication::ApplicationCertificate {
                client_id,
                certificate: Certificate::Blob { blob, thumbprint },
                send_x5c,
                authority_id,
            } => {
                let certificate = certificate(blob, thumbprint.as_ref())?.send_chain(*send_x5c);
                let authentication = ClientAuthentication::Certificate(certificate);
                Self::application_in_region(string, authority_id, client_id, authentication)
            }
            Authentication::ApplicationCertificate {
                certificate: Certificate::Store { .. },
                ..
            } => unsupported(
                "there is no certificate store here to find a certificate in by thumbprint, subject or issuer; put the \
                 certificate into Application Certificate Blob, or pass a credential",
            ),
            Authentication::ApplicationCertificate { .. } => unsupported(
                "this build signs in with no certificate; turn on the feature client-certificate, or pass a credential",
            ),
            Authentication::UserPassword {
                user_id,
                password,
                authority_id,
            } => Ok(Self::username_password(
                authority_id.as_deref(),
                user_id,
                password.clone(),
            )),
            _ => unsupported("the connection string asks for an unknown sign-in; pass a credential"),
        }
    }

    /// The same for a string whose author is not trusted, such as a user of a service: the proof must be in the string.
    ///
    /// What this machine knows is not made use of: no environment, no files, no command-line tools, no managed identity,
    /// no certificate store, and no person at its screen. The author would get answers that only this machine may have.
    ///
    /// ```
    /// use kusto_auth::Credential;
    ///
    /// let own = "https://h.kusto.windows.net;AppClientId=a;AppKey=k;TenantId=contoso.com".parse()?;
    /// assert!(Credential::from_untrusted_connection_string(&own).is_ok());
    /// let ours = "https://h.kusto.windows.net;Fed=true".parse()?;
    /// assert!(Credential::from_untrusted_connection_string(&ours).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Unsupported`] for what wants an identity of this machine, and as
    /// [`from_connection_string`](Self::from_connection_string).
    pub fn from_untrusted_connection_string(string: &ConnectionString) -> Result<Self, AuthError> {
        match string.authentication() {
            Authentication::Federated { .. }
            | Authentication::ApplicationCertificate {
                certificate: Certificate::Store { .. },
                ..
            } => Err(AuthError::new(
                AuthErrorKind::Unsupported,
                "the connection string wants an identity of this machine, and local secrets are turned off for it; put \
                 a token, a key or a certificate into it",
            )),
            _ => Self::from_connection_string(string),
        }
    }

    fn application_in_region(
        string: &ConnectionString,
        tenant: &str,
        client_id: &str,
        authentication: ClientAuthentication,
    ) -> Result<Self, AuthError> {
        if ["common", "organizations", "consumers"]
            .iter()
            .any(|any| tenant.eq_ignore_ascii_case(any))
        {
            return Err(AuthError::new(
                AuthErrorKind::Unsupported,
                "an application signs in to a tenant of its own; set Authority Id to its id or domain name",
            ));
        }
        Ok(Self::application(
            tenant,
            client_id,
            authentication,
            string.azure_region(),
        ))
    }
}

#[cfg(feature = "client-certificate")]
fn certificate(
    blob: &Secret,
    thumbprint: Option<&Secret>,
) -> Result<crate::certificate::ClientCertificate, AuthError> {
    crate::certificate::ClientCertificate::from_blob(blob, thumbprint)
        .map_err(|error| error.in_credential("Application Certificate Blob"))
}
