// Asks a service with Microsoft's SDK for Node and compares every row with the rows in a file.
//
// query_service.js URL CASES
//
// CASES is a JSON file: a list of {query, rows}, rows as our own client wrote them, one JSON object a row.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";

import { Client, ClientRequestProperties, KustoConnectionStringBuilder } from "azure-kusto-data";
import { DataFormat, IngestionProperties, ManagedStreamingIngestClient, StreamingIngestClient } from "azure-kusto-ingest";

const DATABASE = "NetDefaultDB";
const TABLE = "InteropNode";

const [url, path] = process.argv.slice(2);
const connection = () => KustoConnectionStringBuilder.withAccessToken(url, "a token");

async function checkRows(client, ask, { query, rows: wanted }) {
    const table = (await ask.call(client, DATABASE, query)).primaryResults[0];
    const rows = [...table.rows()];
    assert.equal(rows.length, wanted.length, `${query}: number of rows`);
    rows.forEach((row, number) => {
        const names = row.columns.map((column) => column.name);
        assert.deepEqual(names, Object.keys(wanted[number]), `${query}: columns`);
        for (const { name, type, ordinal } of row.columns) {
            // The text of the wire is compared: a Date has milliseconds only.
            assert.deepEqual(row.raw[ordinal], wanted[number][name], `${query}: row ${number}, ${name}`);
            if (type === "datetime" && row.raw[ordinal] !== null) {
                assert.ok(row[name] instanceof Date && !Number.isNaN(row[name].getTime()), `${query}: ${name} is no date`);
            }
        }
    });
    return rows.length;
}

async function checkParameters(client) {
    const properties = new ClientRequestProperties();
    properties.setTimeout(60_000);
    properties.setParameter("least", 3);
    properties.setParameter("name", "O'Hara");
    const query = "declare query_parameters(least: long, name: string); range x from 1 to 5 step 1 | where x >= least | extend name";
    const table = (await client.execute(DATABASE, query, properties)).primaryResults[0];
    assert.deepEqual([...table.rows()].map((row) => [row.x, row.name]), [3, 4, 5].map((x) => [x, "O'Hara"]));
}

async function checkCommands(client) {
    await client.execute(DATABASE, `.create table ${TABLE} (a: long, b: string)`);
    await client.execute(DATABASE, `.ingest inline into table ${TABLE} <| 1,one\n2,two`);
    const names = (await client.executeMgmt(DATABASE, ".show tables")).primaryResults[0];
    assert.ok([...names.rows()].some((row) => row.TableName === TABLE));
}

async function checkIngestion(client) {
    const properties = (format) => new IngestionProperties({ database: DATABASE, table: TABLE, format });
    const streaming = new StreamingIngestClient(connection());
    await streaming.ingestFromStream(Readable.from(["3,three\n4,four\n"]), properties(DataFormat.CSV));
    await streaming.ingestFromStream(Readable.from(['{"a": 5, "b": "five"}\n']), properties(DataFormat.JSON));
    const managed = new ManagedStreamingIngestClient(connection(), connection());
    await managed.ingestFromStream(Readable.from([Buffer.from("6,six\n")]), properties(DataFormat.CSV));
    const table = (await client.execute(DATABASE, `${TABLE} | order by a asc`)).primaryResults[0];
    const wanted = ["one", "two", "three", "four", "five", "six"].map((name, at) => [at + 1, name]);
    assert.deepEqual([...table.rows()].map((row) => [row.a, row.b]), wanted);
    const nowhere = new IngestionProperties({ database: DATABASE, table: "NoSuchTable", format: DataFormat.CSV });
    await assert.rejects(streaming.ingestFromStream(Readable.from(["1,one\n"]), nowhere), ({ response }) => {
        assert.equal(response.status, 400);
        assert.ok(response.data.error["@message"].includes("NoSuchTable"));
        assert.equal(response.data.error["@permanent"], true);
        return true;
    });
    streaming.close();
    managed.close();
    await client.execute(DATABASE, `.drop table ${TABLE}`);
}

async function checkErrors(client) {
    const refused = [
        [DATABASE, "print x = nope", "General_BadRequest", "SEM0100"],
        [DATABASE, "print x = (", "BadRequest_SyntaxError", "SYN0002"],
        ["Nowhere", "print 1", "BadRequest_DatabaseNotExist", "Nowhere"],
    ];
    for (const [database, query, code, text] of refused) {
        await assert.rejects(client.execute(database, query), ({ response }) => {
            assert.equal(response.status, 400);
            const { error } = response.data;
            assert.equal(error.code, code);
            assert.ok(error["@message"].includes(text), error["@message"]);
            return true;
        });
    }
    // A failure in the middle of the rows: the SDK reports what the answer ends with.
    const limited = new ClientRequestProperties({ truncationmaxrecords: 2 });
    const query = "range x from 1 to 5 step 1";
    await assert.rejects(client.execute(DATABASE, query, limited), /80DA0003/);
}

const cases = JSON.parse(readFileSync(path, "utf8"));
const client = new Client(connection());
let rows = 0;
for (const one of cases) {
    rows += await checkRows(client, client.executeQuery, one);
    await checkRows(client, client.executeQueryV1, one);
}
await checkParameters(client);
await checkCommands(client);
await checkIngestion(client);
await checkErrors(client);
client.close();
console.log(
    `azure-kusto-data for Node: ${cases.length} queries, ${rows} rows equal, in V1 too; ` +
        "parameters, commands, streaming ingestion and errors as expected",
);
