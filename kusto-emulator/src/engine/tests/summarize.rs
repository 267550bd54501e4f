//! `summarize`, `distinct`, `count`.

use super::{check, check_error};

#[test]
fn keys_come_before_aggregates() {
    check(
        "Storms | summarize Total = sum(Damage), count() by bin(Start, 1d), State | sort by Start asc, State asc",
        "Start:datetime | State:string | Total:long | count_:long
         2007-01-01T00:00:00Z | TEXAS | 5100 | 2
         2007-01-02T00:00:00Z | OHIO | 0 | 1
         2007-01-03T00:00:00Z | IOWA | 250 | 1
         2007-01-05T00:00:00Z | IOWA | 0 | 1",
    );
}

#[test]
fn aggregates_name_their_columns() {
    check(
        "Storms | summarize count(), sum(Damage), dcount(State), max(Id + 1), countif(Id > 2), make_set(Type), \
         take_any(State), percentile(Id, 50) | project-away set_Type",
        "count_:long | sum_Damage:long | dcount_State:long | max_:long | countif_:long | State:string | \
         percentile_Id_50:long
         5 | 5350 | 3 | 6 | 3 | TEXAS | 3",
    );
}

#[test]
fn no_rows_give_one_row_without_keys_and_none_with() {
    check(
        "Empty | summarize count(), sum(x)",
        "count_:long | sum_x:long\n 0 | 0",
    );
    check("Empty | summarize count() by x", "x:long | count_:long");
    check("Empty | count", "Count:long\n 0");
}

#[test]
fn the_row_of_the_greatest_value_is_found() {
    check(
        "Storms | summarize arg_max(Damage, *) by State | project State, Damage, Id | sort by State asc",
        "State:string | Damage:long | Id:long\n IOWA | 250 | 4\n OHIO | 0 | 3\n TEXAS | 5000 | 2",
    );
    check(
        "Storms | summarize Most = arg_max(Damage, Id, Type)",
        "Most:long | Id:long | Type:string\n 5000 | 2 | Flood",
    );
    check(
        "Storms | summarize (a, b) = arg_min(Damage, State)",
        "a:long | b:string\n 0 | OHIO",
    );
}

#[test]
fn aggregates_are_computed_with() {
    check(
        "Storms | summarize Mean = sum(Damage) / count(), round(avg(Damage), 1), tostring(make_set(State))",
        r#"Mean:long | avg_Damage:real | set_State:string
        1070 | 1337.5 | ["TEXAS","OHIO","IOWA"]"#,
    );
}

#[test]
fn a_column_outside_of_aggregates_is_refused() {
    check_error(
        "Storms | summarize sum(Damage) + Id by State",
        "'Id' must be inside an aggregate function",
    );
}

#[test]
fn keys_of_every_type_group() {
    check(
        "datatable(a: int, b: bool, c: real)[1, true, 1.5, 1, true, 1.5, 1, false, 1.5, int(null), true, 0.0]
         | summarize count() by a, b, c",
        "a:int | b:bool | c:real | count_:long\n 1 | true | 1.5 | 2\n 1 | false | 1.5 | 1\n null | true | 0.0 | 1",
    );
    check(
        "Storms | summarize count() by Damage > 100",
        "Column1:bool | count_:long\n false | 2\n true | 2\n null | 1",
    );
}

#[test]
fn nulls_are_one_group() {
    check(
        "datatable(d: dynamic)[dynamic(null), dynamic(1), dynamic(null)] | summarize count() by d",
        "d:dynamic | count_:long\n null | 2\n 1 | 1",
    );
}

#[test]
fn many_groups_come_out_in_batches() {
    check(
        "range x from 1 to 50000 step 1 | summarize count() by x | summarize count(), sum(count_), max(x)",
        "count_:long | sum_count_:long | max_x:long\n 50000 | 50000 | 50000",
    );
    check(
        "range x from 1 to 50000 step 1 | summarize by s = strcat('k', x % 20000), y = x % 2 | count",
        "Count:long\n 20000",
    );
}

#[test]
fn distinct_rows_come_in_the_order_of_their_first() {
    check("Storms | distinct State", "State:string\n TEXAS\n OHIO\n IOWA");
    check(
        "Storms | project State, Type | distinct * | count",
        "Count:long\n 5",
    );
}

#[test]
fn lists_and_sets_take_arrays_apart() {
    check(
        "datatable(d: dynamic)[dynamic(['a', 'b']), dynamic(['b', null, 'c']), dynamic('d'), dynamic({'k': 1})] | summarize make_list(d), make_set(d)",
        r#"list_d:dynamic | set_d:dynamic
           ["a","b","b","c","d",{"k":1}] | ["a","b","c","d",{"k":1}]"#,
    );
}
