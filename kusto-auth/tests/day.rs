//! A day in the life of a client: tokens of an hour, a clock that is an argument, and faults on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use azure_core::time::{Duration, OffsetDateTime};
use futures::future::join_all;
use kusto_auth::{Challenge, Credential, TokenCache, TokenSource};

/// Tokens of an hour from the clock on; out of order when it is told so.
#[derive(Debug, Default)]
struct Provider {
    now: AtomicI64,
    tokens: AtomicUsize,
    is_broken: AtomicBool,
}

impl Provider {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.now.load(Ordering::SeqCst)).unwrap()
    }
}

#[async_trait::async_trait]
impl TokenCredential for Provider {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        // Others get their turn, as with a network.
        tokio::task::yield_now().await;
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(Error::with_message(ErrorKind::Credential, "out of order"));
        }
        let number = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(AccessToken::new(
            format!("token {number}"),
            self.now() + Duration::hours(1),
        ))
    }
}

#[tokio::test]
async fn a_day_of_requests_takes_a_token_an_hour_and_never_an_expired_one() {
    let (provider, cache) = (Provider::default(), TokenCache::new());
    let ask = || cache.get(&provider, "scope", provider.now());
    for minute in 0..24 * 60 {
        provider.now.store(minute * 60, Ordering::SeqCst);
        // Ten requests at once, every minute of the day. For twenty minutes at noon the provider is out of order:
        // the token at hand is good for longer than that, or was replaced in time.
        provider
            .is_broken
            .store((720..740).contains(&minute), Ordering::SeqCst);
        for token in join_all((0..10).map(|_| ask())).await {
            match token {
                Ok(token) => assert!(token.expires_on > provider.now(), "minute {minute}"),
                Err(error) => assert!((720..740).contains(&minute), "minute {minute}: {error}"),
            }
        }
    }
    // One every 55 minutes: 14400 requests.
    let tokens = provider.tokens.load(Ordering::SeqCst);
    assert!((26..=28).contains(&tokens), "{tokens}");
}

#[tokio::test]
async fn a_token_that_is_revoked_every_hour_is_replaced_once_each_time() {
    let (provider, cache) = (Provider::default(), TokenCache::new());
    let challenge = Challenge::default();
    for hour in 0..24 {
        provider.now.store(hour * 3000, Ordering::SeqCst);
        let token = cache.get(&provider, "scope", provider.now()).await.unwrap();
        let renew = || cache.renew(&provider, "scope", &token, &challenge, provider.now());
        let next = join_all((0..10).map(|_| renew())).await;
        assert!(
            next.iter()
                .all(|next| next.as_ref().unwrap().token != token.token)
        );
    }
    assert!(provider.tokens.load(Ordering::SeqCst) <= 48);
}

/// A cluster that does not tell its cloud, and a provider that says no in its own words, with the secret in them.
#[derive(Debug)]
struct Refusing;

#[async_trait::async_trait]
impl HttpClient for Refusing {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let status = if request.url().path().ends_with("/metadata") {
            404_u16
        } else {
            401
        };
        let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret key hunter2-Zq7 for app 'a' is expired. Trace ID: 0","error_codes":[7000222]}"#;
        Ok(AsyncRawResponse::from_bytes(status.into(), Headers::new(), body))
    }
}

#[tokio::test]
async fn whatever_is_printed_of_a_sign_in_has_no_secret() {
    const SECRET: &str = "hunter2-Zq7";
    let client = || kusto_auth::ClientAuthentication::Secret(SECRET.into());
    let mut printed = String::new();
    for credential in [
        Credential::client_secret("contoso.com", "a", SECRET),
        Credential::client_assertion("contoso.com", "a", || async {
            Ok::<_, std::convert::Infallible>(SECRET.into())
        }),
        Credential::on_behalf_of("contoso.com", "a", client(), SECRET),
        Credential::refresh_token_of(Some("contoso.com"), Some("a"), Some(client()), SECRET),
        Credential::username_password(None, "someone@contoso.com", SECRET),
        Credential::token(SECRET),
    ] {
        let http_client: Arc<dyn HttpClient> = Arc::new(Refusing);
        let endpoint = "https://h.kusto.windows.net".parse().unwrap();
        let tokens = TokenSource::new(endpoint, credential.clone(), Arc::clone(&http_client));
        let resolved = credential.to_token_credential(&kusto_auth::CloudInfo::default(), &http_client);
        printed += &format!("{credential:?} {tokens:?} {resolved:?} {:?}\n", client());
        match tokens.token(OffsetDateTime::UNIX_EPOCH).await {
            Ok(token) => printed += &format!("{token:?}\n"),
            Err(error) => {
                assert_eq!(error.code(), Some("AADSTS7000222"));
                assert!(
                    error.to_string().contains("has expired: create a new one"),
                    "{error}"
                );
                printed += &format!("{error} {error:?} {error:#?}\n");
                let mut cause = std::error::Error::source(&error);
                while let Some(error) = cause {
                    printed += &format!("{error} {error:?}\n");
                    cause = error.source();
                }
            }
        }
    }
    assert!(printed.lines().count() > 12);
    assert!(!printed.contains(SECRET), "{printed}");
}
