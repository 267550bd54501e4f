// Compares the columns that a service answers with the columns that Microsoft's own binder predicts.
//
// node compare.cjs URL FILE…
//
// A file with the ending .kql holds a query a line; a line that begins with `.create table` makes a table on both
// sides, and a comment `// differs: …` says why the service is right to answer the next line in another way. Any other
// file holds a JSON object a line, of which "query" is read.

"use strict";

const fs = require("node:fs");

// The package is a script for browsers: loading it puts its names into the global scope.
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;

const DATABASE = "NetDefaultDB";
const LEAST_EQUAL = 0.97;

/** The elements of one of the package's lists. */
function elements(list) {
  const found = [];
  const iterator = globalThis.Bridge.getEnumerator(list);
  while (iterator.moveNext()) found.push(iterator.Current);
  return found;
}

/** What the official binder says of a query: its columns, or nothing if they depend on the rows. */
function predict(query, globals) {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const errors = elements(code.GetDiagnostics()).filter((diagnostic) => diagnostic.Severity === "Error");
  const columns = code.ResultType?.Columns;
  const isOpen = code.ResultType?.IsOpen;
  return {
    errors: errors.map((diagnostic) => diagnostic.Message),
    columns: columns && !isOpen ? elements(columns).map((column) => `${column.Name}: ${column.Type.Name}`) : null,
  };
}

async function post(url, path, csl) {
  const response = await fetch(new URL(path, url), {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ db: DATABASE, csl }),
  });
  return { ok: response.ok, body: await response.json() };
}

/** What the service answers: the columns of the last result, or the error. */
async function ask(url, query) {
  const { ok, body } = await post(url, "/v2/rest/query", query);
  if (!ok) return { error: body.error["@message"] ?? body.error.message };
  const results = body.filter((frame) => frame.TableKind === "PrimaryResult");
  if (results.length === 0) return { error: "no result" };
  const { Columns } = results[results.length - 1];
  return { columns: Columns.map((column) => `${column.ColumnName}: ${column.ColumnType}`) };
}

/** The beginning of a query, on one line. */
function short(query) {
  return query.replace(/\s+/g, " ").slice(0, 200);
}

/** The queries of a file, with the reason of a difference that is known. */
function read(file) {
  const lines = fs.readFileSync(file, "utf8").split("\n").filter((line) => line.trim() !== "");
  if (!file.endsWith(".kql")) return lines.map((line) => ({ query: JSON.parse(line).query }));
  const queries = [];
  let reason;
  for (const line of lines) {
    if (line.startsWith("// differs: ")) reason = line.slice("// differs: ".length);
    if (line.startsWith("//")) continue;
    queries.push({ query: line, reason });
    reason = undefined;
  }
  return queries;
}

async function main([url, ...files]) {
  const tables = [];
  let globals = GlobalState.Default;
  const count = { equal: 0, differ: 0, explained: 0, refused: 0, open: 0, invalid: 0 };
  for (const { query, reason } of files.flatMap(read)) {
    const table = /^\.create table (\w+) (\(.*\))$/.exec(query);
    if (table) {
      tables.push(Symbols.TableSymbol.From(table[2]).WithName(table[1]));
      const database = new Symbols.DatabaseSymbol.ctor(DATABASE, globalThis.Bridge.toArray(tables));
      globals = GlobalState.Default.WithDatabase(database);
      const { ok, body } = await post(url, "/v1/rest/mgmt", query);
      if (!ok) throw new Error(`${query}: ${JSON.stringify(body)}`);
      continue;
    }
    const predicted = predict(query, globals);
    const answered = await ask(url, query);
    if (answered.error?.includes("not supported by this service") || answered.error?.includes("Unknown function")) {
      count.refused += 1;
      console.log(`refused  ${short(query)}\n         ${answered.error}`);
    } else if (predicted.errors.length > 0 && reason === undefined) {
      count.invalid += 1;
      console.log(`invalid  ${short(query)}\n         ${predicted.errors.join("; ")}`);
    } else if (predicted.columns === null) {
      count.open += 1;
    } else if (JSON.stringify(predicted.columns) === JSON.stringify(answered.columns)) {
      count.equal += 1;
      if (reason !== undefined) throw new Error(`no difference any more: ${query}`);
    } else if (reason !== undefined) {
      count.explained += 1;
    } else {
      count.differ += 1;
      const ours = answered.columns?.join(", ") ?? answered.error;
      console.log(`differs  ${short(query)}\n    official ${predicted.columns.join(", ")}\n    ours     ${ours}`);
    }
  }
  const compared = count.equal + count.differ + count.explained;
  const share = count.equal / compared;
  console.log(
    `official binder: ${count.equal} of ${compared} results have the same columns (${(100 * share).toFixed(1)} %), ` +
      `${count.explained} differ for a reason given; ${count.refused} refused, ${count.open} of columns that only ` +
      `rows tell, ${count.invalid} not valid`,
  );
  if (!(share >= LEAST_EQUAL)) throw new Error(`at least ${100 * LEAST_EQUAL} % must be the same`);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
