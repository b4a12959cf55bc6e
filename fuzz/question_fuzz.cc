// Any bytes as a question: a task or an Error, and whatever the task offers makes SQL that passes the independent check
// and runs.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/random.h"
#include "contract/sql_task.h"
#include "contract/test_tables.h"

using namespace cadre::contract;

namespace {

void check_candidates(const Table& table, const SqlTask& task) {
  const auto& columns = table.schema().columns;
  CADRE_CHECK(task.candidates.size() <= kCandidatesMax, "candidates have a limit");
  for (const ConditionCandidate& candidate : task.candidates) {
    CADRE_CHECK(candidate.column < columns.size(), "a candidate names a column of the table");
    CADRE_CHECK(candidate.span.begin < candidate.span.end && candidate.span.end <= task.words.size(),
                "its words are there");
    const bool is_text = columns[candidate.column].type == ColumnType::kText;
    CADRE_CHECK(candidate.legal_ops == (is_text ? 1 : 7) || candidate.legal_ops == 1, "its operators fit the type");
  }
}

void check_call(const Table& table, const SqlTask& task, const SqlCall& call) {
  const std::string sql = to_sql(table.schema(), call);
  const auto parsed = validate_sql(table, task, sql);
  CADRE_CHECK(parsed.ok(), "what candidates make is valid");
  CADRE_CHECK(to_sql(table.schema(), *parsed) == sql, "the text says what was decided");
  CADRE_CHECK(table.query(sql).ok(), "what candidates make executes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Table table = goals_table();
  const std::string_view question(reinterpret_cast<const char*>(data), size);
  auto task = make_sql_task(table, question);
  if (!task.ok()) return 0;
  cadre::base::Random random(size);
  for (int i = 0; i < 3; ++i) {
    const auto begin = static_cast<uint32_t>(random.below(task->words.size()));
    const auto end = begin + 1 + static_cast<uint32_t>(random.below(task->words.size() - begin));
    add_span(table, *task, {begin, end});
  }
  check_candidates(table, *task);
  for (int i = 0; i < 4; ++i) check_call(table, *task, random_call(table, *task, random));
  return 0;
}
