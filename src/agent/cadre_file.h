// The cadre file (`cadre.yaml`): which specialists, tools and routes one deployment has, which addresses it may reach, and its limits.
//
// A file is taken whole or refused with every problem it has, one a line, each as "cadre.yaml:12:5: what is wrong and what to do":
// unknown keys, wrong types, numbers out of range, names that are none, files that are missing. (YAML that cannot be read at all, a
// key twice included, is one problem.) Paths are relative to the cadre file's folder and absolute in the result. The fields are documented in docs/cadre_file.md. Thread safety: plain values, pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/endpoint_specialist.h"
#include "agent/plan_events.h"
#include "agent/plan_tier.h"
#include "agent/route_tier.h"
#include "agent/tool_index.h"
#include "base/result.h"
#include "engine/chat_endpoint.h"

namespace cadre::agent {

inline constexpr int64_t kCadreFormat = 1;
inline constexpr size_t kCadreSpecialistsMax = 4'096;
inline constexpr size_t kCadreNameBytesMax = 64;

// What a specialist's `policy` says; what it leaves out is the pack's or the cadre's.
struct PolicyEntry {
  std::optional<double> confidence_min;
  std::optional<double> answerable_min;
  std::optional<int64_t> attempts_max;
  std::optional<int64_t> candidates_max;
  std::optional<int64_t> retries_max;
  std::optional<int64_t> backoff_ms;
  std::optional<int64_t> timeout_ms;
  std::optional<Approval> approval;
};

enum class SpecialistKind : uint8_t { kTable, kCall, kTemplate, kEndpoint, kChat };
const char* specialist_kind_name(SpecialistKind kind);  // "table", "call", "template", "endpoint", "chat"

struct SpecialistEntry {
  std::string name;     // within the cadre: [A-Za-z0-9_.-]
  std::string purpose;  // in a sentence, for people and for models that choose
  SpecialistKind kind = SpecialistKind::kTable;
  PolicyEntry policy;
  // kTable; kEndpoint, kCall (optional): what it is held to comes from there
  std::string pack;
  std::string table;
  std::string table_name;  // of a SQLite file; empty = its only one
  std::string verifier;    // a verifier pack that judges its calls; empty = none
  // kCall, kEndpoint (optional): a name of `tools`
  std::string tool;
  // kCall: conditions, and a sentence for people
  std::vector<std::string> before;
  std::vector<std::string> after;
  std::string say;
  // kTemplate
  std::string text;
  // kEndpoint, kChat: a name of `endpoints`, and how it is asked; name, purpose, policy and input schema are the entry's
  std::string endpoint;
  EndpointSpecialistOptions asked;
  RetrievalSettings chat_retrieval;  // kChat: how many of a chat's tools are shown
  // kCall, kTemplate, kEndpoint; null: the tool's, any object
  base::Json input_schema;
  // kEndpoint, kCall with a pack: the map as it stands in the file, and where ("12:5") each part of it does, by JSON pointer; "" is its name.
  base::Json given;
  std::map<std::string, std::string> places;
};

// A tool as its kind's own reader takes it (agent/tool_factory.h): {"name", "kind", ...}, with absolute paths.
struct ToolEntry {
  std::string name;
  base::Json options;
};

// A model behind an endpoint that makes plans, and does steps that others could not.
struct OrchestratorEntry {
  std::string endpoint;  // a name of `endpoints`; empty: there is none
  bool makes_plans = true;
  std::vector<std::string> steps;  // specialists whose steps it may do after them
  PlanTierOptions plans;
  int64_t samples = 1;  // of a step
};

// Limits of every run, and of all together.
struct BudgetEntry {
  int64_t attempts = 64;         // of one run, over all its steps
  int64_t calls = 64;            // likewise, repetitions included
  int64_t rows = 1'000;          // of one result
  int64_t sqlite_steps = 0;      // SQLite VM steps of one call; 0: enough to read its table several times
  int64_t tokens = 1'000'000;    // of models that count them, in one run
  double cost = 0;               // of one run, in the currency of the file's prices; 0: nothing may cost anything
  int64_t time_ms = 30'000;      // of one run, without its wait for a free worker
  int64_t runs_at_once = 2;      // runs that compute, and threads that do
  int64_t calls_at_once = 16;    // threads that wait for tools and endpoints
  int64_t runs_waiting = 1'000;  // more are refused as busy
};

struct ServeEntry {
  std::string address = "127.0.0.1";
  int64_t port = 8420;
  std::string keys;                  // a file with API keys; empty: none needed
  std::vector<std::string> origins;  // web pages of these origins may call
  int64_t body_bytes_max = 1 << 20;
  int64_t connections_max = 1'024;
  int64_t requests_per_minute = 0;  // of a key that names no rate of its own; 0: unlimited
  int64_t drain_ms = 10'000;        // how long a shutdown waits for runs
};

struct CadreFile {
  std::string path;
  std::string name;
  std::vector<SpecialistEntry> specialists;            // in the order of the file
  std::vector<ToolEntry> tools;                        // likewise
  std::vector<engine::ChatEndpointOptions> endpoints;  // likewise
  OrchestratorEntry planner;                           // a small one that is asked first; makes plans alone
  OrchestratorEntry orchestrator;
  std::vector<RouteOptions> routes;    // likewise
  std::vector<std::string> addresses;  // that a byte may leave for (net/address_policy.h); none by default
  std::string router;                  // a router pack; empty: every request goes to a specialist
  BudgetEntry budgets;
  std::string journal;  // empty: where the caller keeps it
  ServeEntry serve;
};

// Error (kInvalid): the problems, one a line. kNotFound, kIo, kLimit: the file cannot be read.
Result<CadreFile> load_cadre_file(const std::string& path);

// The same over a text. `path` names it in messages and is what its paths are relative to; `exists` says which files there are.
Result<CadreFile> parse_cadre_file(std::string_view text, const std::string& path,
                                   const std::function<bool(const std::string& path)>& exists);

// What every run is held to.
Budget budget_of(const CadreFile& file);
// What a specialist is held to in one step: its own terms where the file says nothing else.
StepPolicy policy_of(const CadreFile& file, const SpecialistEntry& specialist, const StepPolicy& own);
// SQLite VM steps of one call that read a table of so many rows several times.
int64_t sqlite_steps_for(uint64_t row_count);

}  // namespace cadre::agent
