//! What clusters said about their clouds.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::http::HttpClient;
use kusto_protocol::Endpoint;

use crate::cloud::CloudInfo;
use crate::error::AuthError;
use crate::exchange::exchange;
use crate::flight::Flight;

/// The clouds of clusters, by scheme, host and port.
///
/// A cluster is asked once; those who ask at the same time wait for the one request. Errors are not kept. Cloning is
/// cheap, and clones share what they know.
#[derive(Clone, Default)]
pub struct CloudCache {
    slots: Arc<Mutex<HashMap<String, Arc<Slot>>>>,
}

#[derive(Default)]
struct Slot {
    known: Mutex<Option<CloudInfo>>,
    flight: Flight<CloudInfo>,
}

impl CloudCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what the cloud of a cluster is, so that the cluster is not asked.
    pub fn seed(&self, endpoint: &Endpoint, cloud: CloudInfo) {
        *self.slot(endpoint).known() = Some(cloud);
    }

    /// The cloud of a cluster: known already, or as the cluster says. The host must be trusted before this is called.
    ///
    /// # Errors
    ///
    /// If the cluster cannot be reached or does not tell.
    pub async fn get(
        &self,
        endpoint: &Endpoint,
        http_client: &dyn HttpClient,
    ) -> Result<CloudInfo, AuthError> {
        self.get_or(endpoint, http_client, None).await
    }

    /// The same with an identity provider for clusters that name none.
    pub(crate) async fn get_or(
        &self,
        endpoint: &Endpoint,
        http_client: &dyn HttpClient,
        login_endpoint: Option<&str>,
    ) -> Result<CloudInfo, AuthError> {
        let slot = self.slot(endpoint);
        if let Some(cloud) = slot.known().clone() {
            return Ok(cloud);
        }
        let ask = async {
            let answer = exchange(http_client, CloudInfo::request(endpoint), LIMIT).await?;
            let mut default = CloudInfo::default();
            if let Some(address) = login_endpoint {
                address.clone_into(&mut default.login_endpoint);
            }
            let cloud = CloudInfo::from_response_or(answer.status().as_u16(), answer.body(), default)?;
            *slot.known() = Some(cloud.clone());
            Ok(cloud)
        };
        slot.flight.join(ask).await
    }

    fn slot(&self, endpoint: &Endpoint) -> Arc<Slot> {
        let key = format!("{}://{}", endpoint.scheme(), endpoint.authority());
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(key).or_default())
    }
}

impl Slot {
    fn known(&self) -> std::sync::MutexGuard<'_, Option<CloudInfo>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for CloudCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudCache").finish_non_exhaustive()
    }
}

/// How long a cluster may take to tell its cloud.
const LIMIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;
    use crate::scripted::{Scripted, answer};

    const PUBLIC: &str = r#"{"AzureAD":{"KustoClientAppId":"told"}}"#;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_host_is_asked_once_however_many_ask_and_whatever_the_path() {
        let http = Scripted::new([answer(200, PUBLIC)]);
        let clouds = CloudCache::new();
        let (one, other) = (
            endpoint("https://h.kusto.windows.net"),
            endpoint("https://h.kusto.windows.net/a/b"),
        );
        let told =
            join_all((0..20).map(|n| clouds.get(if n % 2 == 0 { &one } else { &other }, &*http))).await;
        assert!(
            told.iter()
                .all(|cloud| cloud.as_ref().unwrap().client_app_id == "told")
        );
        let seen: Vec<String> = http.seen().into_iter().map(|seen| seen.url).collect();
        assert_eq!(seen, ["https://h.kusto.windows.net/v1/rest/auth/metadata"]);
        assert_eq!(
            clouds.clone().get(&one, &*http).await.unwrap().client_app_id,
            "told"
        );
    }

    #[tokio::test]
    async fn an_error_is_shared_by_those_who_wait_and_not_kept() {
        let http = Scripted::new([answer(503, ""), answer(404, "")]);
        let clouds = CloudCache::new();
        let host = endpoint("https://h.kusto.windows.net");
        let told = join_all((0..20).map(|_| clouds.get(&host, &*http))).await;
        assert!(told.iter().all(Result::is_err));
        assert_eq!(http.seen().len(), 1);
        assert_eq!(clouds.get(&host, &*http).await.unwrap(), CloudInfo::default());
    }

    #[tokio::test]
    async fn a_seeded_host_is_not_asked() {
        let http = Scripted::new([]);
        let clouds = CloudCache::new();
        let host = endpoint("https://h.kusto.windows.net:8443");
        clouds.seed(&host, CloudInfo::default());
        assert!(clouds.get(&host, &*http).await.is_ok());
        assert!(http.seen().is_empty());
        // Another port is another service.
        assert!(
            clouds
                .get(&endpoint("https://h.kusto.windows.net"), &*http)
                .await
                .is_err()
        );
    }
}
