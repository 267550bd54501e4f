//! Which identity asks.

mod from_connection_string;

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::{Future, ready};
use std::sync::{Arc, Mutex, PoisonError};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::HttpClient;
use azure_core::time::OffsetDateTime;
use futures::future::BoxFuture;
use kusto_protocol::Secret;

use crate::cache::TokenCache;
#[cfg(feature = "client-certificate")]
use crate::certificate::ClientCertificate;
use crate::challenge::Challenge;
use crate::cloud::CloudInfo;
use crate::default_chain::DefaultChain;
use crate::drive::Driver;
use crate::error::{AuthError, AuthErrorKind};
use crate::flow::{ClientAuthentication, ManagedIdentityId, ManagedIdentitySource};
use crate::flow_credential::{Application, FlowCredential, Proof, SignIn};
#[cfg(feature = "azure-identity")]
use crate::identity::Identity;
use crate::pipelines::ServiceConnection;
use crate::user_sign_in::{UserCredential, UserSignIn};
use crate::workload_identity;

/// The identity that requests are sent with.
///
/// It comes from a connection string or is made by hand, and becomes a source of tokens once the cluster's cloud is
/// known. Anything that implements [`TokenCredential`] will do.
///
/// ```
/// use kusto_auth::Credential;
///
/// let string = "https://help.kusto.windows.net;Fed=true;UserToken=hush".parse()?;
/// let credential = Credential::from_connection_string(&string)?;
/// assert_eq!(format!("{credential:?}"), "Credential(token)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Credential {
    shared: Arc<Shared>,
    is_interactive: bool,
}

struct Shared {
    source: Source,
    /// By login endpoint: where tokens come from, and those that came.
    signed_in: Mutex<HashMap<String, Arc<SignedIn>>>,
}

/// An identity in one cloud.
struct SignedIn {
    credential: Arc<dyn TokenCredential>,
    tokens: TokenCache,
}

#[derive(Clone)]
enum Source {
    Anonymous,
    DefaultChain {
        tenant: Option<String>,
    },
    #[cfg(feature = "azure-identity")]
    Identity(Identity),
    Pipelines(ServiceConnection),
    Ready {
        name: &'static str,
        credential: Arc<dyn TokenCredential>,
        uses_scope: bool,
    },
    SignIn(SignIn),
    User(UserSignIn),
    WorkloadIdentity,
}

impl Credential {
    /// No identity: requests carry no token. Emulators want this.
    pub fn anonymous() -> Self {
        Self::new(Source::Anonymous)
    }

    /// A ready token, sent as it is and never renewed.
    pub fn token(token: impl Into<Secret>) -> Self {
        let token: Secret = token.into();
        let give = move || ready(Ok::<_, NoError>(token.clone()));
        // Kept for good; a service that refuses it ends the matter.
        Self::ready(
            "token",
            Arc::new(Callback {
                give,
                expires_on: FAR_FUTURE,
            }),
            false,
        )
    }

    /// A function that gives a token whenever one is needed; requests that need one at the same moment share a call.
    ///
    /// A function that knows how long its tokens live should implement [`TokenCredential`] instead; then they are
    /// kept until shortly before their end. An error counts as one that may pass: requests are tried again as their
    /// retry policy has it.
    ///
    /// ```
    /// use kusto_auth::Credential;
    /// use kusto_protocol::Secret;
    ///
    /// let credential = Credential::callback(|| async {
    ///     let token = std::env::var("KUSTO_TOKEN")?;
    ///     Ok::<_, std::env::VarError>(Secret::new(token))
    /// });
    /// ```
    pub fn callback<F, R, E>(give: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Secret, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        Self::ready(
            "callback",
            Arc::new(Callback {
                give,
                expires_on: OffsetDateTime::UNIX_EPOCH,
            }),
            false,
        )
    }

    /// Like [`callback`](Self::callback), for a function that does not wait. It is called on the thread that drives
    /// the request, so it must be quick.
    pub fn callback_sync<F, E>(give: F) -> Self
    where
        F: Fn() -> Result<Secret, E> + Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
    {
        Self::callback(move || ready(give()))
    }

    /// Any credential of the Azure ecosystem. One that asks a person should say so: see
    /// [`interactive`](Self::interactive).
    pub fn token_credential(credential: Arc<dyn TokenCredential>) -> Self {
        Self::ready("token credential", credential, true)
    }

    /// An application with its client secret.
    pub fn client_secret(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        secret: impl Into<Secret>,
    ) -> Self {
        let authentication = ClientAuthentication::Secret(secret.into());
        Self::application(tenant, client_id, authentication, None)
    }

