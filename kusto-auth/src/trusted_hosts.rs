//! Which hosts may receive a token.

use kusto_protocol::Endpoint;

use crate::error::{AuthError, AuthErrorKind};

/// The hosts that a token may be sent to.
///
/// A stolen connection string that points to a foreign host would hand over the caller's token, so every host is
/// checked before the first request: loopback addresses always pass, then the rules added here, then the list of
/// hosts that Azure Data Explorer and its relatives are known to use, cloud by cloud.
///
/// ```
/// use kusto_auth::TrustedHosts;
///
/// let hosts = TrustedHosts::default().host("*.kusto.contoso.example");
/// hosts.check(&"https://help.kusto.windows.net".parse()?)?;
/// hosts.check(&"https://emea.kusto.contoso.example".parse()?)?;
/// assert!(hosts.check(&"https://help.kusto.windows.net.evil.example".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrustedHosts {
    added: Vec<String>,
    others: Others,
}

/// What becomes of hosts that no added rule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    BuiltIn,
    Refused,
    Trusted,
}

impl Default for TrustedHosts {
    /// The list that comes with this crate.
    fn default() -> Self {
        Self {
            added: Vec::new(),
            others: Others::BuiltIn,
        }
    }
}

impl TrustedHosts {
    /// Only the given hosts (and loopback): the list that comes with this crate is left out.
    ///
    /// A rule is a host name, or a suffix that starts with `.` or `*.`; case does not matter.
    pub fn only<R: AsRef<str>>(rules: impl IntoIterator<Item = R>) -> Self {
        let empty = Self {
            added: Vec::new(),
            others: Others::Refused,
        };
        rules.into_iter().fold(empty, |hosts, rule| hosts.host(rule))
    }

    /// Every host. Whoever can change the connection string then gets the caller's token: for closed networks only.
    pub fn any() -> Self {
        Self {
            added: Vec::new(),
            others: Others::Trusted,
        }
    }

    /// Adds a host name, or a suffix that starts with `.` or `*.`.
    #[must_use]
    pub fn host(mut self, rule: impl AsRef<str>) -> Self {
        let rule = rule.as_ref().trim().to_ascii_lowercase();
        let rule = rule.strip_prefix('*').map(str::to_owned).unwrap_or(rule);
        // A bare `*` or `.` would silently mean "any host"; `any` is the way to say that.
        if !rule.trim_matches('.').is_empty() {
            self.added.push(rule);
        }
        self
    }

    /// Checks a host before anything is sent to it, while its cloud is not known yet.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Untrusted`], if no rule of any cloud names the host.
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), AuthError> {
        self.check_clouds(endpoint, |_| true)
    }

    /// Checks a host once its cloud metadata named a login endpoint: it must be a host of that cloud.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Untrusted`], if no rule of that cloud names the host.
    pub fn check_in_cloud(&self, endpoint: &Endpoint, login_endpoint: &str) -> Result<(), AuthError> {
        let login_host = login_host(login_endpoint);
        self.check_clouds(endpoint, |cloud| cloud.login_host == login_host)
    }

    fn check_clouds(&self, endpoint: &Endpoint, relevant: impl Fn(&Cloud) -> bool) -> Result<(), AuthError> {
        let host = endpoint.host();
        let built_in = || {
            CLOUDS
                .iter()
                .filter(|cloud| relevant(cloud))
                .any(|cloud| cloud.contains(host))
        };
        let trusted = endpoint.is_loopback()
            || self.added.iter().any(|rule| matches(rule, host))
            || match self.others {
                Others::BuiltIn => built_in(),
                Others::Refused => false,
                Others::Trusted => true,
            };
        if trusted {
            return Ok(());
        }
        Err(AuthError::new(
            AuthErrorKind::Untrusted,
            format!(
                "{host} is not a trusted host, so no token is sent there; add it to the trusted hosts if it is yours \
                 (see https://aka.ms/kustotrustedendpoints)"
            ),
        ))
    }
}

/// Checks a login endpoint that a service on this machine names: on this machine too, or known.
pub(crate) fn check_login(login_endpoint: &str) -> Result<(), AuthError> {
    let host = login_host(login_endpoint);
    if is_loopback(login_endpoint) || CLOUDS.iter().any(|cloud| cloud.login_host == host) {
        return Ok(());
    }
    Err(AuthError::new(
        AuthErrorKind::Untrusted,
        format!(
            "the service on this machine names {host} to sign in at, which is no known identity provider; set the \
             login endpoint if it is yours"
        ),
    ))
}

