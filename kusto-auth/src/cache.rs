//! Tokens that were had already.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::time::{Duration, OffsetDateTime};
use futures::lock;

use crate::error::AuthError;

/// The tokens of one credential, by scope.
///
/// A token is used until five minutes before it expires. From then on whoever asks first fetches the next one,
/// everybody else goes on with the old one, and if the fetch fails, so does the one who asked. Without a usable
/// token all wait for the one fetch in flight. The clock is the caller's.
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
    /// Held by the one who fetches.
    flight: lock::Mutex<()>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    token: Option<AccessToken>,
    /// Counts fetches, so that those who waited for one know that it came.
    fetches: u64,
    /// No refresh of a stale token before this time: the last one failed.
    refresh_after: Option<OffsetDateTime>,
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
        let fetches = slot.held().fetches;
        match slot.lookup(now) {
            Lookup::Fresh(token) => Ok(token),
            Lookup::Stale(token) => {
                let Some(_flight) = slot.flight.try_lock() else {
                    return Ok(token);
                };
                match slot.fetch(credential, scope).await {
                    Ok(next) => Ok(next),
                    Err(_) => {
                        slot.held().refresh_after = Some(now + REFRESH_PAUSE);
                        Ok(token)
                    }
                }
            }
            Lookup::Missing => {
                let _flight = slot.flight.lock().await;
                let arrived = slot.arrived_since(fetches);
                match arrived {
                    // Taken even if it is not worth keeping (a callback's token has no known lifetime).
                    Some(token) => Ok(token),
                    None => slot.fetch(credential, scope).await,
                }
            }
        }
    }

    /// Drops a token that a service refused, unless it was replaced in the meantime.
    pub fn forget(&self, scope: &str, refused: &AccessToken) {
        let slot = self.slot(scope);
        let mut held = slot.held();
        if held
            .token
            .as_ref()
            .is_some_and(|token| token.token == refused.token)
        {
            held.token = None;
        }
    }

    fn slot(&self, scope: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(scope.to_owned()).or_default())
    }
}

impl Slot {
    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lookup(&self, now: OffsetDateTime) -> Lookup {
        let held = self.held();
        match &held.token {
            Some(token) if token.expires_on - now >= REFRESH_AHEAD => Lookup::Fresh(token.clone()),
            Some(token) if token.expires_on > now => match held.refresh_after {
                Some(after) if after > now => Lookup::Fresh(token.clone()),
                _ => Lookup::Stale(token.clone()),
            },
            _ => Lookup::Missing,
        }
    }

    /// The token of a fetch that ended after the given count was read.
    fn arrived_since(&self, fetches: u64) -> Option<AccessToken> {
        let held = self.held();
        if held.fetches == fetches {
            None
        } else {
            held.token.clone()
        }
    }

    /// The caller holds `flight`.
    async fn fetch(&self, credential: &dyn TokenCredential, scope: &str) -> Result<AccessToken, AuthError> {
        let token = credential
            .get_token(&[scope], None)
            .await
            .map_err(AuthError::from_credential)?;
        let mut held = self.held();
        held.token = Some(token.clone());
        held.fetches += 1;
        held.refresh_after = None;
        Ok(token)
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

/// How long before its end a token is replaced; as the other client libraries do.
const REFRESH_AHEAD: Duration = Duration::seconds(300);

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
        assert_eq!(token(&cache, &credential, 3300).await, "t1");
        assert_eq!(token(&cache, &credential, 3301).await, "t2");
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
        cache.forget("s", &first);
        assert_eq!(token(&cache, &credential, 0).await, "t2");
        cache.forget("s", &first);
        assert_eq!(token(&cache, &credential, 0).await, "t2");
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