    /// An application with its certificate.
    #[cfg(feature = "client-certificate")]
    pub fn client_certificate(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        certificate: ClientCertificate,
    ) -> Self {
        let authentication = ClientAuthentication::Certificate(certificate);
        Self::application(tenant, client_id, authentication, None)
    }

    /// An application with a token that another identity provider signed (workload identity federation). `give` is
    /// asked for one whenever the application signs in.
    pub fn client_assertion<F, R, E>(tenant: impl Into<String>, client_id: impl Into<String>, give: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Secret, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        let give = move || {
            let assertion = give();
            let assertion = async move {
                assertion.await.map_err(|error| {
                    AuthError::new(AuthErrorKind::Unavailable, "no client assertion could be had")
                        .with_source(error)
                })
            };
            Box::pin(assertion) as BoxFuture<'static, _>
        };
        Self::new(Source::SignIn(SignIn::Application(Application {
            tenant: tenant.into(),
            client_id: client_id.into(),
            region: None,
            proof: Proof::Assertion(Arc::new(give)),
        })))
    }

    /// An application on behalf of the user whose token it got; the token must be for this application. Each user
    /// needs a credential, and with it a client, of their own.
    pub fn on_behalf_of(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        client: ClientAuthentication,
        user_token: impl Into<Secret>,
    ) -> Self {
        Self::new(Source::SignIn(SignIn::OnBehalfOf {
            application: Application {
                tenant: tenant.into(),
                client_id: client_id.into(),
                region: None,
                proof: Proof::Ready(client),
            },
            user_token: user_token.into(),
        }))
    }

    /// A user who signed in before, somewhere else, to the public client that the cluster names. The token is replaced
    /// by those that the provider gives in its place, as long as this credential lives.
    pub fn refresh_token(tenant: Option<&str>, token: impl Into<Secret>) -> Self {
        Self::refresh_token_of(tenant, None, None, token)
    }

    /// Like [`refresh_token`](Self::refresh_token), of a sign-in to another application; one that has a secret must
    /// show it.
    pub fn refresh_token_of(
        tenant: Option<&str>,
        client_id: Option<&str>,
        client: Option<ClientAuthentication>,
        token: impl Into<Secret>,
    ) -> Self {
        Self::new(Source::SignIn(SignIn::RefreshToken {
            tenant: tenant.map(str::to_owned),
            client_id: client_id.map(str::to_owned),
            client,
            token: token.into(),
        }))
    }

