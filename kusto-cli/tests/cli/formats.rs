//! What is printed.

use crate::command::{Storms, run, run_with};

const BY_STATE: &str = "storms | summarize n = count(), sum(Damage) by State | order by State asc";

#[test]
fn results_are_tables_with_charts_below_unless_a_format_is_given() {
    let query = format!("{BY_STATE} | project State, n | render barchart");
    let printed = Storms::new().query(&query, &["--format", "table"]).printed();
    assert_eq!(printed, Storms::new().run(&query, &[]).printed());
    let (table, chart) = printed.split_once("\n\n").unwrap();
    assert!(
        table.starts_with(" State    │ n\n──────────┼───\n IOWA     │ 1\n"),
        "{table}"
    );
    assert!(
        chart.starts_with("IOWA     ███") && chart.ends_with(" 2\n"),
        "{chart}"
    );
}

#[test]
fn counts_are_on_standard_error() {
    let run = Storms::new().query(BY_STATE, &[]);
    assert!(
        run.err.starts_with("3 rows, ") && run.err.ends_with(" s\n"),
        "{}",
        run.err
    );
    assert_eq!(
        run.printed(),
        "State,n,sum_Damage\nIOWA,1,0\nNEW YORK,1,25\nTEXAS,2,15\n"
    );
}

#[test]
fn quiet_runs_say_nothing_besides_the_results() {
    let run = Storms::new().query("storms | count", &["--quiet"]);
    assert_eq!((run.err.as_str(), run.out.as_str()), ("", "Count\n4\n"));
}

#[test]
fn every_format_is_printed() {
    let storms = Storms::new();
    let printed = |format: &str| {
        storms
            .query("storms | top 1 by Damage", &["--format", format])
            .printed()
    };
    assert_eq!(
        printed("table"),
        " State    │ Damage │ Start\n──────────┼────────┼──────────────────────\n NEW YORK │     25 │ 2007-01-02T12:30:00Z\n"
    );
    assert_eq!(
        printed("tsv"),
        "State\tDamage\tStart\nNEW YORK\t25\t2007-01-02T12:30:00Z\n"
    );
    assert_eq!(
        printed("jsonl"),
        "{\"State\":\"NEW YORK\",\"Damage\":25,\"Start\":\"2007-01-02T12:30:00Z\"}\n"
    );
    assert_eq!(
        printed("markdown"),
        "| State | Damage | Start |\n| --- | ---: | --- |\n| NEW YORK | 25 | 2007-01-02T12:30:00Z |\n"
    );
    assert!(printed("parquet").starts_with("PAR1"));
    assert!(printed("arrow").contains("Damage"));
}

#[test]
fn output_files_choose_the_format_by_their_name() {
    let storms = Storms::new();
    let file = storms.path("out.parquet");
    assert_eq!(storms.query("storms", &["--output", &file]).printed(), "");
    let count = run(&[
        "query",
        "--local",
        &file,
        "out | summarize sum(Damage)",
        "--format",
        "csv",
    ]);
    assert_eq!(count.printed(), "sum_Damage\n40\n");
}

#[test]
fn several_results_are_printed_one_after_the_other() {
    let printed = Storms::new()
        .query("storms | count; storms | take 0 | project State", &[])
        .printed();
    assert_eq!(printed, "Count\n4\n\nState\n");
}

#[test]
fn queries_come_from_standard_input_or_a_file() {
    let storms = Storms::new();
    let csv = storms.csv();
    assert_eq!(
        run_with(&["query", "--format", "csv", "--local", &csv], "storms | count").printed(),
        "Count\n4\n"
    );
    assert_eq!(
        run_with(
            &["query", "--format", "csv", "--local", &csv, "-"],
            "storms | count"
        )
        .printed(),
        "Count\n4\n"
    );
    let file = storms.path("q.kql");
    std::fs::write(&file, "storms\n| count\n").unwrap();
    assert_eq!(
        run(&["query", "--format", "csv", "--local", &csv, "--file", &file]).printed(),
        "Count\n4\n"
    );
}

#[test]
fn files_before_the_query_and_names_before_files_are_attached() {
    let storms = Storms::new();
    let csv = storms.csv();
    let named = format!("other={csv}");
    let query = "storms | join kind=inner other on State | count";
    assert_eq!(
        run(&["query", "--format", "csv", "--local", &csv, &named, query]).printed(),
        "Count\n6\n"
    );
}

#[test]
fn parameters_are_values_and_never_code() {
    let storms = Storms::new();
    let query = "storms | where State == s and Damage >= least | project Damage";
    let run = storms.query(query, &["--param", "s=NEW YORK", "--param", "least:long=20"]);
    assert_eq!(run.printed(), "Damage\n25\n");
    let run = storms.query("print s", &["--param", "s=x\" | drop \""]);
    assert_eq!(run.printed(), "print_0\n\"x\"\" | drop \"\"\"\n");
}

#[test]
fn render_is_drawn_as_a_picture_besides_the_rows() {
    let storms = Storms::new();
    let query = format!("{BY_STATE} | project State, n | render columnchart");
    for (name, magic) in [("chart.svg", &b"<svg"[..]), ("chart.png", b"\x89PNG")] {
        let file = storms.path(name);
        let printed = storms.query(&query, &["--chart", &file]).printed();
        assert_eq!(printed, "State,n\nIOWA,1\nNEW YORK,1\nTEXAS,2\n");
        assert!(std::fs::read(&file).unwrap().starts_with(magic));
    }
}

#[test]
fn samples_are_the_same_each_time_and_can_be_asked() {
    let sample = run(&["sample", "storms", "--rows", "20"]).printed();
    assert_eq!(sample, run(&["sample", "storms", "-n", "20"]).printed());
    let storms = Storms::new();
    let file = storms.path("invented.csv");
    std::fs::write(&file, sample).unwrap();
    let query = "invented | where StormSummary.Details.Location == State | count";
    assert_eq!(
        run(&["query", "--format", "csv", "--local", &file, query]).printed(),
        "Count\n20\n"
    );
}

#[test]
fn links_hold_the_cluster_the_database_and_the_query() {
    let run = run(&[
        "link",
        "-c",
        "https://help.kusto.windows.net",
        "-d",
        "Samples",
        "StormEvents | count",
    ]);
    assert_eq!(
        run.printed(),
        "https://help.kusto.windows.net/Samples?query=StormEvents%20%7C%20count\n"
    );
}

#[test]
fn completions_and_help_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).printed().contains("kusto"));
    }
    let help = run(&["query", "--help"]).printed();
    assert!(help.contains("Examples:") && help.contains("--format"));
    assert!(run(&["--version"]).printed().starts_with("kusto "));
}
