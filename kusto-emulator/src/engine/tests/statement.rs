//! `let`, functions, parameters, options, batches of queries.

use super::{Session, answer_in, check, check_error, run, samples};

#[test]
fn names_stand_for_scalars_and_tables() {
    check(
        "let least = 200; let Big = Storms | where Damage > least; Big | project Id, least",
        "Id:long | least:long\n 2 | 200\n 4 | 200",
    );
}

#[test]
fn a_column_hides_a_name() {
    check("let Id = 100; Storms | where Id == 1 | project Id", "Id:long\n 1");
}

#[test]
fn functions_take_scalars_and_tables() {
    check(
        "let add = (a: long, b: long = 10) { a + b }; print add(1), add(1, 2), add(b = 5, a = 1)",
        "print_0:long | print_1:long | print_2:long\n 11 | 3 | 6",
    );
    check(
        "let Over = (T: (Damage: long, *), least: long) { T | where Damage > least }; Over(Storms, 200) | count",
        "Count:long\n 2",
    );
    check(
        "let Double = (T: (x: long)) { T | extend y = x * 2 }; print x = 4 | invoke Double()",
        "x:long | y:long\n 4 | 8",
    );
    check(
        "let V = view () { print x = 1 }; V | join V on x",
        "x:long | x1:long\n 1 | 1",
    );
}

#[test]
fn functions_read_the_columns_they_are_given() {
    check(
        "let label = (n: long, s: string) { let sep = '-'; strcat(s, sep, n) }; Storms | take 2 | project label(Id, State)",
        "Column1:string\n TEXAS-1\n TEXAS-2",
    );
}

#[test]
fn functions_see_the_names_they_were_defined_among() {
    check(
        "let x = 1; let f = () { x }; let x2 = 2; let g = (x: long) { f() + x }; print g(10)",
        "print_0:long\n 11",
    );
}

#[test]
fn a_function_body_does_not_see_columns() {
    check_error("let f = () { Id }; Storms | project f()", "Failed to resolve");
}

#[test]
fn a_table_lacking_columns_does_not_fit() {
    check_error(
        "let f = (T: (nope: long)) { T }; f(Storms)",
        "The table lacks the column 'nope'",
    );
    check_error(
        "let f = (a: long) { a }; print f('x')",
        "A value of type long is expected, not of type string",
    );
    check_error(
        "let f = (a: long) { a }; print f()",
        "the argument 'a' is missing",
    );
}

#[test]
fn queries_become_scalars() {
    check(
        "let most = toscalar(Storms | summarize max(Damage)); Storms | where Damage == most | project Id",
        "Id:long\n 2",
    );
    check("print toscalar(Empty)", "print_0:long\n null");
}

#[test]
fn tables_serve_as_lists() {
    check(
        "Storms | where State in ((Storms | where Type == 'Flood' | project State)) | project Id",
        "Id:long\n 1\n 2",
    );
    check("Storms | where Id !in (Empty) | count", "Count:long\n 5");
    check(
        "let ids = datatable(i: long)[1, 5]; Storms | where Id in (ids) | project Id",
        "Id:long\n 1\n 5",
    );
}

#[test]
fn materialized_rows_are_computed_once() {
    check(
        "let M = materialize(range x from 1 to 3 step 1 | extend r = rand()); union M, M | distinct r | count",
        "Count:long\n 3",
    );
}

#[test]
fn as_names_a_step_of_the_query() {
    check(
        "Storms | summarize c = count() by State | as Counts | join kind=inner Counts on State | count",
        "Count:long\n 3",
    );
}

#[test]
fn each_query_gives_a_table() {
    check(
        "print 1; Storms | count",
        "print_0:long\n 1\n ---\n Count:long\n 5",
    );
    check(
        "range x from 1 to 4 step 1 | fork (where x > 3) (count)",
        "x:long\n 4\n ---\n Count:long\n 4",
    );
}

#[test]
fn results_have_names_and_charts() {
    let mut results = run(
        &samples(),
        &Session::new("Samples"),
        "Storms | as Result | render timechart with (title='T', ycolumns=Id, Damage)",
    )
    .unwrap();
    let table = results.pop().unwrap();
    assert_eq!(table.name.as_deref(), Some("Result"));
    assert_eq!(table.visualization.visualization.as_deref(), Some("timechart"));
    assert_eq!(
        table.visualization.y_columns,
        Some(vec!["Id".to_owned(), "Damage".to_owned()])
    );
    assert!(table.visualization.to_json().contains(r#""Title":"T""#));
}

#[test]
fn parameters_come_with_the_request() {
    let query = "declare query_parameters(state: string, least: long = 5, since: datetime = datetime(null));
                 print state, least, since";
    let mut session = Session::new("Samples");
    session.parameters.insert("state".to_owned(), "it's".to_owned());
    session
        .parameters
        .insert("since".to_owned(), "datetime(2020-01-01)".to_owned());
    assert_eq!(
        answer_in(&samples(), &session, query).unwrap(),
        "print_0:string | print_1:long | print_2:datetime\nit's | 5 | 2020-01-01T00:00:00Z"
    );
    session.parameters.insert("least".to_owned(), "many".to_owned());
    let error = answer_in(&samples(), &session, query).unwrap_err();
    assert!(
        error.to_string().contains("'least' is not of type long"),
        "{error}"
    );
}

#[test]
fn a_parameter_without_a_value_is_refused() {
    check_error(
        "declare query_parameters(n: long); print n",
        "The query parameter 'n' has no value",
    );
}

#[test]
fn databases_have_aliases() {
    check(
        "alias database d = database('SAMPLES'); database('samples').Storms | count",
        "Count:long\n 5",
    );
}

#[test]
fn patterns_choose_a_query_by_texts() {
    const PATTERN: &str = "declare pattern country = (name: string)[state: string] {
        ('USA').['New York'] = { print Capital = 'Albany', State = state };
        ('Canada').['Alberta'] = { let c = 'Edmonton'; print Capital = c, State = state }; };";
    check(
        &format!("{PATTERN} country('Canada').Alberta"),
        "Capital:string | State:string\n Edmonton | Alberta",
    );
    check(
        &format!(
            "{PATTERN} union country('USA').['New York'], (country('Canada').Alberta) | project Capital | sort by Capital asc"
        ),
        "Capital:string\n Albany\n Edmonton",
    );
    check_error(
        &format!("{PATTERN} country('Mexico').Sonora"),
        "The pattern 'country' has no rule for these arguments",
    );
    check_error("declare pattern p; p('a') | count", "a pattern without rules");
}
