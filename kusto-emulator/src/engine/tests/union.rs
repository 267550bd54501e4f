//! `union`.

use super::check;

#[test]
fn columns_of_all_tables_come_out() {
    check(
        "union (print a = 1, b = 'x'), (print b = 'y', c = 2.5)",
        "a:long | b:string | c:real\n 1 | x | null\n null | y | 2.5",
    );
    check(
        "union kind=inner (print a = 1, b = 'x'), (print b = 'y', c = 2.5)",
        "b:string\n x\n y",
    );
}

#[test]
fn a_column_of_several_types_becomes_several() {
    check(
        "print a = 1 | union (print a = 'x')",
        "a_long:long | a_string:string\n 1 |\n null | x",
    );
}

#[test]
fn the_source_is_named() {
    check(
        "union withsource=Table Storms, (print Id = 9) | summarize count() by Table",
        "Table:string | count_:long\n Storms | 5\n union_arg1 | 1",
    );
}

#[test]
fn wildcards_find_tables_and_views() {
    check("union Stor*, Emp* | count", "Count:long\n 5");
    check(
        "let V = view () { print v = 1 }; union * | count",
        "Count:long\n 6",
    );
}

#[test]
fn fuzzy_unions_leave_out_what_is_not_there() {
    check("union isfuzzy=true Storms, Nothing | count", "Count:long\n 5");
}

#[test]
fn other_databases_are_reached_by_name() {
    check(
        "union database('samples').Storms, Storms | count",
        "Count:long\n 10",
    );
}
