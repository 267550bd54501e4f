//! Links as text.

use super::{DeepLink, DeepLinkTarget, QueryEncoding, WHAT, query};
use crate::endpoint::Endpoint;
use crate::parse_error::{ParseError, ParseErrorKind};
use crate::percent::{decode, encode, form_pairs};
use crate::secret::Secret;

/// The two forms of a link.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    Cluster,
    WebExplorer,
}

pub(super) fn write(link: &DeepLink, form: Form) -> Result<String, ParseError> {
    let plain = |text: &str| text.to_owned();
    match link.query_encoding {
        QueryEncoding::Plain => written(link, form, plain),
        QueryEncoding::Compact => written(link, form, query::pack),
        QueryEncoding::Fitting => {
            let url = written(link, form, plain)?;
            if url.len() <= DeepLink::MAX_LENGTH {
                return Ok(url);
            }
            let url = written(link, form, query::pack)?;
            if url.len() <= DeepLink::MAX_LENGTH {
                return Ok(url);
            }
            let (length, limit) = (url.len(), DeepLink::MAX_LENGTH);
            let message = format!(
                "{length} characters even with the compact query, and {limit} are safe; \
                 put the text into a file and link it as query source, or ask for an encoding"
            );
            Err(ParseError::new(WHAT, ParseErrorKind::TooLarge, None, message))
        }
    }
}

fn written(link: &DeepLink, form: Form, pack: impl Fn(&str) -> String) -> Result<String, ParseError> {
    let mut url = match form {
        Form::Cluster => {
            let base = link.endpoint.base();
            if !base.is_empty() && (link.database.is_some() || base.starts_with("/clusters/")) {
                let message = "the path of this cluster's address would be taken for something else; \
                               write an address of the web explorer";
                return Err(ParseError::new(WHAT, ParseErrorKind::Unsupported, None, message));
            }
            format!("{}/", link.endpoint)
        }
        Form::WebExplorer => {
            let cloud = Cloud::of(link.endpoint.host());
            format!(
                "https://{}/clusters/{}",
                cloud.explorer,
                short_name(&link.endpoint, cloud)
            )
        }
    };
    if let Some(database) = &link.database {
        if database.is_empty() || database.contains('/') || matches!(database.as_str(), "." | "..") {
            let message = "the database's name cannot stand in the path of an address";
            return Err(ParseError::new(WHAT, ParseErrorKind::Unsupported, None, message));
        }
        url.push_str(if form == Form::WebExplorer {
            "/databases/"
        } else {
            ""
        });
        url.push_str(&encode(database));
    }
    if let Some((name, _)) = link
        .parameters
        .iter()
        .find(|(name, _)| NAMES.contains(&name.as_str()))
    {
        let message = format!("a placeholder cannot be called {name}, which is a part of the link");
        return Err(ParseError::new(
            WHAT,
            ParseErrorKind::Contradictory,
            None,
            message,
        ));
    }
    let mut separator = '?';
    let mut pair = |name: &str, value: &str| {
        url.push(separator);
        separator = '&';
        url.push_str(&encode(name));
        url.push('=');
        url.push_str(&encode(value));
    };
    let mut optional = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            pair(name, value);
        }
    };
    optional("web", link.target.map(DeepLinkTarget::as_str));
    optional("uri", link.uri.as_ref().map(Secret::expose));
    optional("name", link.name.as_deref());
    optional("query", link.query.as_deref().map(pack).as_deref());
    optional("querysrc", link.query_source.as_ref().map(Secret::expose));
    optional(
        "autorun",
        link.autorun.map(|value| if value { "true" } else { "false" }),
    );
    optional("login_hint", link.login_hint.as_deref());
    optional("tenant", link.tenant.as_deref());
    for (name, value) in &link.parameters {
        optional(name, Some(value));
    }
    Ok(url)
}

