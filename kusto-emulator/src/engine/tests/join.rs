//! `join` and `lookup`.

use super::{check, check_error};

/// Left: keys 1, 2, 2 and a missing one. Right: keys 2, 2, 3 and a missing one.
fn joined(kind: &str) -> String {
    format!(
        "let L = datatable(k: long, l: string)[1, 'a', 2, 'b', 2, 'c', long(null), 'd'];
         let R = datatable(k: long, r: string)[2, 'x', 2, 'y', 3, 'z', long(null), 'w'];
         L | join {kind} R on k"
    )
}

#[test]
fn innerunique_takes_each_key_of_the_left_side_once() {
    let expected = "k:long | l:string | k1:long | r:string\n 2 | b | 2 | x\n 2 | b | 2 | y";
    check(&joined(""), expected);
    check(&joined("kind=innerunique"), expected);
}

#[test]
fn inner_takes_all_pairs() {
    check(
        &joined("kind=inner"),
        "k:long | l:string | k1:long | r:string\n 2 | b | 2 | x\n 2 | b | 2 | y\n 2 | c | 2 | x\n 2 | c | 2 | y",
    );
}

#[test]
fn outer_joins_keep_rows_without_a_partner() {
    check(
        &joined("kind=leftouter"),
        "k:long | l:string | k1:long | r:string
         1 | a | null |
         2 | b | 2 | x
         2 | b | 2 | y
         2 | c | 2 | x
         2 | c | 2 | y
         null | d | null |",
    );
    check(
        &format!("{} | where isnull(k)", joined("kind=rightouter")),
        "k:long | l:string | k1:long | r:string\n null |  | 3 | z\n null |  | null | w",
    );
    check(&format!("{} | count", joined("kind=fullouter")), "Count:long\n 8");
}

#[test]
fn semi_and_anti_joins_give_one_side() {
    check(&joined("kind=leftsemi"), "k:long | l:string\n 2 | b\n 2 | c");
    check(&joined("kind=leftanti"), "k:long | l:string\n 1 | a\n null | d");
    check(&joined("kind=rightsemi"), "k:long | r:string\n 2 | x\n 2 | y");
    check(&joined("kind=rightanti"), "k:long | r:string\n 3 | z\n null | w");
    check(&joined("kind=anti"), "k:long | l:string\n 1 | a\n null | d");
}

#[test]
fn keys_may_have_different_names() {
    check(
        "print a = 1, b = 'x' | join kind=inner (print c = 1, d = 'x') on $left.a == $right.c, $right.d == $left.b",
        "a:long | b:string | c:long | d:string\n 1 | x | 1 | x",
    );
}

#[test]
fn whole_numbers_of_both_sizes_are_equal() {
    check(
        "print a = int(1) | join kind=inner (print a = 1) on a",
        "a:int | a1:long\n 1 | 1",
    );
    check_error(
        "print a = '1' | join (print a = 1) on a",
        "The keys must be of one type, not of string and long",
    );
    check_error(
        "print a = dynamic(1) | join (print a = dynamic(1)) on a",
        "cannot be of type dynamic",
    );
}

#[test]
fn names_taken_get_a_number() {
    check(
        "print x = 1, x1 = 2, y = 3 | join kind=inner (print x = 1, y = 4) on x",
        "x:long | x1:long | y:long | x2:long | y1:long\n 1 | 2 | 3 | 1 | 4",
    );
}

#[test]
fn lookup_leaves_the_keys_of_the_right_side_out() {
    check(
        "datatable(k: long)[1, 2] | lookup (datatable(k: long, name: string)[2, 'two']) on k",
        "k:long | name:string\n 1 |\n 2 | two",
    );
    check(
        "datatable(k: long)[1, 2] | lookup kind=inner (datatable(id: long, n: long)[2, 22]) on $left.k == $right.id",
        "k:long | n:long\n 2 | 22",
    );
}

#[test]
fn an_empty_side_joins() {
    check(
        "Empty | join kind=fullouter (print x = 1) on x",
        "x:long | x1:long\n null | 1",
    );
    check(
        "print x = 1 | join kind=leftouter Empty on x",
        "x:long | x1:long\n 1 | null",
    );
}

#[test]
fn large_sides_join_batch_by_batch() {
    check(
        "range x from 1 to 30000 step 1 | extend k = tostring(x % 100)
         | join kind=inner (range y from 1 to 300 step 1 | extend k = tostring(y % 100)) on k
         | summarize count(), sum(x)",
        "count_:long | sum_x:long\n 90000 | 1350045000",
    );
}

#[test]
fn conditions_other_than_equality_are_refused() {
    check_error(
        "print a = 1 | join (print b = 1) on $left.a < $right.b",
        "is expected after 'on'",
    );
    check_error(
        "print a = 1 | join (print b = 1) on a",
        "Failed to resolve column named 'a' of '$right'",
    );
    check_error(
        "print a = 1 | join kind=cross (print b = 1) on a",
        "not supported",
    );
}
