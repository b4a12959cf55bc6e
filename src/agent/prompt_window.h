// What a model is told fits into its window: best-first lists of the input are cut at their ends until it does.
//
// Nobody but the endpoint knows its tokenizer, so tokens are estimated, rather too many than too few: one for every three bytes of ASCII, one for
// every two others (English prose takes 4 to 5 bytes a token, JSON about 3, other scripts 2 to 3). Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

int64_t estimated_tokens(std::string_view text);

struct FittedInput {
  base::Json input;
  base::Json left_out = base::Json::object();  // how many items of each list: {"/passages": 3}; empty: nothing
};

// `lists` are JSON pointers into the input; one that leads to no list there is none. While `over_tokens` are too many, the list that takes most loses its last item.
// kLimit: with all of them empty it still does not fit.
Result<FittedInput> fit_input(base::Json input, const std::vector<std::string>& lists, int64_t over_tokens);

}  // namespace cadre::agent
