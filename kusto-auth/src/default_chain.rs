//! The identity that a program finds where it runs.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::HttpClient;
use bytes::Bytes;

use crate::cloud::CloudInfo;
use crate::drive::Driver;
use crate::error::{AuthError, AuthErrorKind};
use crate::exchange::exchange;
use crate::flow::{ClientAuthentication, ManagedIdentityId, ManagedIdentitySource};
use crate::flow_credential::{Application, FlowCredential, Proof, SignIn};
#[cfg(feature = "azure-identity")]
use crate::identity::Identity;
use crate::workload_identity;

/// One identity after the other, until one gives a token; from then on that one.
pub(crate) struct DefaultChain {
    links: Vec<Link>,
    /// The link that gave a token; at first none.
    found: AtomicUsize,
    http_client: Arc<dyn HttpClient>,
}

struct Link {
    name: &'static str,
    credential: Result<Arc<dyn TokenCredential>, AuthError>,
    /// Whether a refusal ends the search: the environment says that this is the identity, so no other one was meant.
    is_decisive: bool,
    /// Whether the metadata service of virtual machines has to answer first: elsewhere nobody is there, and nobody
    /// says so.
    wants_metadata_service: bool,
}

impl DefaultChain {
    /// The chain in the environment of this program.
    pub(crate) fn new(
        tenant: Option<&str>,
        cloud: &CloudInfo,
        http_client: &Arc<dyn HttpClient>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let driver = Driver::new(Arc::clone(http_client));
        let flow = |sign_in| Arc::new(FlowCredential::new(sign_in, cloud, driver.clone())) as _;
        let source = ManagedIdentitySource::find(variable, Path::exists);
        let wants_metadata_service = matches!(source, ManagedIdentitySource::Imds { .. });
        let id = variable("AZURE_CLIENT_ID")
            .filter(|id| !id.is_empty())
            .map_or(ManagedIdentityId::System, ManagedIdentityId::ClientId);
        let application = |name, application: Result<Application, AuthError>| Link {
            name,
            credential: application.map(|application| flow(SignIn::Application(application))),
            is_decisive: true,
            wants_metadata_service: false,
        };
        #[allow(unused_mut, reason = "the tools come with a feature")]
        let mut links = vec![
            application("environment", environment(variable)),
            application("workload identity", workload_identity::application(variable)),
            Link {
                name: "managed identity",
                credential: Ok(flow(SignIn::ManagedIdentity {
                    source: Some(source),
                    id,
                })),
                is_decisive: false,
                wants_metadata_service,
            },
        ];
        #[cfg(feature = "azure-identity")]
        {
            let tenant = tenant.map(str::to_owned);
            for identity in [Identity::AzureCli(tenant.clone()), Identity::DeveloperCli(tenant)] {
                links.push(Link {
                    name: identity.name(),
                    credential: identity.to_token_credential(),
                    is_decisive: false,
                    wants_metadata_service: false,
                });
            }
        }
        #[cfg(not(feature = "azure-identity"))]
        let _ = tenant;
        Self {
            links,
            found: AtomicUsize::new(NONE),
            http_client: Arc::clone(http_client),
        }
    }

    async fn ask(
        &self,
        link: &Link,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> Result<AccessToken, AuthError> {
        let credential = link.credential.clone()?;
        let is_found = self.found.load(Ordering::Relaxed) != NONE;
        if link.wants_metadata_service && !is_found {
            self.find_metadata_service().await?;
        }
        credential
            .get_token(scopes, options)
            .await
            .map_err(AuthError::from_credential)
    }

    /// Asks without the header that it wants, so that any answer will do.
    async fn find_metadata_service(&self) -> Result<(), AuthError> {
        let request = http::Request::get(METADATA_SERVICE)
            .body(Bytes::new())
            // A constant.
            .expect("the address of the metadata service is valid");
        exchange(&*self.http_client, request, PATIENCE)
            .await
            .map(drop)
            .map_err(|_| AuthError::new(AuthErrorKind::Missing, "this is no virtual machine of Azure"))
    }
}

#[async_trait::async_trait]
impl TokenCredential for DefaultChain {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        if let Some(link) = self.links.get(self.found.load(Ordering::Relaxed)) {
            let token = self.ask(link, scopes, options).await;
            return token.map_err(AuthError::into_azure);
        }
        let mut failures = Vec::new();
        // Unless something may come back by itself, it is all in vain.
        let mut kind = AuthErrorKind::Missing;
        for (index, link) in self.links.iter().enumerate() {
            match self.ask(link, scopes, options.clone()).await {
                Ok(token) => {
                    self.found.store(index, Ordering::Relaxed);
                    return Ok(token);
                }
                Err(error) if link.is_decisive && error.kind() == AuthErrorKind::Rejected => {
                    return Err(error.in_credential(link.name).into_azure());
                }
                Err(error) => {
                    if matches!(error.kind(), AuthErrorKind::Connect | AuthErrorKind::Unavailable) {
                        kind = AuthErrorKind::Unavailable;
                    }
                    failures.push(format!("{}: {error}", link.name));
                }
            }
        }
        Err(AuthError::new(
            kind,
            format!(
                "no identity was found here; run `az login`, or say in code or in the connection string who signs in \
                 ({})",
                failures.join("; ")
            ),
        )
        .into_azure())
    }
}

