// SPDX-License-Identifier: Apache-2.0
#include "app/oracle_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "app/exit_codes.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "app/stop_signals.h"
#include "engine/oracle_server.h"
#include "text/words.h"

namespace cadre::app {
namespace {

constexpr int64_t kPriceMax = 1'000'000'000'000;

Result<std::pair<engine::OracleFault, double>> fault_of(const std::string& text) {
  const size_t equals = text.find('=');
  const auto rate = equals == std::string::npos ? std::nullopt : text::parse_number(text.substr(equals + 1));
  if (!rate || !(*rate >= 0 && *rate <= 1))
    return Error{ErrorCode::kInvalid, fmt::format("--fault {}: write KIND=RATE, as in busy=0.1", text)};
  return std::pair{TRY(engine::oracle_fault_of(text.substr(0, equals))), *rate};
}

Result<engine::OracleOptions> oracle_options(const OracleCommandOptions& options) {
  engine::OracleOptions oracle{.address = options.address,
                               .port = static_cast<uint16_t>(options.port),
                               .error_rate = options.error_rate,
                               .delay_ms = options.delay_ms,
                               .seed = static_cast<uint64_t>(options.seed),
                               .price_in_micros = options.price_in_micros,
                               .price_out_micros = options.price_out_micros};
  for (const std::string& fault : options.faults) oracle.faults.push_back(TRY(fault_of(fault)));
  return oracle;
}

}  // namespace

int run_oracle(const OracleCommandOptions& options) {
  auto oracle = oracle_options(options);
  if (!oracle.ok()) return fail("oracle", oracle.error());
  auto answers = engine::read_oracle_answers(options.answers);
  if (!answers.ok()) return fail("oracle", answers.error());
  const StopSignals signals;
  const size_t count = answers->size();
  const auto server = engine::OracleServer::start(std::move(*answers), std::move(*oracle));
  if (!server.ok()) return fail("oracle", server.error());
  fmt::print("oracle of {} answers listens on http://{}:{}/v1\n", count, options.address, (*server)->port());
  std::fflush(stdout);
  signals.wait();
  signals.release();
  const engine::OracleStats stats = (*server)->stats();
  fmt::print("oracle: {} requests, {} wrong answers, {} faults\n", stats.requests, stats.wrong, stats.faults);
  return kExitOk;
}

void add_oracle(CommandLine& line, OracleCommandOptions& options) {
  Command& command = line.command(
      "oracle", "Answer chat completions from gold labels, with stated rates of errors and faults (docs/endpoints.md)");
  command.text("--answers", options.answers, R"(JSON lines: {"match": text, "answer": any JSON})").required();
  command.text("--address", options.address, "of this machine");
  command.integer("--port", options.port, "0: a free one", 0, 65535);
  command.real("--error-rate", options.error_rate, "share of wrong answers", 0, 1);
  command.integer("--delay-ms", options.delay_ms, "before each reply", 0, 600'000);
  command.integer("--seed", options.seed, "of errors and faults", 0, INT64_MAX);
  command.texts("--fault", options.faults,
                "KIND=RATE, again for each kind: busy, error, hang, malformed, unconstrained, truncated");
  command.integer("--price-in", options.price_in_micros, "micros per million tokens read", 0, kPriceMax);
  command.integer("--price-out", options.price_out_micros, "micros per million tokens written", 0, kPriceMax);
  command.example("cadre oracle --answers gold.jsonl --port 8090 --error-rate 0.1 --fault busy=0.05");
  command.action([&options] { return run_oracle(options); });
}

}  // namespace cadre::app
