//! A service connection of Azure Pipelines: an application whose proof the service of the pipeline signs.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{HttpClient, Url};
use bytes::Bytes;
use http::{HeaderValue, header};
use kusto_protocol::Secret;
use serde::Deserialize;

use crate::error::{AuthError, AuthErrorKind};
use crate::exchange::exchange;
use crate::flow_credential::{Application, Proof};
use crate::trusted_hosts;

/// A service connection, and the job that may use it.
#[derive(Clone, Debug)]
pub(crate) struct ServiceConnection {
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) id: String,
    pub(crate) access_token: Secret,
}

impl ServiceConnection {
    /// The application of the service connection, in the environment of a job.
    pub(crate) fn application(
        &self,
        http_client: &Arc<dyn HttpClient>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Application, AuthError> {
        let missing = |why: &str| {
            let message =
                format!("Azure Pipelines: {VARIABLE} {why}; a pipeline sets it for the steps of a job");
            AuthError::new(AuthErrorKind::Missing, message)
        };
        let address = variable(VARIABLE).ok_or_else(|| missing("is not set"))?;
        let mut address: Url = address.parse().map_err(|_| missing("is no address"))?;
        trusted_hosts::check_encrypted(address.as_str())?;
        address
            .query_pairs_mut()
            .append_pair("api-version", "7.1")
            .append_pair("serviceConnectionId", &self.id);
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.access_token.expose()));
        let mut bearer = bearer.map_err(|_| {
            let message =
                "Azure Pipelines: the access token is no text for a header; pass System.AccessToken";
            AuthError::new(AuthErrorKind::Missing, message)
        })?;
        bearer.set_sensitive(true);
        let http_client = Arc::clone(http_client);
        let give = move || {
            let (http_client, address, bearer) = (Arc::clone(&http_client), address.clone(), bearer.clone());
            Box::pin(async move { assertion(&*http_client, &address, bearer).await }) as _
        };
        Ok(Application {
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            region: None,
            proof: Proof::Assertion(Arc::new(give)),
        })
    }
}

/// What the service of the pipeline signs for this job.
async fn assertion(
    http_client: &dyn HttpClient,
    address: &Url,
    bearer: HeaderValue,
) -> Result<Secret, AuthError> {
    let request = http::Request::post(address.as_str())
        .header(header::AUTHORIZATION, bearer)
        .header(header::CONTENT_LENGTH, "0")
        // A status in place of a page to sign in at.
        .header("x-tfs-fedauthredirect", "Suppress")
        .body(Bytes::new())
        .map_err(|error| refused("its address cannot be requested").with_source(error))?;
    let response = exchange(http_client, request, PATIENCE).await?;
    if !response.status().is_success() {
        let why = format!("status {}", response.status().as_u16());
        return Err(refused(&why));
    }
    let signed: Signed =
        serde_json::from_slice(response.body()).map_err(|_| refused("its answer cannot be read"))?;
    Ok(signed.oidc_token.into())
}

fn refused(why: &str) -> AuthError {
    AuthError::new(
        AuthErrorKind::Rejected,
        format!(
            "Azure Pipelines gave no token of the service connection ({why}); check its id and whether the job may use \
             it, and pass System.AccessToken"
        ),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    oidc_token: String,
}

/// Where a job asks for its proof.
const VARIABLE: &str = "SYSTEM_OIDCREQUESTURI";
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use azure_core::credentials::TokenCredential;

    use super::*;
    use crate::cloud::CloudInfo;
    use crate::drive::Driver;
    use crate::flow_credential::{FlowCredential, SignIn};
    use crate::scripted::{Scripted, answer};

    const ADDRESS: &str = "https://vstoken.example/oidc?hub=build";

    fn credential(address: Option<&'static str>, http: &Arc<Scripted>) -> Result<FlowCredential, AuthError> {
        let http_client: Arc<dyn HttpClient> = Arc::clone(http) as _;
        let connection = ServiceConnection {
            tenant: "contoso.com".to_owned(),
            client_id: "app".to_owned(),
            id: "a b".to_owned(),
            access_token: "hush".into(),
        };
        let variable = |name: &str| address.filter(|_| name == VARIABLE).map(str::to_owned);
        let application = connection.application(&http_client, &variable)?;
        let sign_in = SignIn::Application(application);
        Ok(FlowCredential::new(
            sign_in,
            &CloudInfo::default(),
            Driver::new(http_client),
        ))
    }

    #[tokio::test]
    async fn a_job_shows_who_it_is_with_what_the_service_of_the_pipeline_signs() {
        let http = Scripted::new([
            answer(200, r#"{"oidcToken":"signed"}"#),
            answer(200, r#"{"access_token":"t","expires_in":3600}"#),
        ]);
        let credential = credential(Some(ADDRESS), &http).unwrap();
        assert_eq!(
            credential
                .get_token(&["r/.default"], None)
                .await
                .unwrap()
                .token
                .secret(),
            "t"
        );
        let seen = http.seen();
        assert_eq!(
            seen[0].url,
            format!("{ADDRESS}&api-version=7.1&serviceConnectionId=a+b")
        );
        assert!(seen[1].body.contains("&client_assertion=signed&"));
        assert!(!format!("{credential:?}").contains("hush"));
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_job_is_told_with_what_to_do() {
        let none = Scripted::new([]);
        let error = credential(None, &none).unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Missing);
        assert!(
            error.to_string().contains("SYSTEM_OIDCREQUESTURI is not set"),
            "{error}"
        );
        assert!(credential(Some("http://vstoken.example"), &none).is_err());
        for answer in [answer(401, ""), answer(302, ""), answer(200, "<html>")] {
            let credential = credential(Some(ADDRESS), &Scripted::new([answer])).unwrap();
            let error = credential.get_token(&["r/.default"], None).await.unwrap_err();
            assert!(error.to_string().contains("pass System.AccessToken"), "{error}");
            assert!(!format!("{error:?}").contains("hush"));
        }
    }
}
