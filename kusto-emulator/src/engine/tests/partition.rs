//! `partition`, `top-nested`, `top-hitters`.

use super::{check, check_error};

#[test]
fn a_query_runs_over_each_part() {
    check(
        "Storms | partition by State (top 1 by Id | project State, Id)",
        "State:string | Id:long\n TEXAS | 2\n OHIO | 3\n IOWA | 5",
    );
    check_error(
        "Storms | partition by Nothing (count)",
        "Failed to resolve column named 'Nothing'",
    );
}

#[test]
fn the_most_frequent_values_come_first() {
    check(
        "Storms | top-hitters 1 of Type",
        "Type:string | approximate_count_Type:long\n Hail | 3",
    );
    check(
        "Storms | top-hitters 1 of State by Damage",
        "State:string | approximate_sum_Damage:long\n TEXAS | 5100",
    );
}

#[test]
fn levels_nest() {
    check(
        "Storms | top-nested 2 of State by Total = sum(Damage), top-nested 1 of Type by count()",
        "State:string | Total:long | Type:string | aggregated_Type:long
         TEXAS | 5100 | Hail | 1
         IOWA | 250 | Tornado | 1",
    );
}

#[test]
fn a_query_in_braces_runs_for_each_value() {
    check(
        "Storms | partition by State { Storms | where State == toscalar(State) | summarize n = count() | extend of = toscalar(State) }",
        "n:long | of:string\n 2 | TEXAS\n 1 | OHIO\n 2 | IOWA",
    );
    check(
        "range d from 0 to 100 step 100 | partition by d { Storms | where d == Damage | project Id, d }",
        "Id:long | d:long\n 3 | 0\n 1 | 100",
    );
    check(
        "Storms | where false | partition by State { print x = toscalar(State) }",
        "x:string",
    );
    check_error(
        "range x from 1 to 65 step 1 | partition by x { print y = toscalar(x) }",
        "more than 64 partitions",
    );
}
