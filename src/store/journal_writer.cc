// SPDX-License-Identifier: Apache-2.0
#include "store/journal_writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

namespace cadre::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

int64_t elapsed_us(SteadyClock::time_point since) {
  return std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - since).count();
}

}  // namespace

Result<std::unique_ptr<JournalWriter>> JournalWriter::start(Database database, const OwnerLock& owner,
                                                            const JournalOptions& options) {
  auto statements = TRY(JournalStatements::prepare(database));
  const int64_t unchecked =
      TRY(database.query_int64("SELECT (SELECT ifnull(max(id), 0) FROM records) - "
                               "(SELECT ifnull(max(last_record_id), 0) FROM checkpoints)"));
  std::unique_ptr<JournalWriter> writer(new JournalWriter(std::move(database), std::move(statements), owner, options));
  writer->records_since_checkpoint_ = unchecked;
  writer->thread_ = std::thread([raw = writer.get()] { raw->run(); });
  return writer;
}

JournalWriter::JournalWriter(Database database, JournalStatements statements, const OwnerLock& owner,
                             const JournalOptions& options)
    : database_(std::move(database)), statements_(std::move(statements)), owner_(owner), options_(options) {}

JournalWriter::~JournalWriter() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void JournalWriter::submit(std::shared_ptr<Operation> operation) {
  const size_t size_bytes = operation->size_bytes();
  bool wake;
  {
    std::unique_lock lock(mutex_);
    // A single operation larger than the limit is let through alone.
    room_.wait(lock, [&] {
      return queue_.empty() ||
             (queue_.size() < kQueuedOperationsMax && queued_size_bytes_ + size_bytes <= kQueuedSizeBytesMax);
    });
    queue_.push_back(std::move(operation));
    queued_size_bytes_ += size_bytes;
    wake = queue_.size() >= wanted_;
  }
  if (wake) work_.notify_one();
}

CommitCounts JournalWriter::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void JournalWriter::run() {
  pthread_setname_np(pthread_self(), "cadre-journal");
  while (wait_for_work()) {
    if (options_.test.before_batch) options_.test.before_batch();
    Operations batch = take_batch();
    write_batch(batch);
  }
}

bool JournalWriter::wait_for_work() {
  std::unique_lock lock(mutex_);
  wanted_ = 1;
  work_.wait(lock, [&] { return is_stopping_ || !queue_.empty(); });
  if (queue_.size() < last_batch_size_ && !is_stopping_) {
    wanted_ = last_batch_size_;
    const auto patience = std::chrono::microseconds(std::min<int64_t>(last_commit_us_ / 8, 2000));
    work_.wait_for(lock, patience, [&] { return is_stopping_ || queue_.size() >= wanted_; });
  }
  wanted_ = SIZE_MAX;  // awake now; it looks again by itself before it waits
  return !queue_.empty();
}

JournalWriter::Operations JournalWriter::take_batch() {
  Operations batch;
  size_t size_bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    while (!queue_.empty() && batch.size() < kBatchOperationsMax && size_bytes < kBatchSizeBytesMax) {
      size_bytes += queue_.front()->size_bytes();
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    queued_size_bytes_ -= size_bytes;
  }
  last_batch_size_ = batch.size();
  room_.notify_all();
  return batch;
}

void JournalWriter::write_batch(Operations& batch) {
  const auto began = SteadyClock::now();
  const auto committed = commit(batch);
  last_commit_us_ = elapsed_us(began);
  truncate_log(batch);
  for (auto& operation : batch) {
    if (operation->is_done()) continue;  // only by the planted fault
    if (!committed.ok() && operation->result.ok())
      operation->result = Error(committed.error()).with_context("append to journal");
    operation->complete();
  }
}

Result<void> JournalWriter::commit(Operations& batch) {
  auto transaction = TRY(Transaction::begin(database_, TransactionKind::kWrite));
  JournalBatch journal_batch(database_, statements_, owner_);
  int64_t records = 0;
  for (auto& operation : batch) {
    TRY(journal_batch.apply(*operation));
    if (operation->result.ok()) records += static_cast<int64_t>(operation->records.size());
  }
  Operation checkpoint;
  checkpoint.type = Operation::Type::kCheckpoint;
  checkpoint.wall_us = options_.clock->wall_us();
  const bool is_due =
      options_.checkpoint_every_records > 0 && records_since_checkpoint_ + records >= options_.checkpoint_every_records;
  if (is_due) TRY(journal_batch.apply(checkpoint));
  TRY(journal_batch.finish());
  if (options_.test.acknowledge_before_commit)
    for (auto& operation : batch) operation->complete();
  TRY(transaction.commit());
  records_since_checkpoint_ = is_due ? 0 : records_since_checkpoint_ + records;
  const std::lock_guard lock(mutex_);
  counts_.commits += 1;
  counts_.records += records;
  return {};
}

// Pages from before an erasure may still stand in the log.
void JournalWriter::truncate_log(Operations& batch) {
  for (auto& operation : batch) {
    if (operation->type != Operation::Type::kErase || operation->count == 0) continue;
    auto busy = database_.query_int64("PRAGMA wal_checkpoint(TRUNCATE)");
    operation->log_truncated = busy.ok() && *busy == 0;
  }
}

}  // namespace cadre::store
