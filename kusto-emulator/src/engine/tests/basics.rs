//! `where`, `project`, `extend` and their like; names of columns.

use super::{check, check_error};

#[test]
fn filters_summarizes_and_sorts() {
    check(
        "Storms | where Damage >= 0 | summarize count() by State | top 2 by count_ desc",
        "State:string | count_:long
         TEXAS | 2
         OHIO | 1",
    );
}

#[test]
fn prints_one_row() {
    check(
        "print 1, a = 'x', 2 + 2",
        "print_0:long | a:string | print_2:long\n 1 | x | 4",
    );
}

#[test]
fn a_condition_that_is_null_leaves_the_row_out() {
    check(
        "Storms | where Damage > 100 or not(Damage > 100) | count",
        "Count:long\n 4",
    );
}

#[test]
fn conditions_in_a_chain_are_all_needed() {
    check(
        "Storms | where State == 'TEXAS' and Damage > 100 and Type has 'flood' | project Id",
        "Id:long\n 2",
    );
}

#[test]
fn extend_replaces_columns_in_place_and_adds_others_behind() {
    check(
        "print a = 1, b = 2 | extend a = b * 10, c = a, a + b",
        "a:long | b:long | c:long | Column1:long\n 20 | 2 | 1 | 3",
    );
}

#[test]
fn columns_without_a_name_get_one() {
    check(
        "print d = dynamic({'a': [{'b': 7}]}), s = 'text' | project d.a[0].b, tostring(d.a), strlen(s), d['a'], 1",
        r#"d_a_0_b:dynamic | d_a:string | strlen_s:long | d_a1:dynamic | Column1:long
        7 | [{"b":7}] | 4 | [{"b":7}] | 1"#,
    );
}

#[test]
fn a_name_given_twice_is_refused() {
    check_error(
        "print a = 1 | project b = a, b = 2",
        "A column named 'b' already exists. [line:position=1:30]",
    );
}

#[test]
fn projections_take_wildcards() {
    check(
        "Storms | project-keep S*, Id | take 1",
        "Id:long | State:string | Start:datetime\n 1 | TEXAS | 2007-01-01T10:00:00Z",
    );
    check("Storms | project-away D*, S*, Type | take 1", "Id:long\n 1");
    check(
        "print b2 = 1, a = 2, b10 = 3, c = 4 | project-reorder b* granny-desc, a",
        "b10:long | b2:long | a:long | c:long\n 3 | 1 | 2 | 4",
    );
    check(
        "print a = 1, b = 2 | project-rename c = a",
        "c:long | b:long\n 1 | 2",
    );
}

#[test]
fn take_keeps_the_order() {
    check("range x from 1 to 100000 step 1 | take 3", "x:long\n 1\n 2\n 3");
    check("range x from 1 to 3 step 1 | take 0", "x:long");
}

#[test]
fn ranges_run_over_numbers_and_times() {
    check("range x from 10 to 4 step -3", "x:long\n 10\n 7\n 4");
    check("range x from 0.5 to 2 step 0.5 | count", "Count:long\n 4");
    check(
        "range t from datetime(2020-02-28) to datetime(2020-03-01) step 1d",
        "t:datetime\n 2020-02-28T00:00:00Z\n 2020-02-29T00:00:00Z\n 2020-03-01T00:00:00Z",
    );
    check("range x from 5 to 1 step 1", "x:long");
    check_error("range x from 1 to 5 step 0", "must not be zero");
}

#[test]
fn datatables_turn_cells_into_the_type_of_the_column() {
    check(
        "datatable(a: real, b: guid, c: timespan, d: decimal)[1, guid(74be27de-1e4e-49d9-b579-fe0b331d3642), 1.5h, 2,
            real(null), guid(null), timespan(null), decimal(null)]",
        "a:real | b:guid | c:timespan | d:decimal
         1.0 | 74be27de-1e4e-49d9-b579-fe0b331d3642 | 01:30:00 | 2
         null | null | null | null",
    );
    check_error(
        "datatable(a: long, b: long)[1, 2, 3]",
        "3 values do not fill rows of 2 columns",
    );
}

#[test]
fn the_schema_is_a_table_too() {
    check(
        "Empty | getschema",
        "ColumnName:string | ColumnOrdinal:int | DataType:string | ColumnType:string
         x | 0 | System.Int64 | long",
    );
}

#[test]
fn rows_are_packed_into_bags() {
    check(
        "print a = 1, b = 'x' | project bag = pack_all()",
        r#"bag:dynamic
        {"a":1,"b":"x"}"#,
    );
    check(
        "print a = 1, b = '' | project bag = pack_all(true)",
        r#"bag:dynamic
        {"a":1}"#,
    );
}

#[test]
fn columns_are_asked_for_by_name() {
    check(
        "print a = 1 | project column_ifexists('a', 0), column_ifexists('b', 'none')",
        "a:long | Column1:string\n 1 | none",
    );
}

#[test]
fn parse_takes_texts_apart() {
    check(
        "print s = 'user=ann id=42 rest' | parse s with * 'user=' user ' id=' id: long ' ' *",
        "s:string | user:string | id:long\n user=ann id=42 rest | ann | 42",
    );
    check(
        "print s = 'id=none' | parse s with 'id=' id: long | project isnull(id)",
        "Column1:bool\n true",
    );
    check(
        "datatable(s: string)['a=1', 'b=2'] | parse-where s with 'a=' a: int",
        "s:string | a:int\n a=1 | 1",
    );
    check(
        "print s = 'x=1, y=z' | parse kind=relaxed s with 'x=' x: long ', y=' y: long",
        "s:string | x:long | y:long\n x=1, y=z | 1 | null",
    );
    check(
        r"print s = 'ab12cd' | parse kind=regex s with '[a-z]+' n: long '[a-z]+'",
        "s:string | n:long\n ab12cd | 12",
    );
}

#[test]
fn search_looks_into_every_column() {
    check("Storms | search 'tornado' | project Id", "Id:long\n 4");
    check(
        "search 'tornado' | project $table, Id",
        "$table:string | Id:long\n Storms | 4",
    );
}

#[test]
fn sample_gives_so_many_rows() {
    check(
        "range x from 1 to 1000 step 1 | sample 7 | count",
        "Count:long\n 7",
    );
    check("Storms | sample 100 | count", "Count:long\n 5");
}

#[test]
fn pairs_of_keys_and_values_become_columns() {
    check(
        r#"print s = 'a=1, b="x, \\"y", junk, c=2020-01-01'
         | parse-kv s as (b: string, a: long, c: datetime, d: string) with (pair_delimiter=', ', kv_delimiter='=', quote='"', escape='\\')
         | project-away s"#,
        r#"b:string | a:long | c:datetime | d:string
        x, "y | 1 | 2020-01-01T00:00:00Z |"#,
    );
}

#[test]
fn columns_are_picked_by_texts() {
    check(
        "print a = 1, b1 = 2, b2 = 3 | project-by-names dynamic(['b*', 'zz']), 'a'",
        "b1:long | b2:long | a:long\n 2 | 3 | 1",
    );
    check("print c = column_names_of(Storms)[0]", "c:dynamic\n \"Id\"");
}

#[test]
fn count_as_names_its_column() {
    check("Storms | count as N", "N:long\n 5");
}
