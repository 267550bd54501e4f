//! Which identity asks.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::{Future, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::HttpClient;
use azure_core::time::OffsetDateTime;
use kusto_protocol::{Authentication, ConnectionString, Secret};

use crate::cache::TokenCache;
use crate::challenge::Challenge;
use crate::cloud::CloudInfo;
use crate::error::{AuthError, AuthErrorKind};
#[cfg(feature = "azure-identity")]
use crate::identity::Identity;

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
}

struct Shared {
    source: Source,
    /// By login endpoint: where tokens come from, and those that came.
    signed_in: Mutex<HashMap<String, Arc<SignedIn>>>,
}

/// An identity in one cloud.
struct SignedIn {
    credential: Mutex<Arc<dyn TokenCredential>>,
    tokens: TokenCache,
}

#[derive(Clone)]
enum Source {
    Anonymous,
    Ready {
        name: &'static str,
        credential: Arc<dyn TokenCredential>,
        uses_scope: bool,
    },
    #[cfg(feature = "azure-identity")]
    Identity(Identity),
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
    /// kept until shortly before their end.
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

    /// Any credential of the Azure ecosystem.
    pub fn token_credential(credential: Arc<dyn TokenCredential>) -> Self {
        Self::ready("token credential", credential, true)
    }

    /// An application with its client secret.
    #[cfg(feature = "azure-identity")]
    pub fn client_secret(
        tenant: impl Into<String>,
        client_id: impl Into<String>,
        secret: impl Into<Secret>,
    ) -> Self {
        let (tenant, client_id, secret) = (tenant.into(), client_id.into(), secret.into());
        Self::new(Source::Identity(Identity::ClientSecret {
            tenant,
            client_id,
            secret,
        }))
    }

    /// The managed identity of the machine or service that the program runs on; with a client id, the user-assigned
    /// one of that id. Virtual machines (IMDS) and App Service are supported.
    #[cfg(feature = "azure-identity")]
    pub fn managed_identity(client_id: Option<&str>) -> Self {
        Self::new(Source::Identity(Identity::Managed {
            client_id: client_id.map(str::to_owned),
        }))
    }

    /// The workload identity of a Kubernetes pod, described by `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    #[cfg(feature = "azure-identity")]
    pub fn workload_identity() -> Self {
        Self::new(Source::Identity(Identity::Workload))
    }

    /// Whoever is signed in to the Azure CLI (`az login`), in the given tenant or in the CLI's default one.
    #[cfg(feature = "azure-identity")]
    pub fn azure_cli(tenant: Option<&str>) -> Self {
        Self::new(Source::Identity(Identity::AzureCli {
            tenant: tenant.map(str::to_owned),
        }))
    }

