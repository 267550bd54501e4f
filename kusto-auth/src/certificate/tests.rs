//! Tests with files that OpenSSL wrote.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};

use super::*;

const KEY: &str = include_str!("../../tests/certificates/key.pem");
const CERTIFICATE: &str = include_str!("../../tests/certificates/certificate.pem");
const ISSUER: &str = include_str!("../../tests/certificates/issuer.pem");
const ENCRYPTED: &str = include_str!("../../tests/certificates/encrypted.pem");
const PKCS1: &str = include_str!("../../tests/certificates/pkcs1.pem");
const LEGACY: &str = include_str!("../../tests/certificates/legacy-encrypted.pem");
const SHORT: &str = include_str!("../../tests/certificates/short.pem");
const ELLIPTIC: &str = include_str!("../../tests/certificates/elliptic.pem");
const PFX: &[u8] = include_bytes!("../../tests/certificates/application.pfx");
const PFX_WITHOUT_PASSWORD: &[u8] = include_bytes!("../../tests/certificates/without-password.pfx");
const OLD_PFX: &[u8] = include_bytes!("../../tests/certificates/old.pfx");
const THUMBPRINT: &str = "A7:23:EA:EC:6E:B5:4F:8E:01:4B:98:B7:F7:80:26:70:BC:EB:C9:CD";
const AUDIENCE: &str = "https://login.microsoftonline.com/t/oauth2/v2.0/token";

fn password() -> Secret {
    Secret::new("for-tests")
}

fn pem(parts: &[&str]) -> Secret {
    Secret::new(parts.concat())
}

/// Checks the signature of an assertion; its head and its claims.
fn open(certificate: &ClientCertificate) -> (serde_json::Value, serde_json::Value) {
    let now = OffsetDateTime::from_unix_timestamp(1_760_000_000).unwrap();
    let assertion = certificate.assertion("app", AUDIENCE, now).unwrap();
    let (message, signature) = assertion.expose().rsplit_once('.').unwrap();
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let signature = decode(signature);
    let (header, claims) = message.split_once('.').unwrap();
    let header: serde_json::Value = serde_json::from_slice(&decode(header)).unwrap();
    let algorithm = if header["alg"] == "PS256" {
        &RSA_PSS_2048_8192_SHA256
    } else {
        &RSA_PKCS1_2048_8192_SHA256
    };
    let public = UnparsedPublicKey::new(algorithm, certificate.key.public_key().as_ref());
    public.verify(message.as_bytes(), &signature).unwrap();
    (header, serde_json::from_slice(&decode(claims)).unwrap())
}

#[test]
fn the_assertion_names_the_application_the_endpoint_and_ten_minutes() {
    let certificate = ClientCertificate::from_pem(&pem(&[KEY, CERTIFICATE]), None).unwrap();
    let (header, claims) = open(&certificate);
    assert_eq!(header["alg"], "PS256");
    assert!(header.get("x5c").is_none());
    let leaf = sections(CERTIFICATE).next().unwrap().1.replace(['\r', '\n'], "");
    let leaf = leaf.trim_start_matches('-');
    let digest = Sha256::digest(BASE64_STANDARD.decode(leaf).unwrap());
    assert_eq!(header["x5t#S256"], BASE64_URL_SAFE_NO_PAD.encode(digest));
    assert_eq!(claims["aud"], AUDIENCE);
    assert_eq!((&claims["iss"], &claims["sub"]), (&"app".into(), &"app".into()));
    assert_eq!(claims["nbf"], 1_760_000_000);
    assert_eq!(claims["exp"], 1_760_000_600);
    let (_, another) = open(&certificate);
    assert_ne!(claims["jti"], another["jti"]);
}

#[test]
fn the_chain_is_sent_on_request_with_the_certificate_of_the_key_first() {
    for text in [pem(&[ISSUER, CERTIFICATE, KEY]), pem(&[KEY, CERTIFICATE, ISSUER])] {
        let certificate = ClientCertificate::from_pem(&text, None).unwrap().send_chain(true);
        let (header, _) = open(&certificate);
        let chain = header["x5c"].as_array().unwrap();
        let first = chain[0].as_str().unwrap();
        assert_eq!(chain.len(), 2);
        assert!(CERTIFICATE.replace('\n', "").contains(first));
    }
}

