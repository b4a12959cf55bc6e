// Generated sentences that teach a router what data sets leave out: how people ask a table tersely, and what they ask a writer,
// an assistant or a database administrator instead.
//
// Sentences are filled templates. Both kinds share the same nouns, cells and names, so that what tells them apart is what is wanted,
// not what it is about. Deterministic in the random generator. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace cadre::train {

// Questions to a table. `tables`: lines of JSON with "header" and "rows" (WikiSQL's *.tables.jsonl), for their words.
Result<std::vector<std::string>> table_questions(std::string_view tables, size_t count, base::Random random);

// What no SELECT over one table answers: texts to write, things to do, changes to data, advice, reasons, forecasts, small talk.
std::vector<std::string> writer_requests(size_t count, base::Random random);

}  // namespace cadre::train