pub(super) fn read(text: &str) -> Result<DeepLink, ParseError> {
    let text = text.trim();
    let text = text.split_once('#').map_or(text, |(text, _fragment)| text);
    let (address, parameters) = text.split_once('?').unwrap_or((text, ""));
    let (endpoint, database) = match explorer_path(address) {
        Some((host, path)) => from_explorer(host, path)?,
        None => Endpoint::with_database(address)
            .map_err(|error| ParseError::new(WHAT, error.kind(), None, error.message().to_owned()))?,
    };
    let mut link = DeepLink {
        database,
        ..DeepLink::new(endpoint)
    };
    for (name, value) in form_pairs(parameters) {
        match name.as_str() {
            "web" => link.target = DeepLinkTarget::from_value(&value),
            "uri" => link.uri = Some(Secret::from(value)),
            "name" => link.name = Some(value),
            "query" => link.query = Some(query::unpack(&value)?),
            "querysrc" => link.query_source = Some(Secret::from(value)),
            "autorun" => link.autorun = Some(!value.eq_ignore_ascii_case("false")),
            "login_hint" => link.login_hint = Some(value),
            "tenant" => link.tenant = Some(value),
            _ => link.parameters.push((name, value)),
        }
    }
    Ok(link)
}

/// Host and path of an address of the web explorer, without `/clusters/`.
fn explorer_path(address: &str) -> Option<(&str, &str)> {
    let (_, rest) = address.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    // An endpoint does not count slashes either.
    Some((host, path.trim_start_matches('/').strip_prefix("clusters/")?))
}

/// Reads `<cluster>[/databases/<database>]`.
fn from_explorer(host: &str, path: &str) -> Result<(Endpoint, Option<String>), ParseError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let (cluster, database) = match path.split_once('/') {
        None => (path, None),
        Some((cluster, rest)) => match rest.strip_prefix("databases/") {
            Some(database) if !database.is_empty() && !database.contains('/') => {
                (cluster, Some(decode(database)))
            }
            _ => {
                let message = "after the cluster only /databases/<database> may follow";
                return Err(ParseError::new(WHAT, ParseErrorKind::Malformed, None, message));
            }
        },
    };
    let cluster = decode(cluster);
    let address = if cluster.contains("://") {
        cluster
    } else if cluster.contains(".kusto") {
        format!("https://{cluster}")
    } else {
        let cloud = CLOUDS
            .iter()
            .find(|cloud| cloud.explorer.eq_ignore_ascii_case(host))
            .unwrap_or(&CLOUDS[0]);
        format!("https://{cluster}{}", cloud.suffix)
    };
    let endpoint = address.parse::<Endpoint>();
    let endpoint =
        endpoint.map_err(|error| ParseError::new(WHAT, error.kind(), None, error.message().to_owned()))?;
    Ok((endpoint, database))
}

/// The cluster as the web explorer's path has it: short in the public naming scheme, else its whole address.
fn short_name(endpoint: &Endpoint, cloud: &Cloud) -> String {
    let is_simple = endpoint.to_string() == format!("https://{}", endpoint.host());
    let short = endpoint
        .host()
        .strip_suffix(cloud.suffix)
        .filter(|short| is_simple && !short.contains(".kusto"));
    encode(short.unwrap_or(&endpoint.to_string()))
}

impl DeepLinkTarget {
    fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "0",
            Self::WebExplorer => "1",
            Self::CleanWebExplorer => "3",
        }
    }

    /// Values that nobody documents mean what no value means.
    fn from_value(value: &str) -> Option<Self> {
        [Self::Desktop, Self::WebExplorer, Self::CleanWebExplorer]
            .into_iter()
            .find(|target| target.as_str() == value)
    }
}

/// Where the web explorer of a cloud is, and how its clusters are called.
struct Cloud {
    explorer: &'static str,
    suffix: &'static str,
}

impl Cloud {
    fn of(host: &str) -> &'static Self {
        CLOUDS
            .iter()
            .find(|cloud| host.ends_with(cloud.suffix))
            .unwrap_or(&CLOUDS[0])
    }
}

const CLOUDS: [Cloud; 3] = [
    Cloud {
        explorer: "dataexplorer.azure.com",
        suffix: ".kusto.windows.net",
    },
    Cloud {
        explorer: "dataexplorer.azure.us",
        suffix: ".kusto.usgovcloudapi.net",
    },
    Cloud {
        explorer: "dataexplorer.azure.cn",
        suffix: ".kusto.chinacloudapi.cn",
    },
];

/// The parameters that are parts of the link.
const NAMES: [&str; 8] = [
    "web",
    "uri",
    "name",
    "query",
    "querysrc",
    "autorun",
    "login_hint",
    "tenant",
];
