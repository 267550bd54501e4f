//! Tokens that were had already.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::{ClientMethodOptions, Context};
use azure_core::time::{Duration, OffsetDateTime};

use crate::challenge::Challenge;
use crate::error::AuthError;
use crate::flight::Flight;

/// The tokens of one credential, by scope.
///
/// A token is used until five minutes before it expires, one that lives for two hours or more until half of its life
/// is over. From then on whoever asks first fetches the next one, everybody else goes on with the old one, and if the
/// fetch fails, so does the one who asked. Without a usable token all wait for the one fetch in flight and share what
/// comes of it. The clock is the caller's.
#[derive(Default)]
pub struct TokenCache {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// What the cache knows about a scope.
#[derive(Clone, Debug)]
enum Lookup {
    /// Good for a while.
    Fresh(AccessToken),
    /// Still good, but the next one is due.
    Stale(AccessToken),
    /// Nothing that could be used.
    Missing,
}

#[derive(Default)]
struct Slot {
    flight: Flight<AccessToken>,
    /// For tokens that must carry claims: whoever waits for one cannot take any other.
    challenged: Flight<AccessToken>,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: AccessToken,
    /// Those that the token was asked to carry.
    claims: Option<String>,
    /// From this time on the next token is due: it is near its end, or the last refresh failed.
    refresh_at: OffsetDateTime,
}

impl TokenCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token for a scope: from the cache, or from the credential.
    ///
    /// # Errors
    ///
    /// What the credential answered, when no usable token is left.
    ///
    /// # Cancel safety
    ///
    /// A dropped call loses nothing but its own fetch; one of those who wait starts the next.
    pub async fn get(
        &self,
        credential: &dyn TokenCredential,
        scope: &str,
        now: OffsetDateTime,
    ) -> Result<AccessToken, AuthError> {
        let slot = self.slot(scope);
        // Fetches are rare, and long: they should not make the futures of all requests larger.
        match slot.lookup(now) {
            Lookup::Fresh(token) => Ok(token),
            Lookup::Stale(token) => {
                let fetch = slot.fetch(credential, scope, None, now);
                match Box::pin(slot.flight.run_alone(fetch)).await {
                    None => Ok(token),
                    Some(Ok(next)) => Ok(next),
                    Some(Err(_)) => {
                        slot.put_off_refresh(now);
                        Ok(token)
                    }
                }
            }
            // What comes is taken even if it is not worth keeping (a callback's token has no known lifetime).
            Lookup::Missing => Box::pin(slot.flight.join(slot.fetch(credential, scope, None, now))).await,
        }
    }

    /// Another token for a scope, in place of one that a service refused. If it was replaced in the meantime, by one with
    /// the claims that the service asks for, that is the one.
    ///
    /// # Errors
    ///
    /// What the credential answered.
    pub async fn renew(
        &self,
        credential: &dyn TokenCredential,
        scope: &str,
        refused: &AccessToken,
        challenge: &Challenge,
        now: OffsetDateTime,
    ) -> Result<AccessToken, AuthError> {
        let slot = self.slot(scope);
        if !slot.forget(refused)
            && slot.has_claims(challenge)
            && let Lookup::Fresh(token) | Lookup::Stale(token) = slot.lookup(now)
        {
            return Ok(token);
        }
        let flight = match challenge.claims() {
            Some(_) => &slot.challenged,
            None => &slot.flight,
        };
        flight
            .join(slot.fetch(credential, scope, Some(challenge), now))
            .await
    }

    fn slot(&self, scope: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(scope.to_owned()).or_default())
    }
}

impl Slot {
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lookup(&self, now: OffsetDateTime) -> Lookup {
        match &*self.held() {
            Some(held) if held.token.expires_on <= now => Lookup::Missing,
            Some(held) if held.refresh_at > now => Lookup::Fresh(held.token.clone()),
            Some(held) => Lookup::Stale(held.token.clone()),
            None => Lookup::Missing,
        }
    }

    /// Drops a token; false if another one is held, or none.
    fn forget(&self, refused: &AccessToken) -> bool {
        let mut held = self.held();
        let is_held = held
            .as_ref()
            .is_some_and(|held| held.token.token == refused.token);
        if is_held {
            *held = None;
        }
        is_held
    }

