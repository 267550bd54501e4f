//! Kusto connection strings: `keyword=value` pairs, separated by semicolons.

mod authentication;
mod keywords;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::endpoint::Endpoint;
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::secret::Secret;

pub use authentication::{Authentication, Certificate};
use keywords::Keyword;

/// Where a cluster is, which database to use, and who asks.
///
/// Reading follows the documentation where the official libraries disagree:
///
/// - Keywords may be written in any case and with any spacing; all documented aliases are known. Of a repeated
///   keyword the last value counts. Empty segments and empty text values are skipped.
/// - The first segment may be a bare address, `https://help.kusto.windows.net/Samples`; a path of one segment is
///   the database, unless `Initial Catalog` is given as well. `@help/Samples` is short for
///   `https://help.kusto.windows.net/Samples;Fed=true`.
/// - A value ends at the next `;`, so `=` may stand in it. A value with `;` goes in double quotes, inside which a
///   double quote is doubled.
/// - Booleans are `true` or `false` in any case.
/// - Two credentials in one string are refused, unless one of them is a ready token, which then counts
///   (see [`Authentication`]).
///
/// `Display` and `Debug` mask every secret; [`to_string_with_secrets`](Self::to_string_with_secrets) writes a
/// string that reads back to an equal value. Certificate thumbprints, subjects and issuers are masked too, as the
/// service's own keyword table has it.
///
/// `Accept`, which asks for errors in detail, is read and kept without effect: requests of this crate always ask.
///
/// Storage connection strings (`https://…;impersonate`), which appear inside commands, are another language and
/// not read here.
///
/// ```
/// use kusto_protocol::{Authentication, ConnectionString};
///
/// let string: ConnectionString =
///     "https://help.kusto.windows.net/Samples;Fed=true;AppClientId=11111111-2222-3333-4444-555555555555;\
///      AppKey=\"k;=y\";TenantId=contoso.com"
///         .parse()?;
/// assert_eq!(string.endpoint().host(), "help.kusto.windows.net");
/// assert_eq!(string.database(), Some("Samples"));
/// let Authentication::ApplicationKey { key, .. } = string.authentication() else { panic!() };
/// assert_eq!(key.expose(), "k;=y");
/// assert_eq!(
///     string.to_string(),
///     "Data Source=https://help.kusto.windows.net;Initial Catalog=Samples;AAD Federated Security=True;\
///      Application Client Id=11111111-2222-3333-4444-555555555555;Application Key=****;Authority Id=contoso.com",
/// );
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionString {
    endpoint: Endpoint,
    authentication: Authentication,
    /// All pairs but the data source.
    values: Values,
}

/// Collects the parts of a [`ConnectionString`]; [`build`](Self::build) checks that they fit together.
///
/// Each method stands for the keyword of its name. An empty text counts as not given.
///
/// ```
/// use kusto_protocol::ConnectionString;
///
/// let string = ConnectionString::builder("https://help.kusto.windows.net")
///     .database("Samples")
///     .federated(true)
///     .application_name("nightly-report")
///     .build()?;
/// assert_eq!(string, "https://help.kusto.windows.net/Samples;Fed=true;TraceAppName=nightly-report".parse()?);
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ConnectionStringBuilder {
    values: Values,
}

type Values = BTreeMap<Keyword, Value>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Bool(bool),
    Secret(Secret),
    Text(String),
}

impl ConnectionString {
    /// The database that the service takes for "none in particular".
    pub const DEFAULT_DATABASE: &str = "NetDefaultDB";

    /// Starts a connection string for a cluster; the address may end in `/{database}`.
    pub fn builder(data_source: impl Into<String>) -> ConnectionStringBuilder {
        ConnectionStringBuilder::default().text(Keyword::DataSource, data_source)
    }

    /// The cluster (`Data Source`).
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The default database (`Initial Catalog`), if the string names one.
    pub fn database(&self) -> Option<&str> {
        self.text(Keyword::InitialCatalog)
    }

    /// Which identity the string asks for.
    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// The Entra tenant, by name or id (`Authority Id`).
    pub fn authority_id(&self) -> Option<&str> {
        self.text(Keyword::AuthorityId)
    }

    /// The region whose Entra token endpoint is to be asked (`Azure Region`).
    pub fn azure_region(&self) -> Option<&str> {
        self.text(Keyword::AzureRegion)
    }

