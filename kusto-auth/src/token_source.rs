//! The tokens for one service.

use std::fmt;
use std::sync::{Arc, OnceLock};

use azure_core::credentials::AccessToken;
use azure_core::http::HttpClient;
use azure_core::time::OffsetDateTime;
use kusto_protocol::Endpoint;

use crate::challenge::Challenge;
use crate::cloud::CloudInfo;
use crate::cloud_cache::CloudCache;
use crate::credential::Credential;
use crate::error::{AuthError, AuthErrorKind};
use crate::trusted_hosts::{self, TrustedHosts};

/// Gives the tokens that requests to one service carry.
///
/// In this order: the host must be trusted, and be on this machine or spoken to over TLS; it is asked for its cloud,
/// where that matters to the credential; the credential gives a token for that cloud, or the cache does.
///
/// Clones and [siblings](Self::sibling) share the credential's tokens and what is known of clouds.
///
/// ```
/// use std::sync::Arc;
///
/// use azure_core::http::{AsyncRawResponse, HttpClient, Request};
/// use azure_core::time::OffsetDateTime;
/// use kusto_auth::{Credential, TokenSource};
///
/// # #[derive(Debug)]
/// # struct Unused;
/// # #[async_trait::async_trait]
/// # impl HttpClient for Unused {
/// #     async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> { unreachable!() }
/// # }
/// # let http_client: Arc<dyn HttpClient> = Arc::new(Unused);
/// # futures::executor::block_on(async {
/// let endpoint = "https://help.kusto.windows.net".parse()?;
/// let tokens = TokenSource::new(endpoint, Credential::token("hush"), http_client);
/// let token = tokens.token(OffsetDateTime::now_utc()).await?.expect("the credential is not anonymous");
/// assert_eq!(token.token.secret(), "hush");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[must_use]
pub struct TokenSource {
    endpoint: Endpoint,
    credential: Credential,
    http_client: Arc<dyn HttpClient>,
    trusted_hosts: TrustedHosts,
    clouds: CloudCache,
    login_endpoint: Option<String>,
    /// The identity provider of clusters that name none, if whoever runs this program says so.
    default_login_endpoint: Option<String>,
    enforce_mfa: bool,
    /// The cloud, once it is known and nothing speaks against a token for the host. None of that changes any more.
    checked: OnceLock<Arc<CloudInfo>>,
}

impl TokenSource {
    /// The tokens for a service. Whatever has to be asked for goes through `http_client`, which must not follow
    /// redirects. For clusters that name no identity provider, the environment variable `AadAuthorityUri` does, if it is
    /// set.
    pub fn new(endpoint: Endpoint, credential: Credential, http_client: Arc<dyn HttpClient>) -> Self {
        Self {
            endpoint,
            credential,
            http_client,
            trusted_hosts: TrustedHosts::default(),
            clouds: CloudCache::new(),
            login_endpoint: None,
            default_login_endpoint: std::env::var(LOGIN_VARIABLE)
                .ok()
                .filter(|address| !address.is_empty()),
            enforce_mfa: false,
            checked: OnceLock::new(),
        }
    }

    /// Sets the hosts that may receive a token.
    pub fn trusted_hosts(mut self, hosts: TrustedHosts) -> Self {
        self.trusted_hosts = hosts;
        self.unchecked()
    }

    /// Sets where it is remembered what clusters said about their clouds; a [seeded](CloudCache::seed) cluster is not
    /// asked.
    pub fn clouds(mut self, clouds: CloudCache) -> Self {
        self.clouds = clouds;
        self.unchecked()
    }

    /// Sets the identity provider, such as `https://login.microsoftonline.us`, in place of the one that the cluster
    /// names.
    pub fn login_endpoint(mut self, address: impl Into<String>) -> Self {
        self.login_endpoint = Some(address.into());
        self.unchecked()
    }

    /// Sets whether tokens must come from a sign-in with several factors, whatever the cluster says.
    pub fn enforce_mfa(mut self, value: bool) -> Self {
        self.enforce_mfa = value;
        self.unchecked()
    }

