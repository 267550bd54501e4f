//! Management commands: what they do, and the columns that clients read by name.

use super::*;

fn names(data_set: &DataSet) -> Vec<&str> {
    let table = data_set.primary_results().next().unwrap();
    table
        .columns()
        .iter()
        .map(|column| column.name.as_str())
        .collect()
}

#[tokio::test]
async fn tables_are_made_shown_widened_and_dropped() {
    let service = Service::start().await;
    let command =
        ".create table ['my table'] (a: long, ['b c']: string) with (docstring = 'd', folder = \"f\")";
    let made = service.command(command).await;
    assert_eq!(
        names(&made),
        ["TableName", "Schema", "DatabaseName", "Folder", "DocString"]
    );
    let text = text_of(&made);
    assert!(
        text.contains(r#"{"Name":"a","Type":"System.Int64","CslType":"long"}"#),
        "{text}"
    );
    let shown = service.command(".show table ['my table'] cslschema").await;
    assert_eq!(
        text_of(&shown),
        "my table,a:long, ['b c']:string,NetDefaultDB,f,d"
    );
    service
        .command(".create-merge table ['my table'] (c: real)")
        .await;
    let shown = service.command(".show table ['my table']").await;
    assert_eq!(
        text_of(&shown),
        "a,System.Int64\nb c,System.String\nc,System.Double"
    );
    let left = service.command(".drop table ['my table']").await;
    assert_eq!(text_of(&left), "");
    let (_, error) = service
        .refused("/v1/rest/mgmt", ".drop table ['my table']", json!({}))
        .await;
    assert!(error.description.unwrap().contains("'my table'"));
    service.command(".drop table ['my table'] ifexists").await;
}

#[tokio::test]
async fn rows_come_from_text_and_from_queries() {
    let service = Service::start().await;
    service.command(".create table T (n: long, s: string)").await;
    let made = service
        .command(".ingest inline into table T with (format = 'psv') <|\n1|one\n2|// no comment\n")
        .await;
    assert_eq!(names(&made), ["ExtentId"]);
    assert_eq!(service.rows("T").await, "1,one\n2,// no comment");
    service.command(".set-or-append T <| print 3, 'three'").await;
    service.command(".set U <| T | where n > 1 | project n").await;
    assert_eq!(service.rows("U").await, "2\n3");
    service.command(".set-or-replace U <| print n = 9").await;
    assert_eq!(service.rows("U").await, "9");
    service.command(".clear table U data").await;
    assert_eq!(service.rows("U | count").await, "0");
}

#[tokio::test]
async fn a_command_can_be_piped_into_a_query() {
    let service = Service::start().await;
    service.command(".create table B (x: long)").await;
    service.command(".create table A (x: long)").await;
    let answer = service
        .command(".show tables | where TableName != 'A' | project Name = TableName")
        .await;
    assert_eq!((names(&answer), text_of(&answer)), (vec!["Name"], "B".to_owned()));
}

#[tokio::test]
async fn the_service_tells_about_itself() {
    let service = Service::start().await;
    let version = service.command(".show version").await;
    assert_eq!(
        names(&version),
        ["BuildVersion", "BuildTime", "ServiceType", "ProductVersion"]
    );
    let databases = service
        .command(".show databases | project DatabaseName, IsCurrent")
        .await;
    assert_eq!(text_of(&databases), "NetDefaultDB,true");
    let cluster = service.command(".show cluster | project Address").await;
    assert_eq!(text_of(&cluster), service.emulator.uri());
    let healthy = service.command(".show diagnostics | project IsHealthy").await;
    assert_eq!(text_of(&healthy), "true");
}

#[tokio::test]
async fn the_schema_is_there_for_editors() {
    let service = Service::start().await;
    service.command(".create table T (n: long)").await;
    for command in [
        ".show database schema as json",
        ".show database NetDefaultDB schema as json",
        ".show schema as json",
    ] {
        let schema: Value = serde_json::from_str(&text_of(&service.command(command).await)).unwrap();
        let table = &schema["Databases"]["NetDefaultDB"]["Tables"]["T"];
        assert_eq!(table["OrderedColumns"][0]["CslType"], "long", "{command}");
    }
    let rows = service.command(".show database schema").await;
    let table = rows.primary_results().next().unwrap();
    assert_eq!(table.num_rows(), 3);
}

#[tokio::test]
async fn commands_that_are_not_known_are_named() {
    let service = Service::start().await;
    let refused = async |text: &str| {
        let (status, error) = service.refused("/v1/rest/mgmt", text, json!({})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        error.description.unwrap()
    };
    assert!(
        refused(".alter cluster policy capacity")
            .await
            .contains("'.alter cluster policy' is not supported")
    );
    assert!(refused(".show table").await.contains("expected a name"));
    assert!(refused("print 1").await.contains("is not supported"));
    let message = refused(".show tables extra").await;
    assert!(
        message.contains("found 'extra' [line:position=1:14]"),
        "{message}"
    );
}

#[tokio::test]
async fn a_script_runs_commands_one_after_the_other() {
    let service = Service::start().await;
    let run = async |script: &str| {
        let answer = service.command(script).await;
        let table = answer.primary_results().next().unwrap();
        let rows = table.rows().map(|row| {
            let cells: Vec<String> = row.values().map(|value| value.to_string()).collect();
            format!("{},{},{}", cells[1], cells[3], cells[4].is_empty())
        });
        rows.collect::<Vec<_>>()
    };
    let script = ".execute database script <|\n// a comment\n.create-merge table T (a: long)\n\n\
                  .create-or-alter function F() {\n    T\n    | count\n}\n\
                  .ingest inline into table T <| 1\n2\n.show tables\n";
    assert_eq!(
        run(script).await,
        [
            "TableCreateMerge,Completed,true",
            "FunctionCreateOrAlter,Completed,true",
            "TableIngest,Completed,true",
            "TableShow,Skipped,true",
        ]
    );
    assert_eq!(service.rows("F").await, "2");
    let wrong = "<|\n.drop table Nowhere\n.clear table T data\n";
    assert_eq!(
        run(&format!(".execute script {wrong}")).await,
        ["TableDrop,Failed,false"]
    );
    assert_eq!(service.rows("F").await, "2");
    assert_eq!(
        run(&format!(".execute script with (ContinueOnErrors = true) {wrong}")).await,
        ["TableDrop,Failed,false", "TableClear,Completed,true"]
    );
    let throwing = format!(".execute script with (ThrowOnErrors = true) {wrong}");
    let (status, _) = service.refused("/v1/rest/mgmt", &throwing, json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // However deep: each is refused by the one around it.
    let nested = ".execute script <| ".repeat(10_000);
    assert_eq!(run(&nested).await, ["TableExecute,Failed,false"]);
}
