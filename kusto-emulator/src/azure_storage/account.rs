//! A storage account, from its connection string.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kusto_protocol::DateTime;

use super::signature::account_signature;

/// A storage account: its name, its key, and where its services are.
#[derive(Clone)]
pub(crate) struct StorageAccount {
    name: String,
    key: Vec<u8>,
    blob: String,
    queue: String,
    table: String,
}

impl fmt::Debug for StorageAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageAccount")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl StorageAccount {
    /// Reads `AccountName=…;AccountKey=…;BlobEndpoint=…;QueueEndpoint=…;TableEndpoint=…`.
    ///
    /// # Errors
    ///
    /// One line that names what is missing; never the key.
    pub(crate) fn parse(connection_string: &str) -> Result<Self, String> {
        let member = |name: &str| {
            let members = connection_string
                .split(';')
                .filter_map(|member| member.split_once('='));
            let mut found = members.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
            let value = found.next().map(|(_, value)| value.trim());
            value
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
                .ok_or_else(|| format!("the connection string of the storage account has no {name}"))
        };
        let endpoint = |name: &str| {
            let address = member(name)?.trim_end_matches('/').to_owned();
            match address.starts_with("http://") {
                true => Ok(address),
                false => Err(format!(
                    "{name} must begin with http://: this service speaks no TLS to storage"
                )),
            }
        };
        let key = STANDARD
            .decode(member("AccountKey")?)
            .map_err(|_| "AccountKey is no base64".to_owned())?;
        Ok(Self {
            name: member("AccountName")?,
            key,
            blob: endpoint("BlobEndpoint")?,
            queue: endpoint("QueueEndpoint")?,
            table: endpoint("TableEndpoint")?,
        })
    }

    /// The address of a container, with a signature until then.
    pub(crate) fn container(&self, name: &str, until: DateTime) -> String {
        self.signed(&self.blob, name, 'b', until)
    }

    /// The address of a queue, with a signature until then.
    pub(crate) fn queue(&self, name: &str, until: DateTime) -> String {
        self.signed(&self.queue, name, 'q', until)
    }

    /// The address of a table, with a signature until then.
    pub(crate) fn table(&self, name: &str, until: DateTime) -> String {
        self.signed(&self.table, name, 't', until)
    }

    /// Whether an address is that of a blob here.
    pub(crate) fn has_blob(&self, address: &str) -> bool {
        is_below(&self.blob, address)
    }

    /// Whether an address is that of a table here.
    pub(crate) fn has_table(&self, address: &str) -> bool {
        is_below(&self.table, address)
    }

    fn signed(&self, endpoint: &str, name: &str, service: char, until: DateTime) -> String {
        let signature = account_signature(&self.name, &self.key, service, until);
        format!("{endpoint}/{name}?{signature}")
    }
}

fn is_below(endpoint: &str, address: &str) -> bool {
    address
        .strip_prefix(endpoint)
        .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/a;\
                           QueueEndpoint=http://127.0.0.1:2/a/;TableEndpoint=http://127.0.0.1:3/a;";

    #[test]
    fn an_account_knows_its_own_addresses() {
        let account = StorageAccount::parse(ACCOUNT).unwrap();
        let until = "2030-01-01".parse().unwrap();
        assert!(
            account
                .queue("q", until)
                .starts_with("http://127.0.0.1:2/a/q?sv=")
        );
        assert!(account.has_blob("http://127.0.0.1:1/a/c/b.csv?sig=s"));
        for foreign in [
            "http://127.0.0.1:1/ab/c",
            "http://127.0.0.1:12/a/c",
            "http://evil/?http://127.0.0.1:1/a/",
        ] {
            assert!(!account.has_blob(foreign), "{foreign}");
        }
        assert!(!format!("{account:?}").contains("a2V5"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let refused = |text: &str| StorageAccount::parse(text).unwrap_err();
        assert!(refused("").contains("AccountKey"));
        assert!(refused(&ACCOUNT.replace("Queue", "X")).contains("QueueEndpoint"));
        assert!(refused(&ACCOUNT.replace("http:", "https:")).contains("no TLS"));
        assert!(refused(&ACCOUNT.replace("a2V5", "k#")).contains("no base64"));
    }
}
