// How much of a valid document needs no step of a model: the share of its tokens that the contract forces, as its tokenizer would write them.
//
// Each valid document of a folder of MaskBench files is written as generate mode would (compact, members in the contract's order), encoded as a
// whole and followed. At each step either the contract forces tokens, which must be the ones of the encoding (else they are not
// canonical), or the mask holds a single token, or the encoding's next token stands for the model's choice.
// Documents that generate mode does not write (a narrowed contract) are left out and counted. Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/vocabulary.h"

namespace cadre::eval {

struct ForcedShareOptions {
  std::string data;
  bool assert_formats = true;
  size_t every = 1;  // each so many-th file
  std::function<void(size_t done, size_t all)> on_progress;
};

struct ForcedCount {
  size_t documents = 0;
  size_t left_out = 0;
  size_t tokens = 0;
  size_t forced = 0;         // by forced_tokens()
  size_t single = 0;         // and by masks of one token
  size_t not_canonical = 0;  // forced, and not what the encoding has there
  size_t refused = 0;        // tokens of an encoding that the mask does not hold

  double share() const { return tokens == 0 ? 0 : static_cast<double>(forced + single) / static_cast<double>(tokens); }
  ForcedCount& operator+=(const ForcedCount& other);
};

struct ForcedReport {
  std::map<std::string, ForcedCount> splits;
  ForcedCount total;
  std::vector<std::string> complaints;  // of tokens that are not canonical or refused
};

// tokens[id] is a vocabulary in the order of ranks; see eval/tiktoken_bpe.h.
Result<ForcedReport> measure_forced(const ForcedShareOptions& options, const std::vector<std::string>& tokens);

}  // namespace cadre::eval
