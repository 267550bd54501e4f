//! The managed identity of the machine or service that a program runs on.

use std::path::{Path, PathBuf};

use azure_core::time::OffsetDateTime;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use kusto_protocol::Secret;

use super::answer::Answer;
use super::form::{Form, invalid_address, percent_encode};
use super::identity_source::ManagedIdentitySource;
use super::{Next, Tokens};
use crate::challenge;
use crate::error::{AuthError, AuthErrorKind};

/// Which of the identities that are assigned to a machine or service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManagedIdentityId {
    /// The one that was made with it.
    #[default]
    System,
    /// The user-assigned one with this client id.
    ClientId(String),
    /// The user-assigned one with this object (principal) id.
    ObjectId(String),
    /// The user-assigned one with this resource id, `/subscriptions/…`.
    ResourceId(String),
}

/// Asks once; a machine of Arc wants to see first that the program may read a file of its.
pub(crate) struct ManagedIdentity {
    source: ManagedIdentitySource,
    id: ManagedIdentityId,
    challenge: Challenge,
}

#[derive(Clone)]
enum Challenge {
    None,
    Read(PathBuf),
    Answer(Secret),
}

impl ManagedIdentity {
    pub(crate) fn new(source: ManagedIdentitySource, id: ManagedIdentityId) -> Self {
        Self {
            source,
            id,
            challenge: Challenge::None,
        }
    }

    pub(crate) fn next(&mut self, scope: &str) -> Result<Next, AuthError> {
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        let endpoint = &*self.source.address();
        match &self.source {
            ManagedIdentitySource::AppService { header, .. } => {
                let id = self.id_parameter("client_id", Some("object_id"), Some("mi_res_id"))?;
                let headers = [(HeaderName::from_static("x-identity-header"), header)];
                get(endpoint, "2019-08-01", resource, id, &headers, true)
            }
            ManagedIdentitySource::MachineLearning { secret, .. } => {
                let id = self.id_parameter("clientid", None, None)?;
                let headers = [(HeaderName::from_static("secret"), secret)];
                get(endpoint, "2017-09-01", resource, id, &headers, false)
            }
            ManagedIdentitySource::Imds { .. } => {
                let id = self.id_parameter("client_id", Some("object_id"), Some("msi_res_id"))?;
                get(endpoint, "2018-02-01", resource, id, &[], true)
            }
            ManagedIdentitySource::ServiceFabric { header, .. } => {
                self.only_system()?;
                if !endpoint.starts_with("https://") {
                    return Err(self
                        .unsupported("is asked over TLS only; IDENTITY_ENDPOINT must begin with https://"));
                }
                let headers = [(HeaderName::from_static("secret"), header)];
                get(endpoint, "2019-07-01-preview", resource, None, &headers, false)
            }
            ManagedIdentitySource::Arc { .. } => {
                let id = self.id_parameter("client_id", Some("object_id"), Some("msi_res_id"))?;
                let proof = match &self.challenge {
                    Challenge::Answer(content) => Some(Secret::new(format!("Basic {}", content.expose()))),
                    Challenge::None | Challenge::Read(_) => None,
                };
                let headers: Vec<_> = proof
                    .iter()
                    .map(|proof| (http::header::AUTHORIZATION, proof))
                    .collect();
                get(endpoint, "2020-06-01", resource, id, &headers, true)
            }
            ManagedIdentitySource::CloudShell { .. } => {
                self.only_system()?;
                let (mut request, secrets) = Form::default().field("resource", resource).post(endpoint)?;
                request
                    .headers_mut()
                    .insert("metadata", HeaderValue::from_static("true"));
                Ok(Next::Send(request, secrets))
            }
        }
    }

    /// The parameter that names a user-assigned identity, in the words of the source.
    fn id_parameter(
        &self,
        client_id: &'static str,
        object_id: Option<&'static str>,
        resource_id: Option<&'static str>,
    ) -> Result<Option<(&'static str, &str)>, AuthError> {
        let (name, value) = match &self.id {
            ManagedIdentityId::System => return Ok(None),
            ManagedIdentityId::ClientId(id) => (Some(client_id), id),
            ManagedIdentityId::ObjectId(id) => (object_id, id),
            ManagedIdentityId::ResourceId(id) => (resource_id, id),
        };
        match name {
            Some(name) => Ok(Some((name, value))),
            None => Err(self.unsupported("wants the client id of a user-assigned identity")),
        }
    }

    fn only_system(&self) -> Result<(), AuthError> {
        if self.id == ManagedIdentityId::System {
            Ok(())
        } else {
            Err(self.unsupported("does not let its callers choose an identity; leave the id out"))
        }
    }

