//! `make-series`.

use super::check;

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
