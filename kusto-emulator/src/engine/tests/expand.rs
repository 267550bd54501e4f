//! `mv-expand` and `mv-apply`.

use super::check;

#[test]
fn each_element_gets_a_row() {
    check(
        "Storms | project Id, tags = Details.tags | mv-expand tags",
        "Id:long | tags:dynamic\n 1 | \"a\"\n 1 | \"b\"\n 2 | null\n 3 | null\n 4 | \"c\"\n 5 | 1\n 5 | 2\n 5 | 3",
    );
}

#[test]
fn elements_are_turned_into_a_type() {
    check(
        "print a = dynamic([1, '2', 'x']) | mv-expand n = a to typeof(long) | project n",
        "n:long\n 1\n 2\n null",
    );
    check(
        "print a = dynamic(['x', 1]) | mv-expand a to typeof(string)",
        "a:string\n x\n 1",
    );
}

#[test]
fn several_arrays_expand_side_by_side() {
    check(
        "print a = dynamic([1, 2, 3]), b = dynamic(['x']) | mv-expand with_itemindex=i a, b",
        "a:dynamic | b:dynamic | i:long\n 1 | \"x\" | 0\n 2 | null | 1\n 3 | null | 2",
    );
}

#[test]
fn bags_expand_to_their_entries() {
    check(
        "print d = dynamic({'a': 1, 'b': 2}) | mv-expand d",
        "d:dynamic\n {\"a\":1}\n {\"b\":2}",
    );
    check(
        "print d = dynamic({'a': 1, 'b': 2}) | mv-expand kind=array d",
        "d:dynamic\n [\"a\",1]\n [\"b\",2]",
    );
}

#[test]
fn expansion_stops_at_the_limit() {
    check(
        "print a = range(1, 10, 1) | mv-expand a limit 2",
        "a:dynamic\n 1\n 2",
    );
}

#[test]
fn large_arrays_come_out_in_batches() {
    check(
        "range x from 1 to 20000 step 1 | extend a = dynamic([1, 2]) | mv-expand a to typeof(long)
         | summarize count(), sum(a), dcount(x)",
        "count_:long | sum_a:long | dcount_x:long\n 40000 | 60000 | 20000",
    );
}

#[test]
fn a_query_runs_over_the_elements_of_each_row() {
    check(
        "datatable(id: long, a: dynamic)[1, dynamic([3, 1, 2]), 2, dynamic([9])]
         | mv-apply a to typeof(long) on (top 2 by a asc)",
        "id:long | a:long\n 1 | 1\n 1 | 2\n 2 | 9",
    );
    check(
        "datatable(id: long, a: dynamic)[1, dynamic([3, 1]), 2, dynamic([])]
         | mv-apply e = a to typeof(long) on (summarize total = sum(e) | project total = total * 10)",
        "id:long | a:dynamic | total:long\n 1 | [3,1] | 40\n 2 | [] | 0",
    );
}
