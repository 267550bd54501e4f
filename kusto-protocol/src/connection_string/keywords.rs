//! The keywords of connection strings: canonical names, aliases, and what kind of value each takes.

/// A keyword, in the order in which [`ConnectionString`](super::ConnectionString) prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Keyword {
    DataSource,
    InitialCatalog,
    Federated,
    UserId,
    Password,
    UserToken,
    ApplicationClientId,
    ApplicationKey,
    ApplicationToken,
    CertificateBlob,
    CertificatePrivateKey,
    CertificateThumbprint,
    CertificateSubject,
    CertificateIssuer,
    CertificateSendX5c,
    AuthorityId,
    AzureRegion,
    EnforceMfa,
    QueryConsistency,
    Streaming,
    Uncompressed,
    Accept,
    ApplicationName,
    UserName,
    ClientVersion,
    Dsts,
    Namespace,
}

/// What the value of a keyword is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    /// Masked whenever it is printed.
    Secret,
    Text,
    /// Documented, but this crate has no use for it; the reason completes "… is not supported: ".
    Unsupported(&'static str),
}

/// One row of the table of keywords.
pub(super) struct Entry {
    pub(super) keyword: Keyword,
    pub(super) name: &'static str,
    /// In normal form, see [`normalise`].
    aliases: &'static [&'static str],
    pub(super) kind: Kind,
}

impl Keyword {
    pub(super) fn entry(self) -> &'static Entry {
        // The table has one row per variant, in the order of the variants; a test holds it to that.
        &TABLE[self as usize]
    }

    pub(super) fn name(self) -> &'static str {
        self.entry().name
    }

    /// Finds a keyword by its name or an alias, whatever the case and spacing.
    pub(super) fn find(name: &str) -> Option<Self> {
        let name = normalise(name);
        let found = TABLE
            .iter()
            .find(|entry| normalise(entry.name) == name || entry.aliases.contains(&name.as_str()));
        found.map(|entry| entry.keyword)
    }
}

/// Lower case, without spaces: the form in which names are compared.
fn normalise(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

const fn row(keyword: Keyword, kind: Kind, name: &'static str, aliases: &'static [&'static str]) -> Entry {
    Entry {
        keyword,
        name,
        aliases,
        kind,
    }
}

const TABLE: &[Entry] = &[
    row(
        Keyword::DataSource,
        Kind::Text,
        "Data Source",
        &[
            "server",
            "addr",
            "address",
            "networkaddress",
            "datasourceuri",
            "serveruri",
            "clusteruri",
        ],
    ),
    row(
        Keyword::InitialCatalog,
        Kind::Text,
        "Initial Catalog",
        &["database"],
    ),
    row(
        Keyword::Federated,
        Kind::Bool,
        "AAD Federated Security",
        &[
            "federatedsecurity",
            "aadfed",
            "fed",
            "federated",
            "microsoftentraidfederatedsecurity",
        ],
    ),
    row(
        Keyword::UserId,
        Kind::Text,
        "User ID",
        &["user", "uid", "loginhint", "aaduserid"],
    ),
    row(Keyword::Password, Kind::Secret, "Password", &["pwd"]),
    row(Keyword::UserToken, Kind::Secret, "User Token", &["usrtoken"]),
    row(
        Keyword::ApplicationClientId,
        Kind::Text,
        "Application Client Id",
        &["appclientid"],
    ),
    row(
        Keyword::ApplicationKey,
        Kind::Secret,
        "Application Key",
        &["appkey"],
    ),
    row(
        Keyword::ApplicationToken,
        Kind::Secret,
        "Application Token",
        &["apptoken"],
    ),
    row(
        Keyword::CertificateBlob,
        Kind::Secret,
        "Application Certificate Blob",
        &[],
    ),
    row(
        Keyword::CertificatePrivateKey,
        Kind::Secret,
        "Application Certificate PrivateKey",
        &[],
    ),
    row(
        Keyword::CertificateThumbprint,
        Kind::Secret,
        "Application Certificate Thumbprint",
        &["appcert"],
    ),
    row(
        Keyword::CertificateSubject,
        Kind::Secret,
        "Application Certificate Subject Distinguished Name",
        &["applicationcertificatesubject"],
    ),
    row(
        Keyword::CertificateIssuer,
        Kind::Secret,
        "Application Certificate Issuer Distinguished Name",
        &["applicationcertificateissuer"],
    ),
    row(
        Keyword::CertificateSendX5c,
        Kind::Bool,
        "Application Certificate SendX5c",
        &[
            "applicationcertificatex5c",
            "sendx5c",
            "applicationcertificatesendpubliccertificate",
            "sendcertificatechain",
        ],
    ),
    row(
        Keyword::AuthorityId,
        Kind::Text,
        "Authority Id",
        &["tenantid", "tid", "tenant", "authority", "domainhint"],
    ),
    row(Keyword::AzureRegion, Kind::Text, "Azure Region", &["region"]),
    row(Keyword::EnforceMfa, Kind::Bool, "EnforceMfa", &[]),
    row(Keyword::QueryConsistency, Kind::Text, "Query Consistency", &[]),
    row(Keyword::Streaming, Kind::Bool, "Streaming", &[]),
    row(Keyword::Uncompressed, Kind::Bool, "Uncompressed", &[]),
    row(Keyword::Accept, Kind::Bool, "Accept", &[]),
    row(
        Keyword::ApplicationName,
        Kind::Text,
        "Application Name for Tracing",
        &["traceappname"],
    ),
    row(
        Keyword::UserName,
        Kind::Text,
        "User Name for Tracing",
        &["traceusername"],
    ),
    row(
        Keyword::ClientVersion,
        Kind::Text,
        "Client Version for Tracing",
        &["traceclientversion"],
    ),
    row(
        Keyword::Dsts,
        Kind::Unsupported("dSTS is internal to Microsoft; use AAD Federated Security"),
        "dSTS Federated Security",
        &["dstsfed", "dststokentype"],
    ),
    row(
        Keyword::Namespace,
        Kind::Unsupported("remove it, no service needs it"),
        "Namespace",
        &["ns"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rows_stand_in_the_order_of_the_variants() {
        for (index, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.keyword as usize, index, "{}", entry.name);
        }
        assert_eq!(TABLE.len(), Keyword::Namespace as usize + 1);
    }

    #[test]
    fn no_name_stands_for_two_keywords() {
        let mut seen = HashSet::new();
        for entry in TABLE {
            assert!(seen.insert(normalise(entry.name)), "{}", entry.name);
            for alias in entry.aliases {
                assert_eq!(normalise(alias), *alias, "aliases are in normal form");
                assert!(seen.insert((*alias).to_owned()), "{alias}");
            }
        }
    }

    #[test]
    fn case_and_spaces_do_not_matter() {
        for name in ["AAD User ID", "aaduserid", "AadUserId", "  USER   id "] {
            assert_eq!(Keyword::find(name), Some(Keyword::UserId), "{name}");
        }
        assert_eq!(Keyword::find("QUERYCONSISTENCY"), Some(Keyword::QueryConsistency));
        assert_eq!(Keyword::find("Colour"), None);
    }
}
