// Ingests with Microsoft's SDK for Node, queued, managed and from a blob, and reads the rows back.
//
// ingest_service.js URL OUT
//
// The service at URL must have a storage account. The SDK is told nothing else: it asks the service where to put data.
// OUT becomes a JSON file: a query, and its rows as the SDK reads them.
//
// Reports to the status table are left out: the SDK reads that table over HTTPS alone.

import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { Client, KustoConnectionStringBuilder } from "azure-kusto-data";
import {
    BlobDescriptor,
    DataFormat,
    IngestClient,
    IngestStatusQueues,
    IngestionProperties,
    JsonColumnMapping,
    ManagedStreamingIngestClient,
    ReportLevel,
    ReportMethod,
    StreamDescriptor,
    StreamingIngestClient,
} from "azure-kusto-ingest";

const DATABASE = "NetDefaultDB";
const TABLE = "NodeIngestion";
const DEADLINE = 60_000;

const [url, out] = process.argv.slice(2);
const connection = () => KustoConnectionStringBuilder.withAccessToken(url, "a token");
const properties = (format, more) =>
    new IngestionProperties({ database: DATABASE, table: TABLE, format, flushImmediately: true, ...more });
const reported = { reportLevel: ReportLevel.FailuresAndSuccesses, reportMethod: ReportMethod.Queue };

// Queued data comes when it comes.
async function waitFor(found, what) {
    const deadline = Date.now() + DEADLINE;
    while (Date.now() < deadline) {
        const value = await found();
        if (value !== undefined) return value;
        await sleep(200);
    }
    throw new Error(`${what} did not come`);
}

async function waitForRows(client, query, wanted) {
    await waitFor(async () => {
        const table = (await client.execute(DATABASE, query)).primaryResults[0];
        const rows = [...table.rows()].map((row) => row.raw);
        return JSON.stringify(rows) === JSON.stringify(wanted) || undefined;
    }, `${query}: ${JSON.stringify(wanted)}`);
}

// The message about a source in one of the queues for notifications.
async function notification(queue, source, what) {
    return waitFor(async () => (await queue.pop(10)).find((message) => message.IngestionSourceId === source), what);
}

async function checkQueued(client, queued) {
    const lines = Array.from({ length: 1000 }, (_, n) => `row ${n},${n}\n`);
    await queued.ingestFromStream(Readable.from([Buffer.from(lines.join(""))]), properties(DataFormat.CSV));
    await waitForRows(client, `${TABLE} | summarize count(), sum(n)`, [[1000, 499500]]);

    const folder = mkdtempSync(join(tmpdir(), "kusto-interop-"));
    try {
        const file = join(folder, "rows.tsv");
        writeFileSync(file, "from a file\t1\nfrom a file\t2\n");
        await queued.ingestFromFile(file, properties(DataFormat.TSV));
    } finally {
        rmSync(folder, { recursive: true });
    }
    await waitForRows(client, `${TABLE} | where name == 'from a file' | summarize count(), sum(n)`, [[2, 3]]);
    console.log("queued: CSV from a stream, TSV from a file that the SDK compresses");
}

async function checkReports(client, queued) {
    const statuses = new IngestStatusQueues(queued);
    const mapping = [
        JsonColumnMapping.withPath("name", "$.who", "string"),
        JsonColumnMapping.withPath("n", "$.many[0]", "long"),
    ];
    const mapped = properties(DataFormat.MULTIJSON, {
        ...reported,
        ingestionMappingColumns: mapping,
        additionalTags: ["drop-by:node"],
    });
    // The SDK makes an identifier of its own for the blob that it makes of a stream, so the last message is ours.
    await queued.ingestFromStream(Readable.from([Buffer.from('[{"who": "json", "many": [7, 8]}]')]), mapped);
    await waitForRows(client, `${TABLE} | where name == 'json' | project n`, [[7]]);
    const success = await waitFor(async () => (await statuses.success.pop(1))[0], "the message of a success");
    assert.equal(success.Table, TABLE);

    await queued.ingestFromStream(Readable.from([Buffer.from("a,1,too many\n")]), properties(DataFormat.CSV, reported));
    const failure = await waitFor(async () => (await statuses.failure.pop(1))[0], "the message of a failure");
    assert.equal(failure.ErrorCode, "Stream_WrongNumberOfFields");
    console.log("queued: JSON with a mapping and a failure, each reported to its queue");
}

async function checkManaged(client) {
    const managed = new ManagedStreamingIngestClient(connection(), connection());
    await managed.ingestFromStream(Readable.from([Buffer.from("managed,1\n")]), properties(DataFormat.CSV));
    // Streamed rows are there at once.
    const table = (await client.execute(DATABASE, `${TABLE} | where name == 'managed' | count`)).primaryResults[0];
    assert.deepEqual([...table.rows()].map((row) => row.raw), [[1]]);

    // Noise, in pieces as a file would give them.
    const piece = () => Buffer.from(Array.from({ length: 1000 }, () => `large ${randomBytes(25).toString("hex")},1\n`).join(""));
    const descriptor = new StreamDescriptor(Readable.from(Array.from({ length: 120 }, piece)), randomUUID());
    const result = await managed.ingestFromStream(descriptor, properties(DataFormat.CSV));
    const status = await result.getIngestionStatusCollection();
    assert.equal(status.Status, "Queued");
    await waitForRows(client, `${TABLE} | where name startswith 'large' | count`, [[120_000]]);
    managed.close();
    console.log("managed: a little is streamed, much is queued");
}

// The service fetches a blob that the client names, while the client waits.
async function checkBlob(client, queued) {
    const descriptor = new StreamDescriptor(Buffer.from("from a blob,1\nfrom a blob,2\n"), randomUUID());
    const blob = await queued.uploadToBlobWithRetry(descriptor, `${descriptor.sourceId}.csv`);
    const streaming = new StreamingIngestClient(connection());
    await streaming.ingestFromBlob(new BlobDescriptor(blob), properties(DataFormat.CSV));
    const query = `${TABLE} | where name == 'from a blob' | summarize count(), sum(n)`;
    const table = (await client.execute(DATABASE, query)).primaryResults[0];
    assert.deepEqual([...table.rows()].map((row) => row.raw), [[2, 3]]);
    streaming.close();
    console.log("streamed: a blob by its address");
}

const client = new Client(connection());
await client.execute(DATABASE, `.drop table ${TABLE} ifexists`);
await client.execute(DATABASE, `.create table ${TABLE} (name: string, n: long)`);
const queued = new IngestClient(connection());
await checkQueued(client, queued);
await checkReports(client, queued);
await checkManaged(client);
await checkBlob(client, queued);
const query = `${TABLE} | where name !startswith 'large' | order by name asc, n asc`;
const table = (await client.execute(DATABASE, query)).primaryResults[0];
writeFileSync(out, JSON.stringify({ query, rows: [...table.rows()].map((row) => row.toJSON()) }));
queued.close();
client.close();
