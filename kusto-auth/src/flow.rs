//! Sign-ins as machines that do no I/O.

mod answer;
mod authorization_code;
mod device_code;
mod form;
mod grant;
mod identity_source;
mod managed_identity;

use std::fmt;

use azure_core::credentials::AccessToken;
use azure_core::time::{Duration, OffsetDateTime};
use bytes::Bytes;
use kusto_protocol::Secret;

pub use self::identity_source::ManagedIdentitySource;
pub use self::managed_identity::ManagedIdentityId;

use self::answer::Answer;
use self::authorization_code::AuthorizationCode;
use self::device_code::DeviceCode;
use self::form::Form;
use self::grant::Grant;
use self::managed_identity::ManagedIdentity;
use crate::authority::Authority;
use crate::browser;
#[cfg(feature = "client-certificate")]
use crate::certificate::ClientCertificate;
use crate::error::{AuthError, AuthErrorKind};

/// A sign-in, one step at a time.
///
/// It sends nothing and waits for nothing: [`step`](Self::step) says what is to be done next, and whoever drives it
/// does that, on whichever runtime or with none, and [`respond`](Self::respond)s with what came. The clock is the
/// driver's, too. A provider that is busy is asked again after the time that it names, three times at most; the
/// metadata service of virtual machines for a minute, if it says that it is being updated.
///
/// ```
/// use azure_core::time::{Duration, OffsetDateTime};
/// use kusto_auth::{Authority, ClientAuthentication, Step, TokenFlow, TokenRequest};
///
/// let authority = Authority::new("https://login.microsoftonline.com", "contoso.com")?;
/// let request = TokenRequest::new(authority, "app", "https://kusto.kusto.windows.net/.default");
/// let mut flow = TokenFlow::client_credentials(request, ClientAuthentication::Secret("hush".into()));
///
/// let now = OffsetDateTime::UNIX_EPOCH;
/// let Step::Send(request) = flow.step(now)? else { panic!() };
/// assert_eq!(request.uri(), "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
///
/// let answer = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"eyJ"}"#;
/// flow.respond(http::Response::new(answer.into()), now)?;
/// let Step::Done(tokens) = flow.step(now)? else { panic!() };
/// assert_eq!(tokens.access_token.expose(), "eyJ");
/// assert_eq!(tokens.expires_on, now + Duration::seconds(3599));
/// # Ok::<(), kusto_auth::AuthError>(())
/// ```
pub struct TokenFlow {
    request: TokenRequest,
    machine: Machine,
    exchange: Option<Exchange>,
    done: Option<Tokens>,
}

enum Machine {
    AuthorizationCode(AuthorizationCode),
    DeviceCode(DeviceCode),
    Grant(Grant),
    ManagedIdentity(ManagedIdentity),
}

/// What a sign-in wants next.
#[non_exhaustive]
pub enum Step {
    /// Send this, and [`respond`](TokenFlow::respond) with the answer, or say that it was
    /// [`lost`](TokenFlow::lost).
    Send(http::Request<Bytes>),
    /// Come again after this time. A sign-in with a browser may go on earlier, when the browser has
    /// [`returned`](TokenFlow::returned).
    Wait(Duration),
    /// Show this to a person, then come again at once.
    Prompt(Prompt),
    /// The sign-in is over.
    Done(Tokens),
}

/// What a person is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prompt {
    /// An address to open in a browser on this machine.
    Browser {
        /// The address.
        url: String,
    },
    /// A code to enter on another device.
    DeviceCode {
        /// What to show, in the provider's words: the address and the code are in it.
        message: String,
        /// The code.
        user_code: String,
        /// Where to enter it.
        verification_uri: String,
        /// When the code expires.
        expires_on: OffsetDateTime,
    },
}

/// What a sign-in gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tokens {
    /// What requests carry.
    pub access_token: Secret,
    /// When the access token ends.
    pub expires_on: OffsetDateTime,
    /// What gives the next access token without asking the person again.
    pub refresh_token: Option<Secret>,
    /// Who signed in.
    pub(crate) id_token: Option<Secret>,
}

/// Who wants which token.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    pub(crate) authority: Authority,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) claims: Option<String>,
}

/// How an application shows that it is the one it says (RFC 6749, 2.3).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// Its secret.
    Secret(Secret),
    /// A token of its own that another identity provider signed (RFC 7523).
    Assertion(Secret),
    /// Its certificate, with which it signs such a token itself.
    #[cfg(feature = "client-certificate")]
    Certificate(ClientCertificate),
}

