//! What Kusto does in a way of its own.

use super::check;

#[test]
fn strings_are_never_null() {
    check(
        "print a = isnull(''), b = isnull(tostring(dynamic(null))), c = strlen(tostring(long(null))), d = isempty('')",
        "a:bool | b:bool | c:long | d:bool\n false | false | 0 | true",
    );
    check(
        "print k = 1 | join kind=leftouter (datatable(k: long, s: string, n: long)[]) on k | project isnull(s), isnull(n), s == ''",
        "Column1:bool | Column2:bool | Column3:bool\n false | true | true",
    );
}

#[test]
fn a_null_on_one_side_is_unequal_on_both_it_is_unknown() {
    check(
        "print n = long(null), m = long(null) | project n == 1, n != 1, n < 1, n == m, n != m, not(n < 1)",
        "Column1:bool | Column2:bool | Column3:bool | Column4:bool | Column5:bool | Column6:bool
         false | true | null | null | null | null",
    );
    check(
        "print u = bool(null) | project u and false, u and true, u or true, u or false",
        "Column1:bool | Column2:bool | Column3:bool | Column4:bool\n false | null | true | null",
    );
}

#[test]
fn times_are_ticks_over_the_whole_range() {
    check(
        "print start = datetime(0001-01-01), end = datetime(9999-12-31T23:59:59.9999999Z)
         | project end - start, end - 1tick, bin(end, 1d), start < end, toreal((end - start) / 1tick) > 3.1e18",
        "Column1:timespan | Column2:datetime | end:datetime | Column3:bool | Column4:bool
         3652058.23:59:59.9999999 | 9999-12-31T23:59:59.9999998Z | 9999-12-31T00:00:00Z | true | true",
    );
    check(
        "print t = datetime(9999-12-31) | project isnull(t + 2d), t + 1tick > t",
        "Column1:bool | Column2:bool\n true | true",
    );
}

#[test]
fn decimals_are_ordered_by_value() {
    check(
        "datatable(m: decimal)[decimal(10), decimal(9), decimal(-1.5), decimal(-15), decimal(0), decimal(null), decimal(9.25)] | sort by m asc",
        "m:decimal\n null\n -15\n -1.5\n 0\n 9\n 9.25\n 10",
    );
    check(
        "datatable(m: decimal)[decimal(10), decimal(9), decimal(2.5)] | summarize max(m), min(m)",
        "max_m:decimal | min_m:decimal\n 10 | 2.5",
    );
}

#[test]
fn decimals_are_equal_by_value() {
    const TABLE: &str = "let T = datatable(m: decimal, n: long)[decimal(1.0), 1, decimal(1), 2, decimal(1e2), 3, decimal(100.00), 4, decimal(null), 5];";
    check(
        &format!("{TABLE} T | summarize sum(n) by m"),
        "m:decimal | sum_n:long\n 1 | 3\n 100 | 7\n null | 5",
    );
    check(&format!("{TABLE} T | distinct m | count"), "Count:long\n 3");
    check(
        &format!(
            "{TABLE} T | join kind=inner (datatable(m: decimal)[decimal(1.000), decimal(null)]) on m | project n"
        ),
        "n:long\n 1\n 2",
    );
    check(
        &format!(
            "{TABLE} T | summarize dcount(m), countif(m in (1.00, 100)), count_distinct(m), array_length(make_set(m))"
        ),
        "dcount_m:long | countif_:long | count_distinct_m:long | Column1:long\n 2 | 4 | 2 | 2",
    );
    check(
        &format!("{TABLE} T | partition by m (count)"),
        "Count:long\n 2\n 2\n 1",
    );
    check(
        "print a = dynamic(null) | summarize dcount(1) | extend far = decimal(0.12345678901234567890123456789) in (decimal(0.12345678901234567890123456788))",
        "dcount_:long | far:bool\n 1 | false",
    );
}

#[test]
fn a_filter_behind_a_join_is_seen_before_rows_are_made_unique() {
    check(
        "let a = datatable(k: long, s: string)[1, 'x', 1, 'y', 2, 'y'];
         let b = datatable(k: long, s: string)[1, 'p', 2, 'q'];
         a | join kind=innerunique b on k | where s == 'y' | project k, s, s1 | sort by k asc",
        "k:long | s:string | s1:string\n 1 | y | p\n 2 | y | q",
    );
}
