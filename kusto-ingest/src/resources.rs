//! What the ingestion service lends: containers, queues, tables, and the words that prove who we are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use azure_core::async_runtime::get_async_runtime;
use kusto_protocol::{ConnectionString, IngestionConfiguration, Request, RowBatch, Secret};
use kusto_transport::Pipeline;

use crate::error::{IngestError, IngestErrorKind};
use crate::mgmt;
use crate::storage_root::StorageRoot;
use crate::timer::sleep;

/// What the service lends for about a day.
#[derive(Debug)]
pub(crate) struct Resources {
    pub(crate) containers: Vec<StorageRoot>,
    pub(crate) queues: Vec<StorageRoot>,
    pub(crate) failure_queues: Vec<StorageRoot>,
    pub(crate) success_queues: Vec<StorageRoot>,
    pub(crate) status_tables: Vec<StorageRoot>,
    /// Goes into every message. Opaque.
    pub(crate) authorization_context: Secret,
    /// If the service wants to be told of blobs over its REST API.
    pub(crate) rest: Option<Rest>,
    /// How long this holds, where the service says so.
    refresh_after: Option<Duration>,
}

/// What the service says of its REST API.
#[derive(Debug)]
pub(crate) struct Rest {
    /// Where it wants blobs.
    containers: Vec<StorageRoot>,
    /// The most bytes of a source before compression.
    pub(crate) max_data_size: Option<u64>,
}

/// The resources of one service, kept and renewed.
#[derive(Debug)]
pub(crate) struct ResourceCache {
    pipeline: Pipeline,
    /// Whether the REST API is to be used where there is one.
    is_rest_wanted: bool,
    beginning: Instant,
    kept: Mutex<Kept>,
    /// Held by the one who asks the service.
    asking: futures::lock::Mutex<()>,
}

#[derive(Debug, Default)]
struct Kept {
    resources: Option<(Duration, Arc<Resources>)>,
}

/// What to do with kept resources of an age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freshness {
    Fresh,
    /// Still good; new ones are asked for meanwhile.
    Due,
    /// Not to be relied on.
    Expired,
}

impl Resources {
    /// Reads the answer to `.get ingestion resources`. Kinds that are not known are left out.
    fn parse(batches: &[RowBatch]) -> Self {
        let mut resources = Self {
            containers: Vec::new(),
            queues: Vec::new(),
            failure_queues: Vec::new(),
            success_queues: Vec::new(),
            status_tables: Vec::new(),
            authorization_context: Secret::new(""),
            rest: None,
            refresh_after: None,
        };
        for (kind, root) in mgmt::texts(batches, ["ResourceTypeName", "StorageRoot"]) {
            let list = match kind {
                "TempStorage" => &mut resources.containers,
                "SecuredReadyForAggregationQueue" => &mut resources.queues,
                "FailedIngestionsQueue" => &mut resources.failure_queues,
                "SuccessfulIngestionsQueue" => &mut resources.success_queues,
                "IngestionsStatusTable" => &mut resources.status_tables,
                _ => continue,
            };
            list.extend(StorageRoot::parse(root));
        }
        resources
    }

    /// Where blobs go that are told of over REST, or through a queue.
    pub(crate) fn containers<'a>(&'a self, rest: Option<&'a Rest>) -> &'a [StorageRoot] {
        match rest {
            Some(rest) if !rest.containers.is_empty() => &rest.containers,
            _ => &self.containers,
        }
    }
}

