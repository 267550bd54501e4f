"""Times queries over 10 million rows on a service and the same SQL on DuckDB with one thread, side by side.

speed.py make FOLDER           writes the Parquet files
speed.py compare FOLDER URL PID    the service, a process with this number, has them as the tables facts and labels

Each pair is run in turns, so that whatever else the machine does troubles both. DuckDB reads the same files; then both
sides run over tables in memory. Of the time that passes the quickest run counts; of the processors' time, which other
work troubles less, the median. On a machine with other work the time that passes says little: DuckDB has one thread,
the service more, and those wait for each other.
"""

import json
import os
import statistics
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


def processor_time(pid):
    """Seconds that a process has spent on processors, from the fields 14 and 15 of proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(run, spent):
    started, before = time.perf_counter(), spent()
    answer = run()
    return time.perf_counter() - started, spent() - before, answer


class Side:
    def __init__(self):
        self.wall, self.processors = [], []

    def run(self, run, spent):
        wall, processors, answer = timed(run, spent)
        self.wall.append(wall)
        self.processors.append(processors)
        return answer


def compare(title, kql, sql, url, pid, connection):
    ours, theirs = Side(), Side()
    for _ in range(RUNS):
        frames = ours.run(lambda: post(url, "/v2/rest/query", kql), lambda: processor_time(pid))
        rows = theirs.run(lambda: connection.execute(sql).fetchall(), time.process_time)
    if comparable(rows_of(frames)) != comparable(rows):
        raise SystemExit(f"{title}: the answers differ")
    walls = min(ours.wall), min(theirs.wall)
    processors = statistics.median(ours.processors), statistics.median(theirs.processors)
    print(
        f"{title:34} passed {walls[0]:.3f} s, DuckDB {walls[1]:.3f} s: {walls[0] / walls[1]:.2f};"
        f" processors {processors[0]:.3f} s, {processors[1]:.3f} s: {processors[0] / processors[1]:.2f}",
        flush=True,
    )
    return max(walls[0] / walls[1], processors[0] / processors[1])


def main():
    action, folder = sys.argv[1], Path(sys.argv[2])
    if action == "make":
        make(folder)
        return
    url, pid = sys.argv[3:5]
    files, memory = one_thread(), one_thread()
    for table in TABLES:
        path = folder / f"{table}.parquet"
        files.execute(f"CREATE VIEW {table} AS SELECT * FROM '{path}'")
        memory.execute(f"CREATE TABLE {table} AS SELECT * FROM '{path}'")
        post(url, "/v1/rest/mgmt", f".set-or-replace {table}_in_memory <| {table}")
    ratios = [compare(f"{title}, Parquet", kql, sql, url, pid, files) for title, kql, sql in QUERIES]
    for title, kql, sql in QUERIES:
        for table in TABLES:
            kql = kql.replace(table, f"{table}_in_memory")
        ratios.append(compare(f"{title}, memory", kql, sql, url, pid, memory))
    if max(ratios) > MOST:
        raise SystemExit(f"the service takes more than {MOST:g} times what DuckDB takes")


if __name__ == "__main__":
    main()
