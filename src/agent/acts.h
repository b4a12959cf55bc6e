// The acts of a run: dispatch, attempt, verify, execute, compose, with the real parts and with their times.
//
// Each act answers with an event and never fails otherwise: what the world did wrong is part of the event.
// Thread safety: belongs to one thread, as do its parts while it works.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "agent/dispatcher.h"
#include "agent/run.h"
#include "base/clock.h"
#include "contract/sql_task.h"
#include "contract/table.h"
#include "engine/specialist_engine.h"

namespace cadre::agent {

// The bytes of result rows that one call may return; further rows are cut off and the result marked truncated. JSON may write six
// bytes for one, and a record holds store::kPayloadSizeBytesMax.
inline constexpr size_t kResultBytesMax = 2 << 20;

// Where the time of one run went, in nanoseconds. `total` is more than the sum: it holds the machine itself, too.
struct StageTimings {
  int64_t dispatch_ns = 0;
  int64_t features_ns = 0;  // candidate conditions of the question, tokens, links
  int64_t encoder_ns = 0;
  int64_t heads_ns = 0;
  int64_t verify_ns = 0;
  int64_t execute_ns = 0;
  int64_t compose_ns = 0;
  int64_t journal_ns = 0;
  int64_t total_ns = 0;
};

// None is owned; all outlive the acts. Engine and table may be null until a dispatcher chose them.
struct ActParts {
  const base::Clock* clock = nullptr;
  Dispatcher* dispatcher = nullptr;
  engine::SpecialistEngine* engine = nullptr;
  const contract::Table* table = nullptr;
};

class Acts {
 public:
  Acts(const ActParts& parts, contract::SqlTask task) : parts_(parts), task_(std::move(task)) {}

  // `effect` is anything but a Record and a Finish.
  Event act(const RunState& state, const Effect& effect);

  StageTimings& timings() { return timings_; }

 private:
  Event on(const Dispatch& effect, const RunState& state);
  Event take(const DispatchDecision& decision);
  Event on(const Attempt& effect, const RunState& state);
  Event on(const Verify& effect, const RunState& state);
  Event on(const Execute& effect, const RunState& state);
  Event on(const Compose& effect, const RunState& state);

  ActParts parts_;
  contract::SqlTask task_;
  StageTimings timings_;
};

// Adds the time between its making and its end to `total_ns`.
class Stopwatch {
 public:
  Stopwatch(const base::Clock& clock, int64_t& total_ns)
      : clock_(clock), total_ns_(total_ns), start_ns_(clock.monotonic_ns()) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { total_ns_ += clock_.monotonic_ns() - start_ns_; }

 private:
  const base::Clock& clock_;
  int64_t& total_ns_;
  int64_t start_ns_;
};

}  // namespace cadre::agent
