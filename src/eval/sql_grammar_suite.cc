// SPDX-License-Identifier: Apache-2.0
#include "eval/sql_grammar_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/json_lines.h"
#include "base/random.h"
#include "contract/constraint.h"
#include "contract/sql_contract.h"
#include "contract/sql_text.h"
#include "eval/spider_gold.h"
#include "store/sqlite.h"

namespace cadre::eval {
namespace {

using contract::Constraint;
using contract::Contract;
using contract::Vocabulary;

constexpr int64_t kStepsMax = 2'000'000;  // of SQLite, per statement: seconds at worst
constexpr size_t kRowsMax = 1'000;
constexpr size_t kBorrowed = 300;    // tokens of the given vocabulary in a database's own
constexpr uint32_t kSlackMax = 120;  // tokens of a budget beyond the shortest statement
constexpr double kEndsEarly = 0.3;   // how often a walk ends where it may

using GoldByDatabase = std::map<std::string, std::vector<std::string>>;

Result<GoldByDatabase> read_gold(const SqlGrammarOptions& options, size_t& questions) {
  GoldByDatabase gold;
  const auto take = [&](const base::Json& line) -> Result<bool> {
    gold[TRY(database_of(line))].push_back(TRY(base::json_string(line, "query")));
    ++questions;
    return true;
  };
  TRY(base::for_each_json_line(fmt::format("{}/{}.jsonl", options.data, options.split), take));
  return gold;
}

std::set<std::string> names_of(const contract::SqlSchema& schema) {
  std::set<std::string> names;
  for (const contract::SqlTable& table : schema.tables) {
    names.insert(contract::sql_folded(table.name));
    for (const contract::SqlColumn& column : table.columns) names.insert(contract::sql_folded(column.name));
  }
  return names;
}

class DatabaseCheck {
 public:
  DatabaseCheck(const SqlGrammarOptions& options, std::string name, SqlGrammarReport& report, base::Random random)
      : options_(options), name_(std::move(name)), report_(report), random_(random) {}

  Result<void> run(const std::vector<std::string>& gold, size_t walks) {
    const std::string path = fmt::format("{}/databases/{}.sqlite", options_.data, name_);
    if (!base::file_exists(path)) {
      report_.without_database += gold.size();
      return {};
    }
    ++report_.databases;
    auto database = TRY(store::Database::open(path, {.read_only = true, .immutable = true}));
    const auto schema = contract::read_sql_schema(database);
    const auto accept = schema.ok() ? contract::sql_contract(*schema, {.mode = contract::SqlMode::kAccept})
                                    : Result<std::shared_ptr<Contract>>(schema.error());
    if (!accept.ok()) {
      ++report_.databases_refused;
      fail(accept.error().message);
      return {};
    }
    database.set_authorizer(store::read_only_authorizer());
    check_gold(database, **accept, *schema, gold);
    return check_walks(database, *schema, gold, walks);
  }

 private:
  void fail(const std::string& what) {
    if (report_.failures.size() < options_.failures_max) report_.failures.push_back(name_ + ": " + what);
  }

  void check_gold(store::Database& database, Contract& accept, const contract::SqlSchema& schema,
                  const std::vector<std::string>& gold) {
    const std::set<std::string> names = names_of(schema);
    const auto is_name = [&](std::string_view name) { return names.count(contract::sql_folded(name)) > 0; };
    for (const std::string& sql : gold) {
      const auto runnable = with_text_literals(sql, is_name);
      if (!runnable.ok() || !runs(database, *runnable)) {
        ++report_.gold_failed;
        continue;
      }
      ++report_.gold;
      const auto accepted = accept.accepts(sql);
      report_.gold_accepted += accepted.ok() && *accepted;
      if (!accepted.ok() || !*accepted) fail("gold refused: " + sql);
    }
  }

  static bool runs(store::Database& database, const std::string& sql) {
    auto statement = database.prepare(sql);
    if (!statement.ok()) return false;
    statement->set_step_limit(kStepsMax);
    const auto row = statement->step();
    return row.ok() || row.error().code == ErrorCode::kLimit;
  }

