//! Printing and parsing again gives the same tree, and a normal form is its own normal form.

mod shape;

use kusto_kql::print;
use shape::{parse, shape};

/// Every construct of the language at least once, by and large in the order of the tree's files.
const QUERIES: &[&str] = &[
    // Statements
    "let a = 1; let b = T | count; let c = (T | take a); b",
    "let f = (a: long, b: string = \"x\", c: dynamic = dynamic([])) { let d = a; T | where x == d };\nf(1)",
    "let f = (T: (a: long, *), U: (*), n: int = -1) { T | union U | take n; }; f(X, Y)",
    "let v = view () { T }; let ['two words'] = view (x: real) { print x }; union v, ['two words']",
    "let g = () { }; let h = () { let a = 1; }; print 1",
    "let c = (a: \"x\" or b) and d; c",
    "set notruncation; set querytrace = true; set truncationmaxrecords = 10; set x = word; T",
    "declare query_parameters (a: long = 1, b: datetime = datetime(2020-01-01), c: dynamic); T",
    "alias database d = cluster(\"c\").database(\"x\"); database(\"d\").T",
    "restrict access to (T, V*, database(\"d\").*, cluster(\"c\").database(\"d\").f); T",
    "declare pattern p; p",
    "declare pattern p = (a: string, b: string)[c: string] { (\"x\", 'y').[\"z\"] = { T }; (\"q\", \"r\") = { let a = 1; U }; }; T",
    "print 1; print 2; print 3;",
    // Sources
    "datatable (a: long, ['b c']: string,) [1, \"x\", -2, 'y' 'z', long(null), dynamic({\"a\": [1]}),]",
    "datatable (a: long) []",
    "externaldata (a: long, b: string) [h@\"https://x/y;key\", \"z\"] with (format=csv, ignoreFirstRecord=true, ['a b']=1, c=['true'],)",
    "inline_external_table (a: datetime) kind=storage partition by (d: datetime = bin(a, 1d), s: string) pathformat=(s \"/\" datetime_pattern(\"yyyy\", d)) dataformat=parquet (h@\"x\") with (a=b)",
    "materialized-view-combine(\"V\") base (T | where a) delta (U) aggregations (summarize count() by b) | count",
    "entity_group [cluster(\"a\").database(\"b\"), database(\"c\")]",
    "print x = 1, 'y', (a, ['b c']) = f(z)",
    "range x from 1 to 10 step 1 | count",
    "range ['x y'] from now(-1d) to now() step 1h",
    "find withsource=s in (T, U* , database(\"d\").V | as X) where a == 1 project a, b: long, pack(*)",
    "find \"text\" project-smart",
    "find datascope=all in (T) where x project-away *",
    "search kind=case_sensitive in (T, U*) \"a\" or b : \"c\" and * has 'd'",
    "search * and \"x\"",
    "evaluate f(1) | count",
    "where type == 'x' | project id",
    "union kind=outer withsource=s isfuzzy=true T*, *, database(\"d\").U*, cluster('c').database('d').V, (W | take 1), f(1)",
    "macro-expand isfuzzy=true entity_group [database(\"a\")] as X (let y = X.T; y | count; X.U)",
    "let g = entity_group [database(\"a\")]; macro-expand g as X (X.T)",
    "T datascope=hotcache | take 1",
    // Literals
    "print true, FALSE, bool(1), bool(null), 1, 0x1F, long(-5), int(7), int(null), 1.5, 1e-3, 2.5E+10, 1., real(nan), real(-inf), decimal(1.5)",
    "print 1d, 1.5h, 10ms, 3tick, 2microseconds, time(5), timespan(1.02:03:04.5), datetime(2020-01-01T10:00:00.1234567Z), datetime(\"2020-01-01\"), date(now)",
    "print guid(74be27de-1e4e-49d9-b579-fe0b331d3642), uuid(\"74be27de-1e4e-49d9-b579-fe0b331d3642\"), typeof(long), typeof(*, a: long), typeof(a: long, *, b: real)",
    "print \"a\\\"b\\\\\\t\\n\", 'it\\'s', @\"c:\\x\", @'it''s', ```multi\nline```, ~~~tildes~~~, h\"secret\", H@'x' \"y\", \"日本 😀\\u0007\"",
    "print dynamic(null), dynamic([1, -2.5, \"x\", true, null, 1d, datetime(2020-01-01), guid(00000000-0000-0000-0000-000000000000), {}, []]), dynamic({\"a\": {\"b\": 'c'}, \"a\": 1}), dynamic(dynamic(1))",
    "print {parameter}, dynamic([{other}]), datatable (a: long) [{cells}]",
    // Expressions
    "T | where a or b and c or not(d) and (e or f) and (g and h)",
    "T | where a == 1 and b != 2 and c <> 3 and d < 4 and e <= 5 and f > 6 and g >= 7 and (a == b) == (c < d)",
    "T | where a =~ 'x' and b !~ 'y' and c has 'z' and d !has_cs 'w' and e matches regex @'\\d' and f startswith_cs 'x' and g !endswith 'y' and h contains_cs 'q' and i hasprefix 'p' and j !hassuffix_cs 's' and k notlike 'l'",
    "T | where a in (1, 2) and b !in (U | project x) and c in~ ('a') and d !in~ (v) and e has_any (dynamic(['x'])) and f has_all ('a', 'b')",
    "T | where a between (1 .. 2) and b !between (ago(1d) .. now() + 1h)",
    "T | extend x = a + b * c - d / e % f, y = (a + b) * c, z = a - (b - c), w = a / (b * c), v = -a + -(b + c) - -1, u = (a has 'x') + 1, t = (a + b) has 'x'",
    "T | extend x = a.b.c, y = a['b'][0].d, z = f(x).g[1], w = (a + b).c, v = a.['b c'].d, u = dynamic([1])[0], t = \"x\"[0], s = (5).a, r = ['a b'].c, q = a.[0], p = (-a)[0]",
    "T | extend x = f(), y = g(a, b = 1, *), z = a.f(1).g(2), w = ['my f'](1), v = toscalar(U | count), u = toscalar kind=nooptimization (U), t = toscalar((U | count)), s = iff(a == 1, 'x', 'y')",
    "T | extend x = $left.a, ['where'] = 1, by = 2, y = ['true'], z = type, ['let'] = kind",
    "(T | where a) | where b",
    "((T))",
    // Operators
    "T | as hint.materialized=true X | assert-schema (a: long, b: string) | consume decodeblocks=true | __executeAndCache | getschema | count | count as n",
    "T | distinct * | distinct a, b | distinct a = b.c",
    "T | evaluate hint.distribution=per_node bag_unpack(d, 'x') : (a: long, *)",
    "T | extend a = 1, b | facet by a, b with (take 1 | count) | facet by c | facet by d with take 1",
    "T | fork (take 1) b = (where x | count) c = (summarize by y)",
    "E | make-graph a --> b with N on id, M on k | graph-match cycles=none (a)-[e]->(b)<--(c)--(), (b)<-[f*1 .. 3]-(d)-[*2..4]-(g) where a.x == 1 project a.x, y = b",
    "E | make-graph a -- b with_node_id=n | graph-shortest-paths output=all (a)-[e*1..5]->(b) project x = a.name | graph-mark-components kind=weak",
    "E | make-graph a --> b partitioned-by c (graph-to-table nodes as N with_node_id=x, edges as E)",
    "G | graph-where-nodes a == 1 | graph-where-edges b | graph-to-table edges",
    "T | invoke f(1) | invoke database('d').g()",
    "T | join kind=inner hint.strategy=broadcast (U | where a) on a, $left.b == $right.c | join V | join (W) where a == b",
    "T | lookup kind=leftouter (U) on a",
    "T | make-series kind=nonempty a = avg(x) default=0, count() on t from ago(1d) to now() step 1h by c, d = e | make-series sum(x) on t in range(1, 2, 3) | make-series max(x) on t step 1d",
    "T | mv-apply x = a to typeof(long), b limit 5 on (summarize sum(x) | extend y = 1)",
    "T | mv-expand bagexpansion=array with_itemindex=i a, b = c.d to typeof(string) limit 10 | mvexpand kind=bag e",
    "T | parse kind=regex flags=Ui a.b with * \"x\" c: long * 'y' d | parse-where e with f 'z' g: real *",
    "T | parse-kv x as (a: long, b: string) with (pair_delimiter=';', kv_delimiter='=', greedy=true) | parse-kv y as (c: real)",
    "T | partition hint.strategy=native by a (top 3 by b | count) | partition by c.d { U | where e == 1 } | partition by f in g(1) (take 1) | __partitionby h id guid(00000000-0000-0000-0000-000000000000) (take 1)",
    "T | project a, b = c | project | project-away a*, *b, *c*, d | project-away | project-by-names 'a', dynamic(['b']) | project-keep x, y* | project-rename a = b | project-reorder a asc, b* granny-desc, c, * desc",
    "T | reduce kind=source by a with threshold=0.1, characters='x' | reduce by b",
    "T | render timechart | render columnchart with (kind=stacked, title=strcat('a', 'b'), ycolumns=a, ['b c'], ymin=-5, accumulate=true, legend=hidden) | render piechart title='x' kind=default by a, b | render card with ()",
    "T | sample 5 | sample-distinct 10 of a",
    "T | scan with_match_id=m order by t asc partition by a, b declare (x: long = 0, y: string) with (step s1 output=all: a > 1 => x = 1, y = s1.y; step s2 optional: true;)",
    "T | serialize | serialize a = row_number(), b",
    "T | sort by a asc nulls first, b desc, c nulls last, d = e | order by f",
    "T | summarize | summarize count() | summarize by a | summarize hint.strategy=shuffle x = count(), arg_max(t, *), (a, b) = f(c) by bin(t, 1h), d = e bin=1d",
    "T | take 5 | limit n + 1 | top 3 by a asc nulls last | top-hitters 5 of a by b | top-hitters 5 of c",
    "T | top-nested 3 of a with others = 'z' by s = sum(x) desc, top-nested of b by count()",
    "T | union V, W* | where hint.x=y a | filter b",
];

