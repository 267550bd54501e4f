use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::frame::ErrorReportingPlacement;
use crate::scalar::DateTime;

fn read(value: Value) -> ClientRequestProperties {
    ClientRequestProperties::from_json(&value).unwrap()
}

#[test]
fn values_are_spelled_as_the_service_reads_them() {
    let noon: DateTime = "2026-01-02T12:00:00Z".parse().unwrap();
    let properties = ClientRequestProperties::new()
        .best_effort(true)
        .truncation_max_records(7)
        .query_results_cache_max_age(Duration::from_millis(90_061_500))
        .query_now(noon)
        .query_cursor_scoped_tables(json!(["A", "B"]))
        .query_bin_auto_size(Literal::from(Duration::from_secs(60)))
        .query_datascope(DataScope::HotCache)
        .query_language(QueryLanguage::Sql)
        .results_error_reporting_placement(ErrorReportingPlacement::EndOfDataSet)
        .query_consistency(QueryConsistency::WeakByQuery);
    assert_eq!(
        Value::Object(properties.options.clone()),
        json!({
            "best_effort": true,
            "truncationmaxrecords": 7,
            "query_results_cache_max_age": "1.01:01:01.5000000",
            "query_now": "2026-01-02T12:00:00Z",
            "query_cursor_scoped_tables": ["A", "B"],
            "query_bin_auto_size": "timespan(00:01:00)",
            "query_datascope": "hotcache",
            "query_language": "sql",
            "results_error_reporting_placement": "end_of_dataset",
            "queryconsistency": "weakconsistency_by_query",
        })
    );
    assert_eq!(properties.check(), Ok(()));
    assert_eq!(read(properties.to_json()), properties);
}

#[test]
fn options_that_steer_the_request_cannot_be_set_statements() {
    let mut found: Vec<_> = options::ALL
        .iter()
        .filter(|option| !option.in_set_statement)
        .map(|option| option.name)
        .collect();
    let client_side = [
        "client_max_redirect_count",
        "client_results_reader_allow_varying_row_widths",
    ];
    found.retain(|name| !client_side.contains(name));
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "norequesttimeout",
            "query_language",
            "query_log_query_parameters",
            "query_results_cache_force_refresh",
            "query_weakconsistency_session_id",
            "queryconsistency",
            "request_app_name",
            "request_readonly",
            "request_readonly_hardline",
            "request_user",
            "results_progressive_enabled",
            "results_v2_fragment_primary_tables",
            "servertimeout",
            "truncationmaxsize",
        ]
    );
}

#[test]
fn no_option_is_listed_twice() {
    let mut names: Vec<_> = options::ALL.iter().map(|option| option.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), options::ALL.len());
}

#[test]
fn server_timeouts_stay_between_a_second_and_an_hour() {
    let timeout = |value: Value| {
        let properties = ClientRequestProperties::new().option("servertimeout", value);
        properties
            .effective_server_timeout(Duration::from_secs(240))
            .as_secs()
    };
    for (value, seconds) in [
        (json!("00:02:00"), 120),
        (json!("50m"), 3000),
        (json!(90_000), 90),
        (json!("1.00:00:00"), 3600),
        (json!("00:00:00"), 1),
        (json!("-00:01:00"), 240),
        (json!("soon"), 240),
        (json!(true), 240),
    ] {
        assert_eq!(timeout(value.clone()), seconds, "{value}");
    }
    let spelled =
        |timeout| ClientRequestProperties::new().server_timeout(timeout).options["servertimeout"].clone();
    assert_eq!(spelled(Duration::ZERO), "00:00:01");
    assert_eq!(spelled(Duration::MAX), "01:00:00");
    let longest = ClientRequestProperties::new()
        .no_request_timeout(true)
        .server_timeout(Duration::from_secs(5));
    assert_eq!(
        longest.effective_server_timeout(Duration::ZERO),
        Duration::from_secs(3600)
    );
}

#[test]
fn properties_are_read_from_objects_and_strings_in_any_case() {
    let expected = ClientRequestProperties::new()
        .option("a", 1)
        .parameter("n", 10_i64)
        .client_request_id("x;1");
    let object =
        json!({"OPTIONS": {"a": 1}, "parameters": {"n": "long(10)"}, "ClientRequestId": "x;1", "ns": null});
    assert_eq!(read(json!(object.to_string())), expected);
    assert_eq!(read(object), expected);
    for empty in [
        json!(null),
        json!(""),
        json!({}),
        json!("{}"),
        json!({"Options": null}),
    ] {
        assert_eq!(read(empty), ClientRequestProperties::new());
    }
    for wrong in [
        json!(1),
        json!([]),
        json!("x"),
        json!("[]"),
        json!({"Options": []}),
        json!({"Parameters": "x"}),
    ] {
        let error = ClientRequestProperties::from_json(&wrong).unwrap_err();
        assert_eq!(error.kind(), ParseErrorKind::Malformed, "{wrong}");
    }
}

