// What a column's name and cells suggest about how people speak of it: for making training questions, never for answering one.
//
// "Goals" with whole numbers is counted ("how many goals did X score" adds them up), "Year" and "Rank" are not; "Area (km2)" is said
// without its unit; a player is "who". Guesses by English word lists: a wrong guess costs one odd training question.
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "contract/table.h"

namespace cadre::train {

struct ColumnWords {
  bool is_year = false;      // numbers that are years
  bool is_ordinal = false;   // numbers that place a row: round, rank, number, age; a sum means nothing
  bool is_additive = false;  // numbers whose sum means something
  bool is_counted = false;   // additive whole numbers under a plural noun: "goals"
  bool is_person = false;
  bool is_opponent = false;
  bool is_place = false;
  bool is_time = false;  // text that says when: "Date"
};

ColumnWords column_words(const contract::Column& column, size_t index,
                         const std::vector<std::vector<std::string>>& rows);

// The name in lower case as people say it, mostly without what stands in brackets and without a unit at its end.
std::string spoken_name(const std::string& name, base::Random& random);
std::string plural(const std::string& name);

}  // namespace cadre::train
