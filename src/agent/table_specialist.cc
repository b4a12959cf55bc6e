// SPDX-License-Identifier: Apache-2.0
#include "agent/table_specialist.h"

#include <fmt/format.h>

#include <deque>
#include <mutex>
#include <utility>

#include "agent/answer.h"
#include "agent/json_values.h"
#include "agent/sql_json.h"
#include "agent/verifiers.h"
#include "contract/sql_task.h"

namespace cadre::agent {
namespace {

using base::Json;
using SharedTask = std::shared_ptr<const contract::SqlTask>;

// A step asks for its task once for each of its acts; a task is a few kilobytes.
constexpr size_t kTasksKept = 64;

Json question_schema() {
  return {{"type", "object"},
          {"properties",
           {{"question",
             {{"type", "string"},
              {"minLength", 1},
              {"maxLength", contract::kQuestionSizeBytesMax},
              {"description", "in plain English"}}}}},
          {"required", {"question"}},
          {"additionalProperties", false}};
}

Json result_schema() {
  const Json text = {{"type", "string"}};
  return {{"type", "object"},
          {"properties",
           {{"sql", text},
            {"columns", {{"type", "array"}, {"items", text}}},
            {"rows", {{"type", "array"}, {"items", {{"type", "array"}}}}},
            {"truncated", {{"type", "boolean"}}}}},
          {"required", {"sql", "columns", "rows", "truncated"}},
          {"additionalProperties", false}};
}

Json sql_schema() {
  return {{"type", "object"},
          {"properties", {{"sql", {{"type", "string"}}}}},
          {"required", {"sql"}},
          {"additionalProperties", false}};
}

size_t size_of(const contract::CellValue& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text == nullptr ? 8 : text->size();
}

// Keeps the rows that fit into a record of the journal.
contract::QueryResult limited(contract::QueryResult result) {
  size_t bytes = 0;
  for (size_t i = 0; i < result.rows.size(); ++i) {
    for (const contract::CellValue& cell : result.rows[i]) bytes += size_of(cell);
    if (bytes <= kTableResultBytesMax) continue;
    result.rows.resize(i);
    result.truncated = true;
  }
  return result;
}

// The SELECT of a checked call runs in the table's own connection, under its authorizer.
class TableTool final : public Tool {
 public:
  TableTool(const contract::Table& table, std::string name) : table_(table) {
    definition_.name = std::move(name);
    definition_.description = fmt::format("one SELECT over the table {}", table.schema().sql_name);
    definition_.input_schema = sql_schema();
  }
  const ToolDefinition& definition() const override { return definition_; }
  bool waits() const override { return false; }
  ToolReturn call(const ToolCall& call) override {
    const auto sql = bytes_at(call.arguments, "sql");
    if (!sql.ok()) return {.error = sql.error()};
    auto result = table_.query(*sql, {.vm_steps_max = call.work_max, .rows_max = call.rows_max});
    if (!result.ok()) return {.error = result.error()};
    const int64_t work = result->vm_steps;
    return {.result = result_to_json(limited(std::move(*result))), .work = work};
  }

