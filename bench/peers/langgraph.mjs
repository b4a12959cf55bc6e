// What bench/runtime.cc measures, of LangGraph: a chain of 32 nodes without a model, with the state of every step kept where it survives the
// process (SqliteSaver), in memory, or nowhere. Prints one JSON object. SPDX-License-Identifier: Apache-2.0
//
//   npm install @langchain/langgraph @langchain/core @langchain/langgraph-checkpoint-sqlite better-sqlite3@12    # anywhere; then, from there
//   node langgraph.mjs JOURNAL_FILE
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.cwd() + '/');
const load = name => import(pathToFileURL(require.resolve(name)));
const { Annotation, StateGraph, MemorySaver, START, END } = await load('@langchain/langgraph');

function chain(steps, checkpointer) {
  let graph = new StateGraph(Annotation.Root({ text: Annotation() }));
  for (let i = 0; i < steps; i++) graph = graph.addNode(`s${i}`, async state => ({ text: state.text + '.' }));
  graph = graph.addEdge(START, 's0');
  for (let i = 1; i < steps; i++) graph = graph.addEdge(`s${i - 1}`, `s${i}`);
  return graph.addEdge(`s${steps - 1}`, END).compile({ checkpointer });
}

let threads = 0;
async function answered(graph, steps) {
  const out = await graph.invoke({ text: 'start' }, { configurable: { thread_id: String(++threads) }, recursionLimit: 100 });
  if (out.text !== 'start' + '.'.repeat(steps)) throw new Error('another answer');
}

const at = (values, share) => values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];

async function measure(checkpointer) {
  const [long, short] = [chain(32, checkpointer), chain(1, checkpointer)];
  for (let i = 0; i < 20; i++) await answered(long, 32);
  const times = [];
  const cpu = process.cpuUsage();
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    await answered(long, 32);
    times.push((performance.now() - start) * 1000);
  }
  const used = process.cpuUsage(cpu);
  const start = performance.now();
  await Promise.all(Array.from({ length: 64 }, async () => { for (let i = 0; i < 16; i++) await answered(short, 1); }));
  return { run_of_32_us: { p50: at(times, 0.5), p99: at(times, 0.99) }, step_cpu_us: (used.user + used.system) / (200 * 32),
           runs_per_second_askers_64: (64 * 16) / (performance.now() - start) * 1000 };
}

const out = { nowhere: await measure(undefined), memory: await measure(new MemorySaver()) };
try {
  const { SqliteSaver } = await load('@langchain/langgraph-checkpoint-sqlite');
  out.sqlite = await measure(SqliteSaver.fromConnString(process.argv[2]));
} catch (error) {
  out.sqlite = String(error);
}
console.log(JSON.stringify(out));
