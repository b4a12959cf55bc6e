// Questions that one SELECT of our form cannot answer, made from ones that it can: lessons in declining.
//
// Sorting, grouping, the first few, the row that holds an extreme, two columns at once, distinct values, alternatives, differences: a
// specialist that has seen only answerable questions answers these too, wrongly. Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/random.h"
#include "contract/sql_call.h"

namespace cadre::train {

std::string make_unsupported_question(const contract::TableSchema& schema, const std::string& question, base::Random& random);

}  // namespace cadre::train