#[test]
fn every_form_of_the_key_is_read() {
    let base64 = |bytes: &[u8]| Secret::new(BASE64_STANDARD.encode(bytes));
    let certificates = [
        ClientCertificate::from_pem(&pem(&[PKCS1, CERTIFICATE]), None),
        ClientCertificate::from_pem(&pem(&[ENCRYPTED, CERTIFICATE]), Some(&password())),
        ClientCertificate::from_pkcs12(PFX, Some(&password())),
        ClientCertificate::from_pkcs12(OLD_PFX, Some(&password())),
        ClientCertificate::from_blob(&base64(PFX_WITHOUT_PASSWORD), None),
        ClientCertificate::from_blob(&base64(pem(&[KEY, CERTIFICATE]).expose().as_bytes()), None),
        ClientCertificate::from_blob(&pem(&[KEY, CERTIFICATE]), None),
        // As one line, as it comes out of many a settings page.
        ClientCertificate::from_blob(
            &Secret::new(pem(&[KEY, CERTIFICATE]).expose().replace('\n', " ")),
            None,
        ),
    ];
    for (number, certificate) in certificates.into_iter().enumerate() {
        let certificate = certificate.unwrap_or_else(|error| panic!("{number}: {error}"));
        assert_eq!(open(&certificate).0["alg"], "PS256", "{number}");
        assert_eq!(
            format!("{certificate:?}"),
            "ClientCertificate { sends_chain: false, .. }"
        );
    }
}

#[test]
fn a_key_alone_needs_the_thumbprint() {
    let spaced = THUMBPRINT.to_lowercase().replace(':', " ");
    for thumbprint in [THUMBPRINT, &spaced] {
        let certificate = ClientCertificate::from_blob(&Secret::new(KEY), Some(&thumbprint.into())).unwrap();
        let (header, _) = open(&certificate);
        assert_eq!(header["alg"], "RS256");
        assert_eq!(header["x5t"].as_str().unwrap().len(), 27);
    }
    let error = ClientCertificate::from_blob(&Secret::new(KEY), None).unwrap_err();
    assert!(error.to_string().contains("thumbprint"), "{error}");
}

#[test]
fn what_cannot_be_used_says_why() {
    let wrong = Secret::new("wrong");
    for (outcome, words) in [
        (
            ClientCertificate::from_pem(&pem(&[ENCRYPTED, CERTIFICATE]), None),
            "give its password",
        ),
        (
            ClientCertificate::from_pem(&pem(&[ENCRYPTED, CERTIFICATE]), Some(&wrong)),
            "wrong password",
        ),
        (
            ClientCertificate::from_pem(&pem(&[LEGACY, CERTIFICATE]), Some(&password())),
            "openssl pkcs8",
        ),
        (
            ClientCertificate::from_pem(&pem(&[KEY, ISSUER]), None),
            "no certificate of the private key",
        ),
        (
            ClientCertificate::from_pem(&pem(&[CERTIFICATE]), None),
            "no private key",
        ),
        (ClientCertificate::from_pem(&pem(&[SHORT]), None), "too short"),
        (
            ClientCertificate::from_pem(&pem(&[ELLIPTIC]), None),
            "not one of RSA",
        ),
        (
            ClientCertificate::from_pkcs12(PFX, Some(&wrong)),
            "wrong password",
        ),
        (
            ClientCertificate::from_pkcs12(b"nonsense", None),
            "not such a file",
        ),
        (
            ClientCertificate::from_blob(&Secret::new("%%%"), None),
            "must be PEM text",
        ),
        (
            ClientCertificate::from_key_pem(&pem(&[KEY]), None, "12"),
            "40 hexadecimal digits",
        ),
        (
            ClientCertificate::from_file("/nowhere/app.pfx", None),
            "/nowhere/app.pfx",
        ),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), AuthErrorKind::Unsupported);
        assert!(error.to_string().contains(words), "{error}");
    }
}
