//! No text makes the parser panic, hang or contradict itself: random bytes, random tokens, and queries
//! with pieces missing, doubled or swapped.

mod shape;

use kusto_kql::{is_command, parse, parse_command, parse_operators, print};
use shape::shape;

/// Xorshift: the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// Parses a text in every way there is; if it is a query, it must survive printing.
fn check(text: &str) -> bool {
    let _ = parse_operators(text);
    if is_command(text) {
        let _ = parse_command(text);
    }
    match parse(text) {
        Ok(script) => {
            let printed = print(&script);
            let again = parse(&printed).unwrap_or_else(|error| panic!("{text}\n{printed}\n{error}"));
            assert_eq!(shape(&again), shape(&script), "{text}\n{printed}");
            true
        }
        Err(error) => {
            assert!(
                error.offset() <= text.len() && text.is_char_boundary(error.offset()),
                "{text}"
            );
            assert!(error.line() >= 1 && error.column() >= 1);
            false
        }
    }
}

const SEEDS: &[&str] = &[
    "let f = (T: (a: long, *), n: int = -1) { let x = 1; T | where a > x | take n }; f(U, 5) | count",
    "StormEvents | where State in~ ('a', \"b\") and (x.y['z'][0] between (1 .. 2d) or not(a has_cs @'q')) | summarize n = count(), (p, q) = arg_max(t, *) by bin(t, 1h), State | top 3 by n asc nulls last",
    "T | join kind=inner hint.strategy=broadcast (U | project a, b = c) on a, $left.b == $right.c | render timechart with (title='x', ycolumns=a, b)",
    "print dynamic({\"a\": [1, -2.5, null, datetime(2020-01-01)]}).a, h'secret' 'x', ```multi```, typeof(*, a: long), -(1 + 2) * 3 % 4",
    "union withsource=s T*, database('d').U*, (V | as W) | mv-expand a = b to typeof(long) limit 3 | parse kind=regex x with * 'y' z: long *",
    "T | make-series avg(x) default=0 on t from ago(1d) to now() step 1h by c | scan declare (s: long = 0) with (step a output=all: x > 1 => s = 1;)",
    "E | make-graph a --> b with N on id | graph-match (a)-[e*1..3]->(b)<--(c) where a.x == 1 project a, e",
    "datatable (a: long, ['b c']: string) [1, 'x', long(null), \"y\"] | partition by a (top 1 by a) | fork (take 1) z = (count)",
    "find in (T, U*) where x == 1 project a, b: long, pack(*); search in (T) * : 'x' and a; range x from 1 to 2 step 1",
    ".set-or-append T with (a='b') <| U | where c { | } | take 1",
];

const WORDS: &[&str] = &[
    "T",
    "a",
    "let",
    "=",
    "==",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "|",
    ",",
    ";",
    ".",
    "..",
    ":",
    "*",
    "-",
    "+",
    "'s'",
    "\"",
    "'",
    "`",
    "```",
    "~~~",
    "\\",
    "1",
    "1.5",
    "1d",
    "0x",
    "where",
    "project",
    "extend",
    "summarize",
    "by",
    "join",
    "on",
    "kind",
    "union",
    "print",
    "range",
    "from",
    "to",
    "step",
    "dynamic(",
    "datetime(",
    "typeof(",
    "mv-expand",
    "top-nested",
    "of",
    "with",
    "others",
    "in",
    "in~",
    "!in",
    "has_any",
    "between",
    "and",
    "or",
    "asc",
    "nulls",
    "first",
    "toscalar(",
    "datatable",
    "long",
    "string",
    "find",
    "search",
    "evaluate",
    "scan",
    "set",
    "declare",
    "pattern",
    "query_parameters",
    "['x']",
    "h'x'",
    "@",
    "<|",
    "=>",
    "-->",
    "<-",
    "é",
    "\u{a0}",
    "\0",
    "//",
    "\n",
    "hint.x=y",
    "fork",
    "partition",
    "render",
    "make-series",
    "graph-match",
    "view",
    "null",
    "true",
    "$left",
];

#[test]
fn random_bytes_are_parsed_or_refused() {
    let mut random = Random(1);
    for _ in 0..4_000 {
        let length = random.below(60);
        let bytes: Vec<u8> = (0..length)
            .map(|_| u8::try_from(random.below(256)).unwrap_or(0))
            .collect();
        check(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn random_tokens_are_parsed_or_refused() {
    let mut random = Random(2);
    for _ in 0..8_000 {
        let mut text = String::new();
        for _ in 0..random.below(25) {
            text.push_str(random.pick(WORDS));
            text.push_str(random.pick(&["", " ", " "]));
        }
        check(&text);
    }
}

#[test]
fn mutated_queries_are_parsed_or_refused() {
    let mut random = Random(3);
    let mut accepted = 0;
    for _ in 0..8_000 {
        let mut pieces: Vec<&str> = random.pick(SEEDS).split_inclusive([' ', '(', ',', '.']).collect();
        for _ in 0..=random.below(3) {
            let (from, to) = (random.below(pieces.len()), random.below(pieces.len()));
            match random.below(4) {
                0 => pieces[to] = pieces[from],
                1 => pieces[to] = "",
                2 => pieces.swap(from, to),
                _ => pieces.insert(to, random.pick(WORDS)),
            }
        }
        accepted += usize::from(check(&pieces.concat()));
    }
    assert!(accepted > 200, "{accepted} of the mutants are queries");
}

#[test]
fn every_prefix_of_a_query_is_parsed_or_refused() {
    for seed in SEEDS {
        for (end, _) in seed.char_indices() {
            check(&seed[..end]);
        }
    }
}
