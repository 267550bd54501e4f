//! What is not KQL, or not known, or not done here.

use super::check_error;

#[test]
fn syntax_errors_have_a_place() {
    check_error("Storms\n| where State ==", "SYN0002");
    check_error("Storms\n| where State ==", "[line:position=2:17]");
}

#[test]
fn unknown_columns_are_named_with_their_place() {
    check_error(
        "Storms\n| where Nothing > 1",
        "SEM0100: 'where' operator: Failed to resolve column or scalar expression named 'Nothing'. \
         [line:position=2:9]",
    );
}

#[test]
fn unknown_tables_and_functions_are_named() {
    check_error(
        "Nothing | count",
        "SEM0100: Failed to resolve table expression named 'Nothing'. [line:position=1:1]",
    );
    check_error("print nothing(1)", "Unknown function: 'nothing'");
    check_error("nothing(1) | count", "Unknown function: 'nothing'");
    check_error("database('d').T", "Failed to resolve database 'd'");
}

#[test]
fn scalars_and_tables_are_not_each_other() {
    check_error(
        "let T = Storms; print T",
        "'T' is a table where a scalar is expected",
    );
    check_error(
        "let x = 1; x | count",
        "'x' is a scalar where a table is expected",
    );
    check_error("1 + 1", "write 'print' before a scalar");
    check_error(
        "Storms | where State",
        "A condition must be of type bool, not string",
    );
}

#[test]
fn what_is_not_done_is_named() {
    check_error(
        "Storms | reduce by State",
        "the operator 'reduce' is not supported by this service. [line:position=1:10]",
    );
    check_error(
        "externaldata(x: long)[h'https://example.com/x.csv?secret']",
        "'externaldata' from 'https://example.com/x.csv' is not supported",
    );
    check_error(
        "cluster('elsewhere').database('Samples').Storms",
        "a query to another cluster is not supported",
    );
    check_error(
        "restrict access to (Storms); Storms",
        "'restrict access' is not supported",
    );
}
