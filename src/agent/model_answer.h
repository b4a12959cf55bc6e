// The JSON value in what a model wrote.
//
// Taken are: the value alone; one ```-fenced block with whatever stands around it; either after a <think>...</think> that models put in front.
// The value is read strictly (contract/json_document.h: no name twice, valid UTF-8), and refused where it could not be kept exactly (a
// number beyond a double). Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr size_t kModelAnswerDepthMax = 64;

// kInvalid: "parse: " and what is wrong, with its byte in the value. kLimit: too deep.
Result<base::Json> read_model_answer(std::string_view text);

// Without thoughts and without white space around.
std::string_view without_thoughts(std::string_view text);

}  // namespace cadre::agent
