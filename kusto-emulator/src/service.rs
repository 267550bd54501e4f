//! What all requests share.

use std::sync::Arc;
use std::time::SystemTime;

use kusto_protocol::{DateTime, Guid};

use crate::admission::Admission;
use crate::bearer::Gate;
use crate::error::EngineError;
use crate::fault::Faults;
use crate::ingest::Sources;
use crate::journal::{Journal, MAX_REQUESTS};
use crate::operations::Operations;
use crate::queries::Queries;
use crate::queued::Queued;
use crate::storage::{Database, Storage, no_such_database};

/// A service, as its requests see it.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) storage: Storage,
    pub(crate) queries: Arc<Queries>,
    /// What was done.
    pub(crate) operations: Operations,
    /// What may be read besides requests.
    pub(crate) sources: Arc<Sources>,
    /// Where clients put what is to be ingested later, if there is such a place.
    pub(crate) queued: Option<Queued>,
    /// What messages in the queue must show to be heeded.
    pub(crate) identity_token: Guid,
    /// When the service began.
    pub(crate) started: DateTime,
    /// The address at which it answers.
    pub(crate) uri: String,
    /// Who may ask.
    pub(crate) gate: Gate,
    pub(crate) authority: Authority,
    pub(crate) admission: Admission,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
}

/// Where tokens come from, as clients are told.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub(crate) login_endpoint: String,
    /// What tokens are for.
    pub(crate) resource: String,
}

impl Default for Authority {
    /// The public cloud.
    fn default() -> Self {
        Self {
            login_endpoint: "https://login.microsoftonline.com".to_owned(),
            resource: "https://kusto.kusto.windows.net".to_owned(),
        }
    }
}

impl Service {
    /// An open service without faults.
    pub(crate) fn new(storage: Storage, uri: String) -> Self {
        Self {
            storage,
            queries: Arc::default(),
            operations: Operations::default(),
            sources: Arc::default(),
            queued: None,
            identity_token: new_guid(),
            started: DateTime::from(SystemTime::now()),
            uri,
            gate: Gate::Open,
            authority: Authority::default(),
            admission: Admission::new(None),
            faults: Faults::default(),
            journal: Journal::new(MAX_REQUESTS, None),
        }
    }

    /// A database as it is now.
    pub(crate) fn database(&self, name: &str) -> Result<Arc<Database>, EngineError> {
        self.storage.database(name).ok_or_else(|| no_such_database(name))
    }

    /// An identifier that is always the same for a database of this name.
    pub(crate) fn id_of(&self, database: &str) -> Guid {
        let hash = |seed: u64| {
            database.to_lowercase().bytes().fold(seed, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
            })
        };
        let [high, low] = [hash(FNV_OFFSET), hash(!FNV_OFFSET)];
        Guid::from_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
    }
}

/// An identifier that has not been before.
pub(crate) fn new_guid() -> Guid {
    let random = fastrand::u128(..) & !(0xf000 << 64) & !(0xc000 << 48);
    // Version 4, variant 1: random, as RFC 9562 has it.
    Guid::from_bytes((random | 0x4000 << 64 | 0x8000 << 48).to_be_bytes())
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
