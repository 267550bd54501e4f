//! Nesting is limited, so that no text can exhaust the stack of an ordinary thread (two mebibytes,
//! which is what tests run on); length is not.

use kusto_kql::{MAX_DEPTH, SyntaxErrorKind, parse, print};

/// What opens a level, what is innermost, what closes a level.
const NESTINGS: &[(&str, &str, &str)] = &[
    ("print (", "1", ")"),
    ("print f(", "1", ")"),
    ("print f(x=", "1", ")"),
    ("print a[", "1", "]"),
    ("print -(", "1", ")"),
    ("print 1 + (", "1", ")"),
    ("print a or b and c == d < e + f * g has (", "1", ")"),
    ("print a in (", "1", ")"),
    ("print a between (1 .. ", "1", ")"),
    ("print dynamic([", "1", "])"),
    ("print dynamic({'a': ", "1", "})"),
    ("print toscalar(", "1", ")"),
    ("T | join (", "U", ")"),
    ("T | where x in (", "U", ")"),
    ("T | union (", "U", ")"),
    ("union (", "U", ")"),
    ("T | lookup (", "U", ") on a"),
    ("T | mv-apply a on (", "take 1", ")"),
    ("T | partition by a (", "take 1", ")"),
    ("T | partition by a {", "T", "}"),
    ("T | fork (", "take 1", ")"),
    ("T | facet by a with (", "take 1", ")"),
    ("T | facet by a with ", "take 1", ""),
    ("macro-expand G as X (", "X.T", ")"),
    ("let f = () { ", "1", " }"),
    ("T | make-graph a --> b partitioned-by c (", "take 1", ")"),
];

/// The text with so many levels. The first word of a nesting stays outside of what is repeated.
fn nested((open, inner, close): (&str, &str, &str), levels: usize) -> String {
    let (first, again) = match open.strip_prefix("print ") {
        Some(operand) => ("print ", operand),
        None => match open.strip_prefix("T | ") {
            Some(operator) if inner.starts_with("take") => ("T | ", operator),
            _ => ("", open),
        },
    };
    format!("{first}{}{inner}{}", again.repeat(levels), close.repeat(levels))
}

#[test]
fn deep_nesting_is_an_error_that_says_so() {
    for nesting in NESTINGS {
        let nesting = match *nesting {
            ("print dynamic([", inner, _) => ("print dynamic(dynamic([", inner, "]))"),
            other => other,
        };
        let error = parse(&nested(nesting, 5_000)).expect_err(nesting.0);
        assert_eq!(error.kind(), SyntaxErrorKind::TooDeep, "{}: {error}", nesting.0);
        assert!(
            error.to_string().contains("nested more than 200 levels"),
            "{error}"
        );
    }
}

#[test]
fn nesting_up_to_the_limit_is_parsed_and_printed() {
    for nesting in NESTINGS {
        let levels = (1..=MAX_DEPTH).take_while(|&levels| parse(&nested(*nesting, levels)).is_ok());
        let levels = levels.last().expect(nesting.0);
        assert!(levels >= MAX_DEPTH / 16, "{}: {levels}", nesting.0);
        let script = parse(&nested(*nesting, levels)).expect(nesting.0);
        let printed = print(&script);
        assert_eq!(print(&parse(&printed).expect(nesting.0)), printed);
    }
}

#[test]
fn length_is_not_nesting() {
    let or = vec!["a == 1"; 20_000].join(" or ");
    let and = vec!["a == 1"; 20_000].join(" and ");
    let list = vec!["1"; 20_000].join(", ");
    let pipe = vec!["take 1"; 20_000].join(" | ");
    let text = format!("T | where {or} | where {and} | where a in ({list}) | {pipe}");
    let script = parse(&text).expect("a long query");
    assert_eq!(parse(&print(&script)), parse(&print(&script)));
}

#[test]
fn chains_that_lean_to_the_left_are_nesting() {
    for (first, link) in [
        ("1", " + 1"),
        ("a", ".b"),
        ("a", "[0]"),
        ("f()", ".f()"),
        ("a", " * b - c"),
    ] {
        let links = |count: usize| format!("print {first}{}", link.repeat(count));
        parse(&links(MAX_DEPTH / 2 - 2)).unwrap_or_else(|error| panic!("{link}: {error}"));
        let error = parse(&links(MAX_DEPTH + 1)).expect_err(link);
        assert_eq!(error.kind(), SyntaxErrorKind::TooDeep, "{link}");
    }
    let entities = vec!["database('d').T"; 5_000].join(", ");
    parse(&format!("union {entities}")).expect("many short paths");
}
