// A runtime over a cadre file whose specialists cost next to nothing: what is left is the runtime. Shared by bench/runtime.cc and bench/serve.cc.
//
// Every specialist is a template, so a step is what it is with a model behind it (planned, typed, journaled, verified, its references
// resolved), only without the model. Requests: "chain N" is N steps that each take the text of the one before, "wide N" N steps
// that wait for none and one that takes them all, "hold" one step that a person has to approve.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "agent/runtime.h"
#include "base/file.h"

namespace cadre::bench {

inline constexpr int kChain = 32;
inline constexpr int kWide = 16;

// The value, or the end of the program with the error.
template <class T>
T must(Result<T> result) {
  if (result.ok()) {
    if constexpr (std::is_void_v<T>)
      return;
    else
      return std::move(*result);
  }
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

class RuntimeScene {
 public:
  // The journal lies in the temporary folder: set TMPDIR to the disk that counts.
  RuntimeScene(int64_t computing, int64_t waiting_max) {
    const std::string path = folder_.path() + "/cadre.yaml";
    agent::CadreFile file = must(agent::parse_cadre_file(text(computing, waiting_max), path, base::file_exists));
    file.journal = folder_.path() + "/journal.sqlite";
    runtime_ = must(agent::Runtime::open(file, {}));
  }

  agent::Runtime& runtime() { return *runtime_; }

 private:
  static std::string text(int64_t computing, int64_t waiting_max) {
    std::string out = fmt::format(R"(cadre: 1
name: bench
tools:
  keep: {{kind: file, description: Keeps a text, action: write, root: ., effect: idempotent}}
specialists:
  say:
    kind: template
    purpose: Says a text
    text: "{{text}}."
    input_schema: {{type: object, properties: {{text: {{type: string}}}}, required: [text], additionalProperties: false}}
  join:
    kind: template
    purpose: Says the texts of others
    text: "{{first}} to {{last}}"
    input_schema: {{type: object, required: [first, last]}}
  keep:
    kind: call
    purpose: Keeps a text once a person agreed
    tool: keep
    policy: {{approval: always}}
budgets: {{runs_at_once: {}, runs_waiting: {}, attempts: 1000, calls: 1000, time_ms: 600000}}
routes:
)",
                                  computing, waiting_max);
    for (const int steps : {1, kChain}) {
      out += fmt::format("  chain{0}:\n    match: \"chain {0}\"\n    plan:\n", steps);
      for (int i = 0; i < steps; ++i)
        out += fmt::format("      s{}: {{specialist: say, input: {{text: {}}}}}\n", i,
                           i == 0 ? "start" : fmt::format("$s{}.text", i - 1));
    }
    out += fmt::format("  wide:\n    match: \"wide {}\"\n    plan:\n", kWide);
    std::string inputs;
    for (int i = 0; i < kWide; ++i) {
      out += fmt::format("      s{}: {{specialist: say, input: {{text: start}}}}\n", i);
      inputs += fmt::format("{}: $s{}.text, ", i == 0 ? "first" : i + 1 == kWide ? "last" : fmt::format("t{}", i), i);
    }
    out += fmt::format("      all: {{specialist: join, input: {{{}}}}}\n", inputs.substr(0, inputs.size() - 2));
    return out +
           "  hold:\n    match: \"hold\"\n    plan: {s0: {specialist: keep, input: {path: kept.txt, content: kept}}}\n";
  }

  base::TemporaryDirectory folder_ = must(base::TemporaryDirectory::make());
  std::unique_ptr<agent::Runtime> runtime_;
};

inline int64_t resident_kib() {
  const auto status = base::read_file("/proc/self/status");
  if (!status.ok()) return 0;
  const size_t at = status->find("VmRSS:");
  return at == std::string::npos ? 0 : std::stoll(status->substr(at + 6));
}

}  // namespace cadre::bench
