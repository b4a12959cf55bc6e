// SQL text from outside: whatever passes the check is one legal call that reads back as itself and executes.
//
// Input: a byte of seed, a byte that says how many bytes of a legal text are replaced, then what replaces them; or,
// where that byte is 0, the whole rest as SQL.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
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

const Table& table() {
  static const Table goals = goals_table();
  return goals;
}

const SqlTask& task() {
  static const SqlTask made =
      make_sql_task(table(), "goals of Kane against O'Higgins or \"Bayern München\" over 3, -5 or 2.5 in 2019").value();
  return made;
}

std::string mutated(std::string sql, std::string_view bytes, size_t count, cadre::base::Random& random) {
  for (size_t i = 0; i < count && !bytes.empty(); ++i, bytes.remove_prefix(1)) {
    const size_t at = random.below(sql.size() + 1);
    switch (random.below(3)) {
      case 0:
        sql.insert(at, 1, bytes.front());
        break;
      case 1:
        if (at < sql.size()) sql[at] = bytes.front();
        break;
      default:
        sql.erase(std::min(at, sql.size()), static_cast<uint8_t>(bytes.front()) % 8);
    }
  }
  return sql;
}

void check_legal(const SqlCall& call) {
  const auto& columns = table().schema().columns;
  CADRE_CHECK(call.select_column < columns.size() && call.conditions.size() <= kConditionsMax,
              "names and counts are legal");
  const uint8_t aggregates = legal_aggregates(columns[call.select_column].type);
  CADRE_CHECK((aggregates >> static_cast<unsigned>(call.aggregate) & 1) != 0, "the aggregate fits the type");
  for (const Condition& condition : call.conditions) {
    const bool is_text = columns[condition.column].type == ColumnType::kText;
    CADRE_CHECK(!is_text || condition.op == CompareOp::kEqual, "a text is only ever equal");
    const bool is_grounded = table().has_cell(condition.column, condition.value).value() || condition.span.end > 0;
    CADRE_CHECK(is_grounded, "a value stands in the table or in the question");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  cadre::base::Random random(data[0]);
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string legal = to_sql(table().schema(), random_call(table(), task(), random));
  const std::string sql = data[1] == 0 ? std::string(rest) : mutated(legal, rest, data[1], random);
  const auto call = validate_sql(table(), task(), sql);
  CADRE_CHECK(call.ok() || sql != legal, "an unchanged legal text passes");
  if (!call.ok()) return 0;
  check_legal(*call);
  const std::string again = to_sql(table().schema(), *call);
  const auto reparsed = validate_sql(table(), task(), again);
  CADRE_CHECK(reparsed.ok() && *reparsed == *call, "a call reads back as itself");
  CADRE_CHECK(table().query(sql).ok() && table().query(again).ok(), "what passes the check executes");
  return 0;
}
