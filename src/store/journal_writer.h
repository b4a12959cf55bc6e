// Group commit: the queue of waiting appends and the one thread that writes them.
//
// The thread takes everything that waits (up to kBatch... below), writes it in one transaction with one sync, then acknowledges
// each operation. While it syncs, the next batch gathers. A batch that finds fewer operations waiting than the last one had gives
// the callers it has just woken a moment to come back (at most an eighth of a commit, and 2 ms), because two half batches cost two syncs.
//
// Thread safety: submit() from any thread. The destructor writes what is queued, then joins.
// Idea: group commit, DeWitt et al. 1984, "Implementation techniques for main memory database systems".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/journal.h"
#include "store/journal_batch.h"
#include "store/journal_operation.h"

namespace cadre::store {

inline constexpr size_t kBatchOperationsMax = 8192;
inline constexpr size_t kBatchSizeBytesMax = 32 << 20;

class JournalWriter {
 public:
  static Result<std::unique_ptr<JournalWriter>> start(Database database, const OwnerLock& owner,
                                                      const JournalOptions& options);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;

  // Blocks while the queue is full. The operation is completed later, whatever happens.
  void submit(std::shared_ptr<Operation> operation);
  CommitCounts counts() const;

 private:
  using Operations = std::vector<std::shared_ptr<Operation>>;

  JournalWriter(Database database, JournalStatements statements, const OwnerLock& owner, const JournalOptions& options);
  void run();
  bool wait_for_work();  // false: nothing will come any more
  Operations take_batch();
  void write_batch(Operations& batch);
  Result<void> commit(Operations& batch);
  void truncate_log(Operations& batch);

  Database database_;
  JournalStatements statements_;
  const OwnerLock& owner_;
  const JournalOptions options_;
  int64_t records_since_checkpoint_ = 0;  // writer thread only
  size_t last_batch_size_ = 1;            // writer thread only
  int64_t last_commit_us_ = 0;            // writer thread only

  mutable std::mutex mutex_;      // guards what follows
  std::condition_variable work_;  // wakes the writer
  std::condition_variable room_;  // wakes callers that found the queue full
  std::deque<std::shared_ptr<Operation>> queue_;
  size_t queued_size_bytes_ = 0;
  size_t wanted_ = 1;  // the writer need not be woken before so many wait
  bool is_stopping_ = false;
  CommitCounts counts_;

  std::thread thread_;
};

}  // namespace cadre::store
