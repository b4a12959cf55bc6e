// A schema and SQL bytes from outside: machines never crash; what accept mode calls complete reads again; what
// generate mode writes under the bytes' direction never gets stuck and compiles in SQLite.
//
// Input: schema text (a line is a table and its columns; = and four bytes are a join), a NUL, SQL bytes for accept
// mode, which also steer generate mode.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "contract/sql_machine.h"
#include "store/sqlite.h"

using namespace cadre::contract;

namespace {

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(by, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

SqlSchema to_schema(std::string_view text) {
  SqlSchema schema;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("=") && line.size() >= 5) {
      const auto number = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(line[i]) % 4); };
      schema.joins.push_back({number(1), number(2), number(3), number(4)});
      continue;
    }
    SqlTable table;
    for (const std::string_view word : split(line, ' ')) {
      if (table.name.empty()) {
        table.name = word;
        continue;
      }
      const auto type = static_cast<SqlType>(word.size() % 3);
      table.columns.push_back({std::string(word), type, false, {}});
    }
    schema.tables.push_back(std::move(table));
    if (schema.tables.size() == 4) break;
  }
  return schema;
}

void read(const SqlSchema& schema, std::string_view sql) {
  auto machine = SqlMachine::create(schema, {.mode = SqlMode::kAccept, .any_text = true, .spans = {}}, 8 << 20).value();
  auto state = machine.start();
  for (size_t i = 0; i < sql.size() && i < 300 && !machine.dead(state); ++i) {
    state = machine.next(state, static_cast<uint8_t>(sql[i]));
  }
  machine.complete(state);
}

void write(const SqlSchema& schema, std::string_view choices) {
  auto database = cadre::store::Database::open_in_memory().value();
  for (const SqlTable& table : schema.tables) {
    std::string sql = "CREATE TABLE " + cadre::store::quoted_identifier(table.name) + " (";
    for (const SqlColumn& column : table.columns) {
      sql += cadre::store::quoted_identifier(column.name);
      sql += &column == &table.columns.back() ? ")" : ",";
    }
    if (!database.exec(sql).ok()) return;  // names that SQLite keeps for itself
  }
  auto machine = SqlMachine::create(schema, {}, 32 << 20).value();
  auto state = machine.start();
  std::string sql;
  for (size_t i = 0; i < 2'000; ++i) {
    const size_t choice = i < choices.size() ? static_cast<uint8_t>(choices[i]) : 7 * i + 3;
    if (machine.complete(state) && choice % 4 == 0) break;
    std::vector<uint8_t> open;
    for (int byte = 0; byte < 256; ++byte) {
      if (!machine.dead(machine.next(state, static_cast<uint8_t>(byte)))) open.push_back(static_cast<uint8_t>(byte));
    }
    if (machine.overflowed()) return;
    if (open.empty()) {
      CADRE_CHECK(machine.complete(state), "generate mode never gets stuck");
      break;
    }
    const bool in_text = open.size() > 100 && choice % 3 == 0;
    sql += static_cast<char>(in_text ? '\'' : open[choice % open.size()]);
    state = machine.next(state, static_cast<uint8_t>(sql.back()));
    CADRE_CHECK(!machine.dead(state), "an open byte stays open");
  }
  if (machine.complete(state)) CADRE_CHECK(database.prepare(sql).ok(), "what generate mode writes compiles");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\0'), input.size());
  const SqlSchema schema = to_schema(input.substr(0, cut));
  if (!check_sql_schema(schema).ok()) return 0;
  const std::string_view rest = cut < input.size() ? input.substr(cut + 1) : std::string_view();
  read(schema, rest);
  write(schema, rest);
  return 0;
}
