//! A person who signs in, once and again.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::Duration;
use futures::lock::Mutex;
use kusto_protocol::Secret;

use crate::authority::Authority;
use crate::challenge::Challenge;
use crate::cloud::CloudInfo;
use crate::drive::Driver;
use crate::error::{AuthError, AuthErrorKind};
use crate::flow::{BrowserOptions, Prompt, TokenFlow, TokenRequest, Tokens};
use crate::loopback::Loopback;
use crate::token_file::TokenFile;

/// How a person signs in. It becomes a credential with [`Credential::user`](crate::Credential::user).
///
/// The person is asked once; later tokens come with the refresh token of that sign-in, until the provider wants to see
/// the person again.
///
/// ```
/// use kusto_auth::{Credential, UserSignIn};
///
/// let sign_in = UserSignIn::device_code(|prompt| eprintln!("{prompt}"))
///     .tenant("contoso.com")
///     .token_file("/home/me/.cache/my-tool/tokens.json");
/// let credential = Credential::user(sign_in);
/// assert_eq!(format!("{credential:?}"), "Credential(device code)");
/// ```
#[derive(Clone)]
#[must_use]
pub struct UserSignIn {
    method: Method,
    show: Option<Show>,
    tenant: Option<String>,
    client_id: Option<String>,
    login_hint: Option<String>,
    domain_hint: Option<String>,
    token_file: Option<TokenFile>,
}

type Show = Arc<dyn Fn(&Prompt) + Send + Sync>;

#[derive(Clone, Copy)]
enum Method {
    Browser { port: u16, time_limit: Duration },
    DeviceCode,
}

impl UserSignIn {
    /// With a browser on this machine, which is opened; the person has five minutes.
    pub fn browser() -> Self {
        Self::new(Method::Browser {
            port: 0,
            time_limit: Duration::minutes(5),
        })
    }

    /// With a code that the person enters on another device. `show` shows the code, and must not wait.
    pub fn device_code(show: impl Fn(&Prompt) + Send + Sync + 'static) -> Self {
        Self::new(Method::DeviceCode).prompt(show)
    }

    fn new(method: Method) -> Self {
        Self {
            method,
            show: None,
            tenant: None,
            client_id: None,
            login_hint: None,
            domain_hint: None,
            token_file: None,
        }
    }

    /// Sets what shows the address or the code to the person, in place of opening a browser. It must not wait; it may
    /// call [`Prompt::open`].
    pub fn prompt(mut self, show: impl Fn(&Prompt) + Send + Sync + 'static) -> Self {
        self.show = Some(Arc::new(show));
        self
    }

    /// Sets the tenant, by id or domain name. Default: whichever the person belongs to.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the application that the person signs in to. Default: the public client that the cluster names.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// Sets whom to propose, such as `someone@contoso.com`.
    pub fn login_hint(mut self, user: impl Into<String>) -> Self {
        self.login_hint = Some(user.into());
        self
    }

    /// Sets the domain whose sign-in page to show.
    pub fn domain_hint(mut self, domain: impl Into<String>) -> Self {
        self.domain_hint = Some(domain.into());
        self
    }

    /// Sets the port on this machine where the browser comes back, for applications that registered one. Default: a
    /// free one.
    pub fn port(mut self, port: u16) -> Self {
        if let Method::Browser { port: old, .. } = &mut self.method {
            *old = port;
        }
        self
    }

    /// Sets how long the person may take in the browser. A device code has a time of its own.
    pub fn time_limit(mut self, limit: std::time::Duration) -> Self {
        if let Method::Browser { time_limit, .. } = &mut self.method {
            *time_limit = limit.try_into().unwrap_or(Duration::MAX);
        }
        self
    }

    /// Sets a file in which the tokens outlive the program, so that the next one asks nobody. Its owner alone may read
    /// it; a file that others may read is refused.
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.token_file = Some(TokenFile::new(path.into()));
        self
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.method {
            Method::Browser { .. } => "interactive browser",
            Method::DeviceCode => "device code",
        }
    }
}

/// A person in one cloud.
#[derive(Debug)]
pub(crate) struct UserCredential {
    sign_in: UserSignIn,
    login_endpoint: String,
    /// The public client of the cloud.
    client_id: String,
    driver: Driver,
    /// The refresh token. Whoever holds it is the one who asks the person.
    refresh_token: Mutex<Option<Secret>>,
}

impl UserCredential {
    pub(crate) fn new(sign_in: UserSignIn, cloud: &CloudInfo, driver: Driver) -> Self {
        let client_id = sign_in.client_id.as_ref().unwrap_or(&cloud.client_app_id);
        Self {
            client_id: client_id.clone(),
            sign_in,
            login_endpoint: cloud.login_endpoint.clone(),
            driver,
            refresh_token: Mutex::default(),
        }
    }

