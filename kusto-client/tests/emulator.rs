//! The whole way: the bundled HTTP client, a socket, the embedded service.
#![cfg(feature = "http-client")]

use kusto_client::{Client, DataFormat, ErrorKind, IngestionProperties, Source, Value};
use kusto_emulator::Emulator;

async fn start() -> (Emulator, Client) {
    let emulator = Emulator::start().await.unwrap();
    let client = Client::from_connection_string(emulator.connection_string()).unwrap();
    (emulator, client)
}

#[tokio::test]
async fn a_query_with_parameters_is_answered() {
    let (_emulator, client) = start().await;
    let query = client.query("print text = strcat(greeting, '!'), n = number + 1");
    let row: (String, i64) = query
        .param("greeting", "hello")
        .param("number", 41_i64)
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(row, ("hello!".to_owned(), 42));
}

#[tokio::test]
async fn rows_that_were_ingested_can_be_queried() {
    let (_emulator, client) = start().await;
    client
        .mgmt(".create table Storms (State: string, Deaths: long)")
        .data_set()
        .await
        .unwrap();
    let database = client.database().unwrap().to_owned();
    let properties = IngestionProperties::new(database, "Storms").format(DataFormat::Csv);
    let rows = "TEXAS,3\nOHIO,1\nTEXAS,2\n";
    client
        .streaming_ingest()
        .ingest(Source::bytes(rows), &properties)
        .await
        .unwrap();
    let query = client.query("Storms | summarize Deaths = sum(Deaths) by State | sort by Deaths desc");
    let states: Vec<(String, i64)> = query.fetch_all().await.unwrap();
    assert_eq!(states, [("TEXAS".to_owned(), 5), ("OHIO".to_owned(), 1)]);
    let tables: Vec<(String,)> = client
        .mgmt(".show tables | project TableName")
        .fetch_all()
        .await
        .unwrap();
    assert!(tables.contains(&("Storms".to_owned(),)));
}

#[tokio::test]
async fn many_rows_come_in_batches() {
    let (_emulator, client) = start().await;
    let mut results = client
        .query("range n from 1 to 100000 step 1")
        .stream()
        .await
        .unwrap();
    let (mut batches, mut sum) = (0, 0);
    while let Some(batch) = results.next().await.unwrap() {
        batches += 1;
        sum += batch
            .deserialize::<(i64,)>()
            .map(|row| row.unwrap().0)
            .sum::<i64>();
    }
    assert_eq!(sum, 5_000_050_000);
    assert!(batches > 1);
    assert_eq!(results.summary().row_count, 100_000);
    assert!(results.summary().bytes_received > 0);
}

/// The answer would be hundreds of gigabytes: its first rows can only be here if it is sent while it is made.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_rows_come_while_the_query_runs_and_dropping_them_ends_it() {
    let (_emulator, client) = start().await;
    let running = async || -> i64 {
        let command = client.mgmt(".show running queries | where Text has 'endless' | count");
        command.fetch_one().await.unwrap()
    };
    let query = "range endless from 1 to 100000000000 step 1";
    let mut results = client
        .query(query)
        .option("notruncation", true)
        .stream()
        .await
        .unwrap();
    let first = results.next().await.unwrap().unwrap();
    assert_eq!(first.row(0).value("endless"), Some(Value::Long(1)));
    assert_eq!(running().await, 1);
    drop(results);
    while running().await > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_mistake_in_the_query_comes_back_in_the_services_words() {
    let (_emulator, client) = start().await;
    let error = client.query("NoSuchTable | count").stream().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(error.is_permanent());
    assert!(error.to_string().contains("NoSuchTable"), "{error}");
    assert!(error.client_request_id().is_some());
}

#[tokio::test]
async fn a_service_that_is_gone_cannot_be_connected_to() {
    let (emulator, client) = start().await;
    emulator.stop().await;
    let client = Client::builder(client.endpoint().to_string())
        .retry(kusto_client::RetryPolicy::none())
        .build()
        .unwrap();
    let error = client.query("print 1").stream().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
}