#[test]
fn every_construct_survives_printing() {
    for text in QUERIES {
        let tree = parse(text);
        let printed = print(&tree);
        let again = parse(&printed);
        assert_eq!(shape(&again), shape(&tree), "{text}\n{printed}");
        assert_eq!(print(&again), printed, "{text}");
    }
}

#[test]
fn spellings_that_mean_the_same_print_the_same() {
    for (one, other) in [
        ("T|limit 5", "T | take 5"),
        ("T | filter a<>1 // comment", "T\n| where ((a) != (1))"),
        ("T | order by a", "T | sort by a"),
        ("print 'a' \"b\"", "print @'ab'"),
        ("datatable(a:int64)[1]", "datatable (a: long) [1,]"),
        ("T | mvexpand a", "T | mv-expand a"),
        (
            "print time(1d), date(2020-01-01)",
            "print 1d, datetime(2020-01-01)",
        ),
        ("T | extend x = a.['b']", "T | extend ['x'] = ['a'].b"),
        (
            "T | render timechart kind=stacked title='x'",
            "T | render timechart with (kind=stacked, title='x')",
        ),
    ] {
        assert_eq!(print(&parse(one)), print(&parse(other)));
    }
}

#[test]
fn the_normal_form_has_one_operator_a_line_outside_of_parentheses() {
    let text = "let f=(x:long){T|where a==x|take 1};f(1)|join kind=inner (U|count) on a|render card";
    let normal = "let f = (x: long) { T | where a == x | take 1 };\n\
                  f(1)\n| join kind=inner (U | count) on a\n| render card";
    assert_eq!(print(&parse(text)), normal);
}
