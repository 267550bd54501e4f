"""Asks a service with Microsoft's SDK and compares every row with the rows in a file.

query_service.py URL CASES

CASES is a JSON file: a list of {"query", "rows"}, rows as our own client wrote them, one JSON object a row.
"""

import io
import json
import sys
from datetime import datetime, timedelta
from decimal import Decimal

from azure.kusto.data import ClientRequestProperties, KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.exceptions import KustoServiceError
from azure.kusto.ingest import IngestionProperties, KustoStreamingIngestClient
from azure.kusto.data.data_format import DataFormat

DATABASE = "NetDefaultDB"


def comparable(value):
    """A value of either side in one form: the SDK keeps six fraction digits of a second."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    if isinstance(value, Decimal):
        return str(value)
    return value


def expected(value, other):
    """Our client's JSON for a value, in the form of `comparable`."""
    if isinstance(value, str) and isinstance(other, datetime):
        text = value.removesuffix("Z")
        whole, _, fraction = text.partition(".")
        return f"{whole}.{(fraction + '000000')[:6]}"
    if isinstance(value, str) and isinstance(other, timedelta):
        sign = -1 if value.startswith("-") else 1
        clock = value.lstrip("-")
        days, clock = clock.split(".", 1) if "." in clock.split(":")[0] else ("0", clock)
        hours, minutes, seconds = clock.split(":")
        span = timedelta(days=int(days), hours=int(hours), minutes=int(minutes), seconds=float(seconds))
        return str((sign * span).total_seconds())
    return value


def check_rows(client, case):
    table = client.execute(DATABASE, case["query"]).primary_results[0]
    rows = [row.to_dict() for row in table]
    assert len(rows) == len(case["rows"]), f"{case['query']}: {len(rows)} rows, expected {len(case['rows'])}"
    for number, (row, want) in enumerate(zip(rows, case["rows"])):
        assert list(row) == list(want), f"{case['query']}: columns {list(row)}, expected {list(want)}"
        for name, value in row.items():
            found, wanted = comparable(value), expected(want[name], value)
            assert found == wanted, f"{case['query']}: row {number}, {name}: {found!r}, expected {wanted!r}"
    return len(rows)


def check_parameters(client):
    properties = ClientRequestProperties()
    properties.set_parameter("least", "long(3)")
    query = "declare query_parameters(least: long); range x from 1 to 5 step 1 | where x >= least"
    rows = [row["x"] for row in client.execute(DATABASE, query, properties).primary_results[0]]
    assert rows == [3, 4, 5], rows


def check_commands(client):
    client.execute_mgmt(DATABASE, ".create table Interop (a: long, b: string)")
    client.execute_mgmt(DATABASE, ".ingest inline into table Interop <| 1,one\n2,two")
    rows = [tuple(row) for row in client.execute(DATABASE, "Interop | order by a asc").primary_results[0]]
    assert rows == [(1, "one"), (2, "two")], rows
    names = [row["TableName"] for row in client.execute_mgmt(DATABASE, ".show tables").primary_results[0]]
    assert "Interop" in names, names
    client.execute_mgmt(DATABASE, ".drop table Interop")


def check_ingestion(client, url):
    client.execute_mgmt(DATABASE, ".create table InteropStream (a: long, b: string)")
    bodies = [
        (DataFormat.CSV, b"1,one\n2,two\n"),
        (DataFormat.JSON, b'{"a": 3, "b": "three"}\n'),
        (DataFormat.MULTIJSON, b'[{"a": 4, "b": "four"}]'),
    ]
    with KustoStreamingIngestClient(KustoConnectionStringBuilder.with_no_authentication(url)) as streaming:
        for data_format, body in bodies:
            properties = IngestionProperties(database=DATABASE, table="InteropStream", data_format=data_format)
            streaming.ingest_from_stream(io.BytesIO(body), properties)
        rows = [tuple(row) for row in client.execute(DATABASE, "InteropStream | order by a asc").primary_results[0]]
        assert rows == [(1, "one"), (2, "two"), (3, "three"), (4, "four")], rows
        try:
            nowhere = IngestionProperties(database=DATABASE, table="NoSuchTable", data_format=DataFormat.CSV)
            streaming.ingest_from_stream(io.BytesIO(b"1,one\n"), nowhere)
        except KustoServiceError as error:
            assert "NoSuchTable" in str(error), error
        else:
            raise AssertionError("ingestion into no table: no error")
    client.execute_mgmt(DATABASE, ".drop table InteropStream")


def check_errors(client):
    refused = [
        (DATABASE, "print x = nope", None, "SEM0100"),
        (DATABASE, "print x = (", None, "SYN"),
        ("Nowhere", "print 1", None, "Nowhere"),
        # A failure in the middle of the rows: the SDK reports what the answer ends with.
        (DATABASE, "range x from 1 to 5 step 1", {"truncationmaxrecords": 2}, "80DA0003"),
    ]
    for database, query, options, text in refused:
        properties = ClientRequestProperties()
        for name, value in (options or {}).items():
            properties.set_option(name, value)
        try:
            client.execute(database, query, properties)
        except KustoServiceError as error:
            assert text in str(error), error
        else:
            raise AssertionError(f"{query}: no error")


def check_streaming(client):
    answer = client.execute_streaming_query(DATABASE, "range x from 1 to 100000 step 1")
    rows = [row["x"] for row in next(answer.iter_primary_results())]
    assert rows == list(range(1, 100_001)), len(rows)


def main():
    url, path = sys.argv[1:3]
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)
    with KustoClient(KustoConnectionStringBuilder.with_no_authentication(url)) as client:
        rows = sum(check_rows(client, case) for case in cases)
        check_parameters(client)
        check_commands(client)
        check_ingestion(client, url)
        check_errors(client)
        check_streaming(client)
    checked = "parameters, commands, streamed answers, streaming ingestion and errors as expected"
    print(f"azure-kusto-data for Python: {len(cases)} queries, {rows} rows equal; {checked}")


if __name__ == "__main__":
    main()