    /// A user with name and password. It fails for accounts that need several factors or belong to another provider;
    /// every other way is better.
    pub fn username_password(
        tenant: Option<&str>,
        user: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Self {
        Self::new(Source::SignIn(SignIn::Password {
            tenant: tenant.map(str::to_owned),
            user: user.into(),
            password: password.into(),
        }))
    }

    /// A person who is asked to sign in.
    pub fn user(sign_in: UserSignIn) -> Self {
        Self::new(Source::User(sign_in))
    }

    /// A managed identity of the machine or service that the program runs on: a virtual machine, App Service,
    /// Functions, Azure Machine Learning, Azure Arc, Service Fabric or Cloud Shell, as the environment says.
    pub fn managed_identity(id: ManagedIdentityId) -> Self {
        Self::new(Source::SignIn(SignIn::ManagedIdentity { source: None, id }))
    }

    /// Like [`managed_identity`](Self::managed_identity), of a source that the caller knows better than the
    /// environment.
    pub fn managed_identity_of(source: ManagedIdentitySource, id: ManagedIdentityId) -> Self {
        let source = Some(source);
        Self::new(Source::SignIn(SignIn::ManagedIdentity { source, id }))
    }

    /// Whichever of these gives a token first: the application that `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and
    /// `AZURE_CLIENT_SECRET` or `AZURE_CLIENT_CERTIFICATE_PATH` name; a workload identity; a managed identity; whoever
    /// is signed in to the Azure CLI, in the given tenant or in the CLI's own; to the Azure Developer CLI.
    ///
    /// If the provider refuses the application or the workload identity, that is the answer: whoever set those variables
    /// meant no other identity.
    pub fn default_chain(tenant: Option<&str>) -> Self {
        Self::new(Source::DefaultChain {
            tenant: tenant.map(str::to_owned),
        })
    }

    /// The workload identity of a Kubernetes pod, described by `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and
    /// `AZURE_FEDERATED_TOKEN_FILE`; it signs in where the cluster's cloud says.
    pub fn workload_identity() -> Self {
        Self::new(Source::WorkloadIdentity)
    }

    /// Whoever is signed in to the Azure CLI (`az login`), in the given tenant or in the CLI's default one.
    #[cfg(feature = "azure-identity")]
    pub fn azure_cli(tenant: Option<&str>) -> Self {
        Self::new(Source::Identity(Identity::AzureCli(tenant.map(str::to_owned))))
    }

    /// Whoever is signed in to the Azure Developer CLI (`azd auth login`).
    #[cfg(feature = "azure-identity")]
    pub fn azure_developer_cli(tenant: Option<&str>) -> Self {
        Self::new(Source::Identity(Identity::DeveloperCli(
            tenant.map(str::to_owned),
        )))
    }

    /// A service connection of Azure Pipelines; `access_token` is the pipeline's `System.AccessToken`.
    pub fn azure_pipelines(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        service_connection_id: impl Into<String>,
        access_token: impl Into<Secret>,
    ) -> Self {
        Self::new(Source::Pipelines(ServiceConnection {
            tenant: tenant.into(),
            client_id: client_id.into(),
            id: service_connection_id.into(),
            access_token: access_token.into(),
        }))
    }

    /// Sets whether a person may be asked for something before there is a token. How long people take then does not
    /// count against the time limits of requests, which begin anew behind it.
    ///
    /// For a sign-in of another crate or of a program's own; with [`user`](Self::user) it goes without saying.
    ///
    /// ```
    /// use kusto_auth::Credential;
    /// use kusto_protocol::Secret;
    ///
    /// let credential = Credential::callback(|| async {
    ///     let mut token = String::new();
    ///     std::io::stdin().read_line(&mut token)?;
    ///     Ok::<_, std::io::Error>(Secret::from(token.trim()))
    /// })
    /// .interactive(true);
    /// assert!(credential.asks_a_person());
    /// ```
    #[must_use]
    pub fn interactive(mut self, value: bool) -> Self {
        self.is_interactive = value;
        self
    }

    /// Whether requests carry no token.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.shared.source, Source::Anonymous)
    }

    /// Whether a person may be asked to sign in while a token is waited for, which takes the time it takes, whatever
    /// the request's time limit: with [`user`](Self::user), and where it was [said](Self::interactive).
    pub fn asks_a_person(&self) -> bool {
        self.is_interactive || matches!(self.shared.source, Source::User(_))
    }

    /// Whether the cluster's cloud matters to this identity: ready tokens and callbacks need neither scope nor
    /// authority, so nobody has to ask for them.
    pub fn needs_cloud(&self) -> bool {
        match self.shared.source {
            Source::Anonymous => false,
            Source::Ready { uses_scope, .. } => uses_scope,
            _ => true,
        }
    }

    /// The source of tokens for clusters of a cloud; `None` for the anonymous identity. What has to be sent to the
    /// identity provider goes through `http_client`.
    ///
    /// # Errors
    ///
    /// If the identity is incomplete, such as a workload identity outside of a pod.
    pub fn to_token_credential(
        &self,
        cloud: &CloudInfo,
        http_client: &Arc<dyn HttpClient>,
    ) -> Result<Option<Arc<dyn TokenCredential>>, AuthError> {
        let driver = || Driver::new(Arc::clone(http_client));
        let credential: Arc<dyn TokenCredential> = match &self.shared.source {
            Source::Anonymous => return Ok(None),
            Source::DefaultChain { tenant } => {
                let variable = |name: &str| std::env::var(name).ok();
                Arc::new(DefaultChain::new(
                    tenant.as_deref(),
                    cloud,
                    http_client,
                    &variable,
                ))
            }
            #[cfg(feature = "azure-identity")]
            Source::Identity(identity) => identity.to_token_credential()?,
            Source::Pipelines(connection) => {
                let application = connection.application(http_client, &|name| std::env::var(name).ok())?;
                Arc::new(FlowCredential::new(
                    SignIn::Application(application),
                    cloud,
                    driver(),
                ))
            }
            Source::Ready { credential, .. } => Arc::clone(credential),
            Source::SignIn(sign_in) => Arc::new(FlowCredential::new(sign_in.clone(), cloud, driver())),
            Source::User(sign_in) => Arc::new(UserCredential::new(sign_in.clone(), cloud, driver())),
            Source::WorkloadIdentity => {
                let application = workload_identity::application(&|name| std::env::var(name).ok())
                    .map_err(|error| error.in_credential("workload identity"))?;
                Arc::new(FlowCredential::new(
                    SignIn::Application(application),
                    cloud,
                    driver(),
                ))
            }
        };
        Ok(Some(credential))
    }