 private:
  const contract::Table& table_;
  ToolDefinition definition_;
};

// A candidate as verifiers and templates want it.
struct Decided {
  std::string sql;
  contract::SqlCall call;
};

// The decisions of a call that somebody else wrote (an orchestrator) are what its text says, if that is inside the contract.
Result<Decided> decided(const contract::Table& table, const contract::SqlTask& task, const Candidate& candidate) {
  Decided parts{TRY(bytes_at(candidate.call, "sql")), {}};
  parts.call = candidate.grounds.is_object() && candidate.grounds.contains("select")
                   ? TRY(call_from_json(candidate.grounds))
                   : TRY(contract::validate_sql(table, task, parts.sql));
  return parts;
}

// Assembled calls name columns of the table by construction; an engine is still not trusted.
bool is_inside(const contract::TableSchema& schema, const contract::SqlCall& call) {
  if (call.select_column >= schema.columns.size()) return false;
  for (const contract::Condition& condition : call.conditions) {
    if (condition.column >= schema.columns.size()) return false;
  }
  return true;
}

std::vector<std::string> words_of(const contract::SqlTask& task, const std::vector<contract::WordSpan>& spans) {
  std::vector<std::string> words;
  for (const contract::WordSpan span : spans) {
    if (span.begin >= span.end || span.end > task.words.size()) continue;
    const uint32_t begin = task.words[span.begin].begin;
    words.push_back(task.question.substr(begin, task.words[span.end - 1].end - begin));
  }
  return words;
}

}  // namespace

struct TableSpecialist::Impl {
  Impl(TableSpecialistOptions options, Pack given_pack, contract::Table given_table)
      : clock(*options.clock),
        verifier(std::move(options.verifier)),
        pack(std::move(given_pack)),
        table(std::move(given_table)),
        tool(table, options.name + ".table") {
    definition.name = std::move(options.name);
    definition.version = pack.name;
    definition.purpose = std::move(options.purpose);
    definition.input_schema = question_schema();
    definition.output_schema = result_schema();
    definition.policy = options.policy;
    definition.identity = std::move(options.identity);
    definition.question_member = "question";
  }

  Result<SharedTask> task_of(const StepTask& step);
  std::unique_ptr<engine::SpecialistEngine> take_engine();
  void give_back(std::unique_ptr<engine::SpecialistEngine> engine);
  AttemptReturned returned(const contract::SqlTask& task, const engine::SqlAttempt& attempt,
                           int64_t candidates_max) const;

  const base::Clock& clock;
  const std::shared_ptr<const model::Verifier> verifier;  // may be null
  const Pack pack;
  const contract::Table table;
  TableTool tool;
  SpecialistDefinition definition;

  std::mutex mutex;                                                // of everything below
  std::vector<std::unique_ptr<engine::SpecialistEngine>> engines;  // that nobody uses
  std::deque<SharedTask> tasks;                                    // latest first
  DeciderTimings timings;
};

Result<SharedTask> TableSpecialist::Impl::task_of(const StepTask& step) {
  const std::string question = TRY(base::json_string(step.input, "question"));
  {
    const std::lock_guard lock(mutex);
    for (const SharedTask& task : tasks) {
      if (task->question == question) return task;
    }
  }
  const int64_t start_ns = clock.monotonic_ns();
  auto task = std::make_shared<const contract::SqlTask>(TRY(contract::make_sql_task(table, question)));
  const std::lock_guard lock(mutex);
  timings.features_ns += clock.monotonic_ns() - start_ns;
  tasks.push_front(task);
  if (tasks.size() > kTasksKept) tasks.pop_back();
  return SharedTask(std::move(task));
}

std::unique_ptr<engine::SpecialistEngine> TableSpecialist::Impl::take_engine() {
  {
    const std::lock_guard lock(mutex);
    if (!engines.empty()) {
      auto engine = std::move(engines.back());
      engines.pop_back();
      return engine;
    }
  }
  return pack.make_engine();
}

void TableSpecialist::Impl::give_back(std::unique_ptr<engine::SpecialistEngine> engine) {
  const std::lock_guard lock(mutex);
  engines.push_back(std::move(engine));
}

AttemptReturned TableSpecialist::Impl::returned(const contract::SqlTask& task, const engine::SqlAttempt& attempt,
                                                int64_t candidates_max) const {
  AttemptReturned event;
  event.answerable = attempt.answerable;
  event.unmatched_values = words_of(task, attempt.unmatched_values);
  event.is_exhaustive = std::cmp_less(attempt.candidates.size(), candidates_max);
  for (const engine::SqlCandidate& candidate : attempt.candidates) {
    if (!is_inside(table.schema(), candidate.call))
      return {.error = Error{ErrorCode::kInternal, "the specialist named a column that the table does not have"}};
    Json call = object_of("sql", bytes_to_json(contract::to_sql(table.schema(), candidate.call)));
    event.candidates.push_back({std::move(call), candidate.probability, call_to_json(candidate.call)});
  }
  return event;
}

TableSpecialist::TableSpecialist(TableSpecialistOptions options, Pack pack, contract::Table table)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(pack), std::move(table))) {}
TableSpecialist::~TableSpecialist() = default;