/// How a sign-in with a browser goes. Take [`new`](Self::new) and set fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrowserOptions {
    /// Where the browser comes back to.
    pub redirect_uri: String,
    /// Whom to propose.
    pub login_hint: Option<String>,
    /// The domain whose sign-in page to show.
    pub domain_hint: Option<String>,
    /// How long the person may take. Default: 5 minutes.
    pub time_limit: Duration,
}

impl BrowserOptions {
    /// A sign-in that comes back to this address, such as `http://localhost:<port>`.
    pub fn new(redirect_uri: impl Into<String>) -> Self {
        Self {
            redirect_uri: redirect_uri.into(),
            login_hint: None,
            domain_hint: None,
            time_limit: Duration::minutes(5),
        }
    }
}

impl Prompt {
    /// Opens the address in a browser on this machine: the one that the variable `BROWSER` names, else the system's.
    ///
    /// # Errors
    ///
    /// If no browser can be started.
    pub fn open(&self) -> std::io::Result<()> {
        match self {
            Self::Browser { url } => browser::open(url),
            Self::DeviceCode { verification_uri, .. } => browser::open(verification_uri),
        }
    }
}

/// What to show to the person, in a line.
impl fmt::Display for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Browser { url } => write!(f, "To sign in, open {url} in a browser on this machine."),
            Self::DeviceCode { message, .. } => f.write_str(message),
        }
    }
}

impl Tokens {
    pub(crate) fn into_access_token(self) -> AccessToken {
        AccessToken::new(self.access_token.expose().to_owned(), self.expires_on)
    }

    #[cfg(test)]
    pub(crate) fn new(access_token: &str, expires_on: OffsetDateTime) -> Self {
        Self {
            access_token: access_token.into(),
            expires_on,
            refresh_token: None,
            id_token: None,
        }
    }
}

impl TokenRequest {
    /// A token for `scope`, for the application `client_id`.
    pub fn new(authority: Authority, client_id: impl Into<String>, scope: impl Into<String>) -> Self {
        Self {
            authority,
            client_id: client_id.into(),
            scope: scope.into(),
            claims: None,
        }
    }

    /// Sets the claims that the token must carry, as JSON; a service asks for them in a
    /// [`Challenge`](crate::Challenge).
    #[must_use]
    pub fn claims(mut self, claims: impl Into<String>) -> Self {
        self.claims = Some(claims.into());
        self
    }

    /// With what brings a refresh token, and who signed in.
    fn scope_of_a_user(&self) -> String {
        format!("{} openid profile offline_access", self.scope)
    }
}

impl ClientAuthentication {
    /// `audience` is the address that the form is sent to.
    #[cfg_attr(
        not(feature = "client-certificate"),
        expect(unused_variables, reason = "only certificates sign")
    )]
    fn sign(
        &self,
        form: Form,
        client_id: &str,
        audience: &str,
        now: OffsetDateTime,
    ) -> Result<Form, AuthError> {
        let assertion = match self {
            Self::Secret(secret) => return Ok(form.secret("client_secret", secret)),
            Self::Assertion(assertion) => assertion.clone(),
            #[cfg(feature = "client-certificate")]
            Self::Certificate(certificate) => certificate.assertion(client_id, audience, now)?,
        };
        Ok(form
            .field("client_assertion_type", CLIENT_ASSERTION)
            .secret("client_assertion", &assertion))
    }
}

impl TokenFlow {
    /// An application for itself.
    pub fn client_credentials(request: TokenRequest, client: ClientAuthentication) -> Self {
        Self::new(request, Machine::Grant(Grant::ClientCredentials(client)))
    }

    /// An application on behalf of the user whose token it got. The token must be for this application.
    pub fn on_behalf_of(
        request: TokenRequest,
        client: ClientAuthentication,
        user_token: impl Into<Secret>,
    ) -> Self {
        let assertion = user_token.into();
        Self::new(request, Machine::Grant(Grant::OnBehalfOf { client, assertion }))
    }

    /// A user who signed in before; applications that have a secret must show it.
    pub fn refresh_token(
        request: TokenRequest,
        client: Option<ClientAuthentication>,
        token: impl Into<Secret>,
    ) -> Self {
        let token = token.into();
        Self::new(request, Machine::Grant(Grant::RefreshToken { client, token }))
    }