    fn unsupported(&self, why: &str) -> AuthError {
        AuthError::new(
            AuthErrorKind::Unsupported,
            format!("{} {why}", self.source.name()),
        )
    }

    pub(crate) fn wanted_file(&self) -> Option<&Path> {
        match &self.challenge {
            Challenge::Read(path) => Some(path),
            Challenge::None | Challenge::Answer(_) => None,
        }
    }

    pub(crate) fn challenged(&mut self, content: Secret) {
        self.challenge = Challenge::Answer(content);
    }

    /// Whether the metadata service of a virtual machine says that it is being updated, and wants to be asked again.
    pub(crate) fn is_updating(&self, status: http::StatusCode) -> bool {
        let is_imds = matches!(self.source, ManagedIdentitySource::Imds { .. });
        is_imds && matches!(status, http::StatusCode::NOT_FOUND | http::StatusCode::GONE)
    }

    /// Says more about an endpoint that could not be reached, where more is known.
    pub(crate) fn explain(&self, error: AuthError) -> AuthError {
        let is_pinned = matches!(self.source, ManagedIdentitySource::ServiceFabric { .. });
        if !is_pinned || error.kind() != AuthErrorKind::Tls {
            return error;
        }
        let told = AuthError::new(
            AuthErrorKind::Tls,
            "no secure connection to the identity endpoint of Service Fabric: its certificate is not the one that \
             IDENTITY_SERVER_THUMBPRINT names; restart the service to get the current one, and use an HTTP client that \
             knows the thumbprint, as the bundled one does",
        );
        match error.into_source() {
            Some(source) => told.with_source(source),
            None => told,
        }
    }

    pub(crate) fn take(
        &mut self,
        response: &http::Response<Bytes>,
        secrets: &[Secret],
        now: OffsetDateTime,
    ) -> Result<Option<Tokens>, AuthError> {
        let name = self.source.name();
        if let ManagedIdentitySource::Arc { key_folder, .. } = &self.source
            && matches!(self.challenge, Challenge::None)
            && response.status() == http::StatusCode::UNAUTHORIZED
        {
            self.challenge = Challenge::Read(key_file(response, key_folder)?);
            return Ok(None);
        }
        match Answer::read(response, secrets, now) {
            Ok(Answer::Tokens(tokens)) => Ok(Some(tokens)),
            Ok(Answer::Refusal(refusal)) => {
                let what = format!("the token of the managed identity of {name}");
                Err(refusal.into_error(&what))
            }
            Err(_) => Err(AuthError::new(
                AuthErrorKind::Rejected,
                format!(
                    "{name} gave no token of a managed identity (status {}); check that the identity is assigned",
                    response.status().as_u16()
                ),
            )),
        }
    }
}

/// The file that the agent of Arc names. Only files of the agent itself are read: whoever answers at its address must
/// not have others read.
fn key_file(response: &http::Response<Bytes>, folder: &Path) -> Result<PathBuf, AuthError> {
    let header = response.headers().get(http::header::WWW_AUTHENTICATE);
    let realm = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| challenge::parameter(value, "realm"));
    let path = realm.map(PathBuf::from).unwrap_or_default();
    let is_key = path.extension().is_some_and(|extension| extension == "key");
    if is_key && path.parent() == Some(folder) {
        Ok(path)
    } else {
        Err(AuthError::new(
            AuthErrorKind::Malformed,
            "the agent of Azure Arc names a file that is not one of its keys",
        ))
    }
}

fn get(
    endpoint: &str,
    version: &str,
    resource: &str,
    id: Option<(&'static str, &str)>,
    secrets: &[(HeaderName, &Secret)],
    says_metadata: bool,
) -> Result<Next, AuthError> {
    let mut address = format!("{endpoint}?api-version={version}&resource=");
    percent_encode(resource, &mut address);
    if let Some((name, value)) = id {
        address.push('&');
        address.push_str(name);
        address.push('=');
        percent_encode(value, &mut address);
    }
    let mut request = Request::get(&address)
        .body(Bytes::new())
        .map_err(|error| invalid_address(endpoint).with_source(error))?;
    if says_metadata {
        request
            .headers_mut()
            .insert("metadata", HeaderValue::from_static("true"));
    }
    for (name, secret) in secrets {
        let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| {
            AuthError::new(
                AuthErrorKind::Unsupported,
                "the secret of the managed identity's endpoint is no header",
            )
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert(name.clone(), value);
    }
    let secrets = secrets.iter().map(|(_, secret)| (*secret).clone()).collect();
    Ok(Next::Send(request, secrets))
}