impl ResourceCache {
    pub(crate) fn new(pipeline: Pipeline, is_rest_wanted: bool) -> Arc<Self> {
        Arc::new(Self {
            pipeline,
            is_rest_wanted,
            beginning: Instant::now(),
            kept: Mutex::default(),
            asking: futures::lock::Mutex::new(()),
        })
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The time since this cache was made: what decisions about age and rank are made with.
    pub(crate) fn now(&self) -> Duration {
        self.beginning.elapsed()
    }

    /// Resources that are good now. One caller at a time asks the service, in the background of use when there is
    /// something to go on with.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<Arc<Resources>, IngestError> {
        match self.kept() {
            Some((Freshness::Fresh, resources)) => Ok(resources),
            Some((Freshness::Due, resources)) => {
                self.renew_meanwhile();
                Ok(resources)
            }
            Some((Freshness::Expired, _)) | None => {
                let _asking = self.asking.lock().await;
                match self.kept() {
                    Some((Freshness::Fresh | Freshness::Due, resources)) => Ok(resources),
                    // Boxed, as it is seldom: else every ingestion would carry its room about.
                    _ => Box::pin(self.renew()).await,
                }
            }
        }
    }

    fn kept(&self) -> Option<(Freshness, Arc<Resources>)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, resources) = kept.resources.as_ref()?;
        let age = self.now().saturating_sub(*since);
        Some((freshness(age, resources.refresh_after), Arc::clone(resources)))
    }

    /// Forgets these resources, if they are still the ones that are kept: they did not work.
    pub(crate) fn expire(&self, resources: &Arc<Resources>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&kept.resources, Some((_, kept)) if Arc::ptr_eq(kept, resources)) {
            kept.resources = None;
        }
    }

    /// Forgets whatever is kept.
    pub(crate) fn expire_all(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.resources = None;
    }

    fn renew_meanwhile(self: &Arc<Self>) {
        let cache = Arc::clone(self);
        let renew = async move {
            // Whoever comes while someone asks already has nothing to do.
            if let Some(_asking) = cache.asking.try_lock()
                && !matches!(cache.kept(), Some((Freshness::Fresh, _)))
            {
                // A failure is tried again by the next who comes; what is kept stays good for a while.
                let _ = cache.renew().await;
            }
        };
        drop(get_async_runtime().spawn(Box::pin(renew)));
    }

    async fn renew(&self) -> Result<Arc<Resources>, IngestError> {
        let now = self.now();
        let resources = Arc::new(self.ask_patiently().await?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.resources = Some((now, Arc::clone(&resources)));
        Ok(resources)
    }

    /// Asks up to four times while the service is busy.
    async fn ask_patiently(&self) -> Result<Resources, IngestError> {
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        loop {
            match self.ask().await {
                Err(error) if error.is_throttled() && tries < TRIES => {
                    tries += 1;
                    let asked_for = error.transport().and_then(|error| error.retry_after());
                    sleep(asked_for.unwrap_or(wait).min(LONGEST_WAIT)).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                outcome => return outcome,
            }
        }
    }

    async fn ask(&self) -> Result<Resources, IngestError> {
        let (rest, lent) = futures::join!(self.rest(), self.lent());
        let mut resources = match (lent, &rest) {
            (Ok(lent), _) => lent,
            // With containers of its own, the REST API needs nothing else.
            (Err(_), Some((rest, _))) if !rest.containers.is_empty() => Resources::parse(&[]),
            (Err(error), _) => return Err(error),
        };
        if let Some((rest, refresh_after)) = rest {
            resources.rest = Some(rest);
            resources.refresh_after = refresh_after;
        }
        Ok(resources)
    }

    /// The REST API, if the service has one and prefers it. A service that does not answer is one without.
    async fn rest(&self) -> Option<(Rest, Option<Duration>)> {
        if !self.is_rest_wanted {
            return None;
        }
        let request = Request::ingestion_configuration();
        let answer = mgmt::json(&self.pipeline, request).await.ok()?;
        let configuration = IngestionConfiguration::from_json(&answer).ok()?;
        if !configuration.prefers_rest {
            return None;
        }
        // Folders of OneLake take a token for storage, which the way to this service does not have; the containers of
        // the queue protocol serve as well.
        let containers = configuration.containers.iter();
        let rest = Rest {
            containers: containers
                .filter_map(|path| StorageRoot::parse(path.expose()))
                .collect(),
            max_data_size: configuration.max_data_size,
        };
        let refresh_after = configuration
            .refresh_interval
            .and_then(|interval| Duration::try_from(interval).ok());
        Some((rest, refresh_after))
    }

    /// What the queue protocol needs.
    async fn lent(&self) -> Result<Resources, IngestError> {
        let database = ConnectionString::DEFAULT_DATABASE;
        let answer = match mgmt::rows(&self.pipeline, database, GET_RESOURCES).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == IngestErrorKind::Rejected && !error.is_throttled() => {
                return Err(self.explain(error).await);
            }
            Err(error) => return Err(error),
        };
        let mut resources = Resources::parse(&answer);
        for (what, list) in [
            ("containers", &resources.containers),
            ("queues", &resources.queues),
        ] {
            if list.is_empty() {
                let host = self.pipeline.endpoint().host();
                let message = format!("{host} lends no {what} for ingestion; is it an ingestion service?");
                return Err(IngestError::new(IngestErrorKind::Resources, message));
            }
        }
        let answer = mgmt::rows(&self.pipeline, database, GET_IDENTITY_TOKEN).await?;
        let token = mgmt::first_text(&answer, "AuthorizationContext").filter(|text| !text.is_empty());
        let token = token.ok_or_else(|| {
            let host = self.pipeline.endpoint().host();
            IngestError::new(
                IngestErrorKind::Resources,
                format!("{host} answered {GET_IDENTITY_TOKEN} without a token"),
            )
        })?;
        resources.authorization_context = token.into();
        Ok(resources)
    }

    /// Sees whether the refusal comes from an engine, which knows nothing of queued ingestion.
    async fn explain(&self, error: IngestError) -> IngestError {
        let version = mgmt::rows(
            &self.pipeline,
            ConnectionString::DEFAULT_DATABASE,
            ".show version",
        )
        .await;
        let Ok(version) = version else { return error };
        let service_type = mgmt::texts(&version, ["ServiceType", "ServiceType"]).next();
        let Some((service_type, _)) = service_type.filter(|(name, _)| *name != DATA_MANAGEMENT) else {
            return error;
        };
        let endpoint = self.pipeline.endpoint();
        IngestError::new(
            IngestErrorKind::Resources,
            format!(
                "{} is a service of type {service_type}, and queued ingestion wants one of type {DATA_MANAGEMENT}: \
                 usually {}",
                endpoint.host(),
                endpoint.to_ingest().host()
            ),
        )
    }
}

