//! Servers that are known by their certificate alone.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use azure_core::http::Url;
use kusto_auth::ManagedIdentitySource;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, aws_lc_rs::default_provider, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::error::{TransportError, TransportErrorKind};

/// A server whose certificate no authority signed, and which is known by the thumbprint of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PinnedCertificate {
    /// An address of the server, `https://host:port`; a path behind it does not count.
    pub address: String,
    /// SHA-1 of the certificate in DER, as 40 hexadecimal digits; blanks and colons between them do not matter.
    pub thumbprint: String,
}

impl PinnedCertificate {
    /// The server at `address` has the certificate with this thumbprint.
    pub fn new(address: impl Into<String>, thumbprint: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            thumbprint: thumbprint.into(),
        }
    }

    /// Of the endpoint that gives tokens to services in Service Fabric, if this is one.
    pub(crate) fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        match ManagedIdentitySource::detect(variable) {
            ManagedIdentitySource::ServiceFabric {
                endpoint, thumbprint, ..
            } => Some(Self::new(endpoint, thumbprint)),
            _ => None,
        }
    }

    /// Where the server is.
    pub(crate) fn url(&self) -> Result<Url, TransportError> {
        let url = self.address.parse::<Url>().ok();
        url.filter(|url| url.scheme() == "https").ok_or_else(|| {
            invalid("the address of a server with a pinned certificate must begin with https://")
        })
    }

    /// TLS with this server and no other.
    pub(crate) fn tls(&self) -> Result<ClientConfig, TransportError> {
        let provider = Arc::new(default_provider());
        let verifier = Pin {
            thumbprint: bytes(&self.thumbprint).ok_or_else(|| {
                invalid("the thumbprint of a pinned certificate must be 40 hexadecimal digits")
            })?,
            provider: Arc::clone(&provider),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                TransportError::new(TransportErrorKind::Tls, "the HTTP client cannot be set up")
                    .with_source(error)
            })?;
        Ok(config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth())
    }
}

/// Takes one certificate, whoever signed it, whatever its names and its dates; and whoever shows it must have its key.
#[derive(Debug)]
struct Pin {
    thumbprint: [u8; 20],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // SHA-1 is what Service Fabric tells. Who wants to pass for its endpoint needs a second preimage, not a collision.
        if digest(&SHA1_FOR_LEGACY_USE_ONLY, end_entity).as_ref() == self.thumbprint {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The bytes of 40 hexadecimal digits.
fn bytes(thumbprint: &str) -> Option<[u8; 20]> {
    let digits: Vec<u8> = thumbprint
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ':')
        .map(|digit| Some(digit.to_digit(16)? as u8))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[pair.len() - 1])
        .collect();
    bytes.try_into().ok().filter(|_| digits.len() == 40)
}

fn invalid(message: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THUMBPRINT: &str = "0123456789abcdefABCDEF012345678901234567";

    #[test]
    fn the_environment_of_service_fabric_pins_its_endpoint() {
        let variable = |name: &str| {
            let value = match name {
                "IDENTITY_ENDPOINT" => "https://localhost:2377/metadata/identity/oauth2/token",
                "IDENTITY_HEADER" => "hush",
                "IDENTITY_SERVER_THUMBPRINT" => THUMBPRINT,
                _ => return None,
            };
            Some(value.to_owned())
        };
        let pinned = PinnedCertificate::of_environment(variable).unwrap();
        assert_eq!(pinned.url().unwrap().port(), Some(2377));
        assert!(pinned.tls().is_ok());
        let app_service = |name: &str| variable(name).filter(|_| name != "IDENTITY_SERVER_THUMBPRINT");
        assert_eq!(PinnedCertificate::of_environment(app_service), None);
    }

    #[test]
    fn what_is_no_thumbprint_or_no_address_with_tls_is_refused() {
        assert_eq!(bytes(THUMBPRINT).unwrap()[..3], [0x01, 0x23, 0x45]);
        assert_eq!(bytes(&THUMBPRINT.replace("23", ":23 ")), bytes(THUMBPRINT));
        for text in [
            "",
            "01",
            &THUMBPRINT[1..],
            &THUMBPRINT.replace('a', "g"),
            &format!("{THUMBPRINT}0"),
        ] {
            let error = PinnedCertificate::new("https://localhost", text)
                .tls()
                .unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::InvalidRequest);
        }
        for address in ["http://localhost", "localhost:2377", ""] {
            assert!(
                PinnedCertificate::new(address, THUMBPRINT).url().is_err(),
                "{address}"
            );
        }
    }
}
