// What the journal keeps of one event, and the hashes that chain it to the one before.
//
// Pure functions over bytes: the layouts below are the format (docs/journal.md shows them byte by byte) and never change within
// a version. Integers are big-endian. Thread safety: values.
//
//   payload hash    = SHA-256( "cadre-payload-1\n" | salt 16 | payload )
//   first previous  = SHA-256( "cadre-run-v1   \n" | run 16 | u16 size of kind | kind )            binds the run's kind
//   record hash     = SHA-256( "cadre-record-v1\n" | run 16 | u64 sequence | i64 wall_us |
//                              u16 size of kind | kind | payload hash 32 | previous hash 32 )
//   heads hash      = SHA-256( "cadre-heads-v1 \n" | for each run in order: run 16 | u64 records | head 32 )
//   checkpoint hash = SHA-256( "cadre-checkpt-1\n" | u64 number | i64 wall_us | u64 run count | heads hash 32 | previous hash 32 )
//
// The salt keeps a short payload from being guessed from its hash once it is erased.
// Idea: hash-chained logs after Schneier and Kelsey 1999, "Secure audit logs to support computer forensics".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sha256.h"
#include "store/run_id.h"

namespace cadre::store {

using base::Sha256;
using Salt = std::array<uint8_t, 16>;

inline constexpr size_t kKindSizeBytesMax = 64;

enum class RunState : uint8_t {
  kRunning = 0,   // begun and not finished; after a crash: to be resumed or failed
  kDone = 1,      // an answer was given
  kFailed = 2,    // visibly failed
  kDeclined = 3,  // cadre said that it will not do this
};
const char* run_state_name(RunState state);  // "running", "done", "failed", "declined"

// Kinds of records that the journal writes itself; no event of a caller may start with "run.".
inline constexpr std::string_view kKindBegin = "run.begin";
inline constexpr std::string_view kKindResume = "run.resume";
std::string_view finish_kind(RunState outcome);  // "run.done", "run.failed", "run.declined"
// The outcome that a record of this kind closes its run with; nothing for all other kinds.
std::optional<RunState> finish_outcome(std::string_view kind);

// kInvalid unless 1 to 64 characters of a-z 0-9 . _ -
Result<void> check_kind(std::string_view kind);

struct RecordHeader {
  RunId run;
  int64_t sequence = 0;  // 0 is the begin record
  std::string kind;
  int64_t wall_us = 0;
  Sha256 payload_hash{};
  Sha256 previous_hash{};
};

Sha256 payload_hash(const Salt& salt, std::string_view payload);
Sha256 first_previous_hash(const RunId& run, std::string_view run_kind);
std::string canonical_bytes(const RecordHeader& record);
Sha256 record_hash(const RecordHeader& record);

// The last record of a run at some time.
struct RunHead {
  RunId run;
  int64_t records = 0;
  Sha256 hash{};
};
Sha256 heads_hash(std::span<const RunHead> heads);

struct CheckpointHeader {
  int64_t number = 0;  // 1, 2, 3, ...
  int64_t wall_us = 0;
  int64_t run_count = 0;
  Sha256 heads_hash{};
  Sha256 previous_hash{};  // zero for the first
};
Sha256 checkpoint_hash(const CheckpointHeader& checkpoint);

}  // namespace cadre::store