    /// The tokens for another service, as the same identity.
    pub fn sibling(&self, endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            ..self.clone()
        }
        .unchecked()
    }

    /// Lets the host be checked with the next token.
    fn unchecked(mut self) -> Self {
        self.checked = OnceLock::new();
        self
    }

    /// The service.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The hosts that may receive a token.
    pub fn trusts(&self) -> &TrustedHosts {
        &self.trusted_hosts
    }

    /// Whether requests carry no token.
    pub fn is_anonymous(&self) -> bool {
        self.credential.is_anonymous()
    }

    /// Whether a person may be asked to sign in while a token is waited for.
    pub fn asks_a_person(&self) -> bool {
        self.credential.asks_a_person()
    }

    /// The token that the next request carries; `None` for the anonymous identity.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Untrusted`] before anything is sent to a host that may not receive a token; everything that
    /// can go wrong on the way to a token.
    pub async fn token(&self, now: OffsetDateTime) -> Result<Option<AccessToken>, AuthError> {
        if self.credential.is_anonymous() {
            return Ok(None);
        }
        let cloud = self.cloud().await?;
        self.credential
            .token_for(&cloud, &self.http_client, now)
            .await
            .map(Some)
    }

    /// Another token, in place of one that the service refused with status 401, whose header `WWW-Authenticate` is
    /// passed on to the credential. `None` if the credential has no other.
    ///
    /// # Errors
    ///
    /// As [`token`](Self::token).
    pub async fn renew(
        &self,
        refused: &AccessToken,
        www_authenticate: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<AccessToken>, AuthError> {
        let challenge = www_authenticate.map_or_else(Challenge::default, Challenge::from_www_authenticate);
        let cloud = self.cloud().await?;
        let next = self
            .credential
            .renewed_for(&cloud, &self.http_client, refused, &challenge, now)
            .await?;
        Ok(Some(next).filter(|next| next.token != refused.token))
    }

    /// The cloud to sign in to, once the host has passed.
    async fn cloud(&self) -> Result<Arc<CloudInfo>, AuthError> {
        if let Some(cloud) = self.checked.get() {
            return Ok(Arc::clone(cloud));
        }
        // What is needed once should not make the futures of all requests larger.
        let cloud = Arc::new(Box::pin(self.check()).await?);
        Ok(Arc::clone(self.checked.get_or_init(|| cloud)))
    }

    async fn check(&self) -> Result<CloudInfo, AuthError> {
        self.trusted_hosts.check(&self.endpoint)?;
        if !self.endpoint.is_https() && !self.endpoint.is_loopback() {
            return Err(AuthError::new(
                AuthErrorKind::Untrusted,
                format!(
                    "{} is addressed without encryption, so no token is sent there; write https://",
                    self.endpoint.host()
                ),
            ));
        }
        if !self.credential.needs_cloud() {
            return Ok(CloudInfo::default());
        }
        let default = self.default_login_endpoint.as_ref();
        let cloud = self
            .clouds
            .get_or(&self.endpoint, &*self.http_client, default.map(String::as_str));
        let mut cloud = cloud.await?;
        match &self.login_endpoint {
            Some(address) => cloud.login_endpoint.clone_from(address),
            // Whoever set the variable trusts that provider.
            None if default == Some(&cloud.login_endpoint) => {}
            // A local service may name a local provider. It may not send secrets anywhere else.
            None if self.endpoint.is_loopback() => trusted_hosts::check_login(&cloud.login_endpoint)?,
            None => self
                .trusted_hosts
                .check_in_cloud(&self.endpoint, &cloud.login_endpoint)?,
        }
        trusted_hosts::check_encrypted(&cloud.login_endpoint)?;
        cloud.login_mfa_required |= self.enforce_mfa;
        Ok(cloud)
    }
}

