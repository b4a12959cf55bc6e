// SPDX-License-Identifier: Apache-2.0
#include "train/unsupported_phrases.h"

#include <array>
#include <string_view>
#include <vector>

namespace cadre::train {

using contract::ColumnType;

namespace {

// Marks: $Q the question without its end mark, $A and $B two columns, $R a number column, $N a small number, $E an extreme.
constexpr std::array<std::string_view, 34> kPatterns = {
    "$Q sorted by $A",
    "$Q ordered by $A",
    "$Q in descending order of $R",
    "$Q in alphabetical order",
    "$Q, sort the result by $A",
    "list $A from the $E to the lowest $R",
    "show $A and $R, ordered by $R",
    "for each $A, how many $B are there?",
    "how many $B are there for each $A?",
    "how many $B does each $A have",
    "what is the average $R per $A?",
    "show the total $R by $A",
    "what is the $E $R of every $A",
    "count the number of $B in each $A",
    "which $A has the $E $R?",
    "what is the $A with the $E $R?",
    "who has the $E $R",
    "name the $A that has the $E $R",
    "what are the $N $A with the $E $R?",
    "show the top $N $A by $R",
    "list the first $N $A",
    "which $A is the most common?",
    "what is the most frequent $A",
    "find the $A that appears the most often",
    "what are the $A and $B of all rows?",
    "show the $A and the $B",
    "list the $A, $B and $R",
    "what are the maximum and minimum $R?",
    "what are the different $A?",
    "show all distinct $A",
    "how many different $A are there",
    "how many $B does each $A have in total",
    "what is the difference between the $E and the lowest $R",
    "which $A have a $R above the average?",
};

constexpr std::array<std::string_view, 6> kExtremes = {"highest", "most", "largest", "biggest", "lowest", "smallest"};

std::string name_of(const contract::TableSchema& schema, size_t column) {
  std::string name = schema.columns[column].name;
  for (char& c : name)
    if (c == '_') c = ' ';
  return name;
}

size_t real_column(const contract::TableSchema& schema, base::Random& random) {
  std::vector<size_t> reals;
  for (size_t c = 0; c < schema.columns.size(); ++c)
    if (schema.columns[c].type == ColumnType::kReal) reals.push_back(c);
  return reals.empty() ? random.below(schema.columns.size()) : reals[random.below(reals.size())];
}

std::string without_end_mark(std::string question) {
  while (!question.empty() && (question.back() == '?' || question.back() == '.' || question.back() == ' ')) question.pop_back();
  return question;
}

}  // namespace

std::string make_unsupported_question(const contract::TableSchema& schema, const std::string& question, base::Random& random) {
  const std::string_view pattern = kPatterns[random.below(kPatterns.size())];
  const size_t a = random.below(schema.columns.size());
  const size_t b = (a + 1 + random.below(schema.columns.size())) % schema.columns.size();
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '$') {
      out += pattern[i];
      continue;
    }
    switch (pattern[++i]) {
      case 'Q': out += without_end_mark(question); break;
      case 'A': out += name_of(schema, a); break;
      case 'B': out += name_of(schema, b); break;
      case 'R': out += name_of(schema, real_column(schema, random)); break;
      case 'N': out += std::to_string(2 + random.below(9)); break;
      case 'E': out += kExtremes[random.below(kExtremes.size())]; break;
      default: break;
    }
  }
  return out;
}

}  // namespace cadre::train