    /// Whether tokens must come from a sign-in with several factors (`EnforceMfa`).
    pub fn is_mfa_enforced(&self) -> bool {
        self.bool(Keyword::EnforceMfa).unwrap_or(false)
    }

    /// What `x-ms-app` says (`Application Name for Tracing`).
    pub fn application_name(&self) -> Option<&str> {
        self.text(Keyword::ApplicationName)
    }

    /// What `x-ms-user` says (`User Name for Tracing`).
    pub fn user_name(&self) -> Option<&str> {
        self.text(Keyword::UserName)
    }

    /// What `x-ms-client-version` says (`Client Version for Tracing`).
    pub fn client_version(&self) -> Option<&str> {
        self.text(Keyword::ClientVersion)
    }

    /// The request option `queryconsistency` for every query (`Query Consistency`).
    pub fn query_consistency(&self) -> Option<&str> {
        self.text(Keyword::QueryConsistency)
    }

    /// Whether rows may reach the caller while the answer is still being read (`Streaming`); true unless said
    /// otherwise.
    pub fn is_streaming(&self) -> bool {
        self.bool(Keyword::Streaming).unwrap_or(true)
    }

    /// Whether answers must come uncompressed (`Uncompressed`).
    pub fn is_uncompressed(&self) -> bool {
        self.bool(Keyword::Uncompressed).unwrap_or(false)
    }

    /// The string with its secrets, in canonical spelling: reading it back gives an equal value.
    pub fn to_string_with_secrets(&self) -> String {
        text::write(self, true)
    }

    fn text(&self, keyword: Keyword) -> Option<&str> {
        match self.values.get(&keyword)? {
            Value::Text(text) => Some(text),
            Value::Bool(_) | Value::Secret(_) => None,
        }
    }

    fn bool(&self, keyword: Keyword) -> Option<bool> {
        match self.values.get(&keyword)? {
            Value::Bool(value) => Some(*value),
            Value::Secret(_) | Value::Text(_) => None,
        }
    }
}

impl ConnectionStringBuilder {
    /// `Initial Catalog`: the default database.
    pub fn database(self, name: impl Into<String>) -> Self {
        self.text(Keyword::InitialCatalog, name)
    }

    /// `AAD Federated Security`: sign in with Entra, in whichever way the other parts say.
    pub fn federated(self, value: bool) -> Self {
        self.bool(Keyword::Federated, value)
    }

    /// `User ID`: whom to sign in, or whom to propose when a person is asked.
    pub fn user_id(self, upn: impl Into<String>) -> Self {
        self.text(Keyword::UserId, upn)
    }

    /// `Password` of the user.
    pub fn password(self, password: impl Into<Secret>) -> Self {
        self.secret(Keyword::Password, password)
    }

    /// `User Token`: a ready token of a user.
    pub fn user_token(self, token: impl Into<Secret>) -> Self {
        self.secret(Keyword::UserToken, token)
    }

    /// `Application Client Id`: which Entra application signs in.
    pub fn application_client_id(self, id: impl Into<String>) -> Self {
        self.text(Keyword::ApplicationClientId, id)
    }

    /// `Application Key`: the client secret of the application.
    pub fn application_key(self, key: impl Into<Secret>) -> Self {
        self.secret(Keyword::ApplicationKey, key)
    }

    /// `Application Token`: a ready token of an application.
    pub fn application_token(self, token: impl Into<Secret>) -> Self {
        self.secret(Keyword::ApplicationToken, token)
    }

    /// `Application Certificate Blob`: certificate and private key as PEM text, or as base64 of PEM or PFX bytes.
    pub fn application_certificate_blob(self, blob: impl Into<Secret>) -> Self {
        self.secret(Keyword::CertificateBlob, blob)
    }

    /// `Application Certificate PrivateKey`: PEM text.
    pub fn application_certificate_private_key(self, pem: impl Into<Secret>) -> Self {
        self.secret(Keyword::CertificatePrivateKey, pem)
    }

    /// `Application Certificate Thumbprint`.
    pub fn application_certificate_thumbprint(self, thumbprint: impl Into<Secret>) -> Self {
        self.secret(Keyword::CertificateThumbprint, thumbprint)
    }

    /// `Application Certificate Subject Distinguished Name`.
    pub fn application_certificate_subject(self, name: impl Into<Secret>) -> Self {
        self.secret(Keyword::CertificateSubject, name)
    }