#[test]
fn values_of_the_wrong_type_are_found_before_sending() {
    for (name, value, is_right) in [
        ("notruncation", json!("true"), false),
        ("notruncation", json!(1), false),
        ("truncationmaxrecords", json!("7"), false),
        ("truncationmaxrecords", json!(1.5), false),
        ("servertimeout", json!("soon"), false),
        ("servertimeout", json!("50m"), true),
        ("servertimeout", json!(1000), true),
        ("query_now", json!(5), false),
        ("query_now", json!("2026-01-01"), true),
        ("query_datascope", json!(1), false),
        ("query_bin_auto_at", json!("1 2"), false),
        ("query_bin_auto_at", json!(0), true),
        ("query_python_debug", json!(true), true),
        ("materialized_view_shuffle_query", json!([{"Name": "V"}]), true),
        ("some_new_option", json!([1]), true),
    ] {
        let checked = ClientRequestProperties::new().option(name, value.clone()).check();
        assert_eq!(checked.is_ok(), is_right, "{name} {value}");
        if let Err(error) = checked {
            assert!(error.message().starts_with(name), "{error}");
        }
    }
}

#[test]
fn set_statements_spell_each_type_in_kql() {
    let (statements, rest) = ClientRequestProperties::new()
        .query_results_cache_max_age(Duration::from_secs(300))
        .query_datetimescope_from("2026-01-01".parse().unwrap())
        .query_take_max_records(5)
        .materialized_view_shuffle_query(json!([{"Name": "V\""}]))
        .query_bin_auto_size(Literal::from(Duration::from_secs(3600)))
        .option("new_text", "a;b")
        .option("bad name;", 1)
        .option("notruncation", "yes")
        .server_timeout(Duration::from_secs(60))
        .parameter("p", 1)
        .to_set_statements();
    assert_eq!(
        statements,
        "set materialized_view_shuffle_query = dynamic([{\"Name\":\"V\\\"\"}]);\n\
         set new_text = \"a;b\";\n\
         set query_bin_auto_size = timespan(01:00:00);\n\
         set query_datetimescope_from = datetime(2026-01-01T00:00:00Z);\n\
         set query_results_cache_max_age = timespan(00:05:00);\n\
         set query_take_max_records = 5;\n"
    );
    let left: Vec<_> = rest.options.keys().map(String::as_str).collect();
    assert_eq!(left, ["bad name;", "notruncation", "servertimeout"]);
    assert!(rest.parameters.contains_key("p"));
}

#[test]
fn consistency_and_language_are_read_in_their_older_spellings_too() {
    for consistency in [
        QueryConsistency::Strong,
        QueryConsistency::Weak,
        QueryConsistency::WeakByQuery,
        QueryConsistency::WeakByDatabase,
        QueryConsistency::WeakBySessionId,
    ] {
        assert_eq!(
            QueryConsistency::from_name(consistency.as_str()),
            Some(consistency)
        );
    }
    assert_eq!(
        QueryConsistency::from_name("AffinitizedWeakConsistency"),
        Some(QueryConsistency::WeakByQuery)
    );
    assert_eq!(QueryConsistency::from_name("x"), None);
    assert_eq!(QueryLanguage::from_name("CSL"), Some(QueryLanguage::Kql));
    assert_eq!(QueryLanguage::from_name("sql"), Some(QueryLanguage::Sql));
    assert_eq!(QueryLanguage::from_name("graphql"), None);
}

fn any_properties() -> impl Strategy<Value = ClientRequestProperties> {
    let value = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::collection::vec(any::<String>(), 0..3).prop_map(Value::from),
    ];
    let documented = proptest::sample::select(options::ALL).prop_map(|option| option.name.to_owned());
    let name = prop_oneof![documented, any::<String>()];
    let options = proptest::collection::hash_map(name, value, 0..4);
    let parameters = proptest::collection::hash_map(any::<String>(), any::<String>(), 0..3);
    (options, parameters).prop_map(|(options, parameters)| {
        let mut properties = ClientRequestProperties::new();
        for (name, value) in options {
            properties = properties.option(name, value);
        }
        for (name, value) in parameters {
            properties = properties.parameter(name, value.as_str());
        }
        properties
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_an_object_and_as_text(properties in any_properties()) {
        let object = properties.to_json();
        let text = Value::from(object.to_string());
        prop_assert_eq!(&ClientRequestProperties::from_json(&object).unwrap(), &properties);
        prop_assert_eq!(&ClientRequestProperties::from_json(&text).unwrap(), &properties);
    }

    #[test]
    fn an_option_moves_into_a_statement_of_one_line_or_stays(properties in any_properties()) {
        let (statements, rest) = properties.to_set_statements();
        prop_assert_eq!(statements.lines().count() + rest.options.len(), properties.options.len());
        prop_assert!(rest.options.iter().all(|(name, value)| properties.options.get(name) == Some(value)));
        for line in statements.lines() {
            prop_assert!(line.starts_with("set ") && line.ends_with(';'), "{}", line);
        }
    }
}
