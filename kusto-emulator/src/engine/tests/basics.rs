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
fn unknown_columns_are_named_with_their_place() {
    check_error(
        "Storms\n| where Nothing > 1",
        "SEM0100: 'where' operator: Failed to resolve column or scalar expression named 'Nothing'. \
         [line:position=2:9]",
    );
}
