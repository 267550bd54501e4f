//! Commands that change the schema of a database, and those that show it.

use super::*;

async fn refusal(service: &Service, text: &str) -> OneApiError {
    let (status, error) = service.refused("/v1/rest/mgmt", text, json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{text}");
    error
}

async fn columns(service: &Service, table: &str) -> String {
    let command = format!(".show table {table} cslschema | project Schema");
    text_of(&service.command(&command).await)
}

#[tokio::test]
async fn columns_are_added_replaced_renamed_and_dropped() {
    let service = Service::start().await;
    service.command(".create table T (a: long, b: string)").await;
    service.command(".ingest inline into table T <| 1,x").await;
    service.command(".alter-merge table T (c: real)").await;
    assert_eq!(columns(&service, "T").await, "a:long, b:string, c:real");
    service.command(".rename column T.b to bb").await;
    service.command(".alter column ['T'].['a'] type=string").await;
    assert_eq!(columns(&service, "T").await, "a:string, bb:string, c:real");
    // The values of a column that gets another type are lost, those of a renamed one stay.
    assert_eq!(service.rows("T").await, ",x,");
    service.command(".drop column T.c").await;
    service
        .command(".alter table T (bb: string, d: bool) with (docstring = 'D')")
        .await;
    assert_eq!(columns(&service, "T").await, "bb:string, d:bool");
    assert_eq!(service.rows("T").await, "x,");
    service.command(".drop table T columns (d)").await;
    assert_eq!(columns(&service, "T").await, "bb:string");
    service.command(".alter table T folder 'F'").await;
    let about = service.command(".show tables | project Folder, DocString").await;
    assert_eq!(text_of(&about), "F,D");
    assert!(
        refusal(&service, ".alter table T (bb: long)")
            .await
            .description
            .unwrap()
            .contains("'bb' is of type string")
    );
    assert!(
        refusal(&service, ".drop column T.none")
            .await
            .description
            .unwrap()
            .contains("no column 'none'")
    );
    assert!(
        refusal(&service, ".alter-merge table U (a: long)")
            .await
            .description
            .unwrap()
            .contains("no table 'U'")
    );
}

#[tokio::test]
async fn several_tables_are_made_swapped_and_dropped_at_once() {
    let service = Service::start().await;
    service.command(".create tables A (x: long), B (y: long)").await;
    service
        .command(".create-merge tables B (z: long), C (x: long)")
        .await;
    assert_eq!(columns(&service, "B").await, "y:long, z:long");
    service.command(".rename tables A = B, B = A").await;
    assert_eq!(columns(&service, "A").await, "y:long, z:long");
    service.command(".rename table C to D").await;
    let left = service.command(".drop tables (A, D, None) ifexists").await;
    assert_eq!(text_of(&left), "B,NetDefaultDB,,");
    let listed = service.command(".show tables (B, None)").await;
    assert_eq!(text_of(&listed), "B,NetDefaultDB,,");
}

#[tokio::test]
async fn stored_functions_are_called_from_queries() {
    let service = Service::start().await;
    service.command(".create table T (n: long)").await;
    service.command(".ingest inline into table T <| 1\n2\n3").await;
    let made = service
        .command(".create function with (docstring = 'd', folder = 'Math') AtLeast(least: long = 2) {\n T // all\n | where n >= least }")
        .await;
    assert_eq!(
        text_of(&made),
        "AtLeast,(least: long = 2),{\n T // all\n | where n >= least },Math,d"
    );
    service.command(".create function Twice(x: long) { x * 2 }").await;
    assert_eq!(service.rows("AtLeast | extend t = Twice(n)").await, "2,4\n3,6");
    assert_eq!(service.rows("AtLeast(3)").await, "3");
    let error = refusal(&service, ".create function Twice() { 1 }").await;
    assert!(error.description.unwrap().contains("there already"));
    service
        .command(".create function ifnotexists Twice() { 1 }")
        .await;
    service.command(".alter function Twice docstring 'doubles'").await;
    let shown = service.command(".show function Twice").await;
    assert_eq!(text_of(&shown), "Twice,(x: long),{ x * 2 },,doubles");
    let schema: Value =
        serde_json::from_str(&text_of(&service.command(".show schema as json").await)).unwrap();
    let input = &schema["Databases"]["NetDefaultDB"]["Functions"]["AtLeast"]["InputParameters"][0];
    assert_eq!(
        (&input["CslType"], &input["CslDefaultValue"]),
        (&json!("long"), &json!("2"))
    );
    let error = refusal(&service, ".create-or-alter function Broken() { T | where }").await;
    assert_eq!(error.code, "BadRequest_SyntaxError");
    assert_eq!(text_of(&service.command(".drop function Twice").await), "Twice");
    service.command(".drop function Twice ifexists").await;
    assert!(
        refusal(&service, ".drop function Twice")
            .await
            .description
            .unwrap()
            .contains("'Twice'")
    );
}

#[tokio::test]
async fn policies_are_kept_and_shown() {
    let service = Service::start().await;
    service.command(".create table T (n: long)").await;
    service
        .command(".alter table T policy streamingingestion enable")
        .await;
    service
        .command(r#".alter table T policy ingestionbatching '{"MaximumNumberOfItems":500}'"#)
        .await;
    service
        .command(r#".alter-merge table T policy ingestionbatching '{"MaximumRawDataSizeMB":1024}'"#)
        .await;
    let shown = service.command(".show table T policy ingestionbatching").await;
    assert_eq!(
        text_of(&shown),
        r#"IngestionBatchingPolicy,[NetDefaultDB].[T],{"MaximumNumberOfItems":500,"MaximumRawDataSizeMB":1024},,Table"#
    );
    service
        .command(".alter database NetDefaultDB policy caching hot = 7d")
        .await;
    service
        .command(".alter table T policy retention softdelete = 10d recoverability = disabled")
        .await;
    let shown = service
        .command(".show table T policy retention | project Policy")
        .await;
    assert_eq!(
        text_of(&shown),
        r#"{"SoftDeletePeriod":"10d","Recoverability":"Disabled"}"#
    );
    service.command(".delete table T policy retention").await;
    let shown = service
        .command(".show table T policy retention | project Policy")
        .await;
    assert_eq!(text_of(&shown), "null");
    let details = service
        .command(".show table T details | project StreamingIngestionPolicy")
        .await;
    assert_eq!(text_of(&details), r#"{"IsEnabled":true}"#);
    assert!(
        refusal(&service, ".alter table T policy update 'x'")
            .await
            .description
            .unwrap()
            .contains("not JSON")
    );
    assert!(
        refusal(&service, ".show table T policy row_level_security")
            .await
            .description
            .unwrap()
            .contains("a kind of policy")
    );
}

#[tokio::test]
async fn databases_are_made_described_and_dropped() {
    let service = Service::start().await;
    service
        .command(".create database Sales persist (@'a', @'b')")
        .await;
    service.command(".create database Sales ifnotexists").await;
    service
        .command(".alter database Sales prettyname 'The sales'")
        .await;
    let shown = service
        .command(".show databases | where DatabaseName == 'Sales' | project PrettyName, Version")
        .await;
    assert_eq!(text_of(&shown), "The sales,v1.1");
    let columns = async |command: &str| {
        let shown = service.command(command).await;
        let table = shown.primary_results().next().unwrap();
        (table.columns().len(), table.num_rows())
    };
    assert_eq!(columns(".show databases").await, (9, 2));
    assert_eq!(columns(".show databases (Sales) details").await, (21, 1));
    assert_eq!(columns(".show database Sales policies").await, (14, 1));
    assert_eq!(columns(".show database datastats").await, (19, 1));
    assert_eq!(columns(".show databases entities").await, (9, 0));
    assert_eq!(
        columns(".show database Sales schema if_later_than 'v1.0'").await,
        (8, 1)
    );
    assert_eq!(
        columns(".show database Sales schema if_later_than 'v1.1'").await,
        (8, 0)
    );
    assert_eq!(
        columns(".show database Sales schema as json if_later_than 'v9.9'").await,
        (1, 0)
    );
    service.command(".drop database Sales").await;
    let error = refusal(&service, ".drop database Sales").await;
    assert!(error.description.unwrap().contains("'Sales'"));
}

#[tokio::test]
async fn a_script_makes_the_same_schema_again() {
    let service = Service::start().await;
    service
        .command(".create table ['a b'] (['c d']: long) with (docstring = \"it's\")")
        .await;
    let mapping = r#".create table ['a b'] ingestion csv mapping "m" '[{"Column":"c d","Properties":{"Ordinal":"0"}}]'"#;
    service.command(mapping).await;
    service.command(".create function F(x: long) { x }").await;
    service
        .command(".alter table ['a b'] policy streamingingestion enable")
        .await;
    let script = service.command(".show database schema as csl script").await;
    let again = Service::start().await;
    let table = script.primary_results().next().unwrap();
    for row in table.rows() {
        again.command(&row.values().next().unwrap().to_string()).await;
    }
    let schema = ".show database schema as csl script";
    assert_eq!(text_of(&again.command(schema).await), text_of(&script));
}

#[tokio::test]
async fn a_table_is_made_after_another() {
    let service = Service::start().await;
    service
        .command(".create table T (a: long, b: string) with (docstring = 'D', folder = 'F')")
        .await;
    service
        .command(".create table U based-on T with (folder = 'G')")
        .await;
    let shown = service
        .command(".show table U cslschema | project Schema, DocString, Folder")
        .await;
    assert_eq!(text_of(&shown), "a:long, b:string,D,G");
    let error = refusal(&service, ".create table V based-on Nowhere").await;
    assert!(error.description.unwrap().contains("'Nowhere'"));
}
