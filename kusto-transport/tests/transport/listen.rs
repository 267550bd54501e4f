//! Prints what is traced while tests run, by every library, for whoever looks for secrets in it: `cargo xtask secrets`.

use std::fmt::Debug;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// From now on every trace of this process is printed, if `KUSTO_TEST_TRACES` is set.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if std::env::var_os("KUSTO_TEST_TRACES").is_some() {
            // Only another listener of the whole process could be in the way.
            tracing::subscriber::set_global_default(Printer::default()).unwrap();
            tracing::trace!("all traces are printed");
        }
    });
}

#[derive(Default)]
struct Printer {
    spans: AtomicU64,
}

struct Line(String);

impl Line {
    fn new(kind: &str, metadata: &Metadata<'_>) -> Self {
        Self(format!("trace: {kind} {} {}", metadata.target(), metadata.name()))
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl Subscriber for Printer {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line::new("span", span.metadata());
        span.record(&mut line);
        eprintln!("{}", line.0);
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, record: &Record<'_>) {
        let mut line = Line("trace: record".to_owned());
        record.record(&mut line);
        eprintln!("{}", line.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::new("event", event.metadata());
        event.record(&mut line);
        eprintln!("{}", line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
