//! The workload identity of a Kubernetes pod: an application whose proof is a file that Kubernetes keeps fresh.

use std::fs;
use std::sync::Arc;

use kusto_protocol::Secret;

use crate::error::{AuthError, AuthErrorKind};
use crate::flow_credential::{Application, Proof};

/// The application that the environment of a pod names.
pub(crate) fn application(variable: &dyn Fn(&str) -> Option<String>) -> Result<Application, AuthError> {
    let variable = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| {
            AuthError::new(
                AuthErrorKind::Missing,
                format!("{name} is not set; label the pod azure.workload.identity/use: \"true\""),
            )
        })
    };
    let (tenant, client_id) = (variable("AZURE_TENANT_ID")?, variable("AZURE_CLIENT_ID")?);
    let path: Arc<str> = variable("AZURE_FEDERATED_TOKEN_FILE")?.into();
    let read = move || {
        let path = Arc::clone(&path);
        // A small file, read once an hour. It is replaced in between, so nothing is kept of it.
        Box::pin(async move {
            fs::read_to_string(&*path)
                .map(Secret::from)
                .map_err(|error| unreadable(&path, error))
        }) as _
    };
    Ok(Application {
        tenant,
        client_id,
        region: None,
        proof: Proof::Assertion(Arc::new(read)),
    })
}

fn unreadable(path: &str, error: std::io::Error) -> AuthError {
    AuthError::new(
        AuthErrorKind::Missing,
        format!(
            "the token file {path} of the workload identity cannot be read; check AZURE_FEDERATED_TOKEN_FILE"
        ),
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use azure_core::credentials::TokenCredential;
    use azure_core::http::HttpClient;

    use super::*;
    use crate::cloud::CloudInfo;
    use crate::drive::Driver;
    use crate::flow_credential::{FlowCredential, SignIn};
    use crate::scripted::{Scripted, answer};

    #[tokio::test]
    async fn the_file_is_read_anew_for_every_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let variable = |name: &str| {
            Some(match name {
                "AZURE_TENANT_ID" => "contoso.com".to_owned(),
                "AZURE_CLIENT_ID" => "app".to_owned(),
                _ => path.display().to_string(),
            })
        };
        let token = || answer(200, r#"{"access_token":"t","expires_in":3600}"#);
        let http = Scripted::new([token(), token()]);
        let http_client: Arc<dyn HttpClient> = Arc::clone(&http) as _;
        let sign_in = SignIn::Application(application(&variable).unwrap());
        let credential = FlowCredential::new(sign_in, &CloudInfo::default(), Driver::new(http_client));
        let error = credential.get_token(&["r/.default"], None).await.unwrap_err();
        assert!(
            error.to_string().contains("AZURE_FEDERATED_TOKEN_FILE"),
            "{error}"
        );
        for content in ["hush-1", "hush-2"] {
            fs::write(&path, content).unwrap();
            credential.get_token(&["r/.default"], None).await.unwrap();
            let seen = http.seen().pop().unwrap();
            assert_eq!(
                seen.url,
                "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
            );
            assert!(
                seen.body.contains(&format!("client_assertion={content}&")),
                "{}",
                seen.body
            );
        }
        assert!(!format!("{credential:?}").contains("hush"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for missing in ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"] {
            let variable = |name: &str| Some(if name == missing { "" } else { "x" }.to_owned());
            let Err(error) = application(&variable) else {
                panic!()
            };
            assert!(error.to_string().starts_with(missing), "{error}");
        }
    }
}
