//! What OpenTelemetry gets through `tracing-opentelemetry`: spans and metrics by its conventions for databases.
#![cfg(all(feature = "tracing", feature = "http-client"))]

use std::collections::BTreeMap;

use kusto_client::Client;
use kusto_emulator::Emulator;
use opentelemetry::trace::{SpanKind, Status, TracerProvider};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing_opentelemetry::MetricsLayer;
use tracing_subscriber::layer::SubscriberExt;

type Attributes = BTreeMap<String, Value>;

fn attributes<'a>(attributes: impl IntoIterator<Item = &'a KeyValue>) -> Attributes {
    let attributes = attributes.into_iter();
    attributes
        .map(|attribute| (attribute.key.to_string(), attribute.value.clone()))
        .collect()
}

#[tokio::test]
async fn queries_are_spans_and_metrics_of_a_database_client() {
    let emulator = Emulator::start().await.unwrap();
    let client = Client::from_connection_string(emulator.connection_string()).unwrap();
    let (spans, metrics) = (InMemorySpanExporter::default(), InMemoryMetricExporter::default());
    let tracers = SdkTracerProvider::builder()
        .with_simple_exporter(spans.clone())
        .build();
    let meters = SdkMeterProvider::builder()
        .with_periodic_exporter(metrics.clone())
        .build();
    let subscriber = tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(tracers.tracer("tests")))
        .with(MetricsLayer::new(meters.clone()));
    let guard = tracing::subscriber::set_default(subscriber);
    let rows: Vec<(i64,)> = client
        .query("range x from 1 to 3 step 1")
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(rows.len(), 3);
    let failed = client.query("NoSuchTable").fetch_all::<(i64,)>().await;
    assert!(failed.is_err());
    drop(guard);
    tracers.force_flush().unwrap();
    meters.force_flush().unwrap();

    let spans = spans.get_finished_spans().unwrap();
    let requests: Vec<&SpanData> = spans
        .iter()
        .filter(|span| span.span_kind == SpanKind::Client)
        .collect();
    let [good, bad] = requests[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(good.name, "query NetDefaultDB");
    assert_eq!(good.status, Status::Unset);
    let told = attributes(&good.attributes);
    for (name, value) in [
        ("db.system.name", Value::from("azure.kusto")),
        ("db.namespace", "NetDefaultDB".into()),
        ("db.operation.name", "query".into()),
        ("db.response.status_code", "200".into()),
        ("db.response.returned_rows", 3.into()),
        ("server.address", "127.0.0.1".into()),
        ("kusto.retries", 0.into()),
    ] {
        assert_eq!(told.get(name), Some(&value), "{name} in {told:?}");
    }
    for name in [
        "server.port",
        "azure.service.request.id",
        "kusto.client_request_id",
        "kusto.response.bytes",
        "kusto.first_row_s",
        "kusto.execution_s",
        "kusto.cpu",
    ] {
        assert!(told.contains_key(name), "{name} in {told:?}");
    }
    assert!(!told.contains_key("error.type") && !format!("{spans:?}").contains("range x"));
    // Each try is a span below it.
    assert!(
        spans
            .iter()
            .any(|span| span.parent_span_id == good.span_context.span_id())
    );

    assert!(matches!(bad.status, Status::Error { .. }), "{:?}", bad.status);
    let told = attributes(&bad.attributes);
    assert_eq!(told.get("error.type"), Some(&"Service".into()));
    assert_eq!(told.get("db.response.status_code"), Some(&"400".into()));

    let histograms = histograms(&metrics);
    for (name, sum) in [
        ("db.client.operation.duration", None),
        ("db.client.response.returned_rows", Some(3.0)),
        ("kusto.client.response.bytes", None),
        ("kusto.client.first_row.duration", None),
    ] {
        let (found, told) = &histograms[&(name.to_owned(), false)];
        assert!(
            *found > 0.0 && sum.is_none_or(|sum| sum == *found),
            "{name}: {found}"
        );
        assert_eq!(told.get("db.system.name"), Some(&"azure.kusto".into()));
        assert_eq!(told.get("db.operation.name"), Some(&"query".into()));
    }
    let (_, told) = &histograms[&("db.client.operation.duration".to_owned(), true)];
    assert_eq!(told.get("db.response.status_code"), Some(&"400".into()));
}

/// The sum and the attributes of each histogram, by its name and whether it is of failures.
fn histograms(exporter: &InMemoryMetricExporter) -> BTreeMap<(String, bool), (f64, Attributes)> {
    let mut histograms = BTreeMap::new();
    let exported = exporter.get_finished_metrics().unwrap();
    let scopes = exported.iter().flat_map(|exported| exported.scope_metrics());
    for metric in scopes.flat_map(|scope| scope.metrics()) {
        let points: Vec<(f64, Attributes)> = match metric.data() {
            AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
                .data_points()
                .map(|point| (point.sum(), attributes(point.attributes())))
                .collect(),
            AggregatedMetrics::U64(MetricData::Histogram(histogram)) => histogram
                .data_points()
                .map(|point| (point.sum() as f64, attributes(point.attributes())))
                .collect(),
            _ => continue,
        };
        for (sum, told) in points {
            let is_failure = told.contains_key("error.type");
            histograms.insert((metric.name().to_owned(), is_failure), (sum, told));
        }
    }
    histograms
}
