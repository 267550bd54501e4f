//! JSON Web Tokens: their signatures and claims, checked against keys that are at hand.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::RsaPublicKeyComponents;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The public keys of an issuer.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    /// Modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
    /// A point of P-256, uncompressed.
    EllipticCurve(Vec<u8>),
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    /// Any of these; none means whichever.
    pub(super) audiences: &'a [String],
    pub(super) now: SystemTime,
}

/// Why a token will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// No key has the name that the token gives; the issuer may have new ones.
    UnknownKey,
    Invalid(String),
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<JsonKey>,
}

#[derive(Deserialize)]
struct JsonKey {
    kty: String,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<Audience>,
    exp: Option<f64>,
    nbf: Option<f64>,
    oid: Option<String>,
    sub: Option<String>,
    tid: Option<String>,
    appid: Option<String>,
    azp: Option<String>,
    idtyp: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Keys {
    /// Reads a JSON Web Key Set (RFC 7517). Keys of other kinds than RSA and P-256 are left out.
    pub(super) fn from_json(text: &[u8]) -> Result<Self, String> {
        let set: KeySet =
            serde_json::from_slice(text).map_err(|error| format!("this is no JSON Web Key Set: {error}"))?;
        Ok(Self(set.keys.into_iter().filter_map(Key::read).collect()))
    }

    /// Checks a token: its form, its signature, then its claims. Returns who it was issued for, in the service's form.
    pub(super) fn verify(&self, token: &str, expected: &Expected<'_>) -> Result<String, Rejected> {
        let no_token = || invalid("the token is no JSON Web Token");
        let (signed, signature) = token.rsplit_once('.').ok_or_else(no_token)?;
        let (header, claims) = signed.split_once('.').ok_or_else(no_token)?;
        let header: Header = part(header).ok_or_else(no_token)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| no_token())?;
        self.check_signature(&header, signed.as_bytes(), &signature)?;
        let claims: Claims = part(claims).ok_or_else(no_token)?;
        claims.check(expected)?;
        Ok(claims.principal())
    }

    fn check_signature(&self, header: &Header, signed: &[u8], signature: &[u8]) -> Result<(), Rejected> {
        if !["RS256", "ES256"].contains(&header.alg.as_str()) {
            return Err(invalid("the token is signed neither with RS256 nor with ES256"));
        }
        let mut named = self
            .0
            .iter()
            .filter(|key| header.kid.is_none() || key.id == header.kid)
            .peekable();
        if named.peek().is_none() {
            return Err(Rejected::UnknownKey);
        }
        if named.any(|key| key.material.verifies(&header.alg, signed, signature)) {
            return Ok(());
        }
        Err(invalid("the signature of the token is not valid"))
    }
}

impl Key {
    fn read(json: JsonKey) -> Option<Self> {
        let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let material = match (json.kty.as_str(), json.crv.as_deref()) {
            ("RSA", _) => Material::Rsa(bytes(json.n)?, bytes(json.e)?),
            ("EC", Some("P-256")) => {
                // As SEC 1 writes a point that is not compressed.
                Material::EllipticCurve([vec![0x04], bytes(json.x)?, bytes(json.y)?].concat())
            }
            _ => return None,
        };
        Some(Self {
            id: json.kid,
            material,
        })
    }
}

impl Material {
    /// Whether this key made the signature by that algorithm. The kind of the key decides what the algorithm may be.
    fn verifies(&self, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Rsa(n, e), "RS256") => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                .is_ok(),
            (Self::EllipticCurve(point), "ES256") => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(signed, signature)
                .is_ok(),
            _ => false,
        }
    }
}

impl Claims {
    fn check(&self, expected: &Expected<'_>) -> Result<(), Rejected> {
        if self.iss.as_deref() != Some(expected.issuer) {
            let found = self.iss.as_deref().unwrap_or("nobody");
            return Err(invalid(format!(
                "the token was issued by {found}, not by {}",
                expected.issuer
            )));
        }
        let is_meant = |wanted: &String| match &self.aud {
            Some(Audience::One(audience)) => audience == wanted,
            Some(Audience::Many(audiences)) => audiences.contains(wanted),
            None => false,
        };
        if !expected.audiences.is_empty() && !expected.audiences.iter().any(is_meant) {
            let wanted = expected.audiences.join(" or ");
            return Err(invalid(format!("the audience of the token is not {wanted}")));
        }
        let now = expected
            .now
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let leeway = LEEWAY.as_secs_f64();
        match self.exp {
            None => Err(invalid("the token does not say when it expires")),
            Some(end) if now >= end + leeway => Err(invalid("the token has expired")),
            Some(_) if self.nbf.is_some_and(|start| now + leeway < start) => {
                Err(invalid("the token is not valid yet"))
            }
            Some(_) => Ok(()),
        }
    }

    /// `aadapp=…` for applications, `aaduser=…` for people, each with its tenant if the token names one.
    fn principal(&self) -> String {
        let app = self.appid.as_ref().or(self.azp.as_ref());
        let is_app = self.idtyp.as_deref() == Some("app") || (self.oid.is_none() && app.is_some());
        let (kind, id) = match (is_app, app) {
            (true, Some(app)) => ("aadapp", app.as_str()),
            _ => (
                "aaduser",
                self.oid.as_ref().or(self.sub.as_ref()).map_or("", String::as_str),
            ),
        };
        match &self.tid {
            Some(tenant) => format!("{kind}={id};{tenant}"),
            None => format!("{kind}={id}"),
        }
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn invalid(reason: impl Into<String>) -> Rejected {
    Rejected::Invalid(reason.into())
}

/// How far the clocks of issuer and service may differ.
const LEEWAY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    };
    use serde_json::{Value, json};

