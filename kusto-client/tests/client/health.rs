use kusto_client::ErrorKind;

use crate::client;
use crate::scripted::{Answer, answer};

/// The answer to a command: one table, with its columns as `name:DataType`.
fn table(columns: &[&str], rows: &str) -> Answer {
    let columns: Vec<String> = columns
        .iter()
        .map(|column| column.split_once(':').unwrap())
        .map(|(name, data_type)| format!(r#"{{"ColumnName":"{name}","DataType":"{data_type}"}}"#))
        .collect();
    let columns = columns.join(",");
    let table = format!(r#"{{"TableName":"Table_0","Columns":[{columns}],"Rows":[{rows}]}}"#);
    answer(200, format!(r#"{{"Tables":[{table}]}}"#))
}

#[tokio::test]
async fn diagnostics_are_read_by_name_whatever_their_types() {
    let columns = [
        "IsHealthy:SByte",
        "MachinesTotal:Int64",
        "MachinesOffline:String",
        "ClusterDataCapacityFactor:Double",
        "IngestionsSuccessRate:SqlDecimal",
        "NotHealthyReason:String",
        "IsAttentionRequired:Boolean",
        "ProductVersion:String",
    ];
    let row = r#"[1,12,"3",0.25,"99.5","","false","v"]"#.replace("\"false\"", "false");
    let (client, _) = client([table(&columns, &row).into()]);
    let diagnostics = client.diagnostics().await.unwrap();
    assert!(diagnostics.is_healthy);
    assert_eq!(diagnostics.machines_total, Some(12));
    assert_eq!(diagnostics.machines_offline, Some(3));
    assert_eq!(diagnostics.data_capacity_factor, Some(0.25));
    assert_eq!(diagnostics.ingestions_success_rate, Some(99.5));
    assert_eq!(diagnostics.not_healthy_reason, None);
    assert_eq!(diagnostics.is_attention_required, Some(false));
    assert_eq!(diagnostics.is_scale_out_required, None);
    assert_eq!(diagnostics.product_version.as_deref(), Some("v"));
    assert_eq!(diagnostics.row.columns().len(), columns.len());
}

#[tokio::test]
async fn an_answer_that_says_nothing_about_health_is_an_error() {
    for act in [table(&["A:String"], r#"["x"]"#), table(&["IsHealthy:SByte"], "")] {
        let (client, _) = client([act.into()]);
        let error = client.diagnostics().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
}

#[tokio::test]
async fn a_version_is_read() {
    let columns = [
        "BuildVersion:String",
        "BuildTime:DateTime",
        "ServiceType:String",
        "ProductVersion:String",
    ];
    let row = r#"["1.0.2","2026-05-01T00:00:00Z","Engine","2026.05.01"]"#;
    let (client, _) = client([table(&columns, row).into()]);
    let version = client.version().await.unwrap();
    assert_eq!(version.build_version, "1.0.2");
    assert_eq!(version.build_time.unwrap().to_string(), "2026-05-01T00:00:00Z");
    assert_eq!(
        (version.service_type.as_str(), version.product_version.as_str()),
        ("Engine", "2026.05.01")
    );
}

#[tokio::test]
async fn a_ping_is_a_sign_of_life_of_kusto_alone() {
    let (client, http) = client([answer(200, "Pong! 10.0.0.1").into(), answer(200, "<html>").into()]);
    client.ping().await.unwrap();
    assert!(http.seen()[0].url.ends_with("/v1/rest/ping"));
    assert_eq!(client.ping().await.unwrap_err().kind(), ErrorKind::Decode);
}
