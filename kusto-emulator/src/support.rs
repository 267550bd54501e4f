#![doc = include_str!("../SUPPORT.md")]

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::Arc;

    use crate::error::EngineErrorKind;
    use crate::ingest::Sources;
    use crate::session::Session;
    use crate::storage::{Storage, Table};
    use crate::{aggregate, engine, function};

    /// A statement, an operator or a plugin and a query with it. The tests run them all.
    const OPERATORS: &[(&str, &str)] = &[
        ("as", "T | as X | count"),
        ("assert-schema", "T | assert-schema (n: long)"),
        ("consume", "T | consume"),
        ("count", "T | count"),
        ("datatable", "datatable (a: long) [1, 2]"),
        ("distinct", "T | distinct s"),
        ("evaluate", "T | evaluate bag_unpack(d)"),
        ("extend", "T | extend m = n + 1"),
        (
            "externaldata",
            "externaldata (line: string) ['SUPPORT.md'] with (format='txt')",
        ),
        ("facet", "T | facet by s"),
        ("find", "find in (T) where n > 1"),
        ("fork", "T | fork (count) (take 1)"),
        ("getschema", "T | getschema"),
        (
            "inline_external_table",
            "inline_external_table (line: string) kind=storage dataformat=txt ('SUPPORT.md') | count",
        ),
        (
            "graph-mark-components",
            "T | make-graph n --> n with_node_id=i | graph-mark-components | graph-to-table nodes",
        ),
        (
            "graph-match",
            "T | make-graph n --> n with_node_id=i | graph-match (a)-->(b) project a.i",
        ),
        (
            "graph-shortest-paths",
            "T | make-graph n --> n with_node_id=i | graph-shortest-paths (a)-[e*1..2]->(b) project a.i",
        ),
        ("graph-to-table", "T | make-graph n --> n | graph-to-table edges"),
        (
            "graph-where-edges",
            "T | make-graph n --> n | graph-where-edges n > 1 | graph-to-table edges",
        ),
        (
            "graph-where-nodes",
            "T | make-graph n --> n with_node_id=i | graph-where-nodes i > 1 | graph-to-table nodes",
        ),
        ("invoke", "let f = (X: (n: long)) { X | count }; T | invoke f()"),
        ("join", "T | join kind=leftouter T on n"),
        ("lookup", "T | lookup T on n"),
        (
            "make-graph",
            "T | make-graph n --> n with_node_id=i | graph-to-table nodes",
        ),
        (
            "make-series",
            "T | make-series count() on t from datetime(2024-01-01) to datetime(2024-01-03) step 1d",
        ),
        (
            "mv-apply",
            "T | mv-apply x = d.list to typeof(long) on (summarize sum(x))",
        ),
        ("mv-expand", "T | mv-expand d.list"),
        ("parse", "T | parse s with a ':' b"),
        (
            "parse-kv",
            "T | parse-kv s as (a: long) with (pair_delimiter=';', kv_delimiter='=')",
        ),
        ("parse-where", "T | parse-where s with a ':' b"),
        ("partition", "T | partition by s (top 1 by n)"),
        ("print", "print x = 1"),
        ("project", "T | project n"),
        ("project-away", "T | project-away n"),
        ("project-keep", "T | project-keep n"),
        ("project-rename", "T | project-rename m = n"),
        ("project-reorder", "T | project-reorder s"),
        ("range", "range x from 1 to 3 step 1"),
        ("reduce", "T | reduce by s"),
        ("render", "T | render table"),
        ("sample", "T | sample 1"),
        ("sample-distinct", "T | sample-distinct 1 of s"),
        (
            "scan",
            "T | sort by n asc | scan declare (m: long) with (step a: true => m = n;)",
        ),
        ("search", "T | search 'a'"),
        ("serialize", "T | serialize i = row_number()"),
        ("sort", "T | sort by n desc nulls last"),
        ("summarize", "T | summarize count() by bin(t, 1d)"),
        ("take", "T | take 1"),
        ("top", "T | top 1 by n"),
        ("top-hitters", "T | top-hitters 1 of s"),
        ("top-nested", "T | top-nested 1 of s by count()"),
        ("union", "T | union withsource=from T"),
        ("where", "T | where n > 1"),
    ];

    const STATEMENTS: &[(&str, &str)] = &[
        ("alias", "alias database D = database('D'); T | count"),
        (
            "declare pattern",
            "declare pattern p = (a: string) { (\"x\") = { T }; }; p('x') | count",
        ),
        (
            "declare query_parameters",
            "declare query_parameters (least: long = 1); T | where n > least",
        ),
        ("let", "let least = 1; let V = view () { T }; V | where n > least"),
        ("restrict access", "restrict access to (T); T | count"),
        ("set", "set notruncation; T | count"),
        ("several results", "T | count; T | take 1"),
    ];

    const WINDOWS: &[(&str, &str)] = &[
        ("next()", "next(n)"),
        ("prev()", "prev(n, 1, 0)"),
        ("row_cumsum()", "row_cumsum(n)"),
        ("row_number()", "row_number()"),
        ("row_rank_dense()", "row_rank_dense(n)"),
        ("row_rank_min()", "row_rank_min(n)"),
        ("row_window_session()", "row_window_session(t, 1h, 5m)"),
    ];

    const GRAPH_FUNCTIONS: &[(&str, &str)] = &[
        ("all()", "all(e, n > 1)"),
        ("any()", "any(inner_nodes(e), i > 1)"),
        ("inner_nodes()", "map(inner_nodes(e), i)"),
        ("labels()", "labels(a)"),
        ("map()", "map(e, n)"),
        ("node_degree_in()", "node_degree_in(a)"),
        ("node_degree_out()", "node_degree_out(a)"),
        ("node_id()", "node_id(a)"),
    ];

    /// Functions that are part of the query rather than of the registry.
    const QUERY_FUNCTIONS: &[(&str, &str)] = &[
        ("around()", "around(n, 5, 2)"),
        ("bag_pack_columns()", "bag_pack_columns(n, s)"),
        ("column_ifexists()", "column_ifexists('n', 0)"),
        ("column_names_of()", "column_names_of(T)"),
        ("database()", "toscalar(database('D').T | count)"),
        ("ingestion_time()", "ingestion_time()"),
        ("iscolumnexists()", "iscolumnexists('n')"),
        ("materialize()", "toscalar(materialize(T) | count)"),
        ("pack_all()", "pack_all()"),
        ("series_fit_2lines()", "series_fit_2lines(d)"),
        ("series_fit_line()", "series_fit_line(d)"),
        ("series_stats()", "series_stats(d)"),
        ("table()", "toscalar(table('T') | count)"),
        ("toscalar()", "toscalar(T | count)"),
        (
            "geo_info_from_ip_address()",
            "geo_info_from_ip_address('192.0.2.1')",
        ),
        ("series_decompose()", "series_decompose(d)"),
        ("series_decompose_anomalies()", "series_decompose_anomalies(d)"),
        ("series_decompose_forecast()", "series_decompose_forecast(d, 1)"),
        (
            "series_periods_detect()",
            "series_periods_detect(d, 4.0, 10.0, 2)",
        ),
    ];

    const PLUGINS: &[(&str, &str)] = &[
        (
            "bag_unpack",
            "T | evaluate bag_unpack(d) : (n: long, s: string, t: datetime)",
        ),
        (
            "activity_counts_metrics",
            "T | evaluate activity_counts_metrics(s, t, datetime(2024-01-01), datetime(2024-02-01), 1d)",
        ),
        (
            "dcount_intersect",
            "T | summarize h = hll(n) | evaluate dcount_intersect(h)",
        ),
        ("ipv4_lookup", "T | evaluate ipv4_lookup(T, s, s)"),
        ("ipv6_lookup", "T | evaluate ipv6_lookup(T, s, s)"),
        ("narrow", "T | evaluate narrow()"),
        ("pivot", "T | project s, n | evaluate pivot(s)"),
        (
            "rolling_percentile",
            "T | evaluate rolling_percentile(n, 50, t, 1d, 7)",
        ),
        (
            "session_count",
            "T | evaluate session_count(n, t, datetime(2024-01-01), datetime(2024-02-01), 1d, 1h)",
        ),
    ];

    /// Whether the service runs a query.
    ///
    /// # Panics
    ///
    /// When the query is wrong, not merely unsupported.
    fn is_supported(query: &str) -> bool {
        let storage = Storage::new();
        storage.create_database("D").unwrap();
        let columns = [
            ("n", "long"),
            ("s", "string"),
            ("t", "datetime"),
            ("d", "dynamic"),
        ];
        let columns = columns
            .map(|(name, ty)| kusto_protocol::Column::new(name, kusto_protocol::ColumnType::from_name(ty)));
        let table = Table::new("T", columns.to_vec().into());
        let added = storage.update("D", |database| {
            database.tables.insert("T".to_owned(), table.into());
            Ok::<_, crate::error::EngineError>(())
        });
        added.unwrap();
        let mut session = Session::new("D");
        session.sources = Arc::new(Sources {
            folder: Some(env!("CARGO_MANIFEST_DIR").into()),
        });
        let outcome = engine::run(&storage, &session, query).and_then(|mut results| {
            results
                .iter_mut()
                .try_for_each(|result| result.next().map(|_| ()))
        });
        match outcome {
            Ok(()) => true,
            Err(error) if error.kind() == EngineErrorKind::Unsupported => false,
            Err(error) if error.to_string().contains("Unknown function") => false,
            Err(error) => panic!("{query}: {error}"),
        }
    }

    /// The names of what runs, and below those of what does not.
    fn section(title: &str, examples: &[(&str, String)], matrix: &mut String) {
        let (run, not): (Vec<_>, Vec<_>) = examples.iter().partition(|(_, query)| is_supported(query));
        let names = |examples: Vec<&(&str, String)>| {
            let names: Vec<String> = examples.iter().map(|(name, _)| format!("`{name}`")).collect();
            names.join(", ")
        };
        writeln!(matrix, "\n## {title}\n\n{}.", names(run)).unwrap();
        if !not.is_empty() {
            writeln!(matrix, "\nNot supported: {}.", names(not)).unwrap();
        }
    }

    fn matrix() -> String {
        let owned = |examples: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            let examples = examples.iter();
            examples
                .map(|(name, query)| (*name, (*query).to_owned()))
                .collect()
        };
        let mut matrix = "# What of KQL is supported\n\nWhat is not named here is refused with an error that \
                          names it; nothing is silently left out. A test writes this page from what the service \
                          runs (`UPDATE_EXPECT=1 cargo test -p kusto-emulator support`).\n"
            .to_owned();
        section("Statements", &owned(STATEMENTS), &mut matrix);
        section("Operators", &owned(OPERATORS), &mut matrix);
        section("Plugins of `evaluate`", &owned(PLUGINS), &mut matrix);
        let graphs = GRAPH_FUNCTIONS.iter();
        let graphs: Vec<_> = graphs
            .map(|(name, call)| {
                let graph = "T | make-graph n --> n with_node_id=i | graph-match (a)-[e*1..2]->(b) project";
                (*name, format!("{graph} x = {call}"))
            })
            .collect();
        section("Functions of graphs", &graphs, &mut matrix);
        let windows = WINDOWS.iter();
        let windows: Vec<_> = windows
            .map(|(name, call)| (*name, format!("T | sort by t asc | extend x = {call}")))
            .collect();
        section("Functions over neighbouring rows", &windows, &mut matrix);
        let calls = QUERY_FUNCTIONS.iter();
        let calls: Vec<_> = calls
            .map(|(name, call)| (*name, format!("T | project x = {call}")))
            .collect();
        section("Functions of the query", &calls, &mut matrix);
        let aggregates = aggregate::all().map(|function| ("", function.name, function.signature));
        functions("Aggregate functions", aggregates, &mut matrix);
        let scalars = function::all().map(|(family, function)| (family, function.name, function.signature));
        functions("Scalar functions and operators", scalars, &mut matrix);
        matrix.push_str(DIFFERENCES);
        matrix
    }

    /// What is answered in another way than the service does, and why.
    const DIFFERENCES: &str = "