    /// Two keys, as an issuer has them.
    struct Issuer {
        rsa: RsaKeyPair,
        elliptic: EcdsaKeyPair,
    }

    impl Issuer {
        fn new() -> Self {
            Self {
                rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
                elliptic: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            }
        }

        fn keys(&self) -> Keys {
            // PKCS #1: a sequence of the modulus, of 256 bytes here, and the exponent 65537.
            let modulus = &self.rsa.public_key().as_ref()[9..265];
            let point = self.elliptic.public_key().as_ref();
            let keys = json!({"keys": [
                {"kty": "oct", "k": "AAAA"},
                {"kty": "RSA", "kid": "r", "n": encode(modulus), "e": "AQAB"},
                {"kty": "EC", "crv": "P-256", "kid": "e", "x": encode(&point[1..33]), "y": encode(&point[33..])},
            ]});
            Keys::from_json(keys.to_string().as_bytes()).unwrap()
        }

        fn sign(&self, header: Value, claims: &Value) -> String {
            let signed = format!(
                "{}.{}",
                encode(header.to_string().as_bytes()),
                encode(claims.to_string().as_bytes())
            );
            let random = SystemRandom::new();
            let signature = if header["alg"] == "ES256" {
                self.elliptic
                    .sign(&random, signed.as_bytes())
                    .unwrap()
                    .as_ref()
                    .to_vec()
            } else {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
                    .unwrap();
                signature
            };
            format!("{signed}.{}", encode(&signature))
        }
    }

    fn encode(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn claims() -> Value {
        json!({"iss": "https://issuer", "aud": ["x", "kusto"], "exp": 2000, "nbf": 1000, "oid": "o", "tid": "t"})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut changed = claims();
        changed[name] = value;
        changed
    }

    #[test]
    fn signatures_of_both_kinds_are_accepted() {
        let issuer = Issuer::new();
        let (keys, audiences) = (issuer.keys(), ["kusto".to_owned()]);
        let expected = Expected {
            issuer: "https://issuer",
            audiences: &audiences,
            now: at(1500),
        };
        for header in [
            json!({"alg": "RS256", "kid": "r"}),
            json!({"alg": "ES256", "kid": "e"}),
            json!({"alg": "RS256"}),
        ] {
            let token = issuer.sign(header, &claims());
            assert_eq!(keys.verify(&token, &expected).unwrap(), "aaduser=o;t");
        }
        let app = json!({"iss": "https://issuer", "aud": "kusto", "exp": 2000, "appid": "a", "tid": "t"});
        let token = issuer.sign(json!({"alg": "RS256", "kid": "r"}), &app);
        assert_eq!(keys.verify(&token, &expected).unwrap(), "aadapp=a;t");
    }

    #[test]
    fn what_was_not_signed_by_the_issuer_is_rejected() {
        let (issuer, other) = (Issuer::new(), Issuer::new());
        let keys = issuer.keys();
        let expected = Expected {
            issuer: "https://issuer",
            audiences: &[],
            now: at(1500),
        };
        let rejected = |token: &str| keys.verify(token, &expected).unwrap_err();
        let foreign = other.sign(json!({"alg": "RS256", "kid": "r"}), &claims());
        assert_eq!(
            rejected(&foreign),
            invalid("the signature of the token is not valid")
        );
        let renewed = other.sign(json!({"alg": "RS256", "kid": "new"}), &claims());
        assert_eq!(rejected(&renewed), Rejected::UnknownKey);
        // A key of one kind does not verify what claims to be of the other, nor what claims to need no key.
        let mixed = issuer.sign(json!({"alg": "RS256", "kid": "e"}), &claims());
        assert_eq!(
            rejected(&mixed),
            invalid("the signature of the token is not valid")
        );
        let unsigned = format!(
            "{}.{}.",
            encode(br#"{"alg":"none"}"#),
            encode(claims().to_string().as_bytes())
        );
        assert!(matches!(rejected(&unsigned), Rejected::Invalid(_)));
        for text in ["", "a.b", "a.b.c", "..", "Zm9v.Zm9v.Zm9v"] {
            assert_eq!(
                rejected(text),
                invalid("the token is no JSON Web Token"),
                "{text}"
            );
        }
    }

    #[test]
    fn claims_are_checked() {
        let issuer = Issuer::new();
        let (keys, audiences) = (issuer.keys(), ["kusto".to_owned()]);
        let check = |claims: &Value, now: u64| {
            let token = issuer.sign(json!({"alg": "ES256", "kid": "e"}), claims);
            let expected = Expected {
                issuer: "https://issuer",
                audiences: &audiences,
                now: at(now),
            };
            match keys.verify(&token, &expected) {
                Ok(_) => "fine".to_owned(),
                Err(rejected) => format!("{rejected:?}"),
            }
        };
        assert_eq!(check(&claims(), 2059), "fine");
        assert!(check(&claims(), 2060).contains("has expired"));
        assert_eq!(check(&claims(), 940), "fine");
        assert!(check(&claims(), 939).contains("not valid yet"));
        assert!(check(&with("exp", Value::Null), 1500).contains("does not say when"));
        assert!(check(&with("aud", json!("storage")), 1500).contains("audience"));
        assert!(check(&with("iss", json!("https://other")), 1500).contains("issued by https://other"));
    }
}