const SpecialistDefinition& TableSpecialist::definition() const {
  return impl_->definition;
}
Tool* TableSpecialist::tool() const {
  return &impl_->tool;
}
Json TableSpecialist::details() const {
  Json columns = Json::array();
  for (const contract::Column& column : impl_->table.schema().columns)
    columns.push_back(
        {{"name", column.name}, {"type", column.type == contract::ColumnType::kReal ? "number" : "text"}});
  return {{"rows", impl_->table.row_count()}, {"columns", std::move(columns)}, {"notes", impl_->table.notes()}};
}

const contract::Table& TableSpecialist::table() const {
  return impl_->table;
}

DeciderTimings TableSpecialist::timings() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->timings;
}

AttemptReturned TableSpecialist::attempt(const StepTask& step, const AttemptLimits& limits) const {
  const auto task = impl_->task_of(step);
  if (!task.ok()) return {.error = task.error()};
  auto engine = impl_->take_engine();
  const auto attempt = engine->attempt_sql(impl_->table, **task, static_cast<size_t>(limits.candidates_max));
  impl_->give_back(std::move(engine));
  if (!attempt.ok()) return {.error = attempt.error()};
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->timings.features_ns += attempt->timings.features_ns;
    impl_->timings.encoder_ns += attempt->timings.encoder_ns;
    impl_->timings.heads_ns += attempt->timings.heads_ns;
  }
  return impl_->returned(**task, *attempt, limits.candidates_max);
}

std::vector<Verdict> TableSpecialist::verify_call(const StepTask& step, const Candidate& candidate) const {
  const auto task = impl_->task_of(step);
  if (!task.ok()) return {{"contract", false, task.error().message}};
  const auto parts = decided(impl_->table, **task, candidate);
  if (!parts.ok()) return {{"contract", false, parts.error().message}};
  std::vector<Verdict> verdicts = agent::verify_call(impl_->table, **task, parts->sql, parts->call);
  if (impl_->verifier && is_inside(impl_->table.schema(), parts->call))
    verdicts.push_back(verify_learned(*impl_->verifier, impl_->table, **task, parts->call, candidate.probability));
  return verdicts;
}

CheckedResult TableSpecialist::verify_result(const StepTask& step, const Candidate& candidate, const Json& json) const {
  const auto task = impl_->task_of(step);
  if (!task.ok()) return {{{"contract", false, task.error().message}}, nullptr};
  const auto parts = decided(impl_->table, **task, candidate);
  if (!parts.ok()) return {{{"contract", false, parts.error().message}}, nullptr};
  const auto result = result_from_json(json);
  if (!result.ok()) return {{{"executes", false, result.error().message}}, nullptr};
  Json output = object_of("sql", candidate.call["sql"], "columns", json["columns"], "rows", json["rows"], "truncated",
                          result->truncated);
  return {agent::verify_result(impl_->table, parts->call, *result), std::move(output)};
}

StepAnswer TableSpecialist::answer(const StepTask& step, const Candidate& candidate, const Json& output) const {
  const auto task = impl_->task_of(step);
  if (!task.ok()) return {};
  const auto parts = decided(impl_->table, **task, candidate);
  Json rows = output;
  rows["vm_steps"] = 0;
  const auto result = result_from_json(rows);
  // All three were read when the call was verified.
  if (!task.ok() || !parts.ok() || !result.ok()) return {};
  const Answer answer = compose_answer(impl_->table.schema(), **task, parts->call, *result);
  return {answer.text, evidence_to_json(answer.evidence)};
}

}  // namespace cadre::agent