    /// The identity that a connection string asks for.
    ///
    /// A string without any is anonymous if it points to this machine. `Fed=true` and nothing else means whoever is
    /// signed in to the Azure CLI.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Unsupported`] for a sign-in that this build does not have; the message says what to use in
    /// its place.
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
            #[cfg(feature = "azure-identity")]
            Authentication::Federated { authority_id, .. } => Ok(Self::azure_cli(authority_id.as_deref())),
            #[cfg(feature = "azure-identity")]
            Authentication::ApplicationKey {
                client_id,
                key,
                authority_id,
            } => Ok(Self::client_secret(authority_id, client_id, key.clone())),
            #[cfg(not(feature = "azure-identity"))]
            Authentication::Federated { .. } | Authentication::ApplicationKey { .. } => unsupported(
                "this build has no sign-in of its own; turn on the feature azure-identity, or pass a credential",
            ),
            Authentication::ApplicationCertificate { .. } => unsupported(
                "signing in with a certificate is not supported; use an application key, or pass a credential that \
                 does it",
            ),
            Authentication::UserPassword { .. } => unsupported(
                "signing in with user and password is not supported; use Fed=true after `az login`, or pass a \
                 credential",
            ),
            _ => unsupported("the connection string asks for an unknown sign-in; pass a credential"),
        }
    }

    /// Whether requests carry no token.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.shared.source, Source::Anonymous)
    }

    /// Whether the cluster's cloud matters to this identity: ready tokens and callbacks need neither scope nor
    /// authority, so nobody has to ask for them.
    pub fn needs_cloud(&self) -> bool {
        match self.shared.source {
            Source::Anonymous => false,
            Source::Ready { uses_scope, .. } => uses_scope,
            #[cfg(feature = "azure-identity")]
            Source::Identity(_) => true,
        }
    }

    /// The source of tokens for clusters of a cloud; `None` for the anonymous identity. What has to be sent to the
    /// identity provider goes through `http_client`.
    ///
    /// # Errors
    ///
    /// If the identity is incomplete, such as a workload identity outside of a pod.
    #[cfg_attr(
        not(feature = "azure-identity"),
        expect(unused_variables, reason = "only identities of azure_identity use them")
    )]
    pub fn to_token_credential(
        &self,
        cloud: &CloudInfo,
        http_client: &Arc<dyn HttpClient>,
    ) -> Result<Option<Arc<dyn TokenCredential>>, AuthError> {
        match &self.shared.source {
            Source::Anonymous => Ok(None),
            Source::Ready { credential, .. } => Ok(Some(Arc::clone(credential))),
            #[cfg(feature = "azure-identity")]
            Source::Identity(identity) => identity.to_token_credential(cloud, http_client).map(Some),
        }
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
    fn new(source: Source) -> Self {
        Self {
            shared: Arc::new(Shared {
                source,
                signed_in: Mutex::default(),
            }),
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
        let credential = Arc::clone(&*signed_in.credential());
        signed_in.tokens.get(&*credential, &cloud.scope(), now).await
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
        #[cfg(feature = "azure-identity")]
        if matches!(self.shared.source, Source::Identity(_)) {
            // These keep tokens of their own, which cannot be taken from them.
            *signed_in.credential() = self.sign_in(cloud, http_client)?;
        }
        let credential = Arc::clone(&*signed_in.credential());
        let scope = cloud.scope();
        signed_in
            .tokens
            .renew(&*credential, &scope, refused, challenge, now)
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
        let signed_in = Arc::new(SignedIn {
            credential: Mutex::new(self.sign_in(cloud, http_client)?),
            tokens: TokenCache::new(),
        });
        known.insert(cloud.login_endpoint.clone(), Arc::clone(&signed_in));
        Ok(signed_in)
    }

    fn sign_in(
        &self,
        cloud: &CloudInfo,
        http_client: &Arc<dyn HttpClient>,
    ) -> Result<Arc<dyn TokenCredential>, AuthError> {
        self.to_token_credential(cloud, http_client)?
            .ok_or_else(|| AuthError::new(AuthErrorKind::Unsupported, "the anonymous identity has no token"))
    }
}

impl SignedIn {
    fn credential(&self) -> MutexGuard<'_, Arc<dyn TokenCredential>> {
        self.credential.lock().unwrap_or_else(PoisonError::into_inner)
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
            Source::Ready { name, .. } => name,
            #[cfg(feature = "azure-identity")]
            Source::Identity(identity) => identity.name(),
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
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use azure_core::http::{AsyncRawResponse, Request};

    use super::*;
    use crate::cache::TokenCache;

    /// No test of this module sends anything.
    #[derive(Debug)]
    struct NoNetwork;

    #[async_trait::async_trait]
    impl HttpClient for NoNetwork {
        async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
            Err(azure_core::Error::with_message(
                azure_core::error::ErrorKind::Connection,
                "no network",
            ))
        }
    }

    fn resolve(credential: &Credential) -> Arc<dyn TokenCredential> {
        let http_client: Arc<dyn HttpClient> = Arc::new(NoNetwork);
        credential
            .to_token_credential(&CloudInfo::default(), &http_client)
            .unwrap()
            .unwrap()
    }

    fn from(string: &str) -> Result<Credential, AuthError> {
        Credential::from_connection_string(&string.parse().unwrap())
    }

    #[tokio::test]
    async fn a_ready_token_is_sent_as_it_is() {
        for keyword in ["UserToken", "ApplicationToken"] {
            let credential =
                from(&format!("https://help.kusto.windows.net;Fed=true;{keyword}=hush")).unwrap();
            assert!(!credential.needs_cloud());
            let token = resolve(&credential).get_token(&["s"], None).await.unwrap();
            assert_eq!(token.token.secret(), "hush");
        }
    }

    #[tokio::test]
    async fn a_callback_is_asked_each_time() {
        let calls = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&calls);
        let credential = Credential::callback_sync(move || {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            Ok::<_, NoError>(Secret::new(format!("t{call}")))
        });
        let (cache, now) = (TokenCache::new(), OffsetDateTime::now_utc());
        let credential = resolve(&credential);
        for expected in ["t0", "t1"] {
            assert_eq!(
                cache.get(&*credential, "s", now).await.unwrap().token.secret(),
                expected
            );
        }
        assert_eq!(seen.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_failing_callback_is_the_cause_of_the_error() {
        let credential = resolve(&Credential::callback(|| async { Err("vault is sealed") }));
        let now = OffsetDateTime::now_utc();
        let error = TokenCache::new().get(&*credential, "s", now).await.unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Unavailable);
        assert!(error.source().unwrap().to_string().contains("vault is sealed"));
    }

    #[test]
    fn only_this_machine_is_anonymous_by_itself() {
        assert!(from("http://localhost:8080/db").unwrap().is_anonymous());
        let error = from("https://help.kusto.windows.net/Samples").unwrap_err();
        assert!(error.to_string().contains("Fed=true"), "{error}");
    }

    #[test]
    fn what_is_not_supported_names_the_way_out() {
        for string in [
            "https://h.kusto.windows.net;Fed=true;UserId=u@contoso.com;Password=hush",
            "https://h.kusto.windows.net;AppClientId=i;TenantId=t;ApplicationCertificateBlob=hush",
        ] {
            let error = from(string).unwrap_err();
            assert_eq!(error.kind(), AuthErrorKind::Unsupported);
            assert!(error.to_string().contains("pass a credential"), "{error}");
            assert!(!format!("{error:?} {error}").contains("hush"));
        }
    }

    #[cfg(feature = "azure-identity")]
    #[test]
    fn federated_strings_choose_the_signed_in_user_or_the_application() {
        let cli = from("https://h.kusto.windows.net;Fed=true").unwrap();
        assert_eq!(format!("{cli:?}"), "Credential(Azure CLI)");
        let key = from("https://h.kusto.windows.net;AppClientId=i;AppKey=hush;TenantId=contoso.com").unwrap();
        assert_eq!(format!("{key:?}"), "Credential(client secret)");
        assert!(key.needs_cloud());
        assert!(!format!("{:?}", resolve(&key)).contains("hush"));
    }
}
