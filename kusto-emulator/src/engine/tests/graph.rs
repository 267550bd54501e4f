//! `make-graph` and what follows.

use super::{check, check_error};

const GRAPH: &str = "
    let People = datatable(name: string, age: long)['Alice', 45, 'Bob', 35, 'Carol', 38, 'Dave', 28, 'Zoe', 99];
    let Reports = datatable(employee: string, manager: string, since: long)[
        'Bob', 'Alice', 1, 'Carol', 'Alice', 2, 'Dave', 'Bob', 3, 'Eve', 'Bob', 4];
    let G = Reports | make-graph employee --> manager with People on name;";

#[test]
fn patterns_are_laid_over_the_graph() {
    check(
        &format!(
            "{GRAPH} G | graph-match (boss)<-[r]-(worker) where boss.age > 40 project boss.name, worker.name, r.since"
        ),
        "boss_name:string | worker_name:string | r_since:long\n Alice | Bob | 1\n Alice | Carol | 2",
    );
    check(
        &format!(
            "{GRAPH} G | graph-match (a)-[]->(b)-[]->(c), (d)-->(b) where d.name != a.name project a.name, c.name, d.name | sort by a_name asc"
        ),
        "a_name:string | c_name:string | d_name:string\n Dave | Alice | Eve\n Eve | Alice | Dave",
    );
    check(
        &format!(
            "{GRAPH} G | graph-match (a)-[]-(b) where a.name == 'Bob' project b.name | sort by b_name asc"
        ),
        "b_name:string\n Alice\n Dave\n Eve",
    );
}

#[test]
fn steps_of_several_edges_give_arrays() {
    check(
        &format!("{GRAPH} G | graph-match (a)-[r*1..3]->(b) where b.name == 'Alice' and all(inner_nodes(r), age < 40)
                  project a.name, r.since, map(inner_nodes(r), name), n = map(r, since * 10) | sort by a_name asc"),
        r#"a_name:string | r_since:dynamic | Column1:dynamic | n:dynamic
           Bob | [1] | [] | [10]
           Carol | [2] | [] | [20]
           Dave | [3,1] | ["Bob"] | [30,10]
           Eve | [4,1] | ["Bob"] | [40,10]"#,
    );
    check(
        &format!("{GRAPH} G | graph-match (a)-[r*2..2]->(b) where any(r, since == 4) project a.name"),
        "a_name:string\n Eve",
    );
}

#[test]
fn nodes_that_only_edges_name_are_nodes() {
    check(
        &format!(
            "{GRAPH} G | graph-match (a)-->(b) where node_id(a) == 'Eve' project a.name, a.age, node_degree_in(b), out = node_degree_out(b)"
        ),
        "a_name:string | a_age:long | Column1:long | out:long\n Eve | null | 2 | 1",
    );
    check(
        "datatable(a: long, b: long)[1, 2, 2, 3, 7, 8] | make-graph a --> b with_node_id=n
         | graph-mark-components with_component_id=part | graph-to-table nodes | sort by n asc",
        "n:long | part:long\n 1 | 0\n 2 | 0\n 3 | 0\n 7 | 1\n 8 | 1",
    );
}

#[test]
fn cycles_are_gone_once_unless_asked_for() {
    const RING: &str =
        "datatable(a: long, b: long)[1, 2, 2, 1] | make-graph a --> b with_node_id=n | graph-match";
    let count = |cycles: &str| format!("{RING} {cycles} (x)-[e*1..4]->(y) project x.n, y.n | count");
    check(&count(""), "Count:long\n 4");
    check(&count("cycles=unique_edges"), "Count:long\n 4");
    check(&count("cycles=all"), "Count:long\n 8");
    check(&count("cycles=none"), "Count:long\n 2");
}

#[test]
fn the_shortest_paths_are_found() {
    const LINES: &str = "
        let Lines = datatable(a: string, b: string)['A', 'B', 'B', 'C', 'A', 'X', 'X', 'C', 'C', 'D', 'A', 'Y', 'Y', 'Z', 'Z', 'C'];
        Lines | make-graph a --> b with_node_id=n | graph-shortest-paths";
    check(
        &format!(
            "{LINES} output=all (s)-[e*1..5]->(t) where s.n == 'A' and t.n == 'D' project s.n, path = strcat_array(map(e, b), '>') | sort by path asc"
        ),
        "s_n:string | path:string\n A | B>C>D\n A | X>C>D",
    );
    check(
        &format!(
            "{LINES} (s)-[e*1..5]->(t) where s.n == 'A' and t.n == 'C' and any(inner_nodes(e), n == 'Y') project map(e, b)"
        ),
        r#"Column1:dynamic
           ["Y","Z","C"]"#,
    );
}

#[test]
fn graphs_lose_nodes_and_edges_and_become_tables() {
    check(
        &format!("{GRAPH} G | graph-where-nodes name != 'Bob' | graph-to-table edges"),
        "employee:string | manager:string | since:long\n Carol | Alice | 2",
    );
    check(
        &format!("{GRAPH} let H = G | graph-where-edges since > 2; H | graph-to-table nodes | count"),
        "Count:long\n 6",
    );
    check(
        &format!(
            "{GRAPH} G | graph-to-table edges with_source_id=S with_target_id=T | where since == 1 | project S == hash('Bob'), T"
        ),
        "Column1:bool | T:long\n true | -3122868243544336885",
    );
}

#[test]
fn what_graphs_cannot_do_is_named() {
    check_error(
        &format!("{GRAPH} G | where name == 'Bob'"),
        "the operator 'where' on a graph",
    );
    check_error(
        &format!("{GRAPH} Reports | make-graph employee --> manager"),
        "a graph as the result",
    );
    check_error(
        &format!("{GRAPH} G | graph-match (a)-->(b)"),
        "a pattern without 'project'",
    );
    check_error(
        &format!("{GRAPH} G | graph-match (a)-[e]->(b)-[e]->(c) project a.name"),
        "names 'e' twice",
    );
    check_error(
        &format!("{GRAPH} G | graph-match (a)-[e*1..2]->(b) project map(x, since)"),
        "no edge named 'x'",
    );
    check_error(
        &format!("{GRAPH} G | graph-match (a)-->(b) project a.shoe"),
        "'a'",
    );
    check_error("print node_id()", "takes a node");
}
