//! Commands in the background: looked up, read, cancelled.

use super::*;

#[tokio::test]
async fn a_command_in_the_background_is_looked_up_by_its_id() {
    let service = Service::start().await;
    let started = service
        .command(".set-or-append async T <| range a from 1 to 3 step 1")
        .await;
    let id = text_of(&started);
    assert_eq!(service.state_at_end(&id).await, "Completed");
    assert_eq!(service.rows("T | summarize count(), sum(a)").await, "3,6");
    let about = format!(".show operations {id} | project Operation, Database, Status, ShouldRetry");
    assert_eq!(
        text_of(&service.command(&about).await),
        "TableSetOrAppend,NetDefaultDB,,false"
    );
    let details = format!(".show operation {id} details | project RowCount");
    assert_eq!(text_of(&service.command(&details).await), "3");
}

#[tokio::test]
async fn several_files_are_one_operation_in_the_background() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "1\n").unwrap();
    std::fs::write(folder.path().join("b.csv"), "2\n").unwrap();
    let builder = Emulator::builder().ingest_folder(folder.path());
    let service = Service::with(builder.start().await.unwrap());
    service.command(".create table T (n: long)").await;
    for (files, state, sum) in [
        ("'a.csv', 'b.csv'", "Completed", 3),
        ("'none.csv', 'b.csv'", "PartiallySucceeded", 5),
        ("'none.csv', 'neither.csv'", "Failed", 5),
    ] {
        let command = format!(".ingest async into table T ({files})");
        let id = text_of(&service.command(&command).await);
        assert_eq!(service.state_at_end(&id).await, state, "{files}");
        assert_eq!(service.rows("T | summarize sum(n)").await, sum.to_string());
    }
    let operations = service.command(".show operations | count").await;
    assert_eq!(text_of(&operations), "3");
}

#[tokio::test]
async fn a_command_in_the_background_goes_on_until_it_is_cancelled() {
    let service = Service::start().await;
    let endless = "range x from 1 to 1000000000000 step 1 | summarize count()";
    let id = text_of(&service.command(&format!(".set async T <| {endless}")).await);
    let state = format!(".show operations {id} | project State");
    assert_eq!(text_of(&service.command(&state).await), "InProgress");
    let details = format!(".show operation {id} details");
    let (_, error) = service.refused("/v1/rest/mgmt", &details, json!({})).await;
    assert!(error.description.unwrap().ends_with("this one is InProgress"));

    let cancel =
        format!(".cancel operation {id} with (reason = 'enough') | project Operation, CancellationState");
    let cancelled = service.command(&cancel).await;
    assert_eq!(text_of(&cancelled), "TableSet,Cancelled successfully");
    assert_eq!(service.state_at_end(&id).await, "Canceled");
    let status = service
        .command(&format!(".show operations {id} | project Status"))
        .await;
    assert!(text_of(&status).ends_with("Reason: enough"));
    let tables = service.command(".show tables | count").await;
    assert_eq!(text_of(&tables), "0");
    let cancelled = service.command(&cancel).await;
    assert_eq!(text_of(&cancelled), "TableSet,Cancel failed");
}
