// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "store/journal_file.h"
#include "store/journal_operation.h"
#include "store/journal_reader.h"
#include "store/journal_writer.h"
#include "store/owner_lock.h"

namespace cadre::store {
namespace {

bool is_depth_at_most(const base::Json& value, int levels) {
  if (!value.is_structured()) return true;
  if (levels == 0) return false;
  for (const auto& member : value)
    if (!is_depth_at_most(member, levels - 1)) return false;
  return true;
}

Result<void> check_event_kind(std::string_view kind) {
  TRY(check_kind(kind));
  if (!kind.starts_with("run.")) return {};
  return Error{ErrorCode::kInvalid,
               fmt::format("append \"{}\": kinds that start with \"run.\" are the journal's own", kind)};
}

Result<PreparedRecord> prepare_record(const JournalOptions& options, std::string_view kind, const base::Json& payload,
                                      const Salt& salt) {
  if (!is_depth_at_most(payload, kPayloadDepthMax))
    return Error{ErrorCode::kLimit,
                 fmt::format("append \"{}\": the payload nests deeper than {} levels", kind, kPayloadDepthMax)};
  PreparedRecord record{
      .kind = std::string(kind), .wall_us = options.clock->wall_us(), .payload = base::dump_json(payload)};
  if (record.payload.size() > kPayloadSizeBytesMax)
    return Error{ErrorCode::kLimit, fmt::format("append \"{}\": the payload has {} bytes, the limit is {}", kind,
                                                record.payload.size(), kPayloadSizeBytesMax)};
  record.salt = salt;
  record.payload_hash = payload_hash(record.salt, record.payload);
  return record;
}

// All that an append needs at once: asking the system costs as much as hashing a record.
Result<std::vector<Salt>> draw_salts(const JournalOptions& options, size_t count) {
  std::vector<Salt> salts(count);
  TRY(options.entropy({salts.front().data(), count * sizeof(Salt)}));
  return salts;
}

Result<OwnerLock> draw_owner(const std::string& path, const JournalOptions& options) {
  uint8_t chance[8];
  TRY(options.entropy(chance));
  uint64_t number = 0;
  for (const uint8_t byte : chance) number = number << 8 | byte;
  const auto owner = static_cast<int64_t>(number % ((uint64_t{1} << 62) - 1)) + 1;
  if (!options.vfs_name.empty()) return OwnerLock::alone(owner);
  return OwnerLock::acquire(path + "-owners", owner);
}

}  // namespace

Result<void> Ticket::wait() const {
  operation_->wait();
  return operation_->result;
}

bool Ticket::is_done() const {
  return operation_->is_done();
}

struct Journal::Impl {
  Impl(std::string file_path, JournalOptions journal_options, OwnerLock owner_lock)
      : path(std::move(file_path)), options(std::move(journal_options)), owner(std::move(owner_lock)) {}

  // Runs one operation to its end.
  Result<std::shared_ptr<Operation>> perform(std::shared_ptr<Operation> operation);
  void submit(std::shared_ptr<Operation> operation);
  std::shared_ptr<Operation> prepare_append(const RunId& run, std::span<const Event> events);
  Result<std::shared_ptr<Operation>> own_record(Operation::Type type, const RunId& run, std::string_view kind,
                                                const base::Json& payload) const;

  template <class Call>
  auto read(Call call) const {
    const std::lock_guard lock(reader_mutex);
    JournalReader reader(*reader_database, owner);
    return call(reader);
  }

