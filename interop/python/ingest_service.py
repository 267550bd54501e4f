"""Ingests with Microsoft's SDK, queued and managed, and reads the rows back.

ingest_service.py URL OUT

The service at URL must have a storage account. The SDK is told nothing else: it asks the service where to put data.
OUT becomes a JSON file: a query, and its rows as the SDK reads them.
"""

import io
import json
import os
import sys
import time
import uuid

from azure.kusto.data import DataFormat, KustoClient, KustoConnectionStringBuilder
from azure.kusto.ingest import (
    ColumnMapping,
    IngestionMappingKind,
    IngestionProperties,
    ManagedStreamingIngestClient,
    QueuedIngestClient,
    ReportLevel,
    ReportMethod,
    StreamDescriptor,
)
from azure.kusto.ingest.status import KustoIngestStatusQueues

DATABASE = "NetDefaultDB"
TABLE = "PythonIngestion"
DEADLINE = 60


def wait_for(client, query, wanted):
    """Queued data comes when it comes."""
    deadline = time.monotonic() + DEADLINE
    rows = None
    while time.monotonic() < deadline:
        rows = [list(row) for row in client.execute(DATABASE, query).primary_results[0]]
        if rows == wanted:
            return
        time.sleep(0.2)
    raise AssertionError(f"{query}: {rows}, expected {wanted}")


def properties(data_format, **more):
    return IngestionProperties(database=DATABASE, table=TABLE, data_format=data_format, flush_immediately=True, **more)


def main():
    url, out = sys.argv[1:3]
    connection = KustoConnectionStringBuilder(url)
    client = KustoClient(connection)
    client.execute_mgmt(DATABASE, f".drop table {TABLE} ifexists")
    client.execute_mgmt(DATABASE, f".create table {TABLE} (name: string, n: long)")
    queued = QueuedIngestClient(connection)

    text = "".join(f"row {n},{n}\n" for n in range(1000))
    stream = StreamDescriptor(io.BytesIO(text.encode()), size=len(text))
    queued.ingest_from_stream(stream, ingestion_properties=properties(DataFormat.CSV))
    wait_for(client, f"{TABLE} | summarize count(), sum(n)", [[1000, 499500]])
    print("queued: 1000 rows of CSV from a stream")

    mapping = [ColumnMapping("name", "string", path="$.who"), ColumnMapping("n", "long", path="$.many[0]")]
    mapped = properties(
        DataFormat.MULTIJSON,
        column_mappings=mapping,
        ingestion_mapping_kind=IngestionMappingKind.JSON,
        report_level=ReportLevel.FailuresAndSuccesses,
        report_method=ReportMethod.Queue,
        additional_tags=["drop-by:python"],
    )
    source = uuid.uuid4()
    stream = StreamDescriptor(io.BytesIO(b'[{"who": "json", "many": [7, 8]}]'), source_id=source, size=32)
    queued.ingest_from_stream(stream, ingestion_properties=mapped)
    wait_for(client, f"{TABLE} | where name == 'json' | project n", [[7]])
    statuses = KustoIngestStatusQueues(queued)
    deadline = time.monotonic() + DEADLINE
    found = []
    while not found and time.monotonic() < deadline:
        found = [message for message in statuses.success.pop(10) if str(message.IngestionSourceId) == str(source)]
    assert found and found[0].Table == TABLE, "the queue of successes does not know the source"
    print("queued: JSON with a mapping, reported to the queue of successes")

    stream = StreamDescriptor(io.BytesIO(b"a,1,too many\n"), source_id=uuid.uuid4(), size=13)
    queued.ingest_from_stream(
        stream,
        ingestion_properties=properties(
            DataFormat.CSV, report_level=ReportLevel.FailuresAndSuccesses, report_method=ReportMethod.Queue
        ),
    )
    deadline = time.monotonic() + DEADLINE
    failures = []
    while not failures and time.monotonic() < deadline:
        failures = statuses.failure.pop(10)
    assert failures and failures[0].ErrorCode == "Stream_WrongNumberOfFields", failures
    print("queued: a failure, reported with its code")

    managed = ManagedStreamingIngestClient(connection, connection)
    stream = StreamDescriptor(io.BytesIO(b"managed,1\n"), size=10)
    result = managed.ingest_from_stream(stream, ingestion_properties=properties(DataFormat.CSV))
    assert result.status.name == "SUCCESS", result.status
    wait_for(client, f"{TABLE} | where name == 'managed' | count", [[1]])
    # Noise, so that it is large after compression too.
    large = "".join(f"large {os.urandom(50).hex()},1\n" for _ in range(120_000))
    stream = StreamDescriptor(io.BytesIO(large.encode()), size=len(large))
    result = managed.ingest_from_stream(stream, ingestion_properties=properties(DataFormat.CSV))
    assert result.status.name == "QUEUED", result.status
    wait_for(client, f"{TABLE} | where name startswith 'large' | count", [[120_000]])
    print("managed: a little is streamed, much is queued")

    query = f"{TABLE} | where name !startswith 'large' | order by name asc, n asc"
    rows = [row.to_dict() for row in client.execute(DATABASE, query).primary_results[0]]
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"query": query, "rows": rows}, file)


if __name__ == "__main__":
    main()
