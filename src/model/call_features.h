// What the learned verifier sees of a candidate call: hashes of crossed features of question, header and call.
//
// The specialist reads the question and scores decisions one by one; these features look at the finished call instead: which words of
// the question it leaves unused, what stands around each value, which word asks and what is selected. They share no weight and no
// score with the specialist, and do not look at what the call returns. Each feature belongs to a part of the call, so that a verdict can say which part
// weighed most.
// The scheme is part of a pack (kCallScheme): change anything here and old packs must be refused by its name.
// Cost: 6 us for a question of 12 words over 6 columns. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "contract/sql_task.h"
#include "contract/table.h"
#include "model/ngram_features.h"

namespace cadre::model {

inline constexpr const char* kCallScheme = "call-1";

// A part of a call, and its features' places in the hashes.
struct CallPart {
  std::string name;  // "select", "aggregate", "condition 1", "unused words", "count of conditions"
  std::vector<uint32_t> hashes;
};

struct CallFeatures {
  std::vector<CallPart> parts;

  // As the router's tiers take them: select and aggregate, conditions, the rest.
  NgramFeatures grouped() const;
};

// The question and the table's header, read once for all candidate calls.
class CallReader {
 public:
  // Keeps references to both.
  CallReader(const contract::Table& table, const contract::SqlTask& task);

  // A condition without words (somebody else wrote the call) is given those of the candidate with its column and value.
  CallFeatures read(const contract::SqlCall& call) const;

 private:
  struct Word {
    std::string norm, stem;
    bool is_content = false;  // neither punctuation nor a function word
    bool is_capital = false;  // begins with a capital and is not the first word
    bool is_number = false;
    uint64_t columns = 0;  // bit per column (the first 64) of which the name has this stem
  };
  struct Column {
    std::vector<std::string> stems;  // of its name, without function words unless there are no others
    std::string head;                // the last of them
    std::string shape;               // of its cells: "1900", "Aa 9", ...
    size_t mentioned = 0;            // of its stems, in the question
    uint32_t first_mention = 0;
    bool is_real = false;
  };
  class Writer;

  void read_columns();
  void read_words();
  std::string_view norm_at(int64_t word) const;  // of a word of the question; "^" past its ends
  void add_select(const contract::SqlCall& call, Writer& out) const;
  void add_aggregate(const contract::SqlCall& call, Writer& out) const;
  void add_condition(const contract::SqlCall& call, const contract::Condition& condition, Writer& out) const;
  void add_column_words(const contract::SqlCall& call, const contract::Condition& condition, Writer& out) const;
  void add_distance(const contract::Condition& condition, std::string_view from, Writer& out) const;
  void add_rivals(const contract::Condition& condition, std::string_view from, Writer& out) const;
  void add_unused(const contract::SqlCall& call, Writer& out) const;
  void add_count(const contract::SqlCall& call, Writer& out) const;

  const contract::Table& table_;
  const contract::SqlTask& task_;
  std::vector<Word> words_;
  std::vector<Column> columns_;
  std::string asking_;  // the words that ask: "how many", "who", "what year"
};

}  // namespace cadre::model
