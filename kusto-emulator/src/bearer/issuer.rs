//! The issuer of tokens: its keys are looked up where OpenID Connect Discovery says, and kept.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::HOST;
use http::{Request, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Unauthorized;
use super::token::{Expected, Keys, Rejected};

/// Who issues the tokens that a service accepts: a local OpenID provider, or a test.
///
/// A token must be signed with RS256 or ES256 by a key of the issuer, name the issuer and one of the audiences, and be
/// neither expired nor for later; clocks may differ by a minute.
///
/// The keys are read from the issuer when the first token comes, and again when a token names a key that is not among
/// them: from the `jwks_uri` of `{issuer}/.well-known/openid-configuration`. For an issuer with TLS, give its
/// certificate with [`root_certificate`](Self::root_certificate), or the keys themselves with [`keys`](Self::keys).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use kusto_emulator::{Authentication, Emulator, TokenIssuer};
///
/// let issuer = TokenIssuer::new("http://127.0.0.1:4000").audience("https://kusto.kusto.windows.net");
/// let emulator = Emulator::builder().authentication(Authentication::Issuer(issuer)).start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenIssuer {
    issuer: String,
    audiences: Vec<String>,
    keys: Option<String>,
    root_certificates: String,
}

impl TokenIssuer {
    /// The issuer by its name, the `iss` of its tokens, which is also its address.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: Vec::new(),
            keys: None,
            root_certificates: String::new(),
        }
    }

    /// An audience that tokens may have (`aud`); of several, any. Without one, every audience will do.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// The issuer's keys, as a JSON Web Key Set. The issuer is then not asked for them.
    pub fn keys(mut self, json_web_key_set: impl Into<String>) -> Self {
        self.keys = Some(json_web_key_set.into());
        self
    }

    /// A certificate in PEM to trust when the issuer is at `https://`: its own, or that of who signed it. No others
    /// are trusted, so without one there is no HTTPS.
    pub fn root_certificate(mut self, pem: impl AsRef<str>) -> Self {
        self.root_certificates.push_str(pem.as_ref());
        self.root_certificates.push('\n');
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn first_audience(&self) -> Option<&str> {
        self.audiences.first().map(String::as_str)
    }
}

/// The issuer's keys, as far as they are known.
#[derive(Debug)]
pub(crate) struct KeyRing {
    issuer: TokenIssuer,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    keys: Keys,
    /// When the issuer was last asked.
    asked: Option<Instant>,
}

#[derive(Deserialize)]
struct Configuration {
    jwks_uri: String,
}

impl KeyRing {
    pub(crate) fn new(issuer: TokenIssuer) -> Self {
        Self {
            issuer,
            known: Mutex::default(),
        }
    }

    /// Checks a token. Returns who it was issued for.
    pub(crate) async fn admit(&self, token: &str) -> Result<String, Unauthorized> {
        let expected = Expected {
            issuer: &self.issuer.issuer,
            audiences: &self.issuer.audiences,
            now: SystemTime::now(),
        };
        // Held while the issuer is asked, so that it is asked once for all who wait.
        let mut known = self.known.lock().await;
        let mut outcome = known.keys.verify(token, &expected);
        let may_ask = known.asked.is_none_or(|asked| asked.elapsed() >= ASK_AGAIN);
        if outcome == Err(Rejected::UnknownKey) && may_ask {
            known.asked = Some(Instant::now());
            known.keys = self.fetch().await.map_err(Unauthorized::invalid)?;
            outcome = known.keys.verify(token, &expected);
        }
        outcome.map_err(|rejected| match rejected {
            Rejected::Invalid(reason) => Unauthorized::invalid(reason),
            Rejected::UnknownKey => {
                Unauthorized::invalid("the token is signed with a key that its issuer does not have")
            }
        })
    }

    async fn fetch(&self) -> Result<Keys, String> {
        if let Some(keys) = &self.issuer.keys {
            return Keys::from_json(keys.as_bytes());
        }
        let address = format!(
            "{}/.well-known/openid-configuration",
            self.issuer.issuer.trim_end_matches('/')
        );
        let configuration = self.get(&address).await?;
        let configuration: Configuration =
            serde_json::from_slice(&configuration).map_err(|error| format!("{address}: {error}"))?;
        let keys = self.get(&configuration.jwks_uri).await?;
        Keys::from_json(&keys).map_err(|error| format!("{}: {error}", configuration.jwks_uri))
    }

    /// What an address answers.
    async fn get(&self, address: &str) -> Result<Bytes, String> {
        let failed = |error: String| format!("cannot read the issuer's {address}: {error}");
        match timeout(MOST_PATIENCE, try_get(address, &self.issuer.root_certificates)).await {
            Ok(outcome) => outcome.map_err(|error| failed(error.to_string())),
            Err(_) => Err(failed(format!("no answer within {} s", MOST_PATIENCE.as_secs()))),
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn try_get(address: &str, root_certificates: &str) -> Result<Bytes, Failure> {
    let uri: Uri = address.parse()?;
    let authority = uri.authority().ok_or("it is no address")?;
    let host = authority.host().trim_matches(['[', ']']);
    let connect = |port| TcpStream::connect((host, authority.port_u16().unwrap_or(port)));
    match uri.scheme_str() {
        Some("http") => exchange(&uri, connect(80).await?).await,
        Some("https") => {
            let connector = TlsConnector::from(Arc::new(client_config(root_certificates)?));
            let name = ServerName::try_from(host.to_owned())?;
            exchange(&uri, connector.connect(name, connect(443).await?).await?).await
        }
        _ => Err("it is neither at http:// nor at https://".into()),
    }
}

/// Trusts these certificates and no others.
fn client_config(root_certificates: &str) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(root_certificates.as_bytes()) {
        roots.add(certificate?)?;
    }
    if roots.is_empty() {
        return Err("no certificate is trusted; give the issuer's, or its keys".into());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    Ok(config.with_no_client_auth())
}

/// One request over a connection of its own.
async fn exchange(
    uri: &Uri,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<Bytes, Failure> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(HOST, host)
        .body(Empty::<Bytes>::new())?;
    let asked = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_DOCUMENT)
            .collect()
            .await?
            .to_bytes();
        if status.is_success() {
            Ok(body)
        } else {
            Err(format!("it answers {status}").into())
        }
    };
    // The connection moves only while it is polled; its own end tells nothing that the exchange does not.
    tokio::pin!(asked);
    tokio::select! {
        outcome = &mut asked => outcome,
        _ = connection => asked.await,
    }
}

/// How long the issuer may take.
const MOST_PATIENCE: Duration = Duration::from_secs(10);

/// The longest document that the issuer may send, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;

/// How long the issuer is left alone after it was asked for keys.
const ASK_AGAIN: Duration = Duration::from_secs(2);
