// Numbers as people write them: in a cell, and in a question.
//
// A cell is a number if text::parse_number takes it, with white space allowed around it and after its sign ("- 2",
// "−3.5"). Dashes count as minus signs. A question says a number in digits ("1,234", "-3.6", ".5", the 2 of "2nd") or
// in a word ("three"). Words for no number
// ("nan", "inf") are never one, and neither is a number that overflows a double. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contract/sql_call.h"
#include "text/words.h"

namespace cadre::contract {

struct QuestionNumber {
  WordSpan span;
  double value = 0;
  std::string text;  // parses to `value`; without thousands commas
};

std::optional<double> cell_number(std::string_view cell);

// A number that loses nothing by being stored as one: "007" and twenty digits are names.
bool is_quantity(std::string_view cell);

// In order of appearance. "-5" gives both -5 (two words) and 5 (one word): a hyphen may also be a dash.
std::vector<QuestionNumber> question_numbers(std::string_view question, std::span<const text::Word> words);

// What stands for a missing value in a column of numbers: "", "-", "n/a", "na", "null", "none", "?" and dashes, any
// case.
bool is_missing_marker(std::string_view cell);

}  // namespace cadre::contract
