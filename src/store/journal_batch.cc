// SPDX-License-Identifier: Apache-2.0
#include "store/journal_batch.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/journal.h"
#include "store/journal_chain.h"

namespace cadre::store {
namespace {

Error no_such_run(const RunId& run) {
  return Error{ErrorCode::kNotFound, fmt::format("run {} is not in this journal", run.text())};
}

Error finished_run(const RunId& run, RunState state) {
  return Error{ErrorCode::kInvalid,
               fmt::format("run {} is {}; nothing can be added to it", run.text(), run_state_name(state))};
}

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

Result<JournalStatements> JournalStatements::prepare(Database& database) {
  return JournalStatements{
      .load_run = TRY(
          database.prepare("SELECT kind, state, updated_us, records, head, head_id, owner FROM runs WHERE run = ?1")),
      .insert_run = TRY(
          database.prepare("INSERT INTO runs(run, kind, state, begun_us, updated_us, records, head, head_id, owner) "
                           "VALUES (?1, ?2, 0, ?3, ?3, 0, ?4, 0, ?5)")),
      .update_run =
          TRY(database.prepare("UPDATE runs SET state = ?2, updated_us = ?3, records = ?4, head = ?5, head_id = ?6, "
                               "owner = ?7 WHERE run = ?1")),
      .insert_record =
          TRY(database.prepare("INSERT INTO records(run, sequence, kind, wall_us, payload_hash, previous_hash, "
                               "hash, previous_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")),
      .insert_payload = TRY(database.prepare("INSERT INTO payloads(id, salt, payload) VALUES (?1, ?2, ?3)")),
      .previous_record = TRY(database.prepare("SELECT previous_id FROM records WHERE id = ?1")),
      .erase_payload = TRY(database.prepare("UPDATE payloads SET salt = NULL, payload = NULL, erased_us = ?2 "
                                            "WHERE id = ?1 AND erased_us IS NULL")),
      .last_checkpoint =
          TRY(database.prepare("SELECT number, hash, last_record_id FROM checkpoints ORDER BY number DESC LIMIT 1")),
      .changed_runs = TRY(database.prepare("SELECT run, records, head, head_id FROM runs WHERE run IN "
                                           "(SELECT DISTINCT run FROM records WHERE id > ?1) ORDER BY run")),
      .insert_checkpoint =
          TRY(database.prepare("INSERT INTO checkpoints(number, wall_us, run_count, heads_hash, previous_hash, "
                               "hash, last_record_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")),
      .insert_checkpoint_head =
          TRY(database.prepare("INSERT INTO checkpoint_heads(checkpoint, run, records, head, head_id) "
                               "VALUES (?1, ?2, ?3, ?4, ?5)")),
  };
}

Result<void> JournalBatch::apply(Operation& operation) {
  switch (operation.type) {
    case Operation::Type::kBegin:
      return begin(operation);
    case Operation::Type::kAppend:
    case Operation::Type::kFinish:
      return append(operation);
    case Operation::Type::kResume:
      return resume(operation);
    case Operation::Type::kErase:
      return erase(operation);
    case Operation::Type::kCheckpoint:
      checkpoints_.push_back(&operation);
      return {};
  }
  return {};
}

Result<void> JournalBatch::finish() {
  for (auto& [run, row] : runs_) {
    if (row.is_changed) TRY(save(run, row));
    row.is_changed = false;
  }
  for (auto* operation : checkpoints_) TRY(write_checkpoint(*operation));
  return {};
}

Result<JournalBatch::RunRow*> JournalBatch::load(const RunId& run) {
  if (const auto known = runs_.find(run); known != runs_.end()) return &known->second;
  auto& statement = statements_.load_run;
  statement.reset();
  statement.bind_blob(1, run.bytes);
  if (!TRY(statement.step())) return nullptr;
  RunRow row{
      .kind = std::string(statement.column_text(0)),
      .state = static_cast<RunState>(statement.column_int64(1)),
      .updated_us = statement.column_int64(2),
      .records = statement.column_int64(3),
      .head = TRY(column_hash(statement, 4)),
      .head_id = statement.column_int64(5),
      .owner = statement.column_int64(6),
  };
  statement.reset();
  return &runs_.emplace(run, std::move(row)).first->second;
}

Result<void> JournalBatch::begin(Operation& operation) {
  if (TRY(load(operation.run)) != nullptr) {
    operation.result = Error{ErrorCode::kInvalid, fmt::format("run {} exists already", operation.run.text())};
    return {};
  }
  RunRow row{.kind = operation.run_kind,
             .updated_us = operation.records.front().wall_us,
             .head = first_previous_hash(operation.run, operation.run_kind),
             .owner = owner_.number()};
  auto& statement = statements_.insert_run;
  statement.bind_blob(1, operation.run.bytes);
  statement.bind_text(2, row.kind);
  statement.bind_int64(3, row.updated_us);
  statement.bind_blob(4, row.head);
  statement.bind_int64(5, row.owner);
  TRY(statement.run());
  RunRow& stored = runs_.emplace(operation.run, std::move(row)).first->second;
  return add_records(operation.run, stored, operation.records);
}

Result<void> JournalBatch::append(Operation& operation) {
  RunRow* row = TRY(load(operation.run));
  if (row == nullptr) {
    operation.result = no_such_run(operation.run);
  } else if (row->state != RunState::kRunning) {
    operation.result = finished_run(operation.run, row->state);
  } else if (row->owner != owner_.number()) {
    operation.result =
        Error{ErrorCode::kBusy, fmt::format("run {} belongs to another process; if that one is dead, resume "
                                            "the run first",
                                            operation.run.text())};
  } else if (row->records + static_cast<int64_t>(operation.records.size()) > kRunRecordsMax &&
             operation.type != Operation::Type::kFinish) {
    operation.result = Error{ErrorCode::kLimit, fmt::format("run {} has {} records, the limit is {}; finish it",
                                                            operation.run.text(), row->records, kRunRecordsMax)};
  } else {
    TRY(add_records(operation.run, *row, operation.records));
    if (operation.type == Operation::Type::kFinish) row->state = operation.outcome;
  }
  return {};
}

Result<void> JournalBatch::resume(Operation& operation) {
  RunRow* row = TRY(load(operation.run));
  if (row == nullptr) {
    operation.result = no_such_run(operation.run);
  } else if (row->state != RunState::kRunning) {
    operation.result = finished_run(operation.run, row->state);
  } else if (row->owner == owner_.number() || owner_.is_alive(row->owner)) {
    operation.result =
        Error{ErrorCode::kBusy,
              fmt::format("run {} is being worked on by a process that lives; wait for it", operation.run.text())};
  } else {
    row->owner = owner_.number();
    TRY(add_records(operation.run, *row, operation.records));
  }
  return {};
}

Result<void> JournalBatch::add_records(const RunId& run, RunRow& row, const std::vector<PreparedRecord>& records) {
  for (const auto& record : records) {
    const RecordHeader header{.run = run,
                              .sequence = row.records,
                              .kind = record.kind,
                              .wall_us = record.wall_us,
                              .payload_hash = record.payload_hash,
                              .previous_hash = row.head};
    const Sha256 hash = record_hash(header);
    auto& insert = statements_.insert_record;
    insert.bind_blob(1, run.bytes);
    insert.bind_int64(2, header.sequence);
    insert.bind_text(3, header.kind);
    insert.bind_int64(4, header.wall_us);
    insert.bind_blob(5, header.payload_hash);
    insert.bind_blob(6, header.previous_hash);
    insert.bind_blob(7, hash);
    insert.bind_int64(8, row.head_id);
    TRY(insert.run());
    const int64_t id = database_.last_insert_id();
    auto& payload = statements_.insert_payload;
    payload.bind_int64(1, id);
    payload.bind_blob(2, record.salt);
    payload.bind_blob(3, as_bytes(record.payload));
    TRY(payload.run());
    row.head = hash;
    row.head_id = id;
    row.records += 1;
    row.updated_us = record.wall_us;
    row.is_changed = true;
  }
  return {};
}

Result<void> JournalBatch::save(const RunId& run, const RunRow& row) {
  auto& statement = statements_.update_run;
  statement.bind_blob(1, run.bytes);
  statement.bind_int64(2, static_cast<int64_t>(row.state));
  statement.bind_int64(3, row.updated_us);
  statement.bind_int64(4, row.records);
  statement.bind_blob(5, row.head);
  statement.bind_int64(6, row.head_id);
  statement.bind_int64(7, row.owner);
  return statement.run();
}

Result<void> JournalBatch::erase(Operation& operation) {
  for (const auto& run : operation.runs) {
    if (TRY(load(run)) == nullptr) {
      operation.result = no_such_run(run);
      return {};
    }
  }
  for (const auto& run : operation.runs) TRY(erase_run(*TRY(load(run)), operation));
  return {};
}

Result<void> JournalBatch::erase_run(RunRow& row, Operation& operation) {
  int64_t id = row.head_id;
  for (int64_t left = row.records; left > 0; --left) {
    auto& erase = statements_.erase_payload;
    erase.bind_int64(1, id);
    erase.bind_int64(2, operation.wall_us);
    TRY(erase.run());
    operation.count += database_.changes();
    auto& previous = statements_.previous_record;
    previous.reset();
    previous.bind_int64(1, id);
    if (!TRY(previous.step()))
      return Error{ErrorCode::kCorrupt, "erase payloads: the chain of a run is broken; verify the journal"};
    id = previous.column_int64(0);
    previous.reset();
  }
  return {};
}

Result<void> JournalBatch::write_checkpoint(Operation& operation) {
  CheckpointHeader checkpoint{.number = 1, .wall_us = operation.wall_us};
  int64_t last_record_id = 0;
  auto& last = statements_.last_checkpoint;
  last.reset();
  if (TRY(last.step())) {
    checkpoint.number = last.column_int64(0) + 1;
    checkpoint.previous_hash = TRY(column_hash(last, 1));
    last_record_id = last.column_int64(2);
  }
  last.reset();

  std::vector<RunHead> heads;
  auto& changed = statements_.changed_runs;
  changed.reset();
  changed.bind_int64(1, last_record_id);
  while (TRY(changed.step())) {
    const RunHead head{.run = TRY(column_run_id(changed, 0)),
                       .records = changed.column_int64(1),
                       .hash = TRY(column_hash(changed, 2))};
    const int64_t head_id = changed.column_int64(3);
    last_record_id = std::max(last_record_id, head_id);
    auto& insert = statements_.insert_checkpoint_head;
    insert.bind_int64(1, checkpoint.number);
    insert.bind_blob(2, head.run.bytes);
    insert.bind_int64(3, head.records);
    insert.bind_blob(4, head.hash);
    insert.bind_int64(5, head_id);
    TRY(insert.run());
    heads.push_back(head);
  }
  changed.reset();
  if (heads.empty()) return {};

  checkpoint.run_count = static_cast<int64_t>(heads.size());
  checkpoint.heads_hash = heads_hash(heads);
  auto& insert = statements_.insert_checkpoint;
  insert.bind_int64(1, checkpoint.number);
  insert.bind_int64(2, checkpoint.wall_us);
  insert.bind_int64(3, checkpoint.run_count);
  insert.bind_blob(4, checkpoint.heads_hash);
  insert.bind_blob(5, checkpoint.previous_hash);
  insert.bind_blob(6, checkpoint_hash(checkpoint));
  insert.bind_int64(7, last_record_id);
  TRY(insert.run());
  operation.count = checkpoint.number;
  return {};
}

}  // namespace cadre::store
