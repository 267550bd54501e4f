//! `search` and `find`.

use super::{check, check_error};

const TABLES: &str = "
    let A = view () { datatable(k: long, s: string, n: long)[1, 'red apple', 10, 2, 'green pear', 20] };
    let B = view () { datatable(k: long, s: string, x: real)[3, 'green apple', 0.5] };";

#[test]
fn a_column_that_a_table_lacks_is_null_there() {
    check(
        &format!("{TABLES} search in (A, B) x < 1 or n == 20"),
        "$table:string | k:long | s:string | n:long | x:real\n A | 2 | green pear | 20 | null\n B | 3 | green apple | null | 0.5",
    );
    check_error(
        &format!("{TABLES} search in (A, B) nothing == 1"),
        "column or scalar expression named 'nothing'",
    );
}

#[test]
fn views_are_searched_with_the_tables() {
    check(
        &format!("{TABLES} search 'apple' | summarize count() by $table | sort by $table asc"),
        "$table:string | count_:long\n A | 1\n B | 1",
    );
}

#[test]
fn find_gives_common_columns_named_ones_and_a_bag() {
    check(
        &format!("{TABLES} find in (A, B) where s has 'apple' and (x < 1 or k == 1)"),
        r#"source_:string | k:long | s:string | x:real | pack_:dynamic
           A | 1 | red apple | null | {"n":10}
           B | 3 | green apple | 0.5 | {}"#,
    );
    check(
        &format!("{TABLES} find withsource=from in (A, B) where s has 'pear' project s, k: string"),
        "from:string | s:string | k:string\n A | green pear | 2",
    );
    check(
        &format!("{TABLES} find in (A, B) where k > 1 project k, pack(*)"),
        r#"source_:string | k:long | pack_:dynamic
           A | 2 | {"s":"green pear","n":20}
           B | 3 | {"s":"green apple","x":0.5}"#,
    );
}

#[test]
fn find_passes_over_tables_without_any_of_the_columns() {
    check(
        &format!("{TABLES} find in (A, B) where x > 0"),
        "source_:string | k:long | s:string | x:real\n B | 3 | green apple | 0.5",
    );
    check(
        &format!("{TABLES} find in (A, B) where 'pear' | project source_, s"),
        "source_:string | s:string\n A | green pear",
    );
}

#[test]
fn columns_of_one_name_and_two_types_are_found_as_dynamic() {
    check(
        "let A = view () { print v = 1 }; let B = view () { print v = 'one' }; find in (A, B) where * has 'one' or * has '1'",
        "source_:string | v:dynamic\n A | 1\n B | \"one\"",
    );
}

#[test]
fn what_find_cannot_do_is_named() {
    check_error(&format!("{TABLES} find in (A, B) where k > 1 project *"), "'find");
    check_error(
        "find in (Nothing) where x > 1",
        "table expression named 'Nothing'",
    );
}

#[test]
fn databases_are_named_by_wildcards() {
    check(
        "find in (database('Sam*').*) where * has 'Tornado' project Id",
        "source_:string | Id:long\n Storms | 4",
    );
}
