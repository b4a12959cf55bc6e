// The binary: registers the commands and runs the one that was asked for.
// SPDX-License-Identifier: Apache-2.0
#include "agent/specialist_pack.h"
#include "app/ask_command.h"
#include "app/bench_command.h"
#include "app/check_command.h"
#include "app/command_line.h"
#include "app/eval_command.h"
#include "app/grammar_command.h"
#include "app/inspect_command.h"
#include "app/memory_command.h"
#include "app/oracle_command.h"
#include "app/pack_command.h"
#include "app/replay_command.h"
#include "app/run_command.h"
#include "app/serve_command.h"
#include "app/tools_command.h"
#include "app/trace_command.h"
#include "app/train_command.h"

int main(int argc, char** argv) {
  namespace app = cadre::app;
  app::CommandLine line("cadre", "Ask a table, get a checked answer from a small trained specialist", "cadre 0.1.0");
  app::AskOptions ask;
  app::TraceOptions trace;
  app::InspectOptions inspect;
  app::PackOptions pack;
  app::CheckOptions check;
  app::MemoryOptions memory;
  app::ReplayOptions replay;
  app::RunOptions run;
  app::ApproveOptions approve;
  app::ServeOptions serve;
  app::ToolsOptions tools;
  app::EvalOptions eval;
  app::TrainCommandOptions train;
  app::GrammarOptions grammar;
  app::BenchOptions bench;
  app::OracleCommandOptions oracle;
  app::add_ask(line, ask, cadre::agent::load_decider_pack);
  app::add_trace(line, trace, cadre::agent::load_decider_pack);
  app::add_memory(line, memory);
  app::add_replay(line, replay, cadre::agent::load_decider_pack);
  app::add_run(line, run);
  app::add_approve(line, approve);
  app::add_serve(line, serve);
  app::add_eval(line, eval);
  app::add_train(line, train);
  app::add_inspect(line, inspect);
  app::add_pack(line, pack);
  app::add_check(line, check);
  app::add_tools(line, tools);
  app::add_grammar(line, grammar);
  app::add_bench(line, bench);
  app::add_oracle(line, oracle);
  return line.run(argc, argv);
}