    /// A user with name and password. It works without several factors and for accounts of the tenant itself only;
    /// every other way is better.
    pub fn username_password(
        request: TokenRequest,
        user: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Self {
        let (user, password) = (user.into(), password.into());
        Self::new(request, Machine::Grant(Grant::Password { user, password }))
    }

    /// A person on another device.
    pub fn device_code(request: TokenRequest) -> Self {
        Self::new(request, Machine::DeviceCode(DeviceCode::new()))
    }

    /// A person with a browser, by authorization code with PKCE. `random` must be unpredictable: from the operating
    /// system, and new for every sign-in.
    pub fn authorization_code(request: TokenRequest, options: BrowserOptions, random: [u8; 64]) -> Self {
        let machine = AuthorizationCode::new(options, random);
        Self::new(request, Machine::AuthorizationCode(machine))
    }

    /// The managed identity of the machine or service that the program runs on; it has no authority of its own.
    pub fn managed_identity(source: ManagedIdentitySource, id: ManagedIdentityId, scope: &str) -> Self {
        // Not used by these requests.
        let authority = Authority::new(crate::cloud::PUBLIC_LOGIN, "organizations");
        let request = TokenRequest::new(
            // Two constants that fit.
            authority.expect("the public cloud is an authority"),
            "",
            scope,
        );
        Self::new(
            request,
            Machine::ManagedIdentity(ManagedIdentity::new(source, id)),
        )
    }

    fn new(request: TokenRequest, machine: Machine) -> Self {
        Self {
            request,
            machine,
            exchange: None,
            done: None,
        }
    }

    /// What is to be done next. Until [`respond`](Self::respond) or [`lost`](Self::lost) is called, a request is
    /// to be sent again and again; after the end, the tokens are given again.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Timeout`] if the person took too long; whatever makes the sign-in impossible.
    pub fn step(&mut self, now: OffsetDateTime) -> Result<Step, AuthError> {
        if let Some(tokens) = &self.done {
            return Ok(Step::Done(tokens.clone()));
        }
        if let Some(exchange) = &self.exchange {
            return Ok(exchange.step(now));
        }
        let next = match &mut self.machine {
            Machine::AuthorizationCode(machine) => machine.next(&self.request, now)?,
            Machine::DeviceCode(machine) => machine.next(&self.request, now)?,
            Machine::Grant(grant) => {
                Next::post(grant.form(&self.request, now)?, &grant.endpoint(&self.request))?
            }
            Machine::ManagedIdentity(machine) => machine.next(&self.request.scope)?,
        };
        Ok(match next {
            Next::Send(request, secrets) => {
                self.exchange = Some(Exchange::new(request.clone(), secrets));
                Step::Send(request)
            }
            Next::Wait(time) => Step::Wait(time),
            Next::Prompt(prompt) => Step::Prompt(prompt),
        })
    }

    /// Takes the answer to the request of the last [`step`](Self::step).
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Rejected`] with the provider's code if it says no, [`AuthErrorKind::Malformed`] if its answer
    /// cannot be read, [`AuthErrorKind::Unavailable`] if it is busy for too long. The sign-in is over then.
    pub fn respond(&mut self, response: http::Response<Bytes>, now: OffsetDateTime) -> Result<(), AuthError> {
        let Some(mut exchange) = self.exchange.take() else {
            return Err(AuthError::new(
                AuthErrorKind::Malformed,
                "an answer came that nobody asked for",
            ));
        };
        let is_updating = match &self.machine {
            Machine::ManagedIdentity(machine) => machine.is_updating(response.status()),
            _ => false,
        };
        let pause = match exchange.pause_after(&response) {
            None if is_updating => Some(None),
            pause => pause,
        };
        if let Some(pause) = pause {
            let tries = if is_updating {
                MAX_TRIES_OF_UPDATES
            } else {
                MAX_TRIES
            };
            exchange.put_off(now, tries, pause, || busy(response.status().as_u16()))?;
            self.exchange = Some(exchange);
            return Ok(());
        }
        let secrets = &exchange.secrets;
        self.done = match &mut self.machine {
            Machine::AuthorizationCode(machine) => {
                Some(machine.take(&self.request, &response, secrets, now)?)
            }
            Machine::DeviceCode(machine) => machine.take(&response, secrets, now)?,
            Machine::Grant(grant) => match Answer::read(&response, secrets, now)? {
                Answer::Tokens(tokens) => Some(tokens),
                Answer::Refusal(refusal) => return Err(refusal.into_error(&grant.what(&self.request))),
            },
            Machine::ManagedIdentity(machine) => machine.take(&response, secrets, now)?,
        };
        Ok(())
    }

    /// Says that the request of the last [`step`](Self::step) got no answer; it is tried again a little later.
    ///
    /// # Errors
    ///
    /// The error itself, after three tries. The sign-in is over then.
    pub fn lost(&mut self, error: AuthError, now: OffsetDateTime) -> Result<(), AuthError> {
        let error = match &self.machine {
            Machine::ManagedIdentity(machine) => machine.explain(error),
            _ => error,
        };
        match &mut self.exchange {
            Some(exchange) if error.kind() != AuthErrorKind::Tls => {
                exchange.put_off(now, MAX_TRIES, None, || error)
            }
            _ => Err(error),
        }
    }

    /// Takes the query with which a browser came back to the redirect address. `Ok(false)` if it does not belong to
    /// this sign-in, which goes on waiting.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Rejected`] if the provider or the person said no.
    pub fn returned(&mut self, query: &str) -> Result<bool, AuthError> {
        match &mut self.machine {
            Machine::AuthorizationCode(machine) => machine.returned(query),
            _ => Ok(false),
        }
    }

