//! Applications that sign in with a certificate.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
use azure_core::time::{Duration, OffsetDateTime};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use kusto_protocol::Secret;
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use pkcs8::EncryptedPrivateKeyInfoRef;
use serde_json::json;
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;

use crate::error::{AuthError, AuthErrorKind};

/// A certificate with its private key (RSA, 2048 to 8192 bits).
///
/// Cloning is cheap. `Debug` shows neither.
#[derive(Clone)]
pub struct ClientCertificate {
    key: Arc<RsaKeyPair>,
    identity: Identity,
    sends_chain: bool,
}

/// What tells the identity provider which certificate it was.
#[derive(Clone)]
enum Identity {
    /// DER, the certificate of the key first.
    Chain(Arc<[Vec<u8>]>),
    /// SHA-1 of a certificate that is not here.
    Thumbprint([u8; 20]),
}

impl ClientCertificate {
    /// Reads PEM text: a private key (PKCS#8, encrypted or not, or PKCS#1) and certificates, in any order.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Unsupported`] if the text holds no key that can be used, or no certificate of it.
    pub fn from_pem(text: &Secret, password: Option<&Secret>) -> Result<Self, AuthError> {
        let (key, chain) = read_pem(text, password)?;
        Self::with_chain(key, chain)
    }

    /// Reads PEM text with a private key alone. The certificate is named by its SHA-1 thumbprint, in hexadecimal
    /// digits.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Unsupported`] if the text holds no key that can be used, or if that is no thumbprint.
    pub fn from_key_pem(
        text: &Secret,
        password: Option<&Secret>,
        thumbprint: &str,
    ) -> Result<Self, AuthError> {
        let (key, _) = read_pem(text, password)?;
        let thumbprint = read_thumbprint(thumbprint)
            .ok_or_else(|| unusable("the thumbprint must be 40 hexadecimal digits"))?;
        Ok(Self {
            key: Arc::new(key),
            identity: Identity::Thumbprint(thumbprint),
            sends_chain: false,
        })
    }

