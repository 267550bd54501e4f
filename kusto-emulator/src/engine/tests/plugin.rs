//! `evaluate`.

use super::{check, check_error};

#[test]
fn entries_of_bags_become_columns() {
    check(
        "datatable(id: long, d: dynamic)[1, dynamic({'b': 2, 'a': 'x'}), 2, dynamic({'b': 2.5, 'c': [1]})] | evaluate bag_unpack(d)",
        "id:long | a:string | b:real | c:dynamic\n 1 | x | 2.0 | null\n 2 |  | 2.5 | [1]",
    );
    check(
        "print d = dynamic({'a': 1}) | evaluate bag_unpack(d, 'p_')",
        "p_a:long\n 1",
    );
    check(
        "print x = 1, d = dynamic({'a': 1, 'z': 0}) | evaluate bag_unpack(d) : (*, a: string)",
        "x:long | a:string\n 1 | 1",
    );
}

#[test]
fn a_name_that_is_taken_is_a_conflict() {
    let query = "print a = 1, d = dynamic({'a': 2, 'b': 3}) | evaluate bag_unpack(d";
    check_error(&format!("{query})"), "a column named 'a' already exists");
    check(
        &format!("{query}, columnsConflict='keep_source')"),
        "a:long | b:long\n 1 | 3",
    );
    check(
        &format!("{query}, columnsConflict='replace_source')"),
        "a:long | b:long\n 2 | 3",
    );
}

#[test]
fn values_of_a_column_become_columns() {
    check(
        "Storms | project State, Type | evaluate pivot(Type)",
        "State:string | Hail:long | Flood:long | Tornado:long
         TEXAS | 1 | 1 | 0
         OHIO | 1 | 0 | 0
         IOWA | 1 | 0 | 1",
    );
    check(
        "Storms | evaluate pivot(State, sum(Damage), Type)",
        "Type:string | TEXAS:long | OHIO:long | IOWA:long
         Hail | 100 | 0 | 0
         Flood | 5000 | 0 | 0
         Tornado | 0 | 0 | 250",
    );
}

#[test]
fn ignored_entries_stay_behind() {
    check(
        "print d = dynamic({'a': 1, 'b': 2}) | evaluate bag_unpack(d, ignoredProperties = dynamic(['a']))",
        "b:long\n 2",
    );
}

#[test]
fn activity_is_counted_by_window() {
    const LOG: &str = "let Log = datatable(id: string, at: datetime, os: string)[
        'a', datetime(2024-01-01 01:00), 'x', 'a', datetime(2024-01-01 02:00), 'x', 'b', datetime(2024-01-01 03:00), 'y',
        'a', datetime(2024-01-02 01:00), 'x', 'c', datetime(2024-01-02 01:00), 'y', 'a', datetime(2024-01-09), 'x'];";
    check(
        &format!(
            "{LOG} let until = datetime(2024-01-08); Log | evaluate activity_counts_metrics(id, at, datetime(2024-01-01), until, 1d)"
        ),
        "at:datetime | count:long | dcount:long | new_dcount:long | aggregated_dcount:long
         2024-01-01T00:00:00Z | 3 | 2 | 2 | 2
         2024-01-02T00:00:00Z | 2 | 2 | 1 | 3",
    );
    check(
        &format!(
            "{LOG} Log | evaluate activity_counts_metrics(id, at, datetime(2024-01-01), datetime(2024-01-08), 1d, os)"
        ),
        "at:datetime | os:string | count:long | dcount:long | new_dcount:long | aggregated_dcount:long
         2024-01-01T00:00:00Z | x | 2 | 1 | 1 | 1
         2024-01-02T00:00:00Z | x | 1 | 1 | 0 | 1
         2024-01-01T00:00:00Z | y | 1 | 1 | 1 | 1
         2024-01-02T00:00:00Z | y | 1 | 1 | 1 | 2",
    );
}

#[test]
fn sessions_begin_after_a_time_of_silence() {
    check(
        "datatable(id: long, t: long)[1, 1, 1, 5, 1, 20, 2, 6, 2, 30] | evaluate session_count(id, t, 0, 100, 10, 10)",
        "t:long | count_sessions:long\n 0 | 2\n 20 | 1\n 30 | 1",
    );
}

#[test]
fn addresses_are_looked_up_by_range() {
    const TABLES: &str = "let Ranges = datatable(network: string, name: string)['10.0.0.0/8', 'inner', '10.1.0.0/16', 'lab'];
        let T = datatable(ip: string, name: string)['10.1.2.3', 'p', '10.9.9.9', 'q', '192.0.2.1', 'r', '', 's'];";
    check(
        &format!("{TABLES} T | evaluate ipv4_lookup(Ranges, ip, network) | sort by name asc, name1 asc"),
        "ip:string | name:string | network:string | name1:string
         10.1.2.3 | p | 10.0.0.0/8 | inner
         10.1.2.3 | p | 10.1.0.0/16 | lab
         10.9.9.9 | q | 10.0.0.0/8 | inner",
    );
    check(
        &format!(
            "{TABLES} T | where name != 'p' | evaluate ipv4_lookup(Ranges, ip, network, return_unmatched = true) | project name, name1 | sort by name asc"
        ),
        "name:string | name1:string\n q | inner\n r |\n s |",
    );
    check_error(
        &format!("{TABLES} T | evaluate ipv4_lookup(Ranges, ip, network, name)"),
        "a further key of ipv4_lookup() is not supported",
    );
}

#[test]
fn percentiles_roll_over_bins() {
    check(
        "range i from 0 to 9 step 1 | evaluate rolling_percentile(i, 100, i, 2, 3)",
        "i:long | rolling_3_percentile_i_100:long\n 0 | 1\n 2 | 3\n 4 | 5\n 6 | 7\n 8 | 9",
    );
    check_error(
        "Storms | evaluate rolling_percentile(1, 50)",
        "an argument is missing",
    );
}

#[test]
fn sketches_have_values_in_common() {
    check(
        "range x from 1 to 20 step 1 | summarize a = hll_if(x, x <= 10), b = hll_if(x, x > 5), c = hll_if(x, x % 2 == 0)
         | evaluate dcount_intersect(a, b, c) | project-away a, b, c",
        "s0:long | s1:long | s2:long\n 10 | 5 | 3",
    );
}

#[test]
fn unknown_plugins_are_named() {
    check_error(
        "Storms | evaluate basket()",
        "the plugin 'basket' is not supported",
    );
}

#[test]
fn narrow_gives_a_row_for_each_cell() {
    check(
        "datatable(n: long, s: string)[1, 'a', long(null), 'b'] | evaluate narrow()",
        "Row:long | Column:string | Value:string\n 0 | n | 1\n 0 | s | a\n 1 | n |\n 1 | s | b",
    );
}
