// The journal: every event of every run, appended, hash-chained and on disk before anybody is told so.
//
// Promises
// * An append that returned success survives kill -9 and a power cut, as long as the disk keeps what it said it synced.
// * The records of a run are a chain: sequence 0, 1, 2, ..., each with the hash of the one before. After a crash a run has a
//   prefix of what was appended, at least up to the last acknowledged record, and no half record.
// * An append that returned an error was not acknowledged; after a crash it may or may not be found. Until then it is not seen.
// * Payloads stand apart with their salt: erasing them leaves the chain verifiable.
// * One run has one writing process at a time; a process that dies leaves its runs to be resumed or failed by another. Several
//   processes may use one journal file at once.
// Does not: encrypt payloads, sign checkpoints (both later work; the format has the place), or protect against somebody who may
// rewrite the whole file: for that, keep checkpoint hashes elsewhere.
//
// Group commit: one thread ("cadre-journal") takes all appends that wait, writes them in one transaction with one sync, then
// acknowledges them all. A lone append costs one sync; many at once share it.
//
// Thread safety: all methods may be called from any thread. Close (destroy) it after the last call has returned; what was
// queued by then is still written. Format: docs/journal.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "base/result.h"
#include "store/record.h"
#include "store/run_id.h"

namespace cadre::store {

inline constexpr size_t kPayloadSizeBytesMax = 16 << 20;  // one event, as JSON text
inline constexpr int kPayloadDepthMax = 128;              // nesting of one payload
inline constexpr size_t kEventsPerAppendMax = 4096;       // one call of append()
inline constexpr int64_t kRunRecordsMax = 1'000'000;      // one run
inline constexpr size_t kRunReadSizeBytesMax = 1 << 30;   // payloads that read_run() returns at once
inline constexpr size_t kPieceSizeBytesMax = 1 << 20;     // payloads of a piece that read_on() returns, about
inline constexpr size_t kQueuedOperationsMax = 65'536;    // appends that wait; one more blocks until there is room
inline constexpr size_t kQueuedSizeBytesMax = 256 << 20;  // likewise, their payloads

struct Event {
  std::string kind;  // "step.begin", "attempt.verdict", ...; see check_kind()
  base::Json payload;
};

struct Record {
  int64_t sequence = 0;
  std::string kind;
  int64_t wall_us = 0;
  std::optional<base::Json> payload;  // nothing if it was erased
  Sha256 payload_hash{};
  Sha256 previous_hash{};
  Sha256 hash{};
};

enum class Owner : uint8_t {
  kNone,   // the run is finished
  kThis,   // this journal object appends to it
  kOther,  // another one that still lives
  kDead,   // its process is gone: resume_run(), then go on or finish it as failed
};

struct RunSummary {
  RunId run;
  std::string kind;
  RunState state = RunState::kRunning;
  int64_t begun_us = 0;
  int64_t updated_us = 0;  // of the last record
  int64_t records = 0;
  Sha256 head{};  // hash of the last record
  Owner owner = Owner::kNone;
};

struct Verification {
  int64_t runs = 0;
  int64_t records = 0;
  int64_t payloads_erased = 0;
  int64_t checkpoints = 0;
};

struct Erasure {
  int64_t payloads = 0;
  // False if somebody was reading and the old bytes still stand in the write-ahead log; they go when all have closed the
  // journal, or with the next erasure.
  bool log_truncated = false;
};

struct CommitCounts {
  int64_t commits = 0;  // transactions, each with one sync
  int64_t records = 0;
};

// The faults that tests plant to prove that they would be noticed, and a way to hold the writer. Never set in the product.
struct JournalTestHooks {
  bool skip_sync = false;                  // "we forgot to sync"
  bool acknowledge_before_commit = false;  // "we answered too early"
  std::function<void()> before_batch;      // called by the writer when something waits, before it takes it
};

using Entropy = std::function<Result<void>(std::span<uint8_t>)>;

struct JournalOptions {
  bool read_only = false;                   // the file must exist; another process may be writing
  int busy_timeout_ms = 10'000;             // how long to wait for another process that writes
  int64_t checkpoint_every_records = 8192;  // a checkpoint of all changed heads after that many; 0 = only when asked
  int64_t log_pages_max = 1000;             // write-ahead log pages that are moved into the file at the next chance
  const base::Clock* clock = &base::system_clock();
  Entropy entropy = base::secure_random;  // run ids and salts; called from any thread
  std::string vfs_name;                   // SQLite's file layer; empty = real files
  // Makes the names in the folder of a path durable.
  std::function<Result<void>(const std::string& path)> sync_folder = base::sync_folder_of;
  JournalTestHooks test;
};

struct Operation;  // one waiting append; internal

// An append on its way to the disk.
class Ticket {
 public:
  explicit Ticket(std::shared_ptr<Operation> operation) : operation_(std::move(operation)) {}
  // Blocks until the events are durable, or refused.
  Result<void> wait() const;
  bool is_done() const;

