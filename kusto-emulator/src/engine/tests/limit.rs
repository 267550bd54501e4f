//! Limits: of the answer, of time, of nesting.

use std::time::Instant;

use super::{Session, answer_in, check, check_error, run, samples};
use crate::error::EngineErrorKind;

#[test]
fn an_answer_that_grows_too_large_is_cut_and_says_so() {
    let mut results = run(
        &samples(),
        &Session::new("Samples"),
        "set truncationmaxrecords=10000; range x from 1 to 20000 step 1",
    )
    .unwrap();
    let mut rows = 0;
    let error = loop {
        match results[0].next() {
            Ok(Some(batch)) => rows += batch.num_rows(),
            Ok(None) => panic!("the limit was not seen"),
            Err(error) => break error,
        }
    };
    assert_eq!((rows, error.kind()), (10000, EngineErrorKind::LimitExceeded));
    assert!(
        error.to_string().contains("E_QUERY_RESULT_SET_TOO_LARGE"),
        "{error}"
    );
}

#[test]
fn an_answer_of_the_allowed_size_passes() {
    check(
        "set truncationmaxrecords=2; range x from 1 to 2 step 1",
        "x:long\n 1\n 2",
    );
    check_error(
        "set truncationmaxrecords=1; range x from 1 to 2 step 1",
        "set limit of 1 records",
    );
    check(
        "set notruncation; set truncationmaxrecords=1; range x from 1 to 2 step 1 | count",
        "Count:long\n 2",
    );
}

#[test]
fn bytes_count_too() {
    check_error(
        "set truncationmaxsize=100000; range x from 1 to 10000 step 1 | extend s = 'ten bytes.' | where x > 0",
        "set limit of 100000 bytes",
    );
}

#[test]
fn a_cancelled_query_stops() {
    let session = Session::new("Samples");
    session.cancelled.cancel("");
    let error = answer_in(
        &samples(),
        &session,
        "range x from 1 to 1000000000000 step 1 | count",
    )
    .unwrap_err();
    assert_eq!(error.kind(), EngineErrorKind::Cancelled);
}

#[test]
fn a_query_ends_at_its_deadline() {
    let mut session = Session::new("Samples");
    session.deadline = Some(Instant::now());
    let error = answer_in(
        &samples(),
        &session,
        "range x from 1 to 1000000000000 step 1 | count",
    )
    .unwrap_err();
    assert_eq!(error.kind(), EngineErrorKind::TimedOut);
}

#[test]
fn endless_ranges_stream() {
    check(
        "range x from 1 to 9000000000000000000 step 1 | extend y = x * 2 | where y > 6 | take 2",
        "x:long | y:long\n 4 | 8\n 5 | 10",
    );
}

#[test]
fn functions_may_not_nest_without_end() {
    let functions: String = (1..600)
        .map(|n| format!("let f{n} = (x: long) {{ f{}(x) + 1 }};", n - 1))
        .collect();
    let query = format!("let f0 = (x: long) {{ x }};{functions} print f599(1)");
    // Deep recursion is checked on a stack as large as that of the service's threads.
    let outcome = std::thread::Builder::new()
        .stack_size(crate::engine::STACK_SIZE)
        .spawn(move || check_error(&query, "nested too deeply"))
        .unwrap()
        .join();
    outcome.unwrap();
}

#[test]
fn a_pipe_may_not_be_endless() {
    let query = format!("print x = 1 {} | count", "| where x > 0 ".repeat(3000));
    let outcome = std::thread::Builder::new()
        .stack_size(crate::engine::STACK_SIZE)
        .spawn(move || check_error(&query, "too many operators"))
        .unwrap()
        .join();
    outcome.unwrap();
}

#[test]
fn a_long_pipe_runs() {
    let query = format!("print x = 1 {} | count", "| where x > 0 ".repeat(1900));
    let outcome = std::thread::Builder::new()
        .stack_size(crate::engine::STACK_SIZE)
        .spawn(move || check(&query, "Count:long\n 1"))
        .unwrap()
        .join();
    outcome.unwrap();
}

#[test]
fn a_request_may_ask_for_fewer_rows() {
    check(
        "set query_take_max_records = 2; Storms | project Id",
        "Id:long\n 1\n 2",
    );
}

/// `let x1 = f(x0); let x2 = f(x1); …`
fn doubled(first: &str, next: impl Fn(usize) -> String, last: &str) -> String {
    let declarations: String = (1..=60).map(|n| format!("{};", next(n))).collect();
    format!("{first};{declarations}{last}")
}

#[test]
fn short_texts_may_not_stand_for_endless_queries() {
    let tables = doubled(
        "let t0 = print x = 1",
        |n| format!("let t{n} = union t{0}, t{0}", n - 1),
        "t60 | count",
    );
    check_error(&tables, "The query is too complex");
    let joins = doubled(
        "let t0 = print x = 1",
        |n| format!("let t{n} = t{0} | join t{0} on x | project x", n - 1),
        "t60 | count",
    );
    check_error(&joins, "The query is too complex");
    let functions = doubled(
        "let f0 = (x: long) { x + 1 }",
        |n| format!("let f{n} = (x: long) {{ f{0}(x) + f{0}(x) }}", n - 1),
        "Storms | project f60(Id)",
    );
    check_error(&functions, "The query is too complex");
    let constants = doubled(
        "let f0 = (x: long) { x + 1 }",
        |n| format!("let f{n} = (x: long) {{ f{0}(x) + f{0}(x) }}", n - 1),
        "print f60(1)",
    );
    check_error(&constants, "The query is too complex");
    let nested = format!(
        "let twice = (x: long) {{ x + x }}; Storms | project {}Id{}",
        "twice(".repeat(60),
        ")".repeat(60)
    );
    check_error(&nested, "The query is too complex");
}

#[test]
fn deep_texts_are_refused_with_a_place() {
    for deep in [
        format!("print {}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("print {}1", "-".repeat(100_000)),
        format!("print {}1{}", "not(".repeat(100_000), ")".repeat(100_000)),
        format!("print dynamic({}{})", "[".repeat(100_000), "]".repeat(100_000)),
        "let f = () { ".repeat(100_000),
        format!("Storms {}", "| where (Id > 1".repeat(10_000)),
    ] {
        let outcome = std::thread::Builder::new()
            .stack_size(crate::engine::STACK_SIZE)
            .spawn(move || check_error(&deep, "[line:position="))
            .unwrap()
            .join();
        outcome.unwrap();
    }
}
