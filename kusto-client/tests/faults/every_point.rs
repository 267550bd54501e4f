//! A connection that is reset at points all over an exchange. (The transport's own tests break answers at each byte.)

use futures::StreamExt;
use kusto_emulator::Emulator;

use crate::proxy::{End, Fault, Mark, Proxy};
use crate::{KINDS, Kind, Setting, ask, client, count};

#[tokio::test]
async fn wherever_a_connection_breaks_no_row_comes_twice_and_nothing_is_done_twice() {
    let emulator = Emulator::start().await.unwrap();
    let service = emulator.uri().strip_prefix("http://").unwrap().parse().unwrap();
    let setting = Setting::new(None);
    let direct = client(service, &setting);
    for kind in KINDS {
        let table = format!("{kind:?}");
        direct
            .mgmt(format!(".create table {table} (x: long)"))
            .data_set()
            .await
            .unwrap();
        let whole = Proxy::start(service, |_| Fault::None).await;
        assert_eq!(ask(&client(whole.address, &setting), kind, &table).await, "done");
        let (request, answer) = loop {
            match whole.sizes() {
                (0, _) => tokio::task::yield_now().await,
                sizes => break sizes,
            }
        };
        // Ids differ in nothing but their digits, so every exchange has the same length.
        let stride = if kind == Kind::Query { 3 } else { 13 };
        let requests = (0..request)
            .step_by(47)
            .map(|bytes| Fault::Request(bytes, End::Reset));
        let answers = (0..answer)
            .step_by(stride)
            .map(|bytes| Fault::Answer(Mark::Bytes(bytes), End::Reset));
        let before = count(&direct, &table).await;
        let outcomes: Vec<(Fault, String, usize)> = futures::stream::iter(requests.chain(answers))
            .map(|fault| async {
                let first = fault.clone();
                let proxy =
                    Proxy::start(service, move |n| if n == 0 { first.clone() } else { Fault::None }).await;
                let outcome = ask(&client(proxy.address, &setting), kind, &table).await;
                (fault, outcome, proxy.connections())
            })
            .buffered(16)
            .collect()
            .await;
        let mut delivered = 0;
        for (fault, outcome, connections) in outcomes {
            let is_delivered = matches!(fault, Fault::Answer(..));
            // Before its first byte was sent, a request may be sent over another connection.
            let is_sent = !matches!(fault, Fault::Request(0, _));
            delivered += usize::from(is_delivered);
            delivered += usize::from(!is_delivered && outcome == "done");
            let expected: &[&str] = match (kind, is_delivered) {
                (Kind::Query, false) => &["done"],
                (Kind::Query, true) => &["done", "rows, `Interrupted`"],
                (Kind::IdempotentCommand, _) => &["done", "`Interrupted`"],
                (Kind::Command | Kind::Ingestion, false) if is_sent => &["`Interrupted`"],
                (Kind::Command | Kind::Ingestion, _) => &["done", "`Interrupted`"],
            };
            assert!(
                expected.contains(&outcome.as_str()),
                "{kind:?}, {fault:?}: {outcome}"
            );
            if matches!(kind, Kind::Command | Kind::Ingestion) && is_sent {
                assert_eq!(connections, 1, "{kind:?}, {fault:?}: {outcome}");
            }
        }
        let done = count(&direct, &table).await - before;
        match kind {
            Kind::Query => assert_eq!(done, 0),
            Kind::Command | Kind::Ingestion => assert!(done <= delivered, "{kind:?}: {done} of {delivered}"),
            Kind::IdempotentCommand => assert!(done >= delivered, "{kind:?}: {done} of {delivered}"),
        }
    }
}
