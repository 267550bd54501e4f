//! Addresses of storage with a signature that lets their holder in.

use std::fmt;

use azure_core::http::Url;
use kusto_protocol::Secret;

/// A container, queue or table that the service lent: an address with its SAS.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StorageRoot {
    url: Url,
    account: String,
}

impl StorageRoot {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url: Url = text.trim().parse().ok()?;
        let host = url.host_str()?;
        let is_named = host.parse::<std::net::IpAddr>().is_err() && host != "localhost";
        let account = if is_named {
            host.split('.').next()?.to_owned()
        } else {
            // Emulators put the account into the path.
            url.path_segments()?.next()?.to_owned()
        };
        Some(Self { url, account })
    }

    /// The storage account: accounts fail as a whole, and the services of one count together.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The address of a blob in this container.
    pub(crate) fn blob(&self, name: &str) -> Option<Url> {
        let mut url = self.url.clone();
        url.path_segments_mut().ok()?.pop_if_empty().push(name);
        Some(url)
    }

    /// The address of an entity in this table.
    pub(crate) fn entity(&self, partition_key: &str, row_key: &str) -> Option<Url> {
        let mut url = self.url.clone();
        let table = url.path_segments()?.next_back()?.to_owned();
        let entity = format!("{table}(PartitionKey='{partition_key}',RowKey='{row_key}')");
        url.path_segments_mut().ok()?.pop().push(&entity);
        Some(url)
    }

    /// The address without what must stay secret.
    pub(crate) fn address(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.to_string()
    }

    pub(crate) fn secret(&self) -> Secret {
        Secret::new(self.url.as_str())
    }
}

impl fmt::Debug for StorageRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_told_by_name_or_path() {
        for (text, account) in [
            ("https://acct1.blob.core.windows.net/c?sig=s", "acct1"),
            ("https://acct1.queue.core.windows.net/q?sig=s", "acct1"),
            (
                "http://127.0.0.1:10000/devstoreaccount1/c?sig=s",
                "devstoreaccount1",
            ),
        ] {
            let root = StorageRoot::parse(text).unwrap();
            assert_eq!(root.account(), account);
            assert!(!format!("{root:?}").contains("sig"));
        }
        assert!(StorageRoot::parse("no address").is_none());
    }

    #[test]
    fn blobs_and_entities_have_addresses_below() {
        let container = StorageRoot::parse("https://a.blob.core.windows.net/c?sig=s%2Fx").unwrap();
        assert_eq!(
            container.blob("db__t é.csv.gz").unwrap().as_str(),
            "https://a.blob.core.windows.net/c/db__t%20%C3%A9.csv.gz?sig=s%2Fx"
        );
        let table = StorageRoot::parse("http://127.0.0.1:1/acct/status?sig=s").unwrap();
        assert_eq!(
            table.entity("p", "r").unwrap().as_str(),
            "http://127.0.0.1:1/acct/status(PartitionKey='p',RowKey='r')?sig=s"
        );
    }
}
