//! Where an identity signs in.

use crate::error::{AuthError, AuthErrorKind};
use crate::trusted_hosts;

/// A tenant of an identity provider.
///
/// ```
/// use kusto_auth::Authority;
///
/// let authority = Authority::new("https://login.microsoftonline.com/", "contoso.com")?;
/// assert_eq!(
///     authority.token_endpoint(),
///     "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
/// );
/// # Ok::<(), kusto_auth::AuthError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    login_endpoint: String,
    tenant: String,
    region: Option<String>,
}

impl Authority {
    /// A tenant, by id or domain name, of the provider at `login_endpoint`. `organizations` stands for whichever
    /// tenant a person belongs to; applications need a real one.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Untrusted`] if the provider is neither on this machine nor spoken to over TLS;
    /// [`AuthErrorKind::Unsupported`] if the tenant is no id and no domain name.
    pub fn new(login_endpoint: &str, tenant: &str) -> Result<Self, AuthError> {
        trusted_hosts::check_encrypted(login_endpoint)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if tenant.is_empty() || !tenant.chars().all(is_name) || tenant.chars().all(|c| c == '.') {
            return Err(AuthError::new(
                AuthErrorKind::Unsupported,
                "the tenant must be an id or a domain name, such as contoso.com",
            ));
        }
        Ok(Self {
            login_endpoint: login_endpoint.trim_end_matches('/').to_owned(),
            tenant: tenant.to_owned(),
            region: None,
        })
    }

    /// Sets the region whose token endpoint applications are to ask (the keyword `Azure Region`).
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Unsupported`] if that is not the name of a region.
    pub fn region(mut self, region: &str) -> Result<Self, AuthError> {
        // A dot or a slash would lead to another host.
        if region.is_empty() || !region.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(AuthError::new(
                AuthErrorKind::Unsupported,
                "the Azure region must be a name such as westeurope",
            ));
        }
        self.region = Some(region.to_ascii_lowercase());
        Ok(self)
    }

    /// The tenant, as it was given.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Where tokens are asked for.
    pub fn token_endpoint(&self) -> String {
        self.endpoint("token")
    }

    /// Where an application asks for a token of its own: in its region, if one is set.
    pub fn regional_token_endpoint(&self) -> String {
        let Some(region) = &self.region else {
            return self.token_endpoint();
        };
        let host = self
            .login_endpoint
            .strip_prefix("https://")
            .unwrap_or(&self.login_endpoint);
        let host = if PUBLIC_HOSTS.contains(&host) {
            "login.microsoft.com"
        } else {
            host
        };
        format!("https://{region}.{host}/{}/oauth2/v2.0/token", self.tenant)
    }

    /// Where a person signs in with a browser.
    pub fn authorization_endpoint(&self) -> String {
        self.endpoint("authorize")
    }

    /// Where device codes come from.
    pub fn device_code_endpoint(&self) -> String {
        self.endpoint("devicecode")
    }

    fn endpoint(&self, name: &str) -> String {
        format!("{}/{}/oauth2/v2.0/{name}", self.login_endpoint, self.tenant)
    }
}

// The hosts of the public cloud share the regional ones.
const PUBLIC_HOSTS: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_its_own_endpoint() {
        let of = |login| Authority::new(login, "t").unwrap().region("WestEurope").unwrap();
        assert_eq!(
            of("https://login.microsoftonline.com").regional_token_endpoint(),
            "https://westeurope.login.microsoft.com/t/oauth2/v2.0/token"
        );
        assert_eq!(
            of("https://login.microsoftonline.us").regional_token_endpoint(),
            "https://westeurope.login.microsoftonline.us/t/oauth2/v2.0/token"
        );
        assert!(
            Authority::new("https://l", "t")
                .unwrap()
                .region("evil.example/")
                .is_err()
        );
    }

    #[test]
    fn what_would_lead_elsewhere_is_no_tenant() {
        for tenant in ["", "..", "a/b", "a?b", "a b", "a#b"] {
            let error = Authority::new("https://login.microsoftonline.com", tenant).unwrap_err();
            assert_eq!(error.kind(), AuthErrorKind::Unsupported, "{tenant}");
        }
        let error = Authority::new("http://login.microsoftonline.com", "t").unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Untrusted);
        assert!(Authority::new("http://127.0.0.1:9000", "t").is_ok());
    }
}
