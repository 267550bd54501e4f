//! `sort`, `top`, and functions that look at the rows around.

use super::{answer, check, check_error};

#[test]
fn the_default_order_is_descending_with_nulls_last() {
    check(
        "Storms | sort by Damage | project Id",
        "Id:long\n 2\n 4\n 1\n 3\n 5",
    );
    check(
        "Storms | sort by Damage asc | project Id",
        "Id:long\n 5\n 3\n 1\n 4\n 2",
    );
    check(
        "Storms | sort by Damage asc nulls last | project Id",
        "Id:long\n 3\n 1\n 4\n 2\n 5",
    );
}

#[test]
fn several_keys_order_one_after_the_other() {
    check(
        "Storms | order by State asc, Damage desc | project State, Damage",
        "State:string | Damage:long
         IOWA | 250
         IOWA | null
         OHIO | 0
         TEXAS | 5000
         TEXAS | 100",
    );
}

#[test]
fn rows_with_equal_keys_stay_in_their_order() {
    check(
        "range x from 1 to 30000 step 1 | extend k = x % 2 | sort by k asc | where x in (1, 2, 29999, 30000) | project x",
        "x:long\n 2\n 30000\n 1\n 29999",
    );
}

#[test]
fn top_keeps_the_first_rows_of_many_batches() {
    check(
        "range x from 1 to 200000 step 1 | top 3 by x % 100000 desc",
        "x:long\n 99999\n 199999\n 99998",
    );
}

#[test]
fn top_takes_one_key() {
    check("Storms | top 2 by Damage | project Id", "Id:long\n 2\n 4");
    check("Storms | top 0 by Damage | count", "Count:long\n 0");
}

#[test]
fn rows_are_numbered_in_order() {
    check(
        "Storms | sort by Id desc | extend n = row_number(), s = row_cumsum(Id) | project Id, n, s",
        "Id:long | n:long | s:long\n 5 | 1 | 5\n 4 | 2 | 9\n 3 | 3 | 12\n 2 | 4 | 14\n 1 | 5 | 15",
    );
    check(
        "Storms | sort by State asc, Id asc | extend n = row_number(1, State != prev(State)) | project State, n",
        "State:string | n:long\n IOWA | 1\n IOWA | 2\n OHIO | 1\n TEXAS | 1\n TEXAS | 2",
    );
}

#[test]
fn neighbours_are_seen() {
    check(
        "range x from 1 to 3 step 1 | extend p = prev(x), n = next(x, 1, 0), q = prev(x, 2, -1)",
        "x:long | p:long | n:long | q:long\n 1 | null | 2 | -1\n 2 | 1 | 3 | -1\n 3 | 2 | 0 | 1",
    );
    check(
        "datatable(x: long)[1, 1, 2, 2, 3] | serialize | where x != prev(x) or isnull(prev(x))",
        "x:long\n 1\n 2\n 3",
    );
}

#[test]
fn ranks_count_runs_of_equal_values() {
    check(
        "datatable(x: long)[10, 10, 20, 30, 30] | serialize d = row_rank_dense(x), m = row_rank_min(x)",
        "x:long | d:long | m:long\n 10 | 1 | 1\n 10 | 1 | 1\n 20 | 2 | 3\n 30 | 3 | 4\n 30 | 3 | 4",
    );
}

#[test]
fn sessions_start_after_a_gap() {
    check(
        "datatable(t: datetime)[datetime(2020-01-01 00:00), datetime(2020-01-01 00:04), datetime(2020-01-01 00:20)]
         | sort by t asc | extend s = row_window_session(t, 1h, 5m, false) | project s",
        "s:datetime\n 2020-01-01T00:00:00Z\n 2020-01-01T00:00:00Z\n 2020-01-01T00:20:00Z",
    );
}

#[test]
fn order_must_be_known_to_look_at_neighbours() {
    check_error(
        "Storms | extend row_number()",
        "The input rows must be serialized",
    );
    check_error(
        "Storms | sort by Id | summarize count() by State | extend row_number()",
        "SEM0228",
    );
}

#[test]
fn top_gives_what_a_sort_begins_with() {
    // More rows than one batch holds.
    let rows = "range x from 1 to 9000 step 1
        | extend n = iff(x % 7 == 0, long(null), (x * 7919) % 1000), s = tostring(x % 501), r = iff(x % 11 == 0, real(nan), x / 3.0)";
    let keys = [
        "n asc nulls first",
        "n desc nulls last",
        "n desc nulls first, r asc",
        "s asc",
        "r desc nulls last",
        "x % 3 == 0 asc",
    ];
    for key in keys {
        let sorted = format!(
            "{rows} | sort by {key} | extend place = row_number() | where place <= 40 | project-away place"
        );
        let top = format!("{rows} | sort by {key} | take 40");
        assert_eq!(answer(&top).unwrap(), answer(&sorted).unwrap(), "{key}");
    }
}
