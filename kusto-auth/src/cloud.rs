//! What a cluster says about the cloud it lives in.

use bytes::Bytes;
use kusto_protocol::Endpoint;
use serde::Deserialize;

use crate::error::{AuthError, AuthErrorKind};

/// The login settings of a cloud: where to sign in, as which public client, for which resource.
///
/// A cluster tells them without a token at `/v1/rest/auth/metadata`; the default is Azure's public cloud.
///
/// ```
/// use kusto_auth::CloudInfo;
///
/// let cloud = CloudInfo::from_response(404, b"")?; // a proxy that lacks the endpoint
/// assert_eq!(cloud, CloudInfo::default());
/// assert_eq!(cloud.scope(), "https://kusto.kusto.windows.net/.default");
/// assert_eq!(cloud.authority("contoso.com"), "https://login.microsoftonline.com/contoso.com");
/// # Ok::<(), kusto_auth::AuthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloudInfo {
    /// The address of the identity provider, without a tenant.
    pub login_endpoint: String,
    /// Whether tokens must be asked for with the resource that enforces multi-factor authentication.
    pub login_mfa_required: bool,
    /// The public client that people sign in with.
    pub client_app_id: String,
    /// The redirect address registered for that client.
    pub client_redirect_uri: String,
    /// The resource that tokens are for.
    pub service_resource_id: String,
    /// The authority of first-party applications.
    pub first_party_authority_url: String,
}

impl Default for CloudInfo {
    /// Azure's public cloud.
    fn default() -> Self {
        Self {
            login_endpoint: PUBLIC_LOGIN.to_owned(),
            login_mfa_required: false,
            client_app_id: "db662dc1-0cfe-4e1c-a843-19a68e65be58".to_owned(),
            client_redirect_uri: "https://microsoft/kustoclient".to_owned(),
            service_resource_id: "https://kusto.kusto.windows.net".to_owned(),
            first_party_authority_url:
                "https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a".to_owned(),
        }
    }
}

impl CloudInfo {
    /// The request for the login settings of a cluster. It goes to the root of the host, carries no token, and its
    /// redirects must not be followed.
    pub fn request(endpoint: &Endpoint) -> http::Request<Bytes> {
        let address = format!(
            "{}://{}{}",
            endpoint.scheme(),
            endpoint.authority(),
            Endpoint::AUTH_METADATA
        );
        http::Request::get(address)
            .header(http::header::ACCEPT, "application/json")
            .body(Bytes::new())
            // Scheme and authority come from a checked endpoint, the rest are constants.
            .expect("an endpoint and a constant path make a valid address")
    }

    /// Reads the answer to that request.
    ///
    /// A 404, and a 200 that says nothing about Entra, mean the public cloud; a member that is missing or empty has
    /// the public cloud's value.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Malformed`] if a 200 has no settings in it (empty, `{}` or not JSON), and for every other status:
    /// a wrong guess would send secrets to a wrong cloud. [`AuthErrorKind::Unavailable`] if the cluster is busy (429 and
    /// 5xx).
    pub fn from_response(status: u16, body: &[u8]) -> Result<Self, AuthError> {
        Self::from_response_or(status, body, Self::default())
    }

    /// The same with other values for what the answer does not say.
    pub(crate) fn from_response_or(status: u16, body: &[u8], default: Self) -> Result<Self, AuthError> {
        match status {
            200 => Self::parse(body, default),
            404 => Ok(default),
            429 | 500.. => Err(AuthError::new(
                AuthErrorKind::Unavailable,
                format!("the cluster did not tell its cloud (status {status}); try again later"),
            )),
            _ => Err(AuthError::new(
                AuthErrorKind::Malformed,
                format!("the cluster did not tell its cloud (status {status}); check its address"),
            )),
        }
    }

    fn parse(body: &[u8], default: Self) -> Result<Self, AuthError> {
        let malformed = || {
            AuthError::new(
                AuthErrorKind::Malformed,
                "the cluster's cloud metadata cannot be read",
            )
        };
        let metadata: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(body).map_err(|error| malformed().with_source(error))?;
        if metadata.is_empty() {
            return Err(malformed());
        }
        let azure_ad = match metadata.get("AzureAD") {
            None | Some(serde_json::Value::Null) => return Ok(default),
            Some(azure_ad) => {
                AzureAd::deserialize(azure_ad).map_err(|error| malformed().with_source(error))?
            }
        };
        let or = |value: Option<String>, default| value.filter(|value| !value.is_empty()).unwrap_or(default);
        Ok(Self {
            login_endpoint: or(azure_ad.login_endpoint, default.login_endpoint),
            login_mfa_required: azure_ad.login_mfa_required.unwrap_or(default.login_mfa_required),
            client_app_id: or(azure_ad.kusto_client_app_id, default.client_app_id),
            client_redirect_uri: or(azure_ad.kusto_client_redirect_uri, default.client_redirect_uri),
            service_resource_id: or(azure_ad.kusto_service_resource_id, default.service_resource_id),
            first_party_authority_url: or(
                azure_ad.first_party_authority_url,
                default.first_party_authority_url,
            ),
        })
    }

