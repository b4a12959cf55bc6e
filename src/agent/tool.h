// What a call is made to: a database, a web interface, a folder, a program, an MCP server.
//
// A tool declares what a call does to the world, and from that follows how the agent may treat it:
//
//   kRead        nothing changes: repeated at will
//   kIdempotent  twice is once: repeated after a transient failure and after a crash
//   kOnce        never repeated. If a crash or a time-out leaves open whether it happened, it is reported as uncertain; a tool that
//                takes a key (fenced) recognises a call it has seen, and may be asked again
//
// A tool never throws and never blocks past the call's time. What it returns is outside input: the agent checks it against the
// output schema before anything depends on it. Thread safety: call() may be called from several threads at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

enum class ToolEffect : uint8_t { kRead, kIdempotent, kOnce };
const char* tool_effect_name(ToolEffect effect);  // "read", "idempotent", "once"
Result<ToolEffect> tool_effect_of(const std::string& name);

struct ToolDefinition {
  std::string name;          // within the cadre: [A-Za-z0-9_.-]{1,64}
  std::string description;   // for people and models; never an instruction to cadre
  base::Json input_schema;   // of the arguments, an object
  base::Json output_schema;  // of the result; null: not declared
  ToolEffect effect = ToolEffect::kRead;
  bool is_fenced = false;  // takes ToolCall::key and does the same call once
};

// SHA-256 over the definition, with the members of every object in the order of their names, as hexadecimal: what an approval pins.
std::string tool_fingerprint(const ToolDefinition& definition);

struct ToolCall {
  base::Json arguments;
  std::string key;  // the same for every repetition of one call: run, step, number
  int64_t timeout_ms = 30'000;
  int64_t work_max = 50'000'000;            // of what the tool counts (SQLite VM steps)
  int64_t rows_max = 1'000;                 // of a result that has rows
  int64_t result_size_bytes_max = 2 << 20;  // as JSON; a tool cuts rows off and says so, or fails with kLimit
  const base::Cancel* cancel = nullptr;     // may be null
};

struct ToolReturn {
  // kBusy, kTimeout and kUnavailable are transient: the call may do better later. All others are about the call or for good.
  std::optional<Error> error;
  bool is_uncertain = false;  // with an error: what was asked may have happened
  base::Json result;
  int64_t work = 0;
  std::optional<int64_t> retry_after_ms;  // with a transient error: how long the other side asks to be left alone
};

bool is_transient(const Error& error);

class Tool {
 public:
  virtual ~Tool() = default;
  virtual const ToolDefinition& definition() const = 0;
  // Could this call be made? No effect, bounded. Beyond the schema, which the agent checks (a SQL dry run, a path that exists).
  virtual Result<void> check(const base::Json& arguments) { return (void)arguments, Result<void>(); }
  virtual ToolReturn call(const ToolCall& call) = 0;
  // Does it wait for others (a network, a program)? Then it is called where that holds up no model.
  virtual bool waits() const { return true; }
};

}  // namespace cadre::agent
