//! A managed identity of Azure Arc: a listener in place of the agent, and a folder in place of that of its keys.

#[path = "../../kusto-transport/tests/transport/listen.rs"]
mod listen;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use azure_core::http::HttpClient;
use kusto_auth::{AuthError, AuthErrorKind, CloudInfo, Credential, ManagedIdentityId, ManagedIdentitySource};

const TOKEN: &str = r#"{"access_token":"at","expires_in":"3599","resource":"r","token_type":"Bearer"}"#;
const KEY: &str = "hush-key";

/// An agent that names a file and wants to be told what is in it.
struct Agent {
    endpoint: String,
    /// Method, path and headers of the requests.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Agent {
    fn start(realm: &Path) -> Self {
        listen::listen();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!(
            "http://{}/metadata/identity/oauth2/token",
            listener.local_addr().unwrap()
        );
        let challenge = format!("www-authenticate: Basic realm={}\r\n", realm.display());
        let seen = Arc::default();
        let requests: Arc<Mutex<Vec<String>>> = Arc::clone(&seen);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut request = String::new();
                for line in BufReader::new(&connection).lines() {
                    let line = line.unwrap();
                    if line.is_empty() {
                        break;
                    }
                    request += &format!("{line}\n");
                }
                let (status, header, body) = if request.contains(&format!("authorization: Basic {KEY}\n")) {
                    ("200 OK", "", TOKEN)
                } else {
                    ("401 Unauthorized", challenge.as_str(), "")
                };
                requests.lock().unwrap().push(request);
                let length = body.len();
                write!(
                    connection,
                    "HTTP/1.1 {status}\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
                )
                .unwrap();
            }
        });
        Self { endpoint, seen }
    }

    async fn token(&self, key_folder: &Path, id: ManagedIdentityId) -> Result<String, AuthError> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let http_client: Arc<dyn HttpClient> = Arc::new(client);
        let source = ManagedIdentitySource::Arc {
            endpoint: self.endpoint.clone(),
            key_folder: key_folder.to_owned(),
        };
        let token = Credential::managed_identity_of(source, id)
            .to_token_credential(&CloudInfo::default(), &http_client)?
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

/// A folder of keys, and one of them.
fn key(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.key");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

#[tokio::test]
async fn the_agent_is_shown_what_is_in_its_key() {
    // As long as a key may be, or with an end of line.
    for content in [
        KEY.to_owned(),
        format!("{KEY}\n"),
        format!("{KEY}{}", " ".repeat(4096 - KEY.len())),
    ] {
        let (folder, path) = key(&content);
        let agent = Agent::start(&path);
        assert_eq!(
            agent
                .token(folder.path(), ManagedIdentityId::System)
                .await
                .unwrap(),
            "at"
        );
        let [first, second] = agent.seen().try_into().unwrap();
        let address = "GET /metadata/identity/oauth2/token?api-version=2020-06-01\
                       &resource=https%3A%2F%2Fkusto.kusto.windows.net HTTP/1.1\n";
        for request in [&first, &second] {
            assert!(request.starts_with(address), "{request}");
            assert!(request.contains("metadata: true\n"), "{request}");
        }
        assert!(!first.contains("authorization"), "{first}");
    }
}

#[tokio::test]
async fn no_other_file_is_read_for_the_agent() {
    let (folder, path) = key(KEY);
    let (elsewhere, other) = key(KEY);
    let below = folder.path().join("below");
    std::fs::create_dir(&below).unwrap();
    std::fs::write(below.join("1.key"), KEY).unwrap();
    std::fs::write(folder.path().join("1.txt"), KEY).unwrap();
    for realm in [
        other.clone(),
        below.join("1.key"),
        folder.path().join("1.txt"),
        folder.path().join("below/../1.key"),
        folder
            .path()
            .join("..")
            .join(elsewhere.path().file_name().unwrap())
            .join("1.key"),
        PathBuf::from("1.key"),
        PathBuf::new(),
    ] {
        let agent = Agent::start(&realm);
        let error = agent
            .token(folder.path(), ManagedIdentityId::System)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Malformed, "{}", realm.display());
        assert!(error.to_string().contains("not one of its keys"), "{error}");
        assert_eq!(agent.seen().len(), 1, "{}", realm.display());
    }
    assert!(path.exists());
}

#[tokio::test]
async fn a_key_that_is_none_is_not_shown() {
    for (content, words) in [
        (
            Some(format!("{KEY}{}", "x".repeat(4097 - KEY.len()))),
            "more than 4096 bytes",
        ),
        (None, "add this user to the group himds"),
    ] {
        let (folder, path) = key(content.as_deref().unwrap_or_default());
        if content.is_none() {
            std::fs::remove_file(&path).unwrap();
        }
        let agent = Agent::start(&path);
        let error = agent
            .token(folder.path(), ManagedIdentityId::System)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("1.key"), "{error}");
        assert!(!format!("{error:?}").contains("hush"));
        assert_eq!(agent.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_key_that_the_agent_does_not_take_is_shown_once() {
    let (folder, path) = key("hush-other");
    let agent = Agent::start(&path);
    let error = agent
        .token(folder.path(), ManagedIdentityId::System)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Rejected);
    assert!(error.to_string().contains("Azure Arc gave no token"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hush"));
    assert_eq!(agent.seen().len(), 2);
}

#[tokio::test]
async fn an_identity_can_be_chosen() {
    for (id, parameter) in [
        (ManagedIdentityId::ClientId("1".to_owned()), "&client_id=1 "),
        (ManagedIdentityId::ObjectId("1".to_owned()), "&object_id=1 "),
        (ManagedIdentityId::ResourceId("1".to_owned()), "&msi_res_id=1 "),
    ] {
        let (folder, path) = key(KEY);
        let agent = Agent::start(&path);
        assert_eq!(agent.token(folder.path(), id).await.unwrap(), "at");
        let seen = agent.seen();
        assert_eq!(seen.len(), 2);
        assert!(seen.iter().all(|request| request.contains(parameter)), "{seen:?}");
    }
}