 private:
  std::shared_ptr<Operation> operation_;
};

// How far somebody has read a run, who reads on as it grows: every record once, whatever the size of the pieces. It keeps the places of the
// records that it knows of and has not given out (8 bytes each): the links of a run lead backwards.
// Thread safety: one thread at a time.
class RunCursor {
 public:
  // Begins behind the record `after`; -1: at the first.
  explicit RunCursor(const RunId& run, int64_t after = -1) : run_(run), next_(after < 0 ? 0 : after + 1) {}
  const RunId& run() const { return run_; }
  // Rows of the journal that were looked at for it so far.
  int64_t rows_read() const { return rows_read_; }

 private:
  friend class JournalReader;
  RunId run_;
  int64_t next_ = 0;                     // sequence of the record to give out next
  std::vector<int64_t> rows_;            // of records from next_ on, the next one last
  std::optional<Sha256> previous_hash_;  // of the record given out last
  int64_t rows_read_ = 0;
};

class Journal {
 public:
  // Creates the file if it does not exist (readable by its owner only). A file that is no journal, or of another version, is
  // refused untouched. Errors: kNotFound (read_only), kInvalid, kUnsupported (version), kBusy, kCorrupt, kIo.
  static Result<Journal> open(const std::string& path, JournalOptions options = {});
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  // Writing. Each returns when it is durable.
  // `kind` says what is run ("ask", "eval"); the first record holds `payload`.
  Result<RunId> begin_run(std::string_view kind, const base::Json& payload);
  Result<void> append(const RunId& run, std::string_view kind, const base::Json& payload);
  // All of them or, on error, none.
  Result<void> append(const RunId& run, std::span<const Event> events);
  // Returns at once unless the queue is full. Appends to one run keep the order of the calls that made them.
  Ticket append_async(const RunId& run, std::string_view kind, const base::Json& payload);
  Ticket append_async(const RunId& run, std::span<const Event> events);
  // `outcome` is not kRunning. Nothing can be appended afterwards.
  Result<void> finish_run(const RunId& run, RunState outcome, const base::Json& payload);
  // The same after `events`, all in one transaction: a short run costs no sync for what it did on the way.
  Result<void> finish_run(const RunId& run, std::span<const Event> events, RunState outcome, const base::Json& payload);
  // Takes over a run whose owner is dead; kBusy if it lives. Leaves a record "run.resume".
  Result<void> resume_run(const RunId& run, const base::Json& payload);
  // Overwrites the payloads and salts of these runs. Their records and hashes stay.
  Result<Erasure> erase_payloads(std::span<const RunId> runs);
  // Chains the heads of all runs that changed since the last checkpoint. Returns its number, 0 if nothing changed.
  Result<int64_t> write_checkpoint();

  // Reading.
  // All records, in order. The chain and payload hashes are verified on the way (kCorrupt).
  Result<std::vector<Record>> read_run(const RunId& run) const;
  // The next records, at most `count_max` and no more once kPieceSizeBytesMax of payloads are reached; none: all have been read so far. What was read is
  // verified as in read_run(), but for the links before the cursor's beginning. Cost: the records returned, and once the links of those that are new.
  Result<std::vector<Record>> read_on(RunCursor& cursor, size_t count_max) const;
  Result<RunSummary> run_summary(const RunId& run) const;
  const std::string& path() const;
  // Newest first.
  Result<std::vector<RunSummary>> list_runs(size_t limit) const;
  // Oldest first: runs that no record has finished, whoever owns them.
  Result<std::vector<RunSummary>> unfinished_runs(size_t limit = 10'000) const;
  // The one run whose id starts with `prefix`; kNotFound, or kInvalid if there are several (it names some).
  Result<RunId> find_run(std::string_view prefix) const;

  // Recomputes all hashes; the error (kCorrupt) names the first bad record.
  Result<Verification> verify(const RunId& run) const;
  // Every run, every checkpoint, SQLite's own integrity check, and that no record stands outside a run. Reads everything.
  Result<Verification> verify_all() const;

  CommitCounts commit_counts() const;

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cadre::store
