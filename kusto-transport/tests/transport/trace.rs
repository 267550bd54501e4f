//! What is told to whoever listens, and what is not.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use kusto_auth::{Credential, TrustedHosts};
use kusto_protocol::Request;
use kusto_transport::{Pipeline, PipelineOptions};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::scripted::{Act, Scripted, answer};

/// Writes down the spans and events of this project, one a line.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl Listener {
    fn write(&self, kind: &str, metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        if metadata.target().starts_with("kusto") {
            let mut line = Line(format!("{kind} {}", metadata.name()));
            record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write("span", span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.write("event", event.metadata(), |line| event.record(line));
    }

    fn record(&self, _: &Id, record: &Record<'_>) {
        let mut line = Line("record".to_owned());
        record.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn each_try_is_a_span_and_nothing_private_is_told() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let http = Scripted::new([
        Act::Refuse,
        answer(200, "[\"private row\"]")
            .header("x-ms-activity-id", "a-1")
            .into(),
    ]);
    let pipeline = Pipeline::new(
        "https://help.kusto.windows.net".parse().unwrap(),
        Credential::token("private token"),
        TrustedHosts::default(),
        http,
        PipelineOptions::default(),
    );
    let request = Request::query("Samples", "print 'private text'").parameter("p", "private value");
    let mut body = pipeline.send(request).await.unwrap();
    while body.next().await.unwrap().is_some() {}
    drop(body);
    let told = listener.0.lock().unwrap().join("\n");
    assert_eq!(told.matches("span kusto.request").count(), 1, "{told}");
    assert_eq!(told.matches("span kusto.attempt").count(), 2, "{told}");
    assert_eq!(told.matches("repeating a request").count(), 1, "{told}");
    for expected in [
        "db.system.name=\"azure.kusto\"",
        "db.namespace=\"Samples\"",
        "db.operation.name=\"query\"",
        "server.address=\"help.kusto.windows.net\"",
        "server.port=443",
        "kusto.client_request_id=\"KRC.execute;",
        "http.request.resend_count=1",
        "record azure.service.request.id=\"a-1\"",
        "record kusto.retries=1",
        "histogram.db.client.operation.duration=",
        "histogram.kusto.client.response.bytes=15",
        "monotonic_counter.kusto.client.retries=1",
    ] {
        assert!(told.contains(expected), "{expected} is missing in {told}");
    }
    assert!(!told.contains("error.type"), "{told}");
    assert!(!told.contains("private"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_fails_and_one_that_is_dropped_are_told_as_such() {
    let listener = Listener::default();
    let _guard = tracing::subscriber::set_default(listener.clone());
    let http = Scripted::new([answer(400, "").into(), Act::Hang]);
    let pipeline = Pipeline::new(
        "https://help.kusto.windows.net".parse().unwrap(),
        Credential::token("t"),
        TrustedHosts::default(),
        http,
        PipelineOptions::default(),
    );
    let request = Request::mgmt("Samples", ".show tables");
    assert!(pipeline.send(request.clone()).await.is_err());
    assert!(futures::poll!(Box::pin(pipeline.send(request))).is_pending());
    let told = listener.0.lock().unwrap().join("\n");
    assert!(told.contains("record db.response.status_code=\"400\""), "{told}");
    assert_eq!(told.matches("record error.type=\"Service\"").count(), 1, "{told}");
    assert_eq!(told.matches("record error.type=\"Dropped\"").count(), 1, "{told}");
}
