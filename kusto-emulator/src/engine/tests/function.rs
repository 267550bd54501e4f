//! Functions of scalar values inside of queries: literals, paths, conditions.

use super::{check, check_error};

#[test]
fn literals_of_every_type_are_read() {
    check(
        "print true, int(5), 0xff, 1e3, decimal(1.50), datetime(2020-01-01), 90m, guid(74be27de-1e4e-49d9-b579-fe0b331d3642), @'a\\b'",
        "print_0:bool | print_1:int | print_2:long | print_3:real | print_4:decimal | print_5:datetime | \
         print_6:timespan | print_7:guid | print_8:string
         true | 5 | 255 | 1000.0 | 1.50 | 2020-01-01T00:00:00Z | 01:30:00 | 74be27de-1e4e-49d9-b579-fe0b331d3642 | a\\b",
    );
    check(
        "print long(-9223372036854775808), time(1.02:03:04), timespan(2)",
        "print_0:long | print_1:timespan | print_2:timespan\n -9223372036854775808 | 1.02:03:04 | 2.00:00:00",
    );
    check_error(
        "print int(3000000000)",
        "'3000000000' is not a literal of type int",
    );
}

#[test]
fn dynamic_literals_are_json() {
    check(
        r#"print dynamic({"a": [1, 2.5, "x", true, null], "t": timespan(1h)})"#,
        r#"print_0:dynamic
        {"a":[1,2.5,"x",true,null],"t":"01:00:00"}"#,
    );
    check("print isnull(dynamic(null))", "print_0:bool\n true");
}

#[test]
fn members_of_bags_are_reached() {
    check(
        "Storms | project Details.source, Details['source'], Details.tags[0], Details.tags[-1] | take 1",
        r#"Details_source:dynamic | Details_source1:dynamic | Details_tags_0:dynamic | Column1:dynamic
        "Public" | "Public" | "a" | "b""#,
    );
    check_error("Storms | project State.x", "has no members");
}

#[test]
fn lists_and_ranges_are_tested() {
    check("Storms | where Id in (1, 3) | count", "Count:long\n 2");
    check("Storms | where Id in (dynamic([1, 3])) | count", "Count:long\n 2");
    check("Storms | where State !in~ ('texas') | count", "Count:long\n 3");
    check(
        "Storms | where Damage between (100 .. 250) | project Id",
        "Id:long\n 1\n 4",
    );
    check(
        "Storms | where State has_any ('ohio', 'iowa') | count",
        "Count:long\n 3",
    );
}

#[test]
fn stars_stand_for_any_column() {
    check("Storms | where * has 'hail' | count", "Count:long\n 3");
    check("Storms | where * == 5000 | project Id", "Id:long\n 2");
}

#[test]
fn now_is_the_same_everywhere() {
    check("Storms | extend t = now() | distinct t | count", "Count:long\n 1");
    check(
        "set query_now = datetime(2020-05-05); print now(), ago(1d)",
        "print_0:datetime | print_1:datetime\n 2020-05-05T00:00:00Z | 2020-05-04T00:00:00Z",
    );
}

#[test]
fn columns_can_be_asked_for_and_values_be_near() {
    check(
        "Storms | take 1 | project iscolumnexists('State'), iscolumnexists('Shoe'), around(Damage, 90, 10), around(Start, datetime(2007-01-01), 1h)",
        "Column1:bool | Column2:bool | Column3:bool | Column4:bool\n true | false | true | false",
    );
}
