//! Shared access signatures for a whole account, which let their holder into one of its services.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use kusto_protocol::DateTime;
use sha2::Sha256;

/// A query that lets its holder read, write, add and delete in one service of the account (`b`, `q` or `t`).
pub(super) fn account_signature(account: &str, key: &[u8], service: char, expires: DateTime) -> String {
    let expiry: String = expires.to_string().chars().take(19).chain(['Z']).collect();
    let text = format!("{account}\n{PERMISSIONS}\n{service}\nsco\n\n{expiry}\n\n\n{VERSION}\n");
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key will do");
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    format!(
        "sv={VERSION}&ss={service}&srt=sco&sp={PERMISSIONS}&se={}&sig={}",
        percent_encoded(&expiry),
        percent_encoded(&signature)
    )
}

/// Text for a query or a path: all but letters, digits and `-._~` as their bytes.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Read, write, delete, list, add, create, update, process.
const PERMISSIONS: &str = "rwdlacup";

/// The last version that all three services sign alike.
const VERSION: &str = "2019-02-02";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_says_what_it_is_for() {
        let expires = "2030-01-02T03:04:05.678Z".parse().unwrap();
        let query = account_signature("devstoreaccount1", b"key", 'q', expires);
        assert!(query.starts_with("sv=2019-02-02&ss=q&srt=sco&sp=rwdlacup&se=2030-01-02T03%3A04%3A05Z&sig="));
        assert_ne!(
            query,
            account_signature("devstoreaccount1", b"other", 'q', expires)
        );
    }
}