    /// The file that the answer to a managed identity's request names, if one must be read now, and
    /// [`challenged`](Self::challenged) be called with its content.
    pub fn wanted_file(&self) -> Option<&std::path::Path> {
        match &self.machine {
            Machine::ManagedIdentity(machine) => machine.wanted_file(),
            _ => None,
        }
    }

    /// Takes the content of the [file](Self::wanted_file) that proves that this program runs on this machine.
    pub fn challenged(&mut self, content: impl Into<Secret>) {
        if let Machine::ManagedIdentity(machine) = &mut self.machine {
            machine.challenged(content.into());
        }
    }
}

/// What a machine wants next.
enum Next {
    Send(http::Request<Bytes>, Vec<Secret>),
    Wait(Duration),
    Prompt(Prompt),
}

impl Next {
    fn post(form: Form, address: &str) -> Result<Self, AuthError> {
        let (request, secrets) = form.post(address)?;
        Ok(Self::Send(request, secrets))
    }
}

/// A request until its answer is here.
struct Exchange {
    request: http::Request<Bytes>,
    secrets: Vec<Secret>,
    tries: u32,
    not_before: OffsetDateTime,
}

impl Exchange {
    fn new(request: http::Request<Bytes>, secrets: Vec<Secret>) -> Self {
        Self {
            request,
            secrets,
            tries: 1,
            not_before: OffsetDateTime::UNIX_EPOCH,
        }
    }

    fn step(&self, now: OffsetDateTime) -> Step {
        if now < self.not_before {
            Step::Wait(self.not_before - now)
        } else {
            Step::Send(self.request.clone())
        }
    }

    /// For an answer that says to come again: the pause that it asks for, if it does.
    fn pause_after(&self, response: &http::Response<Bytes>) -> Option<Option<Duration>> {
        let status = response.status().as_u16();
        if status != 429 && !(500..600).contains(&status) {
            return None;
        }
        let header = response.headers().get(http::header::RETRY_AFTER);
        let seconds = header.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Some(seconds.map(|seconds: u32| Duration::seconds(seconds.into())))
    }

    fn put_off(
        &mut self,
        now: OffsetDateTime,
        max_tries: u32,
        pause: Option<Duration>,
        error: impl FnOnce() -> AuthError,
    ) -> Result<(), AuthError> {
        let pause = pause.unwrap_or_else(|| FIRST_PAUSE * 2_i32.pow(self.tries - 1));
        if self.tries >= max_tries || pause > MAX_PAUSE {
            return Err(error());
        }
        self.tries += 1;
        self.not_before = now + pause;
        Ok(())
    }
}

fn busy(status: u16) -> AuthError {
    AuthError::new(
        AuthErrorKind::Unavailable,
        format!("the identity provider is busy (status {status}); try again later"),
    )
}

impl fmt::Debug for TokenFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFlow")
            .field("client_id", &self.request.client_id)
            .field("authority", &self.request.authority)
            .finish_non_exhaustive()
    }
}

// Requests carry secrets in their bodies.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(request) => {
                let uri = request.uri().to_string();
                f.debug_tuple("Send").field(&uri).finish()
            }
            Self::Wait(time) => f.debug_tuple("Wait").field(time).finish(),
            Self::Prompt(prompt) => f.debug_tuple("Prompt").field(prompt).finish(),
            Self::Done(tokens) => f.debug_tuple("Done").field(tokens).finish(),
        }
    }
}

const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const MAX_TRIES: u32 = 3;
/// A minute: the metadata service of virtual machines says that it takes up to 70 s to update itself.
const MAX_TRIES_OF_UPDATES: u32 = 7;
const FIRST_PAUSE: Duration = Duration::seconds(1);
/// Nobody waits longer for a token.
const MAX_PAUSE: Duration = Duration::seconds(60);

#[cfg(test)]
mod tests;
