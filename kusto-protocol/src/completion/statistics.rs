use serde_json::Value;

use crate::{DateTime, Dynamic, Timespan};

/// What a query consumed: the payload of its `QueryResourceConsumption` event.
///
/// The service adds members over time and has dropped some. All fields are what the payload happened to hold in the
/// expected form; the whole of it is in [`raw`](Self::raw).
///
/// ```
/// use kusto_protocol::QueryStatistics;
///
/// let statistics = QueryStatistics::from_json(
///     r#"{"ExecutionTime":0.125,"resource_usage":{"memory":{"peak_per_node":1179040}}}"#,
/// ).unwrap();
/// assert_eq!(statistics.execution_seconds, Some(0.125));
/// assert_eq!(statistics.memory_peak_per_node, Some(1_179_040));
/// assert_eq!(statistics.cpu_total, None);
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
#[non_exhaustive]
pub struct QueryStatistics {
    /// `QueryHash`
    pub query_hash: Option<String>,
    /// `ExecutionTime`, in seconds.
    pub execution_seconds: Option<f64>,
    /// Processor time in user mode, of all nodes.
    pub cpu_user: Option<Timespan>,
    /// Processor time in kernel mode, of all nodes.
    pub cpu_kernel: Option<Timespan>,
    /// Processor time, of all nodes.
    pub cpu_total: Option<Timespan>,
    /// The most memory used on one node, in bytes.
    pub memory_peak_per_node: Option<u64>,
    /// Bytes from the hot cache.
    pub cache_hot: CacheStatistics,
    /// Bytes from cold storage.
    pub cache_cold: CacheStatistics,
    /// Bytes read past the cache.
    pub cache_bypass_bytes: Option<u64>,
    /// The earlier query whose cached results these are.
    pub results_cache_origin: Option<ResultsCacheOrigin>,
    /// Bytes sent between nodes of the cluster.
    pub network_inter_cluster_bytes: Option<u64>,
    /// Bytes sent between clusters.
    pub network_cross_cluster_bytes: Option<u64>,
    /// Extents of the tables in the query.
    pub extents_total: Option<u64>,
    /// Extents that were read.
    pub extents_scanned: Option<u64>,
    /// The earliest ingestion time among the extents read.
    pub extents_scanned_min: Option<DateTime>,
    /// The latest ingestion time among the extents read.
    pub extents_scanned_max: Option<DateTime>,
    /// Rows of the tables in the query.
    pub rows_total: Option<u64>,
    /// Rows that were read.
    pub rows_scanned: Option<u64>,
    /// One for each primary result, in order.
    pub results: Vec<TableStatistics>,
    /// The payload, with all that has no field here.
    pub raw: Value,
}

/// Bytes read through one level of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheStatistics {
    /// Found there.
    pub hit_bytes: Option<u64>,
    /// Not found there.
    pub miss_bytes: Option<u64>,
    /// Fetched into it.
    pub retrieve_bytes: Option<u64>,
}

/// The query whose cached results were returned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResultsCacheOrigin {
    /// Its client request id.
    pub client_request_id: String,
    /// When it started.
    pub started_on: Option<DateTime>,
}

/// The size of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableStatistics {
    /// Rows.
    pub row_count: u64,
    /// Bytes, as the service counts them.
    pub size: u64,
}

