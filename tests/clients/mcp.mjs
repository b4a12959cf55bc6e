// The official MCP client against a server of scripted runs: node mcp.mjs http://127.0.0.1:PORT
// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { check, finish, rejects } from "./check.mjs";

const url = new URL(`${process.argv[2]}/mcp`);
const client = new Client({ name: "cadre-client-tests", version: "1.0.0" });
const transport = new StreamableHTTPClientTransport(url);

await check("initialize", async () => {
  await client.connect(transport);
  assert.equal(client.getServerVersion().name, "cadre");
  assert.ok(transport.sessionId);
});
await check("ping", () => client.ping());
await check("tools/list", async () => {
  const { tools } = await client.listTools();
  assert.deepEqual(tools.slice(0, 3).map((tool) => tool.name), ["cadre", "booker", "sql"]);
  assert.equal(tools[2].annotations.readOnlyHint, true);
  assert.equal(tools[1].annotations.readOnlyHint, false);
  assert.equal(tools[2].outputSchema.type, "object");
});
await check("tools/call with structured content that fits the output schema", async () => {
  const result = await client.callTool({ name: "sql", arguments: { question: "how many" } });
  assert.deepEqual(result.structuredContent, { sql: "SELECT 1" });
  assert.ok(!result.isError);
});
await check("tools/call of the dispatcher", async () => {
  const result = await client.callTool({ name: "cadre", arguments: { text: "hello" } });
  assert.equal(result.content[0].text, "echo: hello");
});
await check("a declined run is an error that the model can read", async () => {
  const result = await client.callTool({ name: "cadre", arguments: { text: "decline this" } });
  assert.equal(result.isError, true);
  assert.match(result.content[0].text, /declined/);
});
await check("progress", async () => {
  const seen = [];
  const result = await client.callTool({ name: "cadre", arguments: { text: "count 200" } }, undefined, {
    onprogress: (progress) => seen.push(progress.progress),
  });
  assert.equal(result.content[0].text, "finished");
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
});
await check("a cancelled call ends", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort("enough"), 50);
  await rejects(client.callTool({ name: "cadre", arguments: { text: "slow" } }, undefined, { signal: stop.signal }), {});
});
await check("an unknown tool is an error", () => rejects(client.callTool({ name: "none", arguments: {} }), { code: -32602 }));
await check("an unknown method is an error", () => rejects(client.listResources(), { code: -32601 }));
await check("the end of a session", async () => {
  await transport.terminateSession();
  await client.close();
});

const modern = (method, params = {}, headers = {}) =>
  fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2026-07-28",
      "Mcp-Method": method,
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method,
      params: {
        ...params,
        _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} },
      },
    }),
  });
await check("2026-07-28: server/discover", async () => {
  const { result } = await (await modern("server/discover")).json();
  assert.equal(result.resultType, "complete");
  assert.ok(result.supportedVersions.includes("2026-07-28"));
});
await check("2026-07-28: tools/call", async () => {
  const reply = await modern("tools/call", { name: "sql", arguments: { question: "x" } }, { "Mcp-Name": "=?base64?c3Fs?=" });
  assert.deepEqual((await reply.json()).result.structuredContent, { sql: "SELECT 1" });
});
await check("2026-07-28: headers that differ from the body", async () => {
  const reply = await modern("tools/call", { name: "sql", arguments: {} }, { "Mcp-Name": "other" });
  assert.equal(reply.status, 400);
  assert.equal((await reply.json()).error.code, -32020);
});
await check("2026-07-28: an unknown method", async () => assert.equal((await modern("ping")).status, 404));
finish();