    /// `Application Certificate Issuer Distinguished Name`.
    pub fn application_certificate_issuer(self, name: impl Into<Secret>) -> Self {
        self.secret(Keyword::CertificateIssuer, name)
    }

    /// `Application Certificate SendX5c`: send the certificate chain along.
    pub fn application_certificate_send_x5c(self, value: bool) -> Self {
        self.bool(Keyword::CertificateSendX5c, value)
    }

    /// `Authority Id`: the Entra tenant, by name or id.
    pub fn authority_id(self, tenant: impl Into<String>) -> Self {
        self.text(Keyword::AuthorityId, tenant)
    }

    /// `Azure Region`: ask the Entra token endpoint of this region.
    pub fn azure_region(self, region: impl Into<String>) -> Self {
        self.text(Keyword::AzureRegion, region)
    }

    /// `EnforceMfa`: tokens must come from a sign-in with several factors.
    pub fn enforce_mfa(self, value: bool) -> Self {
        self.bool(Keyword::EnforceMfa, value)
    }

    /// `Query Consistency`: `strongconsistency`, `weakconsistency` or one of its refinements.
    pub fn query_consistency(self, consistency: impl Into<String>) -> Self {
        self.text(Keyword::QueryConsistency, consistency)
    }

    /// `Streaming`: rows may reach the caller while the answer is still being read.
    pub fn streaming(self, value: bool) -> Self {
        self.bool(Keyword::Streaming, value)
    }

    /// `Uncompressed`: answers must come uncompressed.
    pub fn uncompressed(self, value: bool) -> Self {
        self.bool(Keyword::Uncompressed, value)
    }

    /// `Application Name for Tracing`.
    pub fn application_name(self, name: impl Into<String>) -> Self {
        self.text(Keyword::ApplicationName, name)
    }

    /// `User Name for Tracing`.
    pub fn user_name(self, name: impl Into<String>) -> Self {
        self.text(Keyword::UserName, name)
    }

    /// `Client Version for Tracing`.
    pub fn client_version(self, version: impl Into<String>) -> Self {
        self.text(Keyword::ClientVersion, version)
    }

    /// Checks that the parts make one connection string.
    ///
    /// # Errors
    ///
    /// If the address is missing or malformed, if two credentials contradict each other, if a credential lacks one
    /// of its parts, or if a token would travel in the clear (`http://` to another machine).
    pub fn build(mut self) -> Result<ConnectionString, ParseError> {
        let Some(Value::Text(source)) = self.values.remove(&Keyword::DataSource) else {
            let message = "no Data Source; start with the address of the cluster";
            return Err(ParseError::new(WHAT, ParseErrorKind::Missing, None, message));
        };
        let (endpoint, database) = Endpoint::with_database(&source).map_err(|error| {
            ParseError::new(
                WHAT,
                error.kind(),
                None,
                format!("Data Source: {}", error.message()),
            )
        })?;
        if let Some(database) = database {
            self.values
                .entry(Keyword::InitialCatalog)
                .or_insert(Value::Text(database));
        }
        let authentication = Authentication::from_values(&self.values)?;
        if authentication != Authentication::None && !endpoint.is_https() && !endpoint.is_loopback() {
            let message = "a token must not travel over http:// to another machine; use https://";
            return Err(ParseError::new(
                WHAT,
                ParseErrorKind::Contradictory,
                None,
                message,
            ));
        }
        Ok(ConnectionString {
            endpoint,
            authentication,
            values: self.values,
        })
    }

    fn text(mut self, keyword: Keyword, text: impl Into<String>) -> Self {
        self.set(keyword, Value::Text(text.into()));
        self
    }

    fn secret(mut self, keyword: Keyword, secret: impl Into<Secret>) -> Self {
        self.set(keyword, Value::Secret(secret.into()));
        self
    }

    fn bool(mut self, keyword: Keyword, value: bool) -> Self {
        self.set(keyword, Value::Bool(value));
        self
    }

    fn set(&mut self, keyword: Keyword, value: Value) {
        let is_empty = match &value {
            Value::Bool(_) => false,
            Value::Secret(secret) => secret.expose().is_empty(),
            Value::Text(text) => text.is_empty(),
        };
        if !is_empty {
            self.values.insert(keyword, value);
        }
    }
}

impl FromStr for ConnectionString {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text::read(text)?.build()
    }
}

impl fmt::Display for ConnectionString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::write(self, false))
    }
}

const WHAT: &str = "connection string";

#[cfg(test)]
mod tests;
