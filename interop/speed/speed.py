"""Times queries over 10 million rows on a service and the same SQL on DuckDB with one thread, side by side.

speed.py make FOLDER           writes the Parquet files
speed.py compare FOLDER URL    the service has them as the tables facts and labels

Each pair is run in turns, so that whatever else the machine does troubles both; the quickest of the runs counts. DuckDB
reads the same files; then both sides run over tables in memory.
"""

import json
import sys
import time
import urllib.request
from pathlib import Path

import duckdb

ROWS = 10_000_000
LABELS = 100_000
RUNS = 7
MOST = 3.0
TABLES = ["facts", "labels"]

# What is compared, in KQL and in SQL.
QUERIES = [
    (
        "summarize by a number",
        "facts | where x > 100 | summarize count(), sum(x) by key",
        "SELECT key, count(*), sum(x) FROM facts WHERE x > 100 GROUP BY key",
    ),
    (
        "summarize by a text",
        "facts | where x > 100 | summarize count(), sum(x) by name",
        "SELECT name, count(*), sum(x) FROM facts WHERE x > 100 GROUP BY name",
    ),
    ("top", "facts | top 10 by x", "SELECT * FROM facts ORDER BY x DESC LIMIT 10"),
    (
        "join",
        "facts | join kind=inner labels on other | summarize sum(x), sum(weight)",
        "SELECT sum(x), sum(weight) FROM facts JOIN labels USING (other)",
    ),
    (
        "join, summarize by a text",
        "facts | join kind=inner labels on other | summarize count(), sum(x) by label",
        "SELECT label, count(*), sum(x) FROM facts JOIN labels USING (other) GROUP BY label",
    ),
]


def one_thread():
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    return connection


def make(folder):
    connection = one_thread()
    # Multiplication by a prime spreads the numbers without a generator of random ones.
    connection.execute(
        f"""COPY (SELECT i AS id, i * 7919 % 1000 AS key, 'name ' || (i * 104729 % 5000) AS name,
                   i * 15485863 % {LABELS} AS other, (i * 32452843 % 1000003) / 1000.0 AS x
            FROM range({ROWS}) AS t(i)) TO '{folder / "facts.parquet"}' (FORMAT parquet)"""
    )
    connection.execute(
        f"""COPY (SELECT i AS other, 'label ' || (i % 100) AS label, i % 7 AS weight
            FROM range({LABELS}) AS t(i)) TO '{folder / "labels.parquet"}' (FORMAT parquet)"""
    )


def post(url, path, text):
    body = json.dumps({"db": "NetDefaultDB", "csl": text}).encode()
    request = urllib.request.Request(url + path, data=body, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def rows_of(frames):
    table = next(frame for frame in frames if frame.get("TableKind") == "PrimaryResult")
    return table["Rows"]


def comparable(rows):
    """Rows in any order; sums depend on the order of addition in their last digits."""
    cells = [[f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    return sorted(cells)


def timed(run):
    started = time.perf_counter()
    answer = run()
    return time.perf_counter() - started, answer


def compare(title, kql, sql, url, connection):
    ours, theirs = [], []
    for _ in range(RUNS):
        seconds, frames = timed(lambda: post(url, "/v2/rest/query", kql))
        ours.append(seconds)
        seconds, rows = timed(lambda: connection.execute(sql).fetchall())
        theirs.append(seconds)
    if comparable(rows_of(frames)) != comparable(rows):
        raise SystemExit(f"{title}: the answers differ")
    ratio = min(ours) / min(theirs)
    print(f"{title:40} service {min(ours):.3f} s, DuckDB {min(theirs):.3f} s: {ratio:.2f}")
    return ratio


def main():
    action, folder = sys.argv[1], Path(sys.argv[2])
    if action == "make":
        make(folder)
        return
    url = sys.argv[3]
    files, memory = one_thread(), one_thread()
    for table in TABLES:
        path = folder / f"{table}.parquet"
        files.execute(f"CREATE VIEW {table} AS SELECT * FROM '{path}'")
        memory.execute(f"CREATE TABLE {table} AS SELECT * FROM '{path}'")
        post(url, "/v1/rest/mgmt", f".set-or-replace {table}_in_memory <| {table}")
    ratios = [compare(f"{title}, Parquet", kql, sql, url, files) for title, kql, sql in QUERIES]
    for title, kql, sql in QUERIES:
        for table in TABLES:
            kql = kql.replace(table, f"{table}_in_memory")
        ratios.append(compare(f"{title}, memory", kql, sql, url, memory))
    if max(ratios) > MOST:
        raise SystemExit(f"the service takes more than {MOST:g} times what DuckDB takes")


if __name__ == "__main__":
    main()