    /// The resource that tokens are for, with the multi-factor rule applied.
    pub fn resource(&self) -> String {
        if self.login_mfa_required {
            self.service_resource_id.replacen(".kusto.", ".kustomfa.", 1)
        } else {
            self.service_resource_id.clone()
        }
    }

    /// The scope to ask for. A resource that ends in `/` gives a double slash; the identity provider wants it so.
    pub fn scope(&self) -> String {
        format!("{}/.default", self.resource())
    }

    /// The authority of a tenant: its id, its domain name, or `organizations`.
    pub fn authority(&self, tenant: &str) -> String {
        format!("{}/{tenant}", self.login_endpoint.trim_end_matches('/'))
    }
}

pub(crate) const PUBLIC_LOGIN: &str = "https://login.microsoftonline.com";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AzureAd {
    login_endpoint: Option<String>,
    login_mfa_required: Option<bool>,
    kusto_client_app_id: Option<String>,
    kusto_client_redirect_uri: Option<String>,
    kusto_service_resource_id: Option<String>,
    first_party_authority_url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHINA: &str = r#"{"AzureAD":{"LoginEndpoint":"https://login.partner.microsoftonline.cn",
        "LoginMfaRequired":true,"KustoClientAppId":"00000000-0000-0000-0000-000000000001",
        "KustoClientRedirectUri":"https://microsoft/kustoclient",
        "KustoServiceResourceId":"https://kusto.kusto.chinacloudapi.cn","FirstPartyAuthorityUrl":"",
        "NewMember":[1]},"dSTS":{"CloudEndpointSuffix":"windows.net"}}"#;

    #[test]
    fn settings_are_read_and_empty_ones_have_the_public_clouds_value() {
        let cloud = CloudInfo::from_response(200, CHINA.as_bytes()).unwrap();
        assert_eq!(cloud.login_endpoint, "https://login.partner.microsoftonline.cn");
        assert_eq!(cloud.client_app_id, "00000000-0000-0000-0000-000000000001");
        assert_eq!(
            cloud.first_party_authority_url,
            CloudInfo::default().first_party_authority_url
        );
        assert_eq!(cloud.scope(), "https://kusto.kustomfa.chinacloudapi.cn/.default");
    }

    #[test]
    fn a_cluster_without_settings_is_in_the_public_cloud() {
        for (status, body) in [
            (404, "<html>"),
            (200, r#"{"AzureAD":null}"#),
            (200, r#"{"dSTS":{}}"#),
            (200, r#"{"AzureAD":{}}"#),
        ] {
            assert_eq!(
                CloudInfo::from_response(status, body.as_bytes()).unwrap(),
                CloudInfo::default(),
                "{body}"
            );
        }
    }

    #[test]
    fn nothing_else_is_taken_for_the_public_cloud() {
        for (status, body, kind) in [
            (200, "", AuthErrorKind::Malformed),
            (200, "{}", AuthErrorKind::Malformed),
            (200, "<html>", AuthErrorKind::Malformed),
            (200, "[]", AuthErrorKind::Malformed),
            (200, r#"{"AzureAD":7}"#, AuthErrorKind::Malformed),
            (302, "", AuthErrorKind::Malformed),
            (401, "", AuthErrorKind::Malformed),
            (429, "", AuthErrorKind::Unavailable),
            (503, "", AuthErrorKind::Unavailable),
        ] {
            assert_eq!(
                CloudInfo::from_response(status, body.as_bytes())
                    .unwrap_err()
                    .kind(),
                kind,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn the_request_goes_to_the_root_without_a_token() {
        let endpoint: Endpoint = "https://adx.monitor.azure.com:8443/subscriptions/s"
            .parse()
            .unwrap();
        let request = CloudInfo::request(&endpoint);
        assert_eq!(
            request.uri(),
            "https://adx.monitor.azure.com:8443/v1/rest/auth/metadata"
        );
        assert!(!request.headers().contains_key(http::header::AUTHORIZATION));
    }

    #[test]
    fn a_resource_with_a_slash_keeps_it() {
        let cloud = CloudInfo {
            service_resource_id: "https://r/".to_owned(),
            ..CloudInfo::default()
        };
        assert_eq!(cloud.scope(), "https://r//.default");
    }
}