/// The application that the environment names.
fn environment(variable: &dyn Fn(&str) -> Option<String>) -> Result<Application, AuthError> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let missing = |name| AuthError::new(AuthErrorKind::Missing, format!("{name} is not set"));
    let tenant = variable("AZURE_TENANT_ID").ok_or_else(|| missing("AZURE_TENANT_ID"))?;
    let client_id = variable("AZURE_CLIENT_ID").ok_or_else(|| missing("AZURE_CLIENT_ID"))?;
    let proof = match variable("AZURE_CLIENT_SECRET") {
        Some(secret) => ClientAuthentication::Secret(secret.into()),
        None => certificate(&variable)?,
    };
    Ok(Application {
        tenant,
        client_id,
        region: None,
        proof: Proof::Ready(proof),
    })
}

#[cfg(feature = "client-certificate")]
fn certificate(variable: &dyn Fn(&str) -> Option<String>) -> Result<ClientAuthentication, AuthError> {
    let path = variable("AZURE_CLIENT_CERTIFICATE_PATH").ok_or_else(|| {
        AuthError::new(
            AuthErrorKind::Missing,
            "neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set",
        )
    })?;
    let password = variable("AZURE_CLIENT_CERTIFICATE_PASSWORD").map(kusto_protocol::Secret::from);
    let sends_chain = variable("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
        .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"));
    let certificate = crate::certificate::ClientCertificate::from_file(path, password.as_ref())?;
    Ok(ClientAuthentication::Certificate(
        certificate.send_chain(sends_chain),
    ))
}

#[cfg(not(feature = "client-certificate"))]
fn certificate(_variable: &dyn Fn(&str) -> Option<String>) -> Result<ClientAuthentication, AuthError> {
    Err(AuthError::new(
        AuthErrorKind::Missing,
        "AZURE_CLIENT_SECRET is not set",
    ))
}

impl fmt::Debug for DefaultChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.links.iter().map(|link| link.name);
        f.debug_list().entries(names).finish()
    }
}

const METADATA_SERVICE: &str = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";
/// No link has this index.
const NONE: usize = usize::MAX;
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, answer};

    fn chain(http: &Arc<Scripted>, variables: &'static [(&str, &str)]) -> DefaultChain {
        let http_client: Arc<dyn HttpClient> = Arc::clone(http) as _;
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name)?;
            Some(found.1.to_owned())
        };
        let mut chain = DefaultChain::new(None, &CloudInfo::default(), &http_client, &variable);
        // No test starts the tools of this machine.
        chain.links.retain(|link| !link.name.contains("CLI"));
        chain
    }

    const TOKEN: &str = r#"{"access_token":"t","expires_in":"3600"}"#;

    #[tokio::test]
    async fn the_environment_comes_first() {
        let http = Scripted::new([answer(200, TOKEN)]);
        let variables = &[
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
        ];
        assert!(
            chain(&http, variables)
                .get_token(&["r/.default"], None)
                .await
                .is_ok()
        );
        assert!(http.seen()[0].url.ends_with("/t/oauth2/v2.0/token"));
    }

    #[tokio::test]
    async fn an_application_that_is_refused_is_the_answer() {
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: Expired."}"#;
        let http = Scripted::new([answer(401, body)]);
        let variables = &[
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
        ];
        let error = chain(&http, variables).get_token(&["r/.default"], None).await;
        let error: AuthError = error.unwrap_err().into_downcast().unwrap();
        assert_eq!(
            (error.kind(), error.code()),
            (AuthErrorKind::Rejected, Some("AADSTS7000222"))
        );
        assert!(
            error
                .to_string()
                .starts_with("environment: the sign-in of application c"),
            "{error}"
        );
        assert_eq!(http.seen().len(), 1);
    }

    #[tokio::test]
    async fn a_workload_identity_comes_before_a_managed_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "signed").unwrap();
        let http = Scripted::new([answer(200, TOKEN)]);
        let http_client: Arc<dyn HttpClient> = Arc::clone(&http) as _;
        let variable = |name: &str| match name {
            "AZURE_TENANT_ID" => Some("t".to_owned()),
            "AZURE_CLIENT_ID" => Some("c".to_owned()),
            "AZURE_FEDERATED_TOKEN_FILE" => Some(file.path().display().to_string()),
            _ => None,
        };
        let chain = DefaultChain::new(None, &CloudInfo::default(), &http_client, &variable);
        assert!(chain.get_token(&["r/.default"], None).await.is_ok());
        assert!(http.seen()[0].body.contains("&client_assertion=signed&"));
    }

    #[tokio::test]
    async fn what_was_found_is_asked_again_and_nothing_else() {
        // The metadata service answers, then gives tokens.
        let http = Scripted::new([answer(400, ""), answer(200, TOKEN), answer(200, TOKEN)]);
        let chain = chain(&http, &[]);
        for _ in 0..2 {
            assert!(chain.get_token(&["r/.default"], None).await.is_ok());
        }
        assert_eq!(http.seen().len(), 3);
    }

    #[tokio::test]
    async fn nothing_found_names_every_link_and_what_to_do() {
        let error = chain(&Scripted::new([]), &[])
            .get_token(&["r/.default"], None)
            .await
            .unwrap_err();
        let error: AuthError = error.into_downcast().unwrap();
        assert_eq!(error.kind(), AuthErrorKind::Missing);
        let text = error.to_string();
        for word in [
            "az login",
            "environment: AZURE_TENANT_ID is not set",
            "managed identity: this is no",
        ] {
            assert!(text.contains(word), "{text}");
        }
    }
}
