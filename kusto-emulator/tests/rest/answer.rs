//! The layouts of answers.

use kusto_protocol::{Frame, TableKind};

use super::*;

fn frames(body: &[u8]) -> Vec<Frame> {
    let (mut decoder, mut input) = (FrameDecoder::new(), body);
    let frames = std::iter::from_fn(|| decoder.decode(&mut input).unwrap()).collect();
    decoder.finish().unwrap();
    frames
}

#[tokio::test]
async fn all_layouts_have_the_same_rows() {
    let service = Service::start().await;
    let text = "range x from 1 to 20000 step 1 | extend s = tostring(x)";
    let plain = service.ask(text, json!({})).await;
    assert_eq!(plain.primary_results().next().unwrap().num_rows(), 20_000);
    for options in [
        json!({"results_v2_fragment_primary_tables": true}),
        json!({"results_progressive_enabled": true}),
        json!({"results_progressive_enabled": true, "results_v2_newlines_between_frames": true}),
    ] {
        assert_eq!(
            text_of(&service.ask(text, options.clone()).await),
            text_of(&plain),
            "{options}"
        );
    }
    let response = service.post("/v1/rest/query", text, &json!({})).send().await;
    assert_eq!(text_of(&data_set(response.unwrap()).await), text_of(&plain));
}

#[tokio::test]
async fn progressive_answers_give_a_preview_and_replace_it() {
    let service = Service::start().await;
    let text = "range x from 1 to 20000 step 1; print y = 1";
    let options = json!({"results_progressive_enabled": true, "query_results_progressive_row_count": 10});
    let response = service
        .post("/v2/rest/query", text, &options)
        .send()
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body[0]["IsProgressive"], json!(true));
    let told: Vec<String> = body
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|frame| match frame["FrameType"].as_str()? {
            "TableFragment" => Some(format!(
                "{} {}",
                frame["TableFragmentType"].as_str()?,
                frame["Rows"].as_array()?.len()
            )),
            "TableProgress" => Some(frame["TableProgress"].to_string()),
            "TableCompletion" => Some(format!("= {}", frame["RowCount"])),
            _ => None,
        })
        .collect();
    let first = [
        "0.0",
        "DataAppend 10",
        "DataReplace 8192",
        "DataAppend 8192",
        "DataAppend 3616",
        "100.0",
        "= 20000",
    ];
    assert_eq!(told[..7], first);
    assert_eq!(
        told[7..],
        ["0.0", "DataAppend 1", "DataReplace 1", "100.0", "= 1"]
    );
}

#[tokio::test]
async fn newlines_are_between_frames_if_asked_for() {
    let service = Service::start().await;
    let options =
        json!({"results_v2_newlines_between_frames": true, "results_v2_fragment_primary_tables": true});
    let response = service.post("/v2/rest/query", "print 1", &options).send().await;
    let text = response.unwrap().text().await.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("[{\"FrameType\":\"DataSetHeader\""),
        "{text}"
    );
    assert!(lines.contains(&"]"), "{text}");
    assert!(
        lines[1..lines.len() - 1]
            .iter()
            .all(|line| line.starts_with(",{"))
    );
}

#[tokio::test]
async fn frames_come_in_the_order_of_the_service() {
    let service = Service::start().await;
    let text = "print a = 1; print b = 2";
    let response = service.post("/v2/rest/query", text, &json!({})).send().await;
    let body = response.unwrap().bytes().await.unwrap();
    let kinds: Vec<(i64, TableKind, String)> = frames(&body)
        .into_iter()
        .filter_map(|frame| match frame {
            Frame::TableHeader(header) => Some((header.table_id, header.kind, header.name)),
            _ => None,
        })
        .collect();
    let expected = [
        (0, TableKind::QueryProperties, "@ExtendedProperties"),
        (1, TableKind::PrimaryResult, "PrimaryResult"),
        (2, TableKind::PrimaryResult, "PrimaryResult"),
        (
            3,
            TableKind::QueryCompletionInformation,
            "QueryCompletionInformation",
        ),
    ];
    assert_eq!(
        kinds,
        expected.map(|(id, kind, name)| (id, kind, name.to_owned()))
    );
}

#[tokio::test]
async fn a_query_tells_how_it_went_and_how_to_draw_it() {
    let service = Service::start().await;
    let answer = service
        .ask("range x from 1 to 3 step 1 | render piechart", json!({}))
        .await;
    let kind = answer.visualization(1).unwrap().visualization;
    assert_eq!(kind.as_deref(), Some("piechart"));
    let statistics = answer.statistics().unwrap();
    assert_eq!(statistics.results[0].row_count, 3);
    let v1 = service
        .post("/v1/rest/query", "print 1 | render table", &json!({}))
        .send()
        .await;
    let v1 = data_set(v1.unwrap()).await;
    let names: Vec<&str> = v1.tables().iter().map(|table| table.name()).collect();
    assert!(names.contains(&"QueryStatus"), "{names:?}");
}

#[tokio::test]
async fn every_type_arrives_as_it_was_written() {
    let service = Service::start().await;
    let text = "print true, int(1), 2, 1.5, decimal(0.10), 'é\"', datetime(2024-02-29T01:02:03.4567891Z), \
                1d, guid(00000000-0000-0000-0000-000000000001), dynamic({\"a\":[1,null]}), long(null)";
    assert_eq!(
        service.rows(text).await,
        "true,1,2,1.5,0.10,é\",2024-02-29T01:02:03.4567891Z,1.00:00:00,\
         00000000-0000-0000-0000-000000000001,{\"a\":[1,null]},"
    );
}

#[tokio::test]
async fn a_dynamic_string_has_quotes_of_its_own_only_if_it_needs_them() {
    let service = Service::start().await;
    let text = "print dynamic(\"hello\"), dynamic(\"12\"), dynamic(null), dynamic([\"a\"])";
    let answer = service.post("/v2/rest/query", text, &json!({})).send().await;
    let body = answer.unwrap().text().await.unwrap();
    assert!(body.contains(r#"[["hello","\"12\"",null,["a"]]]"#), "{body}");
}
