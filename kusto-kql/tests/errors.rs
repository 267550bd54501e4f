//! Errors say where a text cannot go on, and what could stand there.

use kusto_kql::{LineColumn, SyntaxErrorKind, parse, parse_operators};

#[test]
fn errors_point_at_the_first_token_that_does_not_fit() {
    for (text, offset, token, expected) in [
        ("", 0, "", "a query"),
        ("// nothing", 10, "", "a query"),
        (".show tables", 0, ".", "a query"),
        (";T", 0, ";", "an expression"),
        ("T;;", 2, ";", "an expression"),
        ("T |", 3, "", "an operator"),
        ("T | foo", 4, "foo", "an operator"),
        ("T | | take 1", 4, "|", "an operator"),
        ("T where a", 2, "where", "'|', ';' or the end of the text"),
        ("T | where", 9, "", "an expression"),
        ("T | where a ==", 14, "", "an expression"),
        ("T | where (a", 12, "", "')'"),
        ("T | where a in 1", 15, "1", "'('"),
        ("T | where a in (1, 2,)", 21, ")", "an expression"),
        ("T | where a between (1, 2)", 22, ",", "'..'"),
        (
            "T | where a == b == c",
            17,
            "==",
            "'|', ';' or the end of the text",
        ),
        ("T | sort a", 9, "a", "'by'"),
        ("T | top 3 of a", 10, "of", "'by'"),
        ("T | join (U) on", 15, "", "an expression"),
        ("T | join (U", 11, "", "')'"),
        ("T | lookup U", 12, "", "'on'"),
        ("T | mv-expand a to long", 19, "long", "'typeof'"),
        ("T | make-series count() on t", 28, "", "'step'"),
        ("T | sort by a nulls", 19, "", "'first' or 'last'"),
        ("T | invoke f", 11, "f", "a function call"),
        ("T | scan with (step a: true)", 27, ")", "';'"),
        ("range x from 1 to 2", 19, "", "'step'"),
        ("print f(a,)", 10, ")", "an expression"),
        ("print a[0", 9, "", "']'"),
        ("print dynamic([1,])", 17, "]", "a JSON value"),
        ("print dynamic({a: 1})", 15, "a", "a key in quotes"),
        ("print typeof(text)", 13, "text", "a type"),
        ("let = 1", 4, "=", "'|', ';' or the end of the text"),
        ("let a 1", 6, "1", "'='"),
        ("let f = (x: text) { x }", 12, "text", "a type"),
        ("let f = (x: long) { x", 21, "", "'}'"),
        ("datatable (a: long) [b]", 21, "b", "a literal"),
        (
            "T | project where",
            12,
            "where",
            "an expression (a keyword needs brackets: ['name'])",
        ),
        (
            "T | as where",
            7,
            "where",
            "a name (a keyword needs brackets: ['name'])",
        ),
    ] {
        let error = parse(text).expect_err(text);
        let found = (error.offset(), error.token(), error.expected());
        assert_eq!(found, (offset, token, expected), "{text}: {error}");
        assert_eq!(
            (error.kind(), error.code()),
            (SyntaxErrorKind::Unexpected, "SYN0002")
        );
    }
}

#[test]
fn tokens_that_are_none_have_errors_of_their_own() {
    for (text, offset, kind) in [
        ("print 'abc", 6, SyntaxErrorKind::Unterminated),
        ("print \"abc\n\"", 6, SyntaxErrorKind::Unterminated),
        ("print @'abc''", 6, SyntaxErrorKind::Unterminated),
        ("print ```abc``", 6, SyntaxErrorKind::Unterminated),
        ("print 'abc\\", 6, SyntaxErrorKind::Unterminated),
        ("print datetime(2020", 6, SyntaxErrorKind::Unterminated),
        ("print 'c:\\dir'", 6, SyntaxErrorKind::BadEscape),
        ("print '\\x4'", 6, SyntaxErrorKind::BadEscape),
        ("print '\\u12'", 6, SyntaxErrorKind::BadEscape),
        ("print 'ok', '\\é'", 12, SyntaxErrorKind::BadEscape),
        ("print a # b", 8, SyntaxErrorKind::UnknownCharacter),
        ("print é", 6, SyntaxErrorKind::UnknownCharacter),
        ("T | where ! a", 10, SyntaxErrorKind::UnknownCharacter),
        ("T \0", 2, SyntaxErrorKind::UnknownCharacter),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!((error.offset(), error.kind()), (offset, kind), "{text}: {error}");
    }
}

#[test]
fn lines_and_columns_are_counted_from_one() {
    let text = "T\r\n| where a\n\t| foo";
    let error = parse(text).expect_err(text);
    assert_eq!((error.line(), error.column()), (3, 4));
    assert_eq!(
        error.to_string(),
        "syntax error SYN0002 at line 3, column 4: expected an operator, found 'foo'"
    );
    assert_eq!(LineColumn::of("ab\n", 3), LineColumn { line: 2, column: 1 });
    assert_eq!(LineColumn::of("ab", 99), LineColumn { line: 1, column: 3 });
    assert_eq!(LineColumn::of("é", 1), LineColumn { line: 1, column: 1 });
    assert_eq!(LineColumn::of("", 0), LineColumn { line: 1, column: 1 });
}

#[test]
fn messages_are_one_line_and_short() {
    for text in [
        "T | 'two\nlines'",
        "T | ```two\nlines```",
        &format!("T | '{}'", "x".repeat(10_000)),
    ] {
        let message = parse(text).expect_err(text).to_string();
        assert!(!message.contains('\n') && message.len() < 250, "{message}");
    }
}

#[test]
fn operators_alone_have_errors_in_their_own_text() {
    assert_eq!(parse_operators("").expect("no operators"), []);
    assert_eq!(parse_operators("take 1 | count").expect("without a bar").len(), 2);
    assert_eq!(
        parse_operators("| take 1 |")
            .expect_err("a bar too many")
            .offset(),
        10
    );
    assert_eq!(
        parse_operators("| take 1; T").expect_err("a statement").offset(),
        8
    );
}