impl QueryStatistics {
    /// Reads a payload; `None` if it is no JSON object.
    pub fn from_json(payload: &str) -> Option<Self> {
        let raw: Value = Dynamic::new(payload).deserialize().ok()?;
        if !raw.is_object() {
            return None;
        }
        let number = |pointer: &str| raw.pointer(pointer).and_then(Value::as_u64);
        let text = |pointer: &str| raw.pointer(pointer).and_then(Value::as_str);
        let span = |pointer: &str| text(pointer).and_then(|text| text.parse().ok());
        let time = |pointer: &str| text(pointer).and_then(|text| text.parse().ok());
        let cache = |level: &str| {
            let bytes = |name: &str| number(&format!("/resource_usage/cache/shards/{level}/{name}"));
            CacheStatistics {
                hit_bytes: bytes("hitbytes"),
                miss_bytes: bytes("missbytes"),
                retrieve_bytes: bytes("retrievebytes"),
            }
        };
        let origin = "/resource_usage/cache/results_cache_origin";
        let results = raw.get("dataset_statistics").and_then(Value::as_array);
        Some(Self {
            query_hash: text("/QueryHash").map(str::to_owned),
            execution_seconds: raw.get("ExecutionTime").and_then(Value::as_f64),
            cpu_user: span("/resource_usage/cpu/user"),
            cpu_kernel: span("/resource_usage/cpu/kernel"),
            cpu_total: span("/resource_usage/cpu/total cpu"),
            memory_peak_per_node: number("/resource_usage/memory/peak_per_node"),
            cache_hot: cache("hot"),
            cache_cold: cache("cold"),
            cache_bypass_bytes: number("/resource_usage/cache/shards/bypassbytes"),
            results_cache_origin: text(&format!("{origin}/client_request_id")).map(|id| ResultsCacheOrigin {
                client_request_id: id.to_owned(),
                started_on: time(&format!("{origin}/started_on")),
            }),
            network_inter_cluster_bytes: number("/resource_usage/network/inter_cluster_total_bytes"),
            network_cross_cluster_bytes: number("/resource_usage/network/cross_cluster_total_bytes"),
            extents_total: number("/input_dataset_statistics/extents/total"),
            extents_scanned: number("/input_dataset_statistics/extents/scanned"),
            extents_scanned_min: time("/input_dataset_statistics/extents/scanned_min_datetime"),
            extents_scanned_max: time("/input_dataset_statistics/extents/scanned_max_datetime"),
            rows_total: number("/input_dataset_statistics/rows/total"),
            rows_scanned: number("/input_dataset_statistics/rows/scanned"),
            results: results.into_iter().flatten().filter_map(table).collect(),
            raw,
        })
    }
}

fn table(statistics: &Value) -> Option<TableStatistics> {
    Some(TableStatistics {
        row_count: statistics.get("table_row_count")?.as_u64()?,
        size: statistics.get("table_size")?.as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_members_are_found_and_the_others_kept() {
        let statistics = QueryStatistics::from_json(
            r#"{"ExecutionTime":0.1,"resource_usage":{
                "cache":{"shards":{"hot":{"hitbytes":521712,"missbytes":0},"bypassbytes":7},
                    "results_cache_origin":{"client_request_id":"a;1","started_on":"2021-10-17T05:47:23Z"}},
                "cpu":{"user":"00:00:01","kernel":"odd","total cpu":"1.00:00:00"},
                "network":{"inter_cluster_total_bytes":5072}},
                "input_dataset_statistics":{"extents":{"total":3,"scanned":1},"rows":{"total":59066,"scanned":5}},
                "dataset_statistics":[{"table_row_count":5,"table_size":3594},{}],"novel":1}"#,
        )
        .unwrap();
        assert_eq!(statistics.cache_hot.hit_bytes, Some(521_712));
        assert_eq!(statistics.cache_bypass_bytes, Some(7));
        assert_eq!(statistics.cpu_kernel, None);
        assert_eq!(statistics.cpu_total, Some(Timespan::from_ticks(864_000_000_000)));
        assert_eq!(statistics.rows_scanned, Some(5));
        assert_eq!(statistics.results_cache_origin.unwrap().client_request_id, "a;1");
        assert_eq!(
            statistics.results,
            [TableStatistics {
                row_count: 5,
                size: 3594
            }]
        );
        assert_eq!(statistics.raw["novel"], 1);
    }

    #[test]
    fn what_is_no_object_has_no_statistics() {
        for payload in ["", "text", "[1]", "null"] {
            assert_eq!(QueryStatistics::from_json(payload), None);
        }
    }
}
