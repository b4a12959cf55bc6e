// Questions made from a table with phrases whose meaning is not in doubt: what the natural data teaches badly or not at all.
//
// In WikiSQL "total" often means COUNT, numbers are compared with columns that are named, and rows are counted by any column. People who
// ask their own tables mean SUM by "total amount", say "orders over 500" where only one column holds such numbers, and ask "how many orders".
// Values are cells of one row (so that conditions hold together) or numbers inside a column's range. Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "contract/sql_call.h"
#include "contract/table.h"

namespace cadre::train {

struct SyntheticQuestion {
  std::string question;
  contract::SqlCall gold;  // spans unset
  bool needs_cells = false;  // a value stands bare ("which gases"): only the cell tells it from any other noun
};

// nullopt where the table has too little to ask about.
std::optional<SyntheticQuestion> make_synthetic_question(const contract::Table& table, const std::vector<std::vector<std::string>>& rows,
                                                         base::Random& random);

// A question of the same making that needs more than one SELECT of our form: several columns, an extreme's row, groups, alternatives.
std::optional<std::string> make_unsupported_synthetic(const contract::Table& table, const std::vector<std::vector<std::string>>& rows,
                                                      base::Random& random);

// The table with a column in front that numbers its rows ("order_id"), as users' tables have and Wikipedia's do not.
std::pair<contract::TableSchema, std::vector<std::vector<std::string>>> with_id_column(const contract::TableSchema& schema,
                                                                                       const std::vector<std::vector<std::string>>& rows,
                                                                                       base::Random& random);

}  // namespace cadre::train
