// All that the outside (HTTP, MCP, the command line) sees of the agent: start a run, watch it, approve, cancel, read.
//
// Thread safety: every method may be called from any thread. Errors say what to do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/result.h"
#include "store/run_id.h"

namespace cadre::agent {

struct RunRequest {
  std::string text;        // what is asked, in plain English
  std::string specialist;  // ask this one and dispatch nothing; empty: the dispatcher decides
  base::Json input;        // its input, an object; null: made from the text
  // A chat with tools of the asker's own, in the form of OpenAI's API: {"messages", "tools", "tool_choice", "parallel_tool_calls",
  // "response_format", "seed", "stop", "max_tokens", "temperature"}; null: none. Needs a specialist that writes chat messages.
  base::Json chat;
  std::string subject;          // whom it is about; memory is kept per subject
  std::string idempotency_key;  // a second request with the same key and asker is the same run; empty: none
  std::string asker;            // who asks (the name of an API key)
};

// The request of a run as the journal has it: an object of those members that say something.
base::Json request_to_json(const RunRequest& request);

enum class RunStatus : uint8_t { kRunning, kWaiting, kAnswered, kDeclined, kFailed, kCancelled };
const char* run_status_name(RunStatus status);  // "running", "waiting" (for an approval), "answered", ...
constexpr bool is_final(RunStatus status) {
  return status != RunStatus::kRunning && status != RunStatus::kWaiting;
}

struct RunUsage {
  int64_t tokens_in = 0;
  int64_t tokens_out = 0;
  int64_t cost_micros = 0;  // millionths of the currency that the cadre file's prices are in
  int64_t attempts = 0;
  int64_t calls = 0;
};

// A call that waits for a person.
struct PendingApproval {
  std::string step;
  std::string specialist;
  std::string tool;
  base::Json arguments;
  std::string why;
};

struct RunView {
  store::RunId run;
  RunStatus status = RunStatus::kRunning;
  std::string reason;   // "none", "out_of_scope", ...; empty while it runs
  std::string message;  // for people; empty when answered
  std::string text;     // the answer
  base::Json value;     // the answer's data: output of its last step; null if there is none
  base::Json evidence;  // where each part of it comes from
  base::Json steps;     // [{"id", "specialist", "status", "output", "error", "attempts"}]
  double confidence = 0;
  std::vector<PendingApproval> approvals;
  RunUsage usage;
};

// A record of the run as the journal has it.
struct RunEvent {
  int64_t sequence = 0;
  std::string kind;
  int64_t wall_us = 0;
  base::Json payload;
};

struct SpecialistView {
  std::string name;  // what a request says
  std::string version;
  std::string purpose;
  base::Json input_schema;
  base::Json output_schema;  // of the step's output; null: any
  bool is_chat = false;      // writes chat messages
  bool is_read_only = true;  // its tool changes nothing
};

// Reads each record of a run once. Thread safety: one thread at a time.
class EventReader {
 public:
  virtual ~EventReader() = default;
  // The next ones, oldest first, at most `count_max`; none: that was all so far.
  virtual Result<std::vector<RunEvent>> next(size_t count_max) = 0;
};

class RunService {
 public:
  virtual ~RunService() = default;

  // Begins a run; it is on stable storage when its id is returned. kInvalid, kLimit: the request is no request. kBusy: too many runs.
  virtual Result<store::RunId> start(const RunRequest& request) = 0;
  virtual Result<RunView> view(const store::RunId& run) = 0;
  // Until the run is final or waits for an approval, at most `timeout_ms`; then as it stands.
  virtual Result<RunView> wait(const store::RunId& run, int64_t timeout_ms, const base::Cancel* cancel) = 0;
  // The records after `sequence`, oldest first, at most `count_max`; -1 for all.
  virtual Result<std::vector<RunEvent>> events(const store::RunId& run, int64_t sequence, size_t count_max) = 0;
  // For whoever reads a run piece by piece as it grows, from behind `sequence` on. It does not outlive the service.
  virtual std::unique_ptr<EventReader> read_events(const store::RunId& run, int64_t sequence) = 0;
  // `changed` is called, from any thread and without locks held, after records of the run became durable, until the returned token dies.
  virtual std::shared_ptr<void> watch(const store::RunId& run, std::function<void()> changed) = 0;
  virtual Result<void> decide(const store::RunId& run, const std::string& step, bool approved, const std::string& who,
                              const std::string& why) = 0;
  virtual Result<void> cancel(const store::RunId& run, const std::string& who) = 0;
  virtual Result<std::vector<RunView>> list(size_t limit) = 0;  // newest first; without steps and evidence

  virtual std::vector<SpecialistView> specialists() = 0;
  // Counters and histograms in Prometheus' text format 0.0.4.
  virtual std::string metrics() = 0;
};

}  // namespace cadre::agent