  Result<std::shared_ptr<const Vocabulary>> vocabulary(const std::vector<std::string>& gold) {
    std::set<std::string> words;
    for (const std::string& sql : gold) {
      const auto tokens = contract::tokenize_sql(sql);
      if (!tokens.ok()) continue;
      for (const contract::SqlToken& token : *tokens) {
        words.insert(token.text);
        words.insert(" " + token.text);
      }
    }
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
    tokens.insert(tokens.end(), words.begin(), words.end());
    for (size_t i = 0; i < kBorrowed && !options_.tokens.empty(); ++i)
      tokens.push_back(options_.tokens[random_.below(options_.tokens.size())]);
    return Vocabulary::build(tokens, contract::kNoToken);
  }

  Result<void> check_walks(store::Database& database, const contract::SqlSchema& schema,
                           const std::vector<std::string>& gold, size_t walks) {
    if (walks == 0) return {};
    const auto words = TRY(vocabulary(gold));
    const auto generate = TRY(contract::sql_contract(schema, {.mode = contract::SqlMode::kGenerate}));
    const uint32_t needed = generate->bytes_min();
    for (size_t i = 0; i < walks; ++i) {
      const auto sql = write(generate, words, needed + static_cast<uint32_t>(random_.below(kSlackMax)));
      if (sql.ok()) execute(database, *sql);
    }
    return {};
  }

  Result<std::string> write(const std::shared_ptr<Contract>& generate, const std::shared_ptr<const Vocabulary>& words,
                            uint32_t budget) {
    ++report_.walks;
    Constraint constraint = TRY(Constraint::make(generate, words, budget));
    uint32_t tokens = 0;
    while (!(constraint.complete() && random_.chance(kEndsEarly))) {
      const contract::TokenMask& mask = constraint.mask();
      if (mask.count == 0) break;
      const contract::RankInterval& interval = mask.intervals[random_.below(mask.intervals.size())];
      const auto rank = interval.low + static_cast<uint32_t>(random_.below(interval.high - interval.low));
      if (!constraint.advance(words->id_of(rank))) break;
      ++tokens;
    }
    report_.walk_tokens += tokens;
    if (tokens > budget) {
      ++report_.walks_over_budget;
      fail(fmt::format("{} tokens under a budget of {}: {}", tokens, budget, constraint.text()));
    }
    if (constraint.complete()) return constraint.text();
    ++report_.walks_stuck;
    fail(fmt::format("stuck after {} of {} tokens: {}", tokens, budget, constraint.text()));
    return Error{ErrorCode::kInternal, "stuck"};
  }

  void execute(store::Database& database, const std::string& sql) {
    auto statement = database.prepare(sql);
    if (!statement.ok()) {
      ++report_.not_prepared;
      fail(fmt::format("not prepared: {}: {}", sql, statement.error().message));
      return;
    }
    statement->set_step_limit(kStepsMax);
    for (size_t rows = 0; rows < kRowsMax; ++rows) {
      const auto row = statement->step();
      if (!row.ok() && row.error().code == ErrorCode::kLimit) {
        ++report_.at_step_limit;
        return;
      }
      if (!row.ok()) {
        ++report_.not_executed;
        fail(fmt::format("not executed: {}: {}", sql, row.error().message));
        return;
      }
      if (!*row) return;
      report_.with_rows += rows == 0;
    }
  }

  const SqlGrammarOptions& options_;
  std::string name_;
  SqlGrammarReport& report_;
  base::Random random_;
};

}  // namespace

Result<SqlGrammarReport> run_sql_grammar_suite(const SqlGrammarOptions& options) {
  SqlGrammarReport report;
  const GoldByDatabase gold = TRY(read_gold(options, report.questions));
  const base::Random random(options.seed);
  size_t done = 0;
  for (const auto& [name, queries] : gold) {
    const size_t walks = options.walks * (done + 1) / gold.size() - options.walks * done / gold.size();
    TRY(DatabaseCheck(options, name, report, random.fork(done)).run(queries, walks));
    ++done;
    if (options.on_progress) options.on_progress(done, gold.size());
  }
  return report;
}

}  // namespace cadre::eval
