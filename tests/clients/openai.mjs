// The official OpenAI client against a server of scripted runs: node openai.mjs http://127.0.0.1:PORT
// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import OpenAI from "openai";
import { check, finish, rejects } from "./check.mjs";

const client = new OpenAI({ baseURL: `${process.argv[2]}/v1`, apiKey: process.env.CADRE_KEY ?? "none" });
const ask = (model, content, more = {}) =>
  client.chat.completions.create({ model, messages: [{ role: "user", content }], ...more });
const weather = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather in a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
    strict: true,
  },
};
const time = { type: "function", function: { name: "time", parameters: { type: "object" } } };

await check("models.list names the cadre and its specialists", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.deepEqual(names.slice(0, 4), ["cadre", "sql", "writer", "booker"]);
});
await check("models.retrieve", async () => assert.equal((await client.models.retrieve("sql")).id, "sql"));
await check("models.retrieve of none is a NotFoundError", () => rejects(client.models.retrieve("none"), { status: 404 }));
await check("a completion by the dispatcher", async () => {
  const reply = await ask("cadre", "hello", { seed: 1, temperature: 0 });
  assert.equal(reply.choices[0].message.content, "echo: hello");
  assert.equal(reply.choices[0].finish_reason, "stop");
  assert.ok(reply.usage.total_tokens > 0);
});
await check("the run is named in a header", async () => {
  const { data, response } = await ask("cadre", "hello").withResponse();
  assert.equal(response.headers.get("x-cadre-run"), data.cadre.run);
});
await check("content in parts of text", async () => {
  const reply = await ask("cadre", [{ type: "text", text: "a" }, { type: "text", text: "b" }]);
  assert.equal(reply.choices[0].message.content, "echo: ab");
});
await check("tool_choice auto calls a tool", async () => {
  const reply = await ask("writer", "weather in Ulm", { tools: [weather, time] });
  assert.equal(reply.choices[0].finish_reason, "tool_calls");
  assert.equal(reply.choices[0].message.tool_calls[0].function.name, "weather");
  assert.deepEqual(JSON.parse(reply.choices[0].message.tool_calls[0].function.arguments), { city: "Ulm" });
});
await check("tool_choice none, required, and a name", async () => {
  const tools = [weather, time];
  assert.equal((await ask("writer", "x", { tools, tool_choice: "none" })).choices[0].message.content, "x");
  const required = await ask("writer", "x", { tools, tool_choice: "required", parallel_tool_calls: false });
  assert.equal(required.choices[0].message.tool_calls.length, 1);
  const named = await ask("writer", "x", { tools, tool_choice: { type: "function", function: { name: "time" } } });
  assert.equal(named.choices[0].message.tool_calls[0].function.name, "time");
});
await check("a tool's result goes back", async () => {
  const call = { id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } };
  const reply = await client.chat.completions.create({
    model: "writer",
    tools: [weather],
    messages: [
      { role: "system", content: "be brief" },
      { role: "user", content: "weather?" },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "sunny" },
    ],
  });
  assert.equal(reply.choices[0].message.content, "sunny");
});
await check("response_format json_schema, read by the client's own parser", async () => {
  const schema = { type: "object", properties: { answer: { type: "integer" } }, required: ["answer"], additionalProperties: false };
  const reply = await client.chat.completions.parse({
    model: "writer",
    messages: [{ role: "user", content: "x" }],
    response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
  });
  assert.deepEqual(JSON.parse(reply.choices[0].message.content), { answer: 1 });
});
await check("a stream with usage", async () => {
  let text = "";
  let usage;
  let reason;
  const stream = await ask("cadre", "hello", { stream: true, stream_options: { include_usage: true } });
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    reason = chunk.choices[0]?.finish_reason ?? reason;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, "echo: hello");
  assert.equal(reason, "stop");
  assert.ok(usage.total_tokens > 0);
});
await check("a stream of tool calls, put together by the client's own helper", async () => {
  const stream = client.chat.completions.stream({ model: "writer", messages: [{ role: "user", content: "x" }], tools: [weather] });
  const final = await stream.finalChatCompletion();
  assert.equal(final.choices[0].message.tool_calls[0].function.name, "weather");
});
await check("a declined run is a refusal", async () => {
  const { message } = (await ask("cadre", "decline this")).choices[0];
  assert.equal(message.content, null);
  assert.match(message.refusal, /not what this cadre does/);
});
await check("a failed run is an error that is not repeated", () => rejects(ask("cadre", "fail"), { status: 422, code: "run_failed" }));
await check("a failed stream raises an error", () =>
  rejects((async () => { for await (const _ of await ask("cadre", "fail", { stream: true })); })(), { code: "run_failed" }));
await check("a run that waits for an approval is a PermissionDeniedError", () =>
  rejects(ask("cadre", "approve"), { status: 403, code: "approval_required" }));
await check("what is not supported is refused by name", async () => {
  await rejects(ask("cadre", "x", { n: 2 }), { status: 400, param: "n" });
  await rejects(ask("cadre", "x", { logprobs: true }), { status: 400, param: "logprobs" });
  await rejects(ask("sql", "x", { tools: [weather] }), { status: 400, param: "tools" });
  await rejects(ask("none", "x"), { status: 404, code: "model_not_found" });
});
await check("an aborted request ends", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  await rejects(client.chat.completions.create({ model: "cadre", messages: [{ role: "user", content: "slow" }] }, { signal: stop.signal }), {
    name: "Error",
  });
});
finish();