fn freshness(age: Duration, refresh_after: Option<Duration>) -> Freshness {
    let due_after = refresh_after
        .unwrap_or(DUE_AFTER)
        .clamp(LEAST_DUE_AFTER, DUE_AFTER);
    if age < due_after {
        Freshness::Fresh
    } else if age < EXPIRED_AFTER {
        Freshness::Due
    } else {
        Freshness::Expired
    }
}

const GET_RESOURCES: &str = ".get ingestion resources";
const GET_IDENTITY_TOKEN: &str = ".get kusto identity token";
const DATA_MANAGEMENT: &str = "DataManagement";
const DUE_AFTER: Duration = Duration::from_secs(60 * 60);
/// However short a time the service names.
const LEAST_DUE_AFTER: Duration = Duration::from_secs(60);
const EXPIRED_AFTER: Duration = Duration::from_secs(2 * 60 * 60);
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_renewed_after_an_hour_and_used_for_another() {
        for (minutes, expected) in [
            (0, Freshness::Fresh),
            (59, Freshness::Fresh),
            (60, Freshness::Due),
            (119, Freshness::Due),
            (120, Freshness::Expired),
        ] {
            assert_eq!(
                freshness(Duration::from_secs(60 * minutes), None),
                expected,
                "{minutes}"
            );
        }
        let half = Some(Duration::from_secs(30 * 60));
        assert_eq!(freshness(Duration::from_secs(30 * 60), half), Freshness::Due);
        assert_eq!(
            freshness(Duration::from_secs(59), Some(Duration::ZERO)),
            Freshness::Fresh
        );
    }
}
