use futures::TryStreamExt;
use kusto_client::{ErrorKind, Frame, RowBatch, Value};
use serde::Deserialize;

use crate::answers::{END, HEADER, PIE_CHART, event, result, table, v1, v2};
use crate::client;
use crate::scripted::{Act, answer};

fn join(frames: &[Vec<String>]) -> Act {
    let all: Vec<&str> = frames.iter().flatten().map(String::as_str).collect();
    v2(&all).into()
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Storm {
    state: String,
    deaths: Option<i64>,
}

#[tokio::test]
async fn rows_become_structs() {
    let (client, _) = client([result(
        "State:string,Deaths:long",
        &[r#"["TEXAS",3]"#, r#"["OHIO",null]"#],
    )
    .into()]);
    let storms: Vec<Storm> = client.query("StormEvents").fetch_all().await.unwrap();
    let storm = |state: &str, deaths| Storm {
        state: state.to_owned(),
        deaths,
    };
    assert_eq!(storms, [storm("TEXAS", Some(3)), storm("OHIO", None)]);
}

#[tokio::test]
async fn one_row_is_wanted_exactly() {
    let script = ["[7]", "", "[7],[8]"].map(|rows| result("Count:long", &[rows]).into());
    let (client, _) = client(script);
    assert_eq!(
        client.query("T | count").fetch_one::<(i64,)>().await.unwrap(),
        (7,)
    );
    for count in ["0", "2"] {
        let error = client.query("T | count").fetch_one::<(i64,)>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conversion);
        assert!(error.to_string().contains(&format!("{count} came")), "{error}");
    }
}

#[tokio::test]
async fn a_row_that_does_not_fit_is_named_with_the_request() {
    let (client, _) = client([result("State:string,Deaths:long", &[r#"["TEXAS",3]"#]).into()]);
    let query = client.query("StormEvents").client_request_id("Mine;1");
    let error = query.fetch_all::<(String, bool)>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conversion);
    assert!(
        error.to_string().contains("Deaths") && error.to_string().contains("Mine;1"),
        "{error}"
    );
}

#[tokio::test]
async fn batches_come_as_fragments_do_and_the_summary_follows() {
    let frames = [
        vec![HEADER.to_owned(), PIE_CHART.to_owned()],
        table(1, "n:long", &["[1],[2]", "[3]"]),
        vec![
            event(6, "QueryResourceConsumption", r#"{"ExecutionTime":0.5}"#),
            END.to_owned(),
        ],
    ];
    let (client, _) = client([join(&frames)]);
    let mut results = client
        .query("T")
        .client_request_id("Mine;1")
        .stream()
        .await
        .unwrap();
    assert_eq!(results.columns().await.unwrap().unwrap()[0].name, "n");
    let mut sizes = Vec::new();
    while let Some(batch) = results.next().await.unwrap() {
        sizes.push(batch.num_rows());
        assert_eq!(results.table().unwrap().name, "T");
    }
    assert!(results.next().await.unwrap().is_none());
    assert_eq!(sizes, [2, 1]);
    let summary = results.summary();
    assert_eq!(
        (summary.row_count, summary.client_request_id.as_str()),
        (3, "Mine;1")
    );
    assert_eq!(summary.activity_id.as_deref(), Some("a-1"));
    assert!(summary.bytes_received > 500);
    assert_eq!(
        summary.visualization.as_ref().unwrap().title.as_deref(),
        Some("Storms")
    );
    assert_eq!(summary.statistics.as_ref().unwrap().execution_seconds, Some(0.5));
    assert_eq!(summary.events.len(), 1);
}

#[tokio::test]
async fn columns_are_known_without_rows() {
    let (client, _) = client([result("a:long,b:string", &[]).into(), v1("").into()]);
    for (query, first) in [(client.query("T"), "a"), (client.mgmt(".show tables"), "Name")] {
        let mut results = query.stream().await.unwrap();
        assert_eq!(results.columns().await.unwrap().unwrap()[0].name, first);
        assert!(results.next().await.unwrap().is_none());
        assert_eq!(results.table().unwrap().columns[0].name, first);
    }
}

#[tokio::test]
async fn rows_borrow_from_their_batch() {
    #[derive(Deserialize)]
    struct Place<'a> {
        #[serde(rename = "State")]
        state: &'a str,
    }
    let (client, _) = client([result("State:string", &[r#"["TEXAS"],["OHIO"]"#]).into()]);
    let mut results = client.query("T").stream().await.unwrap();
    let mut states = String::new();
    while let Some(batch) = results.next().await.unwrap() {
        for place in batch.deserialize::<Place<'_>>() {
            states += place.unwrap().state;
        }
    }
    assert_eq!(states, "TEXASOHIO");
}

#[tokio::test]
async fn several_results_can_be_streamed_but_not_fetched() {
    let frames = || {
        [
            vec![HEADER.to_owned()],
            table(1, "n:long", &["[1]"]),
            table(2, "s:string", &[r#"["x"]"#]),
            vec![END.to_owned()],
        ]
    };
    let (client, _) = client([join(&frames()), join(&frames()), join(&frames())]);
    let error = client
        .query("A; B")
        .fetch_all::<(Option<i64>,)>()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("more than one result"), "{error}");
    let mut results = client.query("A; B").stream().await.unwrap();
    let mut tables = Vec::new();
    while results.next().await.unwrap().is_some() {
        tables.push(results.table().unwrap().table_id);
    }
    assert_eq!(tables, [1, 2]);
    assert_eq!(
        client
            .query("A; B")
            .data_set()
            .await
            .unwrap()
            .primary_results()
            .count(),
        2
    );
}

#[tokio::test]
async fn the_older_layout_gives_only_results() {
    let contents = r#"{"Tables":[
        {"TableName":"Table_0","Columns":[{"ColumnName":"n","ColumnType":"long"}],"Rows":[[1],[2]]},
        {"TableName":"Table_1","Columns":[{"ColumnName":"Value","ColumnType":"string"}],
         "Rows":[["{\"Visualization\":\"table\"}"]]},
        {"TableName":"Table_2","Columns":[{"ColumnName":"Severity","ColumnType":"int"}],"Rows":[[4]]},
        {"TableName":"Table_3","Columns":[{"ColumnName":"Ordinal","ColumnType":"long"},
         {"ColumnName":"Kind","ColumnType":"string"},{"ColumnName":"Name","ColumnType":"string"},
         {"ColumnName":"Id","ColumnType":"string"},{"ColumnName":"PrettyName","ColumnType":"string"}],
         "Rows":[[0,"QueryResult","PrimaryResult","",""],[1,"QueryProperties","@ExtendedProperties","",""],
                 [2,"QueryStatus","QueryStatus","",""]]}]}"#;
    let (client, _) = client([answer(200, contents).in_chunks(11).into()]);
    let mut results = client.mgmt(".show tables | count").stream().await.unwrap();
    let batch = results.next().await.unwrap().unwrap();
    assert_eq!(batch.num_rows(), 2);
    assert!(results.next().await.unwrap().is_none());
    let summary = results.summary();
    assert_eq!((summary.row_count, summary.events.len()), (2, 1));
    assert_eq!(
        summary.visualization.as_ref().unwrap().visualization.as_deref(),
        Some("table")
    );
}

#[tokio::test]
async fn progress_and_replaced_rows_are_for_frames_and_data_sets() {
    let fragment = |kind: &str, rows: &str| {
        format!(r#"{{"FrameType":"TableFragment","TableFragmentType":"{kind}","TableId":1,"Rows":[{rows}]}}"#)
    };
    let answer = || {
        let mut frames = table(1, "n:long", &["[1]"]);
        frames.insert(2, fragment("DataReplace", "[5]"));
        frames.insert(
            2,
            r#"{"FrameType":"TableProgress","TableId":1,"TableProgress":40.0}"#.to_owned(),
        );
        join(&[
            vec![HEADER.replace("\"IsProgressive\":false", "\"IsProgressive\":true")],
            frames,
            vec![END.to_owned()],
        ])
    };
    let (client, _) = client([answer(), answer(), answer()]);
    let error = client.query("T").fetch_all::<(i64,)>().await.unwrap_err();
    assert!(error.to_string().contains("frames()"), "{error}");

    let data_set = client.query("T").data_set().await.unwrap();
    let numbers: Vec<(i64,)> = data_set
        .primary_results()
        .next()
        .unwrap()
        .deserialize()
        .map(Result::unwrap)
        .collect();
    assert_eq!(numbers, [(5,)]);

    let frames: Vec<Frame> = client
        .query("T")
        .frames()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert!(
        frames
            .iter()
            .any(|frame| matches!(frame, Frame::TableProgress(progress) if progress.progress == 40.0))
    );
}

#[tokio::test]
async fn a_batch_shows_its_values() {
    let (client, _) = client([result("n:long,s:string", &[r#"[1,"x"]"#]).into()]);
    let mut results = client.query("T").stream().await.unwrap();
    let batch: RowBatch = results.next().await.unwrap().unwrap();
    let row = batch.rows().next().unwrap();
    assert_eq!((row.get(0), row.get(1)), (Value::Long(1), Value::String("x")));
}

#[cfg(feature = "arrow")]
#[tokio::test]
async fn rows_become_record_batches_with_a_schema_even_if_there_are_none() {
    let (client, _) = client([
        result("n:long", &["[1],[2]", "[3]"]).into(),
        result("n:long", &[]).into(),
    ]);
    for expected in [3, 0] {
        let batches = client.query("T").fetch_arrow().await.unwrap();
        assert_eq!(
            batches.iter().map(|batch| batch.num_rows()).sum::<usize>(),
            expected
        );
        assert_eq!(batches[0].schema().field(0).name(), "n");
    }
}