## Known differences

- Distinct counts are exact; the service estimates them.
- `search` and `find` look into the tables of this service: the documentation's answers are those of its own databases.
- `gzip_compress_to_base64_string()` and `zlib_compress_to_base64_string()` give other bytes of the same content.
- `hll()` and `tdigest()` estimate with other rounding errors than the service once there are more than a thousand
  different values.
- `geo_h3cell_neighbors()` gives the cells in the order of the H3 library; the service's order is none.
- `geo_s2cell_neighbors()` gives the cells in the order of the S2 library; the service's order is none.
- `top-nested` gives rows of equal rank in the order they came.
- `geo_polygon_area()`, `geo_polygon_centroid()` and `geo_polygon_perimeter()` fail for polygons that overlap.
- `datetime_part()`, `dayofmonth()` and their like are `long`, as the service answers; its own binder predicts `int`.
- The documentation's answer for `node_degree_out()` is that of another query than the one it shows.
- Refused because their answers cannot be reproduced: `geo_info_from_ip_address()`, which needs a database of addresses;
  `series_decompose()` and its like, whose way is not published;
  queries to other clusters, and `externaldata` from addresses, which would leave this process: it reads files of the
  folder that the service may ingest from.
";

    fn functions(
        title: &str,
        functions: impl Iterator<Item = (&'static str, &'static str, &'static str)>,
        matrix: &mut String,
    ) {
        writeln!(matrix, "\n## {title}").unwrap();
        let mut family = None;
        for (next, name, signature) in functions {
            if family != Some(next) {
                family = Some(next);
                let heading = if next.is_empty() {
                    String::new()
                } else {
                    format!("\n### {next}\n")
                };
                writeln!(matrix, "{heading}\n| name | arguments and result |\n|---|---|").unwrap();
            }
            writeln!(matrix, "| `{}` | `{}` |", cell(name), cell(signature)).unwrap();
        }
    }

    /// A text as a cell of a table, which a bar would end.
    fn cell(text: &str) -> String {
        text.replace('|', "\\|")
    }

    #[test]
    fn the_page_says_what_the_service_runs() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/SUPPORT.md");
        let matrix = matrix();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(path, &matrix).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap() == matrix,
            "SUPPORT.md is stale; UPDATE_EXPECT=1 writes it anew"
        );
    }
}
