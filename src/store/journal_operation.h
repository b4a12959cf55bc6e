// What a caller hands to the journal's writer thread: one operation, and the place where it finds its outcome.
//
// Thread safety: the caller fills it, then the queue owns it; the outcome may be read once is_done() is true or wait() returned.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/record.h"
#include "store/run_id.h"

namespace cadre::store {

// An event with everything that can be computed before its place in the chain is known.
struct PreparedRecord {
  std::string kind;
  int64_t wall_us = 0;
  Salt salt{};
  std::string payload;  // JSON text
  Sha256 payload_hash{};
};

struct Operation {
  enum class Type : uint8_t {
    kBegin,       // run, run_kind, one record
    kAppend,      // run, records
    kFinish,      // run, outcome, one record
    kResume,      // run, one record
    kErase,       // runs
    kCheckpoint,  // wall_us
  };
  Type type = Type::kAppend;
  RunId run;
  std::string run_kind;
  RunState outcome = RunState::kRunning;
  std::vector<PreparedRecord> records;
  std::vector<RunId> runs;
  int64_t wall_us = 0;

  Result<void> result;
  int64_t count = 0;           // kErase: payloads; kCheckpoint: its number
  bool log_truncated = false;  // kErase

  size_t size_bytes() const {
    size_t size = 0;
    for (const auto& record : records) size += record.payload.size();
    return size;
  }
  bool is_done() const { return done_.load(std::memory_order_acquire) != 0; }
  void wait() const { done_.wait(0, std::memory_order_acquire); }
  void complete() {
    done_.store(1, std::memory_order_release);
    done_.notify_all();
  }
  void complete(Error error) {
    result = std::move(error);
    complete();
  }

 private:
  std::atomic<int> done_{0};  // int: waits on the futex itself
};

}  // namespace cadre::store
