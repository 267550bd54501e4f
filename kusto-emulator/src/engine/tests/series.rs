//! `make-series`.

use super::{check, check_error};

#[test]
fn bins_without_rows_get_the_default() {
    check(
        "datatable(t: datetime, v: long)[datetime(2020-01-01), 1, datetime(2020-01-03 12:00), 2, datetime(2020-01-09), 9]
         | make-series s = sum(v), m = max(v) default=-1 on t from datetime(2020-01-01) to datetime(2020-01-05) step 1d",
        r#"s:dynamic | m:dynamic | t:dynamic
        [1,0,2,0] | [1,-1,2,-1] | ["2020-01-01T00:00:00.0000000Z","2020-01-02T00:00:00.0000000Z","2020-01-03T00:00:00.0000000Z","2020-01-04T00:00:00.0000000Z"]"#,
    );
}

#[test]
fn each_key_has_a_series() {
    check(
        "datatable(k: string, x: long)['a', 1, 'b', 2, 'a', 3] | make-series count() on x from 0 to 5 step 1 by k",
        "k:string | count_:dynamic | x:dynamic
         a | [0,1,0,1,0] | [0,1,2,3,4]
         b | [0,0,1,0,0] | [0,1,2,3,4]",
    );
}

#[test]
fn bounds_come_from_the_rows_if_not_given() {
    check(
        "range x from 3 to 7 step 2 | make-series n = count() on x step 2",
        "n:dynamic | x:dynamic\n [1,1,1] | [2,4,6]",
    );
}

#[test]
fn the_older_form_includes_its_end() {
    check(
        "range x from 0 to 4 step 1 | make-series n = count() on x in range(0, 4, 2)",
        "n:dynamic | x:dynamic\n [2,2,1] | [0,2,4]",
    );
}

#[test]
fn times_far_from_the_epoch_keep_their_ticks() {
    check(
        "print t = datetime(9999-12-30T00:00:00.0000007Z)
         | make-series n = count() on t from datetime(9999-12-30T00:00:00.0000005Z) to datetime(9999-12-30T00:00:00.0000009Z) step 2tick",
        r#"n:dynamic | t:dynamic
        [0,1] | ["9999-12-30T00:00:00.0000005Z","9999-12-30T00:00:00.0000007Z"]"#,
    );
}

#[test]
fn a_function_of_several_values_gives_a_column_for_each() {
    check(
        "print d = dynamic([1, 3, 5]) | extend (rsquare, slope) = series_fit_line(d) | project rsquare, slope, series_fit_line_d_line_fit",
        "rsquare:real | slope:real | series_fit_line_d_line_fit:dynamic\n 1.0 | 2.0 | [1.0,3.0,5.0]",
    );
    check(
        "print x = series_stats(dynamic([2, 1]))",
        "x:real | series_stats__min_idx:long | series_stats__max:real | series_stats__max_idx:long \
         | series_stats__avg:real | series_stats__stdev:real | series_stats__variance:real
         1.0 | 1 | 2.0 | 0 | 1.5 | 0.7071067811865476 | 0.5",
    );
    check(
        "print toreal(series_stats(dynamic([2, 1])))",
        "print_0:real\n 1.0",
    );
    check_error(
        "print d = dynamic([1]) | extend (a, b, c) = array_sort_asc(d, d)",
        "There are more names than values.",
    );
}

#[test]
fn arrays_are_sorted_together() {
    check(
        "let a = dynamic([2, 1]); let b = dynamic(['x', 'y']); print array_sort_asc(a, b), array_sort_desc(dynamic([3]), a)[1]",
        r#"a_sorted:dynamic | b_sorted:dynamic | print_1:dynamic
        [1,2] | ["y","x"] | null"#,
    );
}
