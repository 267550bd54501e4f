//! The managed identity of the machine or service that a program runs on.

use std::path::{Path, PathBuf};

use azure_core::time::OffsetDateTime;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use kusto_protocol::Secret;

use super::answer::Answer;
use super::form::{Form, invalid_address, percent_encode};
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

/// Who gives the tokens of managed identities.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManagedIdentitySource {
    /// App Service, Functions, Automation.
    AppService {
        /// The address in `IDENTITY_ENDPOINT`.
        endpoint: String,
        /// The text in `IDENTITY_HEADER`.
        header: Secret,
    },
    /// A machine that is connected through Azure Arc.
    Arc {
        /// The address of its agent.
        endpoint: String,
    },
    /// Cloud Shell.
    CloudShell {
        /// The address in `MSI_ENDPOINT`.
        endpoint: String,
    },
    /// A virtual machine: the metadata service at a link-local address.
    Imds {
        /// The host and port of the metadata service.
        host: String,
    },
    /// Azure Machine Learning.
    MachineLearning {
        /// The address in `MSI_ENDPOINT`.
        endpoint: String,
        /// The text in `MSI_SECRET`.
        secret: Secret,
    },
}

impl ManagedIdentitySource {
    /// The source that the environment names, by the order in which Microsoft's own library looks; a virtual
    /// machine's if it names none.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Unsupported`] for Service Fabric, whose endpoint wants a pinned certificate.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Result<Self, AuthError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let (endpoint, header) = (variable("IDENTITY_ENDPOINT"), variable("IDENTITY_HEADER"));
        if let (Some(_), Some(_), Some(_)) = (&endpoint, &header, variable("IDENTITY_SERVER_THUMBPRINT")) {
            return Err(AuthError::new(
                AuthErrorKind::Unsupported,
                "managed identities of Service Fabric are not supported: their endpoint wants a pinned certificate; \
                 pass a credential that does it",
            ));
        }
        let source = match (endpoint, header) {
            (Some(endpoint), Some(header)) => Self::AppService {
                endpoint,
                header: header.into(),
            },
            (Some(endpoint), None) if variable("IMDS_ENDPOINT").is_some() => Self::Arc { endpoint },
            _ => match (variable("MSI_ENDPOINT"), variable("MSI_SECRET")) {
                (Some(endpoint), Some(secret)) => Self::MachineLearning {
                    endpoint,
                    secret: secret.into(),
                },
                (Some(endpoint), None) => Self::CloudShell { endpoint },
                (None, _) => Self::Imds {
                    host: IMDS.to_owned(),
                },
            },
        };
        Ok(source)
    }

    /// The source of this machine, by its environment; a machine of Azure Arc also by the agent that is installed, since
    /// not every process gets its variables.
    ///
    /// # Errors
    ///
    /// As [`detect`](Self::detect).
    pub(crate) fn of_this_machine(variable: impl Fn(&str) -> Option<String>) -> Result<Self, AuthError> {
        Ok(match Self::detect(variable)? {
            Self::Imds { .. } if ARC_AGENTS.iter().any(|agent| Path::new(agent).exists()) => Self::Arc {
                endpoint: ARC_ENDPOINT.to_owned(),
            },
            source => source,
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::AppService { .. } => "App Service",
            Self::Arc { .. } => "Azure Arc",
            Self::CloudShell { .. } => "Cloud Shell",
            Self::Imds { .. } => "the virtual machine",
            Self::MachineLearning { .. } => "Azure Machine Learning",
        }
    }
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
        let source = &self.source;
        match source {
            ManagedIdentitySource::AppService { endpoint, header } => {
                let id = self.id_parameter("client_id", Some("object_id"), Some("mi_res_id"))?;
                let headers = [(HeaderName::from_static("x-identity-header"), header)];
                get(endpoint, "2019-08-01", resource, id, &headers, true)
            }
            ManagedIdentitySource::MachineLearning { endpoint, secret } => {
                let id = self.id_parameter("clientid", None, None)?;
                let headers = [(HeaderName::from_static("secret"), secret)];
                get(endpoint, "2017-09-01", resource, id, &headers, false)
            }
            ManagedIdentitySource::Imds { host } => {
                let id = self.id_parameter("client_id", Some("object_id"), Some("msi_res_id"))?;
                let endpoint = format!("http://{host}/metadata/identity/oauth2/token");
                get(&endpoint, "2018-02-01", resource, id, &[], true)
            }
            ManagedIdentitySource::Arc { endpoint } => {
                self.only_system()?;
                let proof = match &self.challenge {
                    Challenge::Answer(content) => Some(Secret::new(format!("Basic {}", content.expose()))),
                    Challenge::None | Challenge::Read(_) => None,
                };
                let headers: Vec<_> = proof
                    .iter()
                    .map(|proof| (http::header::AUTHORIZATION, proof))
                    .collect();
                get(endpoint, "2020-06-01", resource, None, &headers, true)
            }
            ManagedIdentitySource::CloudShell { endpoint } => {
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
            Err(self.unsupported("has no user-assigned identities; leave the id out"))
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

    pub(crate) fn take(
        &mut self,
        response: &http::Response<Bytes>,
        secrets: &[Secret],
        now: OffsetDateTime,
    ) -> Result<Option<Tokens>, AuthError> {
        let name = self.source.name();
        if matches!(self.source, ManagedIdentitySource::Arc { .. })
            && matches!(self.challenge, Challenge::None)
            && response.status() == http::StatusCode::UNAUTHORIZED
        {
            self.challenge = Challenge::Read(key_file(response)?);
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
fn key_file(response: &http::Response<Bytes>) -> Result<PathBuf, AuthError> {
    let header = response.headers().get(http::header::WWW_AUTHENTICATE);
    let realm = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| challenge::parameter(value, "realm"));
    let path = realm.map(PathBuf::from).unwrap_or_default();
    let is_key = path.extension().is_some_and(|extension| extension == "key");
    if is_key && path.parent() == Some(&key_folder()) {
        Ok(path)
    } else {
        Err(AuthError::new(
            AuthErrorKind::Malformed,
            "the agent of Azure Arc names a file that is not one of its keys",
        ))
    }
}

fn key_folder() -> PathBuf {
    if cfg!(windows) {
        PathBuf::from(r"C:\ProgramData\AzureConnectedMachineAgent\Tokens")
    } else {
        PathBuf::from("/var/opt/azcmagent/tokens")
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

/// Where Azure Arc's agent is installed, on Linux and on Windows.
const ARC_AGENTS: &[&str] = &[
    "/opt/azcmagent/bin/himds",
    r"C:\Program Files\AzureConnectedMachineAgent\himds.exe",
];
/// Where it listens.
const ARC_ENDPOINT: &str = "http://localhost:40342/metadata/identity/oauth2/token";
const IMDS: &str = "169.254.169.254";
