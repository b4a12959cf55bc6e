// The official OpenAI and MCP clients against the binary over examples/cadre.yaml: node binary.mjs CADRE CADRE_FILE JOURNAL
// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import OpenAI from "openai";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { check, finish, rejects } from "./check.mjs";

const [cadre, file, journal] = process.argv.slice(2);
const server = spawn(cadre, ["serve", "--cadre", file, "--port", "0", "--journal", journal]);
const { value: line } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next();
const url = line.split(" ").at(-1);
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none" });
const ask = (model, content, more = {}) => openai.chat.completions.create({ model, messages: [{ role: "user", content }], ...more });

await check("models.list names the cadre and its specialists", async () => {
  const names = [];
  for await (const model of openai.models.list()) names.push(model.id);
  assert.deepEqual(names, ["cadre", "countries", "elements", "goals"]);
});
await check("the dispatcher finds the specialist", async () => {
  assert.match((await ask("cadre", "what is the capital of Norway")).choices[0].message.content, /Oslo/);
  assert.match((await ask("cadre", "which element is liquid")).choices[0].message.content, /Bromine/);
});
await check("a stream ends with its answer", async () => {
  let text = "";
  for await (const chunk of await ask("countries", "what is the capital of Peru", { stream: true })) text += chunk.choices[0]?.delta?.content ?? "";
  assert.match(text, /Lima/);
});
await check("what is no question to a table is a refusal", async () => {
  const { message } = (await ask("cadre", "write me a poem")).choices[0];
  assert.equal(message.content, null);
  assert.ok(message.refusal);
});
await check("n above 1 is refused by name", () => rejects(ask("cadre", "x", { n: 2 }), { status: 400, param: "n" }));
for (const [name, transport] of [
  ["MCP over HTTP", new StreamableHTTPClientTransport(new URL(`${url}/mcp`))],
  ["MCP over stdio", new StdioClientTransport({ command: cadre, args: ["serve", "--cadre", file, "--mcp-stdio", "--journal", journal] })],
]) {
  await check(`${name}: tools are listed and answer`, async () => {
    const client = new Client({ name: "cadre-client-tests", version: "1.0.0" });
    await client.connect(transport);
    assert.deepEqual((await client.listTools()).tools.map((tool) => tool.name), ["cadre", "countries", "elements", "goals"]);
    const reply = await client.callTool({ name: "countries", arguments: { question: "what is the capital of Peru" } });
    assert.ok(!reply.isError, JSON.stringify(reply));
    assert.match(reply.content[0].text, /Lima/);
    await client.close();
  });
}
await check("SIGTERM drains and ends with 0", async () => {
  const code = new Promise((resolve) => server.on("exit", resolve));
  server.kill("SIGTERM");
  assert.equal(await code, 0);
});
finish();