    /// Whether the token that is held was asked to carry what a service wants.
    fn has_claims(&self, challenge: &Challenge) -> bool {
        let held = self.held();
        let claims = held.as_ref().and_then(|held| held.claims.as_deref());
        challenge.claims().is_none() || challenge.claims() == claims
    }

    fn put_off_refresh(&self, now: OffsetDateTime) {
        if let Some(held) = &mut *self.held() {
            held.refresh_at = now + REFRESH_PAUSE;
        }
    }

    async fn fetch(
        &self,
        credential: &dyn TokenCredential,
        scope: &str,
        challenge: Option<&Challenge>,
        now: OffsetDateTime,
    ) -> Result<AccessToken, AuthError> {
        let options = challenge.map(|challenge| TokenRequestOptions {
            method_options: ClientMethodOptions {
                context: Context::new().with_value(challenge.clone()),
            },
        });
        let token = credential
            .get_token(&[scope], options)
            .await
            .map_err(AuthError::from_credential)?;
        let lifetime = token.expires_on - now;
        let refresh_at = if lifetime >= LONG_LIFETIME {
            now + lifetime / 2
        } else {
            token.expires_on - REFRESH_AHEAD
        };
        *self.held() = Some(Held {
            token: token.clone(),
            claims: challenge.and_then(Challenge::claims).map(str::to_owned),
            refresh_at,
        });
        Ok(token)
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

/// How long before its end a token is replaced; as the other client libraries do.
pub(crate) const REFRESH_AHEAD: Duration = Duration::seconds(300);

/// A token that lives this long is replaced at half of its life, so that what changed for the identity is noticed.
const LONG_LIFETIME: Duration = Duration::hours(2);

/// How long a failed refresh is not tried again while the old token still works.
const REFRESH_PAUSE: Duration = Duration::seconds(30);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use azure_core::credentials::TokenRequestOptions;
    use futures::future::join_all;

    use super::*;

    /// Gives `t1`, `t2`, … that live for `lifetime` seconds after the epoch; fails when `broken`.
    #[derive(Debug, Default)]
    struct Counter {
        calls: AtomicUsize,
        lifetime: i64,
        broken: std::sync::atomic::AtomicBool,
    }

    #[async_trait::async_trait]
    impl TokenCredential for Counter {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::task::yield_now().await;
            if self.broken.load(Ordering::SeqCst) {
                let kind = azure_core::error::ErrorKind::Credential;
                return Err(azure_core::Error::with_message(kind, "no"));
            }
            Ok(AccessToken::new(format!("t{call}"), at(self.lifetime)))
        }
    }

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(second).unwrap()
    }

    async fn token(cache: &TokenCache, credential: &Counter, second: i64) -> String {
        cache
            .get(credential, "s", at(second))
            .await
            .unwrap()
            .token
            .secret()
            .to_owned()
    }

    #[tokio::test]
    async fn a_token_is_kept_until_five_minutes_before_its_end() {
        let (cache, credential) = (
            TokenCache::new(),
            Counter {
                lifetime: 3600,
                ..Counter::default()
            },
        );
        assert_eq!(token(&cache, &credential, 0).await, "t1");
        assert_eq!(token(&cache, &credential, 3299).await, "t1");
        assert_eq!(token(&cache, &credential, 3300).await, "t2");
        assert!(
            cache
                .get(&credential, "another", at(0))
                .await
                .unwrap()
                .token
                .secret()
                == "t3"
        );
    }

    #[tokio::test]
    async fn a_failed_refresh_leaves_the_old_token_and_pauses() {
        let (cache, credential) = (
            TokenCache::new(),
            Counter {
                lifetime: 3600,
                ..Counter::default()
            },
        );
        token(&cache, &credential, 0).await;
        credential.broken.store(true, Ordering::SeqCst);
        assert_eq!(token(&cache, &credential, 3400).await, "t1");
        assert_eq!(token(&cache, &credential, 3429).await, "t1");
        assert_eq!(credential.calls.load(Ordering::SeqCst), 2);
        assert_eq!(token(&cache, &credential, 3430).await, "t1");
        assert_eq!(credential.calls.load(Ordering::SeqCst), 3);
        assert!(cache.get(&credential, "s", at(3600)).await.is_err());
    }

    #[tokio::test]
    async fn all_who_wait_share_one_fetch_even_of_a_token_without_lifetime() {
        for lifetime in [3600, 0] {
            let (cache, credential) = (
                TokenCache::new(),
                Counter {
                    lifetime,
                    ..Counter::default()
                },
            );
            let tokens = join_all((0..50).map(|_| token(&cache, &credential, 0))).await;
            assert!(tokens.iter().all(|token| token == "t1"));
            assert_eq!(credential.calls.load(Ordering::SeqCst), 1);
        }
    }

    #[tokio::test]
    async fn an_expired_token_is_never_kept() {
        let (cache, credential) = (TokenCache::new(), Counter::default());
        assert_eq!(token(&cache, &credential, 0).await, "t1");
        assert_eq!(token(&cache, &credential, 0).await, "t2");
    }

    #[tokio::test]
    async fn a_refused_token_is_dropped_once() {
        let (cache, credential) = (
            TokenCache::new(),
            Counter {
                lifetime: 3600,
                ..Counter::default()
            },
        );
        let first = cache.get(&credential, "s", at(0)).await.unwrap();
        let challenge = Challenge::default();
        let renew = || cache.renew(&credential, "s", &first, &challenge, at(0));
        let renewed = join_all((0..20).map(|_| renew())).await;
        assert!(
            renewed
                .iter()
                .all(|next| next.as_ref().unwrap().token.secret() == "t2")
        );
        assert_eq!(renew().await.unwrap().token.secret(), "t2");
        assert_eq!(token(&cache, &credential, 0).await, "t2");
    }

    #[tokio::test]
    async fn whoever_must_show_claims_gets_no_token_without_them_and_all_of_them_one_token() {
        let (cache, credential) = (
            TokenCache::new(),
            Counter {
                lifetime: 3600,
                ..Counter::default()
            },
        );
        let refused = AccessToken::new("t0", at(3600));
        let challenge = Challenge::from_www_authenticate(r#"Bearer claims="eyJhIjoxfQ==""#);
        let renew = || cache.renew(&credential, "s", &refused, &challenge, at(0));
        // A token without claims is on its way when the challenges come.
        let (plain, renewed) = futures::join!(
            cache.get(&credential, "s", at(0)),
            join_all((0..20).map(|_| renew()))
        );
        assert_eq!(plain.unwrap().token.secret(), "t1");
        assert!(
            renewed
                .iter()
                .all(|token| token.as_ref().unwrap().token.secret() == "t2")
        );
        // Whoever hears later of the refusal of the old one takes it, too.
        assert_eq!(renew().await.unwrap().token.secret(), "t2");
        let other = Challenge::from_www_authenticate(r#"Bearer claims="eyJhIjoyfQ==""#);
        let other = cache.renew(&credential, "s", &refused, &other, at(0)).await;
        assert_eq!(other.unwrap().token.secret(), "t3");
    }

    #[tokio::test]
    async fn a_long_lived_token_is_replaced_at_half_of_its_life() {
        let (cache, credential) = (
            TokenCache::new(),
            Counter {
                lifetime: 24 * 3600,
                ..Counter::default()
            },
        );
        assert_eq!(token(&cache, &credential, 0).await, "t1");
        assert_eq!(token(&cache, &credential, 12 * 3600 - 1).await, "t1");
        assert_eq!(token(&cache, &credential, 12 * 3600).await, "t2");
    }

    #[tokio::test]
    async fn a_failed_fetch_fails_all_who_waited_for_it_at_once() {
        let (cache, credential) = (TokenCache::new(), Counter::default());
        credential.broken.store(true, Ordering::SeqCst);
        let outcomes = join_all((0..50).map(|_| cache.get(&credential, "s", at(0)))).await;
        assert!(outcomes.iter().all(Result::is_err));
        assert_eq!(credential.calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_dropped_fetch_does_not_block_the_next() {
        let (cache, credential) = (
            TokenCache::new(),
            Counter {
                lifetime: 3600,
                ..Counter::default()
            },
        );
        {
            let mut fetch = Box::pin(cache.get(&credential, "s", at(0)));
            assert!(futures::poll!(&mut fetch).is_pending());
        }
        assert_eq!(token(&cache, &credential, 0).await, "t2");
    }
}