  const std::string path;
  const JournalOptions options;
  const OwnerLock owner;
  std::unique_ptr<JournalWriter> writer;  // null if read-only
  mutable std::mutex reader_mutex;        // guards reader_database
  mutable std::optional<Database> reader_database;
};

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Result<Journal> Journal::open(const std::string& path, JournalOptions options) {
  if (options.read_only) {
    auto database = TRY(open_journal_reader(path, options));
    auto impl = std::make_unique<Impl>(path, std::move(options), OwnerLock::observer(path + "-owners"));
    impl->reader_database = std::move(database);
    return Journal(std::move(impl));
  }
  // The file first: a path where no journal can be should not get a lock file.
  auto database = TRY(open_journal_writer(path, options));
  auto owner = TRY(draw_owner(path, options));
  auto reader = TRY(open_journal_reader(path, options));
  auto impl = std::make_unique<Impl>(path, std::move(options), std::move(owner));
  impl->reader_database = std::move(reader);
  impl->writer = TRY(JournalWriter::start(std::move(database), impl->owner, impl->options));
  return Journal(std::move(impl));
}

// Writing

void Journal::Impl::submit(std::shared_ptr<Operation> operation) {
  if (writer == nullptr) {
    operation->complete(Error{ErrorCode::kInvalid, fmt::format("write journal \"{}\": it was opened read-only", path)});
    return;
  }
  writer->submit(std::move(operation));
}

Result<std::shared_ptr<Operation>> Journal::Impl::perform(std::shared_ptr<Operation> operation) {
  submit(operation);
  operation->wait();
  TRY(Result<void>(operation->result));
  return operation;
}

Result<std::shared_ptr<Operation>> Journal::Impl::own_record(Operation::Type type, const RunId& run,
                                                             std::string_view kind, const base::Json& payload) const {
  auto operation = std::make_shared<Operation>();
  operation->type = type;
  operation->run = run;
  const auto salts = TRY(draw_salts(options, 1));
  operation->records.push_back(TRY(prepare_record(options, kind, payload, salts[0])));
  return operation;
}

// Always returns an operation; one that could not be prepared is complete already.
std::shared_ptr<Operation> Journal::Impl::prepare_append(const RunId& run, std::span<const Event> events) {
  auto operation = std::make_shared<Operation>();
  operation->run = run;
  if (events.empty() || events.size() > kEventsPerAppendMax) {
    operation->complete(Error{
        ErrorCode::kLimit, fmt::format("append {} events at once: give 1 to {}", events.size(), kEventsPerAppendMax)});
    return operation;
  }
  const auto salts = draw_salts(options, events.size());
  if (!salts.ok()) {
    operation->complete(salts.error());
    return operation;
  }
  for (size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    auto checked = check_event_kind(event.kind);
    auto record =
        checked.ok() ? prepare_record(options, event.kind, event.payload, (*salts)[i]) : std::move(checked).error();
    if (!record.ok()) {
      operation->complete(std::move(record).error());
      return operation;
    }
    operation->records.push_back(std::move(*record));
  }
  return operation;
}

Result<RunId> Journal::begin_run(std::string_view kind, const base::Json& payload) {
  TRY(check_kind(kind));
  std::array<uint8_t, 10> chance;
  TRY(impl_->options.entropy(chance));
  auto operation = TRY(impl_->own_record(Operation::Type::kBegin, {}, kKindBegin, payload));
  operation->run = RunId::make(operation->records.front().wall_us, chance);
  operation->run_kind = kind;
  return TRY(impl_->perform(std::move(operation)))->run;
}

Result<void> Journal::append(const RunId& run, std::string_view kind, const base::Json& payload) {
  return append_async(run, kind, payload).wait();
}

Result<void> Journal::append(const RunId& run, std::span<const Event> events) {
  return append_async(run, events).wait();
}

Ticket Journal::append_async(const RunId& run, std::string_view kind, const base::Json& payload) {
  const Event event{std::string(kind), payload};
  return append_async(run, std::span(&event, 1));
}

Ticket Journal::append_async(const RunId& run, std::span<const Event> events) {
  auto operation = impl_->prepare_append(run, events);
  if (!operation->is_done()) impl_->submit(operation);
  return Ticket(std::move(operation));
}

Result<void> Journal::finish_run(const RunId& run, RunState outcome, const base::Json& payload) {
  auto operation = TRY(impl_->own_record(Operation::Type::kFinish, run, finish_kind(outcome), payload));
  operation->outcome = outcome;
  TRY(impl_->perform(std::move(operation)));
  return {};
}

Result<void> Journal::finish_run(const RunId& run, std::span<const Event> events, RunState outcome,
                                 const base::Json& payload) {
  if (events.empty()) return finish_run(run, outcome, payload);
  auto operation = impl_->prepare_append(run, events);
  if (operation->is_done()) return operation->result;
  operation->type = Operation::Type::kFinish;
  operation->outcome = outcome;
  const auto salts = TRY(draw_salts(impl_->options, 1));
  operation->records.push_back(TRY(prepare_record(impl_->options, finish_kind(outcome), payload, salts[0])));
  TRY(impl_->perform(std::move(operation)));
  return {};
}

Result<void> Journal::resume_run(const RunId& run, const base::Json& payload) {
  TRY(impl_->perform(TRY(impl_->own_record(Operation::Type::kResume, run, kKindResume, payload))));
  return {};
}

Result<Erasure> Journal::erase_payloads(std::span<const RunId> runs) {
  auto operation = std::make_shared<Operation>();
  operation->type = Operation::Type::kErase;
  operation->runs.assign(runs.begin(), runs.end());
  operation->wall_us = impl_->options.clock->wall_us();
  operation = TRY(impl_->perform(std::move(operation)));
  return Erasure{.payloads = operation->count, .log_truncated = operation->log_truncated};
}

Result<int64_t> Journal::write_checkpoint() {
  auto operation = std::make_shared<Operation>();
  operation->type = Operation::Type::kCheckpoint;
  operation->wall_us = impl_->options.clock->wall_us();
  return TRY(impl_->perform(std::move(operation)))->count;
}

// Reading

Result<std::vector<Record>> Journal::read_run(const RunId& run) const {
  return impl_->read([&](JournalReader& reader) { return reader.read_run(run); });
}

Result<std::vector<Record>> Journal::read_on(RunCursor& cursor, size_t count_max) const {
  return impl_->read([&](JournalReader& reader) { return reader.read_on(cursor, count_max); });
}

Result<RunSummary> Journal::run_summary(const RunId& run) const {
  return impl_->read([&](JournalReader& reader) { return reader.run_summary(run); });
}

Result<std::vector<RunSummary>> Journal::list_runs(size_t limit) const {
  return impl_->read([&](JournalReader& reader) { return reader.list_runs(limit); });
}

Result<std::vector<RunSummary>> Journal::unfinished_runs(size_t limit) const {
  return impl_->read([&](JournalReader& reader) { return reader.unfinished_runs(limit); });
}

Result<RunId> Journal::find_run(std::string_view prefix) const {
  return impl_->read([&](JournalReader& reader) { return reader.find_run(prefix); });
}

Result<Verification> Journal::verify(const RunId& run) const {
  return impl_->read([&](JournalReader& reader) { return reader.verify(run); });
}

// Long work: on a connection of its own, so that other reads go on.
Result<Verification> Journal::verify_all() const {
  auto database = TRY(open_journal_reader(impl_->path, impl_->options));
  return JournalReader(database, impl_->owner).verify_all();
}

const std::string& Journal::path() const {
  return impl_->path;
}

CommitCounts Journal::commit_counts() const {
  return impl_->writer == nullptr ? CommitCounts{} : impl_->writer->counts();
}

}  // namespace cadre::store
