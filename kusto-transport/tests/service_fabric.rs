//! A managed identity of Service Fabric: a real TLS listener whose certificate nobody signed, known by its thumbprint.
#![cfg(feature = "http-client")]

#[path = "transport/listen.rs"]
mod listen;

use std::error::Error;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use kusto_auth::{AuthError, AuthErrorKind, CloudInfo, Credential, ManagedIdentityId, ManagedIdentitySource};
use kusto_transport::{HttpClientOptions, PinnedCertificate, Proxy, http_client_with};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const TOKEN: &str = r#"{"token_type":"Bearer","access_token":"at","expires_on":4102444800,"resource":"r"}"#;

/// The endpoint of a node.
struct Node {
    address: String,
    thumbprint: String,
    /// The requests that came through TLS.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Node {
    async fn start(status: &'static str, body: &'static str) -> Self {
        listen::listen();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["another.name".to_owned()]).unwrap();
        let mut thumbprint = String::new();
        for byte in digest(&SHA1_FOR_LEGACY_USE_ONLY, cert.der()).as_ref() {
            write!(thumbprint, "{byte:02X}").unwrap();
        }
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!(
            "https://{}/metadata/identity/oauth2/token",
            listener.local_addr().unwrap()
        );
        let seen = Arc::default();
        let requests: Arc<Mutex<Vec<String>>> = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                // Whoever does not know the certificate hangs up.
                let Ok(mut connection) = acceptor.accept(connection).await else {
                    continue;
                };
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = connection.read_u8().await else {
                        break;
                    };
                    request.push(byte);
                }
                if request.is_empty() {
                    continue;
                }
                requests.lock().unwrap().push(String::from_utf8(request).unwrap());
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                connection.write_all(answer.as_bytes()).await.unwrap();
                connection.shutdown().await.unwrap();
            }
        });
        Self {
            address,
            thumbprint,
            seen,
        }
    }

    /// What a service gets that was told this thumbprint.
    async fn token(&self, pinned: Vec<PinnedCertificate>) -> Result<String, AuthError> {
        let mut options = HttpClientOptions::default();
        options.proxy = Proxy::None;
        options.pinned_certificates = pinned;
        let source = ManagedIdentitySource::ServiceFabric {
            endpoint: self.address.clone(),
            header: "hush".into(),
            thumbprint: self.thumbprint.clone(),
        };
        let token = Credential::managed_identity_of(source, ManagedIdentityId::System)
            .to_token_credential(&CloudInfo::default(), &http_client_with(&options).unwrap())
            .unwrap()
            .unwrap()
            .get_token(&["https://kusto.kusto.windows.net/.default"], None)
            .await;
        match token {
            Ok(token) => Ok(token.token.secret().to_owned()),
            Err(error) => Err(error.into_downcast().unwrap()),
        }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn the_endpoint_is_known_by_its_thumbprint_in_capitals_or_not() {
    let node = Node::start("200 OK", TOKEN).await;
    for thumbprint in [node.thumbprint.clone(), node.thumbprint.to_lowercase()] {
        let pinned = PinnedCertificate::new(&node.address, thumbprint);
        assert_eq!(node.token(vec![pinned]).await.unwrap(), "at");
    }
    let seen = node.seen();
    assert_eq!(seen.len(), 2);
    let request = seen[0].to_lowercase();
    assert!(
        request.starts_with(
            "get /metadata/identity/oauth2/token?api-version=2019-07-01-preview\
             &resource=https%3a%2f%2fkusto.kusto.windows.net http/1.1\r\n"
        ),
        "{request}"
    );
    assert!(request.contains("\r\nsecret: hush\r\n"), "{request}");
}

#[tokio::test]
async fn the_secret_goes_to_no_other_certificate() {
    let node = Node::start("200 OK", TOKEN).await;
    let other = Node::start("200 OK", TOKEN).await;
    for pinned in [
        // Another certificate than the one that was told.
        vec![PinnedCertificate::new(&node.address, &other.thumbprint)],
        // A thumbprint is good for its own address alone.
        vec![PinnedCertificate::new(&other.address, &node.thumbprint)],
        // Nobody knows the certificate.
        vec![],
    ] {
        let error = node.token(pinned).await.unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Tls);
        assert!(
            error.to_string().contains("IDENTITY_SERVER_THUMBPRINT"),
            "{error}"
        );
        let source = error.source().unwrap();
        assert!(
            !format!("{error} {error:?} {source}").contains("hush"),
            "{error:?}"
        );
    }
    assert_eq!(node.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refusal_comes_with_its_code_and_is_not_repeated() {
    let body = r#"{"error":{"correlationId":"1","code":"ManagedIdentityNotFound","message":"Managed identity not found for the specified application host."}}"#;
    let node = Node::start("404 Not Found", body).await;
    let pinned = PinnedCertificate::new(&node.address, &node.thumbprint);
    let error = node.token(vec![pinned]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the token of the managed identity of Service Fabric was refused: Managed identity not found for the specified \
         application host (ManagedIdentityNotFound)"
    );
    assert_eq!(node.seen().len(), 1);
}