/// Secrets are posted to a login endpoint, so it is on this machine or spoken to over TLS.
pub(crate) fn check_encrypted(login_endpoint: &str) -> Result<(), AuthError> {
    if login_endpoint.starts_with("https://") || is_loopback(login_endpoint) {
        return Ok(());
    }
    Err(AuthError::new(
        AuthErrorKind::Untrusted,
        format!(
            "the login endpoint {} is not an https:// address, so nothing is sent there",
            login_host(login_endpoint)
        ),
    ))
}

fn is_loopback(address: &str) -> bool {
    address
        .parse::<Endpoint>()
        .is_ok_and(|endpoint| endpoint.is_loopback())
}

/// The hosts of the clouds that use one login endpoint.
struct Cloud {
    login_host: &'static str,
    rules: &'static [&'static str],
}

impl Cloud {
    fn contains(&self, host: &str) -> bool {
        self.rules.iter().any(|rule| matches(rule, host))
    }
}

/// A rule that starts with `.` names every host that ends with it, any other rule names one host.
fn matches(rule: &str, host: &str) -> bool {
    if rule.starts_with('.') {
        host.len() > rule.len() && host.ends_with(rule)
    } else {
        host == rule
    }
}

/// The host of a login endpoint: what stands between `://` and the next `/`, in lower case.
fn login_host(login_endpoint: &str) -> String {
    let rest = login_endpoint
        .split_once("://")
        .map_or(login_endpoint, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_ascii_lowercase()
}

// The well-known endpoints that the service's own client libraries agree on.
const CLOUDS: &[Cloud] = &[
    Cloud {
        login_host: "login.microsoftonline.com",
        rules: &[
            ".dxp.aad.azure.com",
            ".dxp-dev.aad.azure.com",
            ".kusto.azuresynapse.net",
            ".kusto.windows.net",
            ".kustodev.azuresynapse-dogfood.net",
            ".kustodev.windows.net",
            ".kustomfa.windows.net",
            ".playfabapi.com",
            ".playfab.com",
            ".azureplayfab.com",
            ".kusto.data.microsoft.com",
            ".kusto.fabric.microsoft.com",
            ".api.securityplatform.microsoft.com",
            ".securitycenter.windows.com",
            ".arg-int.core.windows.net",
            ".arg-df.core.windows.net",
            ".arg.core.windows.net",
            "ade.applicationinsights.io",
            "ade.loganalytics.io",
            "adx.aimon.applicationinsights.azure.com",
            "adx.applicationinsights.azure.com",
            "adx.int.applicationinsights.azure.com",
            "adx.int.loganalytics.azure.com",
            "adx.int.monitor.azure.com",
            "adx.loganalytics.azure.com",
            "adx.monitor.azure.com",
            "kusto.aria.microsoft.com",
            "eu.kusto.aria.microsoft.com",
            "api.securityplatform.microsoft.com",
        ],
    },
    Cloud {
        login_host: "login.microsoftonline.us",
        rules: &[
            ".kusto.usgovcloudapi.net",
            ".kustomfa.usgovcloudapi.net",
            ".arg.core.usgovcloudapi.net",
            "adx.applicationinsights.azure.us",
            "adx.loganalytics.azure.us",
            "adx.monitor.azure.us",
        ],
    },
    Cloud {
        login_host: "login.partner.microsoftonline.cn",
        rules: &[
            ".kusto.azuresynapse.azure.cn",
            ".kusto.chinacloudapi.cn",
            ".kustomfa.chinacloudapi.cn",
            ".playfab.cn",
            ".arg.core.chinacloudapi.cn",
            "adx.applicationinsights.azure.cn",
            "adx.loganalytics.azure.cn",
            "adx.monitor.azure.cn",
        ],
    },
    Cloud {
        login_host: "login.microsoftonline.eaglex.ic.gov",
        rules: &[
            ".kusto.core.eaglex.ic.gov",
            ".kustomfa.core.eaglex.ic.gov",
            ".arg.core.eaglex.ic.gov",
            "adx.applicationinsights.azure.eaglex.ic.gov",
            "adx.loganalytics.azure.eaglex.ic.gov",
            "adx.monitor.azure.eaglex.ic.gov",
        ],
    },
    Cloud {
        login_host: "login.microsoftonline.microsoft.scloud",
        rules: &[
            ".kusto.core.microsoft.scloud",
            ".kustomfa.core.microsoft.scloud",
            ".arg.core.microsoft.scloud",
            "adx.applicationinsights.azure.microsoft.scloud",
            "adx.loganalytics.azure.microsoft.scloud",
            "adx.monitor.azure.microsoft.scloud",
        ],
    },
    Cloud {
        login_host: "login.sovcloud-identity.fr",
        rules: &[
            ".kusto.sovcloud-api.fr",
            ".kustomfa.sovcloud-api.fr",
            "adx.applicationinsights.azure.fr",
            "adx.loganalytics.azure.fr",
            "adx.monitor.azure.fr",
        ],
    },
    Cloud {
        login_host: "login.sovcloud-identity.de",
        rules: &[
            ".kusto.sovcloud-api.de",
            ".kustomfa.sovcloud-api.de",
            "adx.applicationinsights.azure.de",
            "adx.loganalytics.azure.de",
            "adx.monitor.azure.de",
        ],
    },
    Cloud {
        login_host: "login.sovcloud-identity.sg",
        rules: &[
            ".kusto.sovcloud-api.sg",
            ".kustomfa.sovcloud-api.sg",
            "adx.applicationinsights.azure.sg",
            "adx.loganalytics.azure.sg",
            "adx.monitor.azure.sg",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    fn trusts(hosts: &TrustedHosts, host: &str) -> bool {
        hosts.check(&endpoint(&format!("https://{host}"))).is_ok()
    }

    #[test]
    fn every_host_of_the_table_is_trusted_in_its_cloud_only() {
        let hosts = TrustedHosts::default();
        for cloud in CLOUDS {
            for rule in cloud.rules {
                let host = if rule.starts_with('.') {
                    format!("c1.westeurope{rule}")
                } else {
                    (*rule).to_owned()
                };
                assert!(trusts(&hosts, &host), "{host}");
                assert!(trusts(&hosts, &host.to_uppercase()), "{host}");
                for other in CLOUDS {
                    let login = format!("https://{}/tenant", other.login_host);
                    let trusted = hosts
                        .check_in_cloud(&endpoint(&format!("https://{host}")), &login)
                        .is_ok();
                    assert_eq!(
                        trusted,
                        other.login_host == cloud.login_host,
                        "{host} with {login}"
                    );
                }
            }
        }
    }

    #[test]
    fn look_alikes_are_refused() {
        let hosts = TrustedHosts::default();
        for host in [
            "evil.example",
            "help.kusto.windows.net.evil.example",
            "kusto.windows.net",
            "evilkusto.windows.net",
            "x.adx.monitor.azure.com",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
        ] {
            assert!(!trusts(&hosts, host), "{host}");
        }
    }

    #[test]
    fn a_trusted_host_with_a_foreign_login_endpoint_is_refused() {
        let help = endpoint("https://help.kusto.windows.net");
        let error = TrustedHosts::default()
            .check_in_cloud(&help, "https://login.evil.example")
            .unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Untrusted);
    }

    #[test]
    fn loopback_is_trusted_whatever_the_rules_say() {
        for text in [
            "http://localhost:8080",
            "http://127.0.0.1:80",
            "http://[::1]:8080",
        ] {
            assert!(
                TrustedHosts::only([] as [&str; 0]).check(&endpoint(text)).is_ok(),
                "{text}"
            );
            assert!(
                TrustedHosts::default()
                    .check_in_cloud(&endpoint(text), "https://x")
                    .is_ok(),
                "{text}"
            );
        }
    }

    #[test]
    fn rules_can_be_added_and_can_replace_the_list() {
        let added = TrustedHosts::default()
            .host("*.Contoso.Example")
            .host("one.example");
        assert!(trusts(&added, "a.contoso.example") && trusts(&added, "one.example"));
        assert!(!trusts(&added, "contoso.example") && !trusts(&added, "two.one.example"));
        assert!(trusts(&added, "help.kusto.windows.net"));
        let only = TrustedHosts::only([".contoso.example"]);
        assert!(trusts(&only, "a.contoso.example") && !trusts(&only, "help.kusto.windows.net"));
        assert!(trusts(&TrustedHosts::any(), "evil.example"));
    }

    #[test]
    fn a_rule_without_a_name_trusts_nobody() {
        for rule in ["*", ".", "*.", "", " "] {
            assert!(
                !trusts(&TrustedHosts::default().host(rule), "evil.example"),
                "{rule:?}"
            );
        }
    }
}