    async fn token(&self, scope: &str, challenge: Option<&Challenge>) -> Result<AccessToken, AuthError> {
        let tenant = self.sign_in.tenant.as_deref().unwrap_or("organizations");
        let authority = Authority::new(&self.login_endpoint, tenant)?;
        let mut request = TokenRequest::new(authority, &*self.client_id, scope);
        request.claims = challenge.and_then(Challenge::claims).map(str::to_owned);
        let hint = self.sign_in.login_hint.as_deref().unwrap_or_default();
        let key = TokenFile::key(&[&self.login_endpoint, tenant, &self.client_id, hint, scope]);

        let mut held = self.refresh_token.lock().await;
        let kept = match &self.sign_in.token_file {
            Some(file) => file.read(&key)?,
            None => None,
        };
        // A challenge says that this very token may have been refused.
        if let (Some(entry), None) = (&kept, challenge)
            && let Some((token, expires_on)) = entry.access_token(self.driver.now())
        {
            *held = entry.refresh_token();
            return Ok(AccessToken::new(token.expose().to_owned(), expires_on));
        }
        // What fails or is given up on the way leaves it where it is.
        let refresh_token = held
            .clone()
            .or_else(|| kept.and_then(|entry| entry.refresh_token()));
        let mut tokens = self.refreshed_or_asked(&mut request, refresh_token).await?;
        *held = tokens.refresh_token.take();
        if let Some(file) = &self.sign_in.token_file {
            tokens.refresh_token.clone_from(&held);
            file.write(&key, Some(&tokens))?;
        }
        Ok(tokens.into_access_token())
    }

    async fn refreshed_or_asked(
        &self,
        request: &mut TokenRequest,
        refresh_token: Option<Secret>,
    ) -> Result<Tokens, AuthError> {
        if let Some(token) = refresh_token {
            let flow = TokenFlow::refresh_token(request.clone(), None, token.clone());
            match self.driver.run(flow).await {
                Ok(mut tokens) => {
                    // Providers that do not replace it go on taking the old one.
                    tokens.refresh_token.get_or_insert(token);
                    return Ok(tokens);
                }
                // Expired, revoked, or more is wanted than was shown then: the person has to come.
                Err(error) if error.kind() == AuthErrorKind::Rejected => {
                    if let Some(claims) = error.claims() {
                        request.claims = Some(claims.to_owned());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        self.ask(request.clone()).await
    }

    async fn ask(&self, request: TokenRequest) -> Result<Tokens, AuthError> {
        let show = |prompt: &Prompt| match &self.sign_in.show {
            Some(show) => {
                show(prompt);
                Ok(())
            }
            None => prompt.open().map_err(|error| {
                AuthError::new(
                    AuthErrorKind::Missing,
                    "no browser can be opened here; sign in with a device code instead",
                )
                .with_source(error)
            }),
        };
        match self.sign_in.method {
            Method::DeviceCode => {
                let flow = TokenFlow::device_code(request);
                self.driver.run_with(flow, &show, None).await
            }
            Method::Browser { port, time_limit } => {
                let mut loopback = Loopback::listen(port)?;
                let mut options = BrowserOptions::new(loopback.redirect_uri());
                options.login_hint.clone_from(&self.sign_in.login_hint);
                options.domain_hint.clone_from(&self.sign_in.domain_hint);
                options.time_limit = time_limit;
                let mut random = [0; 64];
                getrandom::fill(&mut random).map_err(|error| {
                    AuthError::new(AuthErrorKind::Missing, "the system gives no random numbers")
                        .with_source(error)
                })?;
                let flow = TokenFlow::authorization_code(request, options, random);
                self.driver.run_with(flow, &show, Some(&mut loopback)).await
            }
        }
    }
}

#[async_trait::async_trait]
impl TokenCredential for UserCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.token(&scopes.join(" "), Challenge::in_options(options.as_ref()))
            .await
            .map_err(AuthError::into_azure)
    }
}

impl fmt::Debug for UserSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSignIn")
            .field("method", &self.name())
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .field("token_file", &self.token_file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use azure_core::http::HttpClient;
    use azure_core::time::OffsetDateTime;

    use super::*;
    use crate::scripted::{Scripted, answer};

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_away_for_a_moment_does_not_cost_the_sign_in() {
        let code = r#"{"device_code":"d","user_code":"u","verification_uri":"https://x","expires_in":900}"#;
        let token = |token: &str| {
            answer(
                200,
                format!(r#"{{"access_token":"{token}","refresh_token":"rt"}}"#),
            )
        };
        let busy = || answer(503, "");
        let http = Scripted::new([
            answer(200, code),
            token("t1"),
            busy(),
            busy(),
            busy(),
            token("t2"),
        ]);
        let start = tokio::time::Instant::now();
        let driver = Driver {
            http_client: Arc::clone(&http) as Arc<dyn HttpClient>,
            clock: Arc::new(move || OffsetDateTime::UNIX_EPOCH + start.elapsed()),
        };
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let sign_in = UserSignIn::device_code(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let credential = UserCredential::new(sign_in, &CloudInfo::default(), driver);
        let get = || credential.token("s", None);
        assert_eq!(get().await.unwrap().token.secret(), "t1");
        assert_eq!(get().await.unwrap_err().kind(), AuthErrorKind::Unavailable);
        assert_eq!(get().await.unwrap().token.secret(), "t2");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(http.seen()[5].body.contains("refresh_token=rt&"));
    }
}