    /// Reads the bytes of a PKCS#12 (PFX) file.
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Unsupported`] if the password is wrong, or if the file holds no key that can be used.
    pub fn from_pkcs12(bytes: &[u8], password: Option<&Secret>) -> Result<Self, AuthError> {
        let password = password.map_or("", Secret::expose);
        let store = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed)
            .map_err(|_| unusable("the PKCS#12 file cannot be read: wrong password, or not such a file"))?;
        let Some((_, entry)) = store.private_key_chain() else {
            return Err(unusable("the PKCS#12 file holds no private key"));
        };
        let key = RsaKeyPair::from_pkcs8(entry.key().as_der()).map_err(rejected)?;
        let chain = entry
            .certs()
            .iter()
            .map(|certificate| certificate.as_der().to_vec());
        Self::with_chain(key, chain.collect())
    }

    /// Reads a file: PEM, or PKCS#12 (PFX).
    ///
    /// # Errors
    ///
    /// [`AuthErrorKind::Unsupported`] if it cannot be read, or as for [`from_pem`](Self::from_pem) and
    /// [`from_pkcs12`](Self::from_pkcs12).
    pub fn from_file(path: impl AsRef<Path>, password: Option<&Secret>) -> Result<Self, AuthError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| {
            let message = format!("the certificate file {} cannot be read: {error}", path.display());
            AuthError::new(AuthErrorKind::Unsupported, message)
        })?;
        match String::from_utf8(bytes) {
            Ok(text) if text.contains("-----BEGIN") => Self::from_pem(&text.into(), password),
            Ok(text) => Self::from_pkcs12(text.as_bytes(), password),
            Err(error) => Self::from_pkcs12(error.as_bytes(), password),
        }
    }

    /// Reads what connection strings carry: PEM text, or base64 of PEM text or of a PKCS#12 file, without a password;
    /// a key without its certificate needs the thumbprint.
    pub(crate) fn from_blob(blob: &Secret, thumbprint: Option<&Secret>) -> Result<Self, AuthError> {
        if blob.expose().contains("-----BEGIN") {
            return match thumbprint {
                // Lines are often lost on the way into a connection string.
                Some(thumbprint) if !blob.expose().contains("BEGIN CERTIFICATE") => {
                    Self::from_key_pem(blob, None, thumbprint.expose())
                }
                _ => Self::from_pem(blob, None),
            };
        }
        let text: String = blob.expose().split_whitespace().collect();
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| {
            unusable("the certificate must be PEM text, or base64 of PEM text or of a PKCS#12 file")
        })?;
        match String::from_utf8(bytes) {
            Ok(text) if text.contains("-----BEGIN") => Self::from_blob(&text.into(), thumbprint),
            Ok(text) => Self::from_pkcs12(text.as_bytes(), None),
            Err(error) => Self::from_pkcs12(error.as_bytes(), None),
        }
    }

    /// Sets whether the chain is sent along, for applications that trust by subject and issuer (`SendX5c`).
    #[must_use]
    pub fn send_chain(mut self, value: bool) -> Self {
        self.sends_chain = value;
        self
    }

    fn with_chain(key: RsaKeyPair, mut chain: Vec<Vec<u8>>) -> Result<Self, AuthError> {
        let leaf = chain.iter().position(|der| is_of(der, &key)).ok_or_else(|| {
            unusable("there is no certificate of the private key; give it, or the thumbprint beside the key")
        })?;
        chain[..=leaf].rotate_right(1);
        Ok(Self {
            key: Arc::new(key),
            identity: Identity::Chain(chain.into()),
            sends_chain: false,
        })
    }

    /// A token that says that the application is here (RFC 7523), for the token endpoint `audience`.
    ///
    /// The signature draws on randomness.
    pub(crate) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: OffsetDateTime,
    ) -> Result<Secret, AuthError> {
        let mut id = [0_u8; 16];
        getrandom::fill(&mut id)
            .map_err(|error| unusable("the system gives no random numbers").with_source(error))?;
        // Version 4 of RFC 4122.
        id[6] = id[6] & 0x0f | 0x40;
        id[8] = id[8] & 0x3f | 0x80;
        let issued = now.unix_timestamp();
        let payload = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": kusto_protocol::Guid::from_bytes(id).to_string(),
            "nbf": issued,
            "iat": issued,
            "exp": issued + LIFETIME.whole_seconds(),
        });
        let (header, uses_pss) = self.header();
        let encode = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(&header), encode(&payload));
        let signature = self.sign(message.as_bytes(), uses_pss)?;
        Ok(Secret::new(format!(
            "{message}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(signature)
        )))
    }

    /// The head of the token, and whether it says PS256.
    fn header(&self) -> (serde_json::Value, bool) {
        match &self.identity {
            Identity::Thumbprint(thumbprint) => {
                let x5t = BASE64_URL_SAFE_NO_PAD.encode(thumbprint);
                (json!({"alg": "RS256", "typ": "JWT", "x5t": x5t}), false)
            }
            Identity::Chain(chain) => {
                let x5t = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&chain[0]));
                let mut header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": x5t});
                if self.sends_chain {
                    // Plain base64 with padding (RFC 7515, 4.1.6).
                    let chain: Vec<String> = chain.iter().map(|der| BASE64_STANDARD.encode(der)).collect();
                    header["x5c"] = chain.into();
                }
                (header, true)
            }
        }
    }

    fn sign(&self, message: &[u8], uses_pss: bool) -> Result<Vec<u8>, AuthError> {
        let encoding = if uses_pss {
            &RSA_PSS_SHA256
        } else {
            &RSA_PKCS1_SHA256
        };
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(encoding, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| unusable("the private key cannot sign"))?;
        Ok(signature)
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("sends_chain", &self.sends_chain)
            .finish_non_exhaustive()
    }
}

fn read_pem(text: &Secret, password: Option<&Secret>) -> Result<(RsaKeyPair, Vec<Vec<u8>>), AuthError> {
    let mut key = None;
    let mut chain = Vec::new();
    for (label, lines) in sections(text.expose()) {
        let body: String = lines.split_whitespace().collect();
        let der = || {
            BASE64_STANDARD
                .decode(&body)
                .map_err(|_| unusable("the PEM text is broken"))
        };
        match label {
            "CERTIFICATE" => chain.push(der()?),
            "PRIVATE KEY" => key = Some(RsaKeyPair::from_pkcs8(&der()?).map_err(rejected)?),
            "RSA PRIVATE KEY" if lines.contains("ENCRYPTED") => {
                return Err(unusable(
                    "the private key is encrypted in a form that is out of use; convert it with `openssl pkcs8 \
                     -topk8 -v2 aes-256-cbc`",
                ));
            }
            "RSA PRIVATE KEY" => key = Some(RsaKeyPair::from_der(&der()?).map_err(rejected)?),
            "ENCRYPTED PRIVATE KEY" => {
                let Some(password) = password else {
                    return Err(unusable("the private key is encrypted; give its password"));
                };
                let decrypted = EncryptedPrivateKeyInfoRef::try_from(&*der()?)
                    .and_then(|encrypted| encrypted.decrypt(password.expose()))
                    .map_err(|_| unusable("the private key cannot be decrypted: wrong password"))?;
                key = Some(RsaKeyPair::from_pkcs8(decrypted.as_bytes()).map_err(rejected)?);
            }
            _ => {}
        }
    }
    let key = key.ok_or_else(|| unusable("the PEM text holds no private key of RSA"))?;
    Ok((key, chain))
}

/// The sections of a PEM text: label and what is between its lines.
fn sections(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        let (label, after) = after.split_once("-----")?;
        let (body, after) = after.split_once("-----END ")?;
        rest = after;
        Some((label, body))
    })
}

/// Whether a certificate has the public half of this key.
fn is_of(der: &[u8], key: &RsaKeyPair) -> bool {
    let Ok(certificate) = x509_cert::Certificate::from_der(der) else {
        return false;
    };
    let public = &certificate
        .tbs_certificate()
        .subject_public_key_info()
        .subject_public_key;
    public.as_bytes() == Some(key.public_key().as_ref())
}

fn read_thumbprint(text: &str) -> Option<[u8; 20]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !matches!(c, ' ' | ':'))
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect();
    (digits.len() == 40).then(|| bytes.try_into().ok()).flatten()
}

fn unusable(message: &'static str) -> AuthError {
    AuthError::new(AuthErrorKind::Unsupported, message)
}

fn rejected(reason: KeyRejected) -> AuthError {
    match reason.to_string().as_str() {
        "TooSmall" => unusable("the private key is too short; the identity provider wants 2048 bits or more"),
        "TooLarge" => unusable("the private key is too long: 8192 bits are the most"),
        _ => unusable("the private key is not one of RSA, which is all that the identity provider takes"),
    }
}

/// As Microsoft's own library has it.
const LIFETIME: Duration = Duration::minutes(10);

#[cfg(test)]
mod tests;
