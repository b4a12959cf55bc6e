// SPDX-License-Identifier: Apache-2.0
#include "train/router_sentences.h"

#include <fmt/format.h>

#include <span>

#include "base/check.h"
#include "base/json.h"
#include "train/router_sentence_lists.h"

namespace cadre::train {

using base::Json;
using base::Random;
using Words = std::span<const char* const>;

namespace {

constexpr int kNestingMax = 6;  // of slots in slots; deeper is a mistake in the lists below

// The words of one table, for {column} and {cell}.
struct TableWords {
  std::vector<std::string> columns, cells;
};

class Filler {
 public:
  Filler(Random& random, const TableWords* table) : random_(random), table_(table) {}

  std::string fill(std::string_view pattern, int depth = 0) {
    CADRE_CHECK(depth < kNestingMax, "slots of the lists above nest shallowly");
    std::string out;
    for (size_t at = 0; at < pattern.size();) {
      const size_t open = pattern.find('{', at);
      out += pattern.substr(at, open - at);
      if (open == std::string_view::npos) break;
      const size_t close = pattern.find('}', open);
      out += slot(pattern.substr(open + 1, close - open - 1), depth + 1);
      at = close + 1;
    }
    return out;
  }

  const char* pick(Words words) { return words[random_.below(words.size())]; }

 private:
  std::string slot(std::string_view name, int depth) {
    if (name == "column") return from_table(&TableWords::columns, kAttributes, depth);
    if (name == "cell") return from_table(&TableWords::cells, kNames, depth);
    for (const auto& [known, words] : kSlots)
      if (known == name) return fill(pick(words), depth);
    CADRE_CHECK(false, "every slot of the lists above has words");
  }

  std::string from_table(std::vector<std::string> TableWords::*words, Words otherwise, int depth) {
    if (table_ == nullptr || (table_->*words).empty()) return fill(pick(otherwise), depth);
    return (table_->*words)[random_.below((table_->*words).size())];
  }

  struct Slot {
    std::string_view name;
    Words words;
  };
  static constexpr Slot kSlots[] = {{"thing", kThings},
                                    {"attribute", kAttributes},
                                    {"number", kNumbers},
                                    {"place", kPlaces},
                                    {"name", kNames},
                                    {"time", kTimes},
                                    {"value", kValue},
                                    {"field", kField},
                                    {"where", kWhere},
                                    {"most", kMost},
                                    {"text", kTexts},
                                    {"topic", kTopics},
                                    {"language", kLanguages},
                                    {"person", kPeople},
                                    {"write", kWrite},
                                    {"change", kChange},
                                    {"set", kSet},
                                    {"device", kDevices},
                                    {"skill", kSkills},
                                    {"shown", kShowText},
                                    {"code", kCode}};

  Random& random_;
  const TableWords* table_;
};

Result<TableWords> read_table(std::string_view line) {
  TableWords words;
  const Json table = TRY(base::parse_json(line));
  for (const Json& column : *TRY(base::json_array(table, "header")))
    if (column.is_string()) words.columns.push_back(column.get<std::string>());
  for (const Json& row : *TRY(base::json_array(table, "rows"))) {
    if (!row.is_array()) return Error{ErrorCode::kInvalid, "a row is not an array"};
    for (const Json& cell : row)
      if (cell.is_string() && cell.get_ref<const std::string&>().size() <= 40)
        words.cells.push_back(cell.get<std::string>());
  }
  return words;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

Result<std::vector<std::string>> table_questions(std::string_view tables, size_t count, Random random) {
  constexpr size_t kQuestionsPerTable = 4;  // then another table's words
  const auto lines = lines_of(tables);
  if (lines.empty()) return Error{ErrorCode::kInvalid, "no tables to take words from"};
  std::vector<std::string> questions;
  while (questions.size() < count) {
    const TableWords table = TRY(read_table(lines[random.below(lines.size())]));
    for (size_t i = 0; i < kQuestionsPerTable && questions.size() < count; ++i) {
      // Every other question is about nouns of trade and office, which Wikipedia's tables lack.
      Filler filler(random, i % 2 == 0 ? &table : nullptr);
      const std::string politeness = filler.pick(kPoliteness);
      questions.push_back(politeness + filler.fill(filler.pick(kTableQuestions)));
    }
  }
  return questions;
}

std::vector<std::string> writer_requests(size_t count, Random random) {
  std::vector<std::string> requests;
  for (size_t i = 0; i < count; ++i) {
    Filler filler(random, nullptr);
    const std::string politeness = random.chance(0.2) ? filler.pick(kPoliteness) : "";
    requests.push_back(politeness + filler.fill(filler.pick(kWriterRequests)));
  }
  return requests;
}

}  // namespace cadre::train
