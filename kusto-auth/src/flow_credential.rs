//! The sign-ins of this crate as credentials of the Azure ecosystem.

use std::fmt;
use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use futures::future::BoxFuture;
use futures::lock::Mutex;
use kusto_protocol::Secret;

use crate::authority::Authority;
use crate::challenge::Challenge;
use crate::cloud::CloudInfo;
use crate::drive::Driver;
use crate::error::AuthError;
use crate::flow::{
    ClientAuthentication, ManagedIdentityId, ManagedIdentitySource, TokenFlow, TokenRequest, Tokens,
};

/// A sign-in of this crate, before it is known where.
#[derive(Clone, Debug)]
pub(crate) enum SignIn {
    Application(Application),
    ManagedIdentity {
        /// Where the program runs, if the caller knows better than the environment.
        source: Option<ManagedIdentitySource>,
        id: ManagedIdentityId,
    },
    OnBehalfOf {
        application: Application,
        user_token: Secret,
    },
    Password {
        tenant: Option<String>,
        user: String,
        password: Secret,
    },
    RefreshToken {
        tenant: Option<String>,
        client_id: Option<String>,
        client: Option<ClientAuthentication>,
        token: Secret,
    },
}

/// An application and how it shows who it is.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) region: Option<String>,
    pub(crate) proof: Proof,
}

#[derive(Clone)]
pub(crate) enum Proof {
    Ready(ClientAuthentication),
    /// Assertions live for minutes, so another one is asked for each time.
    Assertion(Arc<dyn Fn() -> BoxFuture<'static, Result<Secret, AuthError>> + Send + Sync>),
}

impl Proof {
    async fn get(&self) -> Result<ClientAuthentication, AuthError> {
        match self {
            Self::Ready(ready) => Ok(ready.clone()),
            Self::Assertion(give) => give().await.map(ClientAuthentication::Assertion),
        }
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(ready) => ready.fmt(f),
            Self::Assertion(_) => f.write_str("Assertion"),
        }
    }
}

impl SignIn {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Application(application) => match application.proof {
                Proof::Ready(ClientAuthentication::Secret(_)) => "client secret",
                #[cfg(feature = "client-certificate")]
                Proof::Ready(ClientAuthentication::Certificate(_)) => "client certificate",
                Proof::Ready(ClientAuthentication::Assertion(_)) | Proof::Assertion(_) => "client assertion",
            },
            Self::ManagedIdentity { .. } => "managed identity",
            Self::OnBehalfOf { .. } => "on behalf of",
            Self::Password { .. } => "username and password",
            Self::RefreshToken { .. } => "refresh token",
        }
    }
}

/// A sign-in of this crate at one identity provider.
#[derive(Debug)]
pub(crate) struct FlowCredential {
    sign_in: SignIn,
    login_endpoint: String,
    /// The public client of the cloud.
    client_id: String,
    driver: Driver,
    /// The refresh token that came in place of the first one.
    refresh_token: Mutex<Option<Secret>>,
}

impl FlowCredential {
    pub(crate) fn new(sign_in: SignIn, cloud: &CloudInfo, driver: Driver) -> Self {
        Self {
            sign_in,
            login_endpoint: cloud.login_endpoint.clone(),
            client_id: cloud.client_app_id.clone(),
            driver,
            refresh_token: Mutex::default(),
        }
    }

    async fn tokens(&self, scope: &str, claims: Option<&str>) -> Result<Tokens, AuthError> {
        let request = |tenant: &str, client_id: &str| {
            let authority = Authority::new(&self.login_endpoint, tenant)?;
            let mut request = TokenRequest::new(authority, client_id, scope);
            request.claims = claims.map(str::to_owned);
            Ok::<_, AuthError>(request)
        };
        let flow = match &self.sign_in {
            SignIn::Application(application) => {
                let mut request = request(&application.tenant, &application.client_id)?;
                if let Some(region) = &application.region {
                    request.authority = request.authority.region(region)?;
                }
                TokenFlow::client_credentials(request, application.proof.get().await?)
            }
            SignIn::OnBehalfOf {
                application,
                user_token,
            } => {
                let request = request(&application.tenant, &application.client_id)?;
                TokenFlow::on_behalf_of(request, application.proof.get().await?, user_token.clone())
            }
            SignIn::Password {
                tenant,
                user,
                password,
            } => {
                let tenant = tenant.as_deref().unwrap_or(ANY_TENANT);
                TokenFlow::username_password(request(tenant, &self.client_id)?, user, password.clone())
            }
            SignIn::RefreshToken {
                tenant,
                client_id,
                client,
                token,
            } => {
                let tenant = tenant.as_deref().unwrap_or(ANY_TENANT);
                let client_id = client_id.as_deref().unwrap_or(&self.client_id);
                let request = request(tenant, client_id)?;
                let mut held = self.refresh_token.lock().await;
                let newest = held.as_ref().unwrap_or(token).clone();
                let flow = TokenFlow::refresh_token(request, client.clone(), newest);
                let tokens = self.driver.run(flow).await?;
                if let Some(next) = &tokens.refresh_token {
                    *held = Some(next.clone());
                }
                return Ok(tokens);
            }
            SignIn::ManagedIdentity { source, id } => {
                let source = source.clone();
                let source = source.unwrap_or_else(ManagedIdentitySource::of_this_machine);
                TokenFlow::managed_identity(source, id.clone(), scope)
            }
        };
        self.driver.run(flow).await
    }
}

#[async_trait::async_trait]
impl TokenCredential for FlowCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let challenge = Challenge::in_options(options.as_ref());
        let claims = challenge.and_then(Challenge::claims);
        let tokens = self.tokens(&scopes.join(" "), claims).await;
        tokens
            .map(Tokens::into_access_token)
            .map_err(AuthError::into_azure)
    }
}

/// Whichever tenant the person belongs to.
const ANY_TENANT: &str = "organizations";
