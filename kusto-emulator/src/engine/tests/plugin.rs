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