/// As Microsoft's libraries call it.
const LOGIN_VARIABLE: &str = "AadAuthorityUri";

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("endpoint", &self.endpoint)
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, answer, counting};

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn source(address: &str, http: &Arc<Scripted>) -> TokenSource {
        let http_client: Arc<dyn HttpClient> = Arc::clone(http) as _;
        TokenSource::new(address.parse().unwrap(), counting(), http_client)
    }

    fn cloud(login_endpoint: &str) -> String {
        format!(r#"{{"AzureAD":{{"LoginEndpoint":"{login_endpoint}"}}}}"#)
    }

    #[tokio::test]
    async fn siblings_share_tokens_and_clouds() {
        let http = Scripted::new([answer(404, "")]);
        let engine = source("https://h.kusto.windows.net", &http);
        let clouds = CloudCache::new();
        let ingest: Endpoint = "https://ingest-h.kusto.windows.net".parse().unwrap();
        clouds.seed(&ingest, CloudInfo::default());
        let engine = engine.clouds(clouds);
        let first = engine.token(NOW).await.unwrap().unwrap();
        let second = engine.sibling(ingest).token(NOW).await.unwrap().unwrap();
        assert_eq!(first.token.secret(), second.token.secret());
        assert_eq!(http.seen().len(), 1);
    }

    #[tokio::test]
    async fn a_host_that_passed_passes_for_no_other_host_and_for_no_other_rules() {
        let http = Scripted::new([answer(404, "")]);
        let tokens = source("https://h.kusto.windows.net", &http);
        assert!(tokens.token(NOW).await.is_ok());
        let elsewhere = tokens.sibling("https://evil.example".parse().unwrap());
        let error = elsewhere.token(NOW).await.unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Untrusted);
        let stricter = tokens
            .clone()
            .trusted_hosts(TrustedHosts::only(["other.example"]));
        let error = stricter.token(NOW).await.unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Untrusted);
        assert!(tokens.token(NOW).await.is_ok());
    }

    #[tokio::test]
    async fn nothing_is_sent_to_hosts_that_may_not_have_a_token() {
        for address in ["https://evil.example", "http://h.kusto.windows.net"] {
            let http = Scripted::new([]);
            let error = source(address, &http).token(NOW).await.unwrap_err();
            assert_eq!(error.kind(), AuthErrorKind::Untrusted);
            assert!(http.seen().is_empty());
        }
    }

    #[tokio::test]
    async fn a_local_service_names_a_local_provider_or_a_known_one() {
        for (login, is_taken) in [
            ("http://127.0.0.1:9000", true),
            ("https://login.microsoftonline.us", true),
            ("https://login.evil.example", false),
            ("http://login.microsoftonline.com", false),
        ] {
            let http = Scripted::new([answer(200, cloud(login))]);
            let outcome = source("http://localhost:8080", &http).token(NOW).await;
            assert_eq!(outcome.is_ok(), is_taken, "{login}");
        }
    }

    #[tokio::test]
    async fn the_provider_can_be_set_but_not_without_encryption() {
        let http = Scripted::new([answer(404, ""), answer(404, "")]);
        let host = "https://h.kusto.windows.net";
        let taken = source(host, &http).login_endpoint("https://login.contoso.example");
        assert!(taken.token(NOW).await.is_ok());
        let error = source(host, &http)
            .login_endpoint("http://login.contoso.example")
            .token(NOW)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Untrusted);
    }

    #[tokio::test]
    async fn the_environment_names_the_provider_of_clusters_that_name_none() {
        let own = "https://login.contoso.example";
        let http = Scripted::new([
            answer(404, ""),
            answer(200, cloud("https://login.microsoftonline.com")),
        ]);
        for address in ["https://a.kusto.windows.net", "https://b.kusto.windows.net"] {
            let tokens = TokenSource {
                default_login_endpoint: Some(own.to_owned()),
                ..source(address, &http)
            };
            let is_told = address.contains("/b.");
            let expected = if is_told {
                "https://login.microsoftonline.com"
            } else {
                own
            };
            assert_eq!(tokens.cloud().await.unwrap().login_endpoint, expected);
        }
    }

    #[tokio::test]
    async fn a_refused_token_is_replaced_and_one_without_successor_is_not() {
        let http = Scripted::new([answer(404, "")]);
        let tokens = source("https://h.kusto.windows.net", &http);
        let first = tokens.token(NOW).await.unwrap().unwrap();
        let next = tokens.renew(&first, Some("Bearer"), NOW).await.unwrap().unwrap();
        assert_ne!(first.token.secret(), next.token.secret());
        let fixed = TokenSource {
            credential: Credential::token("hush"),
            ..tokens
        };
        let only = fixed.token(NOW).await.unwrap().unwrap();
        assert!(fixed.renew(&only, None, NOW).await.unwrap().is_none());
    }
}