    fn ready(name: &'static str, credential: Arc<dyn TokenCredential>, uses_scope: bool) -> Self {
        Self::new(Source::Ready {
            name,
            credential,
            uses_scope,
        })
    }
}

impl Credential {
    fn application(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        authentication: ClientAuthentication,
        region: Option<&str>,
    ) -> Self {
        Self::new(Source::SignIn(SignIn::Application(Application {
            tenant: tenant.into(),
            client_id: client_id.into(),
            region: region.map(str::to_owned),
            proof: Proof::Ready(authentication),
        })))
    }

    fn new(source: Source) -> Self {
        Self {
            shared: Arc::new(Shared {
                source,
                signed_in: Mutex::default(),
            }),
            is_interactive: false,
        }
    }

    /// The token for clusters of a cloud, from the cache if it is still good. The identity must not be anonymous.
    pub(crate) async fn token_for(
        &self,
        cloud: &CloudInfo,
        http_client: &Arc<dyn HttpClient>,
        now: OffsetDateTime,
    ) -> Result<AccessToken, AuthError> {
        let signed_in = self.signed_in(cloud, http_client)?;
        let scope = cloud.scope();
        signed_in.tokens.get(&*signed_in.credential, &scope, now).await
    }

    /// Another token, in place of one that was refused; the same one if there is no other.
    pub(crate) async fn renewed_for(
        &self,
        cloud: &CloudInfo,
        http_client: &Arc<dyn HttpClient>,
        refused: &AccessToken,
        challenge: &Challenge,
        now: OffsetDateTime,
    ) -> Result<AccessToken, AuthError> {
        let signed_in = self.signed_in(cloud, http_client)?;
        let scope = cloud.scope();
        signed_in
            .tokens
            .renew(&*signed_in.credential, &scope, refused, challenge, now)
            .await
    }

    fn signed_in(
        &self,
        cloud: &CloudInfo,
        http_client: &Arc<dyn HttpClient>,
    ) -> Result<Arc<SignedIn>, AuthError> {
        let mut known = self
            .shared
            .signed_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(signed_in) = known.get(&cloud.login_endpoint) {
            return Ok(Arc::clone(signed_in));
        }
        let credential = self.to_token_credential(cloud, http_client)?;
        let signed_in = Arc::new(SignedIn {
            credential: credential.ok_or_else(|| {
                AuthError::new(AuthErrorKind::Unsupported, "the anonymous identity has no token")
            })?,
            tokens: TokenCache::new(),
        });
        known.insert(cloud.login_endpoint.clone(), Arc::clone(&signed_in));
        Ok(signed_in)
    }
}

impl From<Arc<dyn TokenCredential>> for Credential {
    fn from(credential: Arc<dyn TokenCredential>) -> Self {
        Self::token_credential(credential)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.shared.source {
            Source::Anonymous => "anonymous",
            Source::DefaultChain { .. } => "default chain",
            #[cfg(feature = "azure-identity")]
            Source::Identity(identity) => identity.name(),
            Source::Pipelines(_) => "Azure Pipelines",
            Source::Ready { name, .. } => name,
            Source::SignIn(sign_in) => sign_in.name(),
            Source::User(sign_in) => sign_in.name(),
            Source::WorkloadIdentity => "workload identity",
        };
        write!(f, "Credential({name})")
    }
}

/// A function in the clothes of a credential.
struct Callback<F> {
    give: F,
    /// What the cache is told; a time in the past means "do not keep".
    expires_on: OffsetDateTime,
}

#[async_trait::async_trait]
impl<F, R, E> TokenCredential for Callback<F>
where
    F: Fn() -> R + Send + Sync,
    R: Future<Output = Result<Secret, E>> + Send,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    async fn get_token(
        &self,
        _scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        match (self.give)().await {
            Ok(token) => Ok(AccessToken::new(token.expose().to_owned(), self.expires_on)),
            Err(error) => Err(azure_core::Error::new(
                azure_core::error::ErrorKind::Credential,
                error.into(),
            )),
        }
    }
}

impl<F> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}

type NoError = std::convert::Infallible;

/// 2500-01-01.
const FAR_FUTURE: OffsetDateTime = match OffsetDateTime::from_unix_timestamp(16_725_225_600) {
    Ok(time) => time,
    Err(_) => unreachable!(),
};

#[cfg(test)]
mod tests;
