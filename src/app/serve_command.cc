// SPDX-License-Identifier: Apache-2.0
#include "app/serve_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "agent/cadre_file.h"
#include "agent/runtime.h"
#include "app/exit_codes.h"
#include "app/paths.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "app/stop_signals.h"
#include "serve/api_keys.h"
#include "serve/mcp_stdio.h"
#include "serve/server.h"

namespace cadre::app {
namespace {

constexpr double kSecondsPerMinute = 60;

Result<agent::CadreFile> load_file(const ServeOptions& options) {
  agent::CadreFile file = TRY(agent::load_cadre_file(options.file));
  if (file.journal.empty()) file.journal = TRY(journal_path(options.journal));
  if (!options.address.empty()) file.serve.address = options.address;
  if (options.port >= 0) file.serve.port = options.port;
  return file;
}

Result<serve::ServerOptions> server_options(const agent::ServeEntry& entry) {
  serve::ServerOptions options;
  options.http.address = entry.address;
  options.http.port = static_cast<uint16_t>(entry.port);
  options.http.body_size_bytes_max = static_cast<uint64_t>(entry.body_bytes_max);
  options.http.connections_max = static_cast<size_t>(entry.connections_max);
  if (!entry.keys.empty()) options.gate.keys = TRY(serve::ApiKeys::load(entry.keys));
  options.gate.allowed_origins = entry.origins;
  options.gate.requests_per_second = static_cast<double>(entry.requests_per_minute) / kSecondsPerMinute;
  return options;
}

// What was taken is finished within the time of the cadre file; what is left is in the journal for the next start.
int drain(agent::Runtime& runtime, serve::Server& server, int64_t drain_ms) {
  const auto drained = runtime.drain(drain_ms);
  const bool all_sent = server.drain(drain_ms);
  if (drained.ok() && all_sent) return kExitOk;
  fmt::print(stderr, "cadre serve: not everything was finished within {} ms; the next start carries on what is left\n",
             drain_ms);
  return kExitFailed;
}

int serve_http(const agent::CadreFile& file, agent::Runtime& runtime, const StopSignals& signals) {
  auto options = server_options(file.serve);
  if (!options.ok()) return fail("serve", options.error());
  auto server = serve::Server::start(std::move(*options), runtime);
  if (!server.ok()) return fail("serve", server.error());
  fmt::print("cadre {} listens on http://{}:{}\n", file.name, file.serve.address, (*server)->port());
  std::fflush(stdout);
  signals.wait();
  signals.release();
  fmt::print(stderr, "cadre serve: finishing what runs\n");
  return drain(runtime, **server, file.serve.drain_ms);
}

int serve_stdio(const agent::CadreFile& file, agent::Runtime& runtime) {
  const serve::Surroundings around{runtime, base::system_clock(), [] { return false; }};
  const auto served = serve::serve_mcp_stdio(around, {.finish_ms_max = file.serve.drain_ms});
  return served.ok() ? kExitOk : fail("serve", served.error());
}

}  // namespace

int run_serve(const ServeOptions& options) {
  auto file = load_file(options);
  if (!file.ok()) return fail("serve", file.error());
  if (options.mcp_stdio) {
    auto runtime = agent::Runtime::open(*file);
    return runtime.ok() ? serve_stdio(*file, **runtime) : fail("serve", runtime.error());
  }
  const StopSignals signals;
  auto runtime = agent::Runtime::open(*file);
  return runtime.ok() ? serve_http(*file, **runtime, signals) : fail("serve", runtime.error());
}

void add_serve(CommandLine& line, ServeOptions& options) {
  Command& command =
      line.command("serve", "Put the specialists of a cadre file behind OpenAI's API, runs and MCP (docs/serving.md)");
  command.text("--cadre", options.file, "a cadre file (docs/cadre_file.md)").required();
  command.text("--address", options.address, "instead of the cadre file's");
  command.integer("--port", options.port, "instead of the cadre file's; 0: a free one", 0, 65535);
  command.text("--journal", options.journal, "where the cadre file names none");
  command.flag("--mcp-stdio", options.mcp_stdio, "speak MCP over standard input and output, and no HTTP");
  command.example("cadre serve --cadre examples/cadre.yaml --port 8420");
  command.action([&options] { return run_serve(options); });
}

}  // namespace cadre::app
