//! Links that open a query in a user interface.

mod query;
mod url;

use std::str::FromStr;

use crate::endpoint::Endpoint;
use crate::parse_error::ParseError;
use crate::secret::Secret;

/// A link that opens a database, and maybe a query, in the web explorer or the desktop tool.
///
/// [`to_url`](Self::to_url) writes the form that every cluster understands (it redirects to the tool),
/// [`to_web_explorer_url`](Self::to_web_explorer_url) the address of the web explorer itself. Reading knows both.
/// Links into Fabric workspaces are neither written nor read.
///
/// Who opens a link of somebody else should show cluster and database first, check that the cluster can be trusted,
/// run no commands by itself, and send the query with the option `request_readonly_hardline`, as the web explorer
/// does.
///
/// ```
/// use kusto_protocol::DeepLink;
///
/// let link = DeepLink::new("https://help.kusto.windows.net".parse()?)
///     .database("Samples")
///     .query("StormEvents | take 10");
/// let url = link.to_url()?;
/// assert_eq!(url, "https://help.kusto.windows.net/Samples?query=StormEvents%20%7C%20take%2010");
/// assert_eq!(url.parse(), Ok(link.clone()));
///
/// let url = "https://dataexplorer.azure.com/clusters/help/databases/Samples?query=StormEvents%20%7C%20take%2010";
/// assert_eq!(link.to_web_explorer_url()?, url);
/// assert_eq!(url.parse(), Ok(link));
/// # Ok::<(), kusto_protocol::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct DeepLink {
    /// The cluster.
    pub endpoint: Endpoint,
    /// The database.
    pub database: Option<String>,
    /// The query or command to load.
    pub query: Option<String>,
    /// How the query is packed into the link.
    pub query_encoding: QueryEncoding,
    /// `querysrc`: where the query can be read as plain text, if the link does not hold it. Often a signed address.
    pub query_source: Option<Secret>,
    /// `web`: the tool to open.
    pub target: Option<DeepLinkTarget>,
    /// `autorun`: whether the query runs when it is loaded; it does unless this is `Some(false)`.
    pub autorun: Option<bool>,
    /// `name`: how the connection is called.
    pub name: Option<String>,
    /// `uri`: a cluster address or connection string to use instead of the cluster that the link goes to.
    pub uri: Option<Secret>,
    /// `login_hint`: whom the web explorer signs in.
    pub login_hint: Option<String>,
    /// `tenant`: the Entra tenant of that person, if it is not their own.
    pub tenant: Option<String>,
    /// Values for `{Name}` placeholders in the query, for the desktop tool.
    pub parameters: Vec<(String, String)>,
}

/// How the query is packed into a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum QueryEncoding {
    /// Plain if the whole link then stays within [`DeepLink::MAX_LENGTH`], else compact.
    #[default]
    Fitting,
    /// As text, whatever the length.
    Plain,
    /// As base64 of the gzip of the text, whatever the length.
    Compact,
}

/// The tool that a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeepLinkTarget {
    /// `web=0`: Kusto.Explorer on the desktop.
    Desktop,
    /// `web=1`: the web explorer. The default.
    WebExplorer,
    /// `web=3`: the web explorer, without the tabs that were open before.
    CleanWebExplorer,
}

impl DeepLink {
    /// The longest link that browsers, proxies and mail programs can be trusted with, in characters.
    pub const MAX_LENGTH: usize = 2000;
    /// The longest query that is unpacked from a compact link, in bytes.
    pub const MAX_QUERY: usize = 1 << 20;

    /// A link to a cluster.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            database: None,
            query: None,
            query_encoding: QueryEncoding::Fitting,
            query_source: None,
            target: None,
            autorun: None,
            name: None,
            uri: None,
            login_hint: None,
            tenant: None,
            parameters: Vec::new(),
        }
    }

    /// Sets the database.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Sets the query or command. Commands are loaded, but tools never run them by themselves.
    pub fn query(mut self, text: impl Into<String>) -> Self {
        self.query = Some(text.into());
        self
    }

    /// Sets how the query is packed.
    pub fn query_encoding(mut self, encoding: QueryEncoding) -> Self {
        self.query_encoding = encoding;
        self
    }

    /// Sets where the query can be read; used only if the link holds none.
    pub fn query_source(mut self, uri: impl Into<Secret>) -> Self {
        self.query_source = Some(uri.into());
        self
    }

    /// Sets the tool to open.
    pub fn target(mut self, target: DeepLinkTarget) -> Self {
        self.target = Some(target);
        self
    }

    /// Sets whether the query runs when it is loaded.
    pub fn autorun(mut self, value: bool) -> Self {
        self.autorun = Some(value);
        self
    }

    /// Sets how the connection is called.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets a cluster address or connection string to use instead of the cluster that the link goes to.
    pub fn uri(mut self, uri: impl Into<Secret>) -> Self {
        self.uri = Some(uri.into());
        self
    }

    /// Sets whom the web explorer signs in.
    pub fn login_hint(mut self, upn: impl Into<String>) -> Self {
        self.login_hint = Some(upn.into());
        self
    }

    /// Sets the Entra tenant to sign in to.
    pub fn tenant(mut self, id: impl Into<String>) -> Self {
        self.tenant = Some(id.into());
        self
    }

    /// Adds the value of a `{Name}` placeholder.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// The link as every cluster understands it. It holds what [`query_source`](Self::query_source) and
    /// [`uri`](Self::uri) hold, secrets included.
    ///
    /// # Errors
    ///
    /// If the link exceeds [`MAX_LENGTH`](Self::MAX_LENGTH) with the compact query too
    /// ([`TooLarge`](crate::ParseErrorKind::TooLarge), with the length; asking for an encoding lifts the limit), if
    /// the database's name cannot stand in an address, if a parameter is called like a part of the link, or if the
    /// cluster's address has a path of its own and a database follows (such clusters have links of the web explorer
    /// only).
    pub fn to_url(&self) -> Result<String, ParseError> {
        url::write(self, url::Form::Cluster)
    }

    /// The address of the web explorer, in the cloud of the cluster.
    ///
    /// # Errors
    ///
    /// As [`to_url`](Self::to_url).
    pub fn to_web_explorer_url(&self) -> Result<String, ParseError> {
        url::write(self, url::Form::WebExplorer)
    }

    /// Packs a text as compact links do, before percent-encoding. Equal texts give equal results.
    ///
    /// ```
    /// use kusto_protocol::DeepLink;
    ///
    /// let packed = DeepLink::pack_query("print x=1");
    /// assert!(packed.starts_with("H4sIAAAAAAA"));
    /// assert_eq!(DeepLink::unpack_query(&packed).as_deref(), Ok("print x=1"));
    /// ```
    pub fn pack_query(text: &str) -> String {
        query::pack(text)
    }

    /// The text of a percent-decoded `query` value, compact or plain.
    ///
    /// What does not unpack to a text is taken for plain. The URL-safe alphabet, missing padding, and blanks in place
    /// of `+` are understood.
    ///
    /// # Errors
    ///
    /// If the text exceeds [`MAX_QUERY`](Self::MAX_QUERY).
    pub fn unpack_query(value: &str) -> Result<String, ParseError> {
        query::unpack(value)
    }
}

impl FromStr for DeepLink {
    type Err = ParseError;

    /// Reads a cluster's link or an address of the web explorer.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        url::read(text)
    }
}

const WHAT: &str = "deep link";

#[cfg(test)]
mod tests;
