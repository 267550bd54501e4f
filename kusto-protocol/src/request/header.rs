//! Header values: what may stand in them, and the customary form of tracing texts.

use http::HeaderValue;

/// How an answer may be compressed (`Accept-Encoding`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AcceptEncoding {
    /// Not at all.
    Identity,
    /// With gzip.
    #[default]
    Gzip,
    /// With deflate. Services send the bare stream under this name, others wrap it as zlib does.
    Deflate,
    /// With gzip or deflate.
    GzipOrDeflate,
}

impl AcceptEncoding {
    /// The header's value; `None` where it is left out.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Deflate => Some("deflate"),
            Self::GzipOrDeflate => Some("gzip, deflate"),
        }
    }

    /// Reads the header's value; encodings that Kusto does not have, or that are refused with `q=0`, do not count.
    pub fn from_header(value: &str) -> Self {
        let accepts = |wanted: &str| {
            value.split(',').any(|part| {
                let (name, weight) = part.split_once(';').unwrap_or((part, "q=1"));
                let weight = weight
                    .trim()
                    .strip_prefix("q=")
                    .and_then(|weight| weight.parse::<f32>().ok());
                name.trim().eq_ignore_ascii_case(wanted) && weight != Some(0.0)
            })
        };
        match (accepts("gzip"), accepts("deflate")) {
            (true, true) => Self::GzipOrDeflate,
            (true, false) => Self::Gzip,
            (false, true) => Self::Deflate,
            (false, false) => Self::Identity,
        }
    }
}

/// The text that clients put into `x-ms-app` and `x-ms-client-version`: `Name:{value}` fields joined by `|`.
///
/// Inside a value each run of blanks, braces and `|` becomes one `_`; an empty value becomes `[none]`.
///
/// ```
/// use kusto_protocol::tracing_value;
///
/// assert_eq!(
///     tracing_value([("Kusto.Rust.Client", "0.1.0"), ("Runtime.rust", "1.89 (stable)")]),
///     "Kusto.Rust.Client:{0.1.0}|Runtime.rust:{1.89_(stable)}",
/// );
/// assert_eq!(tracing_value([("App.{my app}", "")]), "App.{my_app}:{[none]}");
/// ```
pub fn tracing_value<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let fields = fields.into_iter().map(|(name, value)| {
        let value = if value.is_empty() {
            "[none]".to_owned()
        } else {
            joined(value, is_reserved)
        };
        // Braces are part of names such as `App.{name}`.
        format!("{}:{{{value}}}", joined(name, |c| c == '|' || c.is_whitespace()))
    });
    fields.collect::<Vec<_>>().join("|")
}

fn is_reserved(c: char) -> bool {
    c.is_whitespace() || matches!(c, '{' | '}' | '|')
}

/// The text with each run of reserved characters made one `_`.
fn joined(text: &str, is_reserved: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        if !is_reserved(c) {
            out.push(c);
        } else if !in_run {
            out.push('_');
        }
        in_run = is_reserved(c);
    }
    out
}

/// A text as a header value: printable ASCII stays, everything else becomes `?`, so nothing can end the header.
/// `None` if nothing is left.
pub(super) fn value(text: &str) -> Option<HeaderValue> {
    let text = text.trim();
    let value = if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        HeaderValue::from_str(text)
    } else {
        let printable = |c| if matches!(c, ' '..='~') { c } else { '?' };
        HeaderValue::from_str(&text.chars().map(printable).collect::<String>())
    };
    value.ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_of_reserved_characters_become_one_underscore() {
        assert_eq!(
            tracing_value([("A", "x \r\n{|} y"), ("B|C", " ")]),
            "A:{x_y}|B_C:{_}"
        );
    }

    #[test]
    fn encodings_are_read_with_their_weights() {
        for (text, encoding) in [
            ("", AcceptEncoding::Identity),
            ("br, identity", AcceptEncoding::Identity),
            ("GZIP;q=0.5 , br", AcceptEncoding::Gzip),
            ("gzip;q=0, deflate", AcceptEncoding::Deflate),
            ("deflate,gzip", AcceptEncoding::GzipOrDeflate),
        ] {
            assert_eq!(AcceptEncoding::from_header(text), encoding, "{text}");
        }
        for encoding in [
            AcceptEncoding::Gzip,
            AcceptEncoding::Deflate,
            AcceptEncoding::GzipOrDeflate,
        ] {
            assert_eq!(AcceptEncoding::from_header(encoding.as_str().unwrap()), encoding);
        }
    }

    proptest! {
        #[test]
        fn header_values_are_printable_ascii(text in any::<String>()) {
            if let Some(value) = value(&text) {
                prop_assert!(value.as_bytes().iter().all(|byte| (b' '..=b'~').contains(byte)));
                prop_assert_eq!(value.as_bytes().len(), text.trim().chars().count());
            }
        }
    }
}
