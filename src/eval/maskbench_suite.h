// A folder of MaskBench files (https://github.com/guidance-ai/jsonschemabench, maskbench/), run against any judge of schemas.
//
// A file is {"schema": S, "tests": [{"valid": true or false, "data": INSTANCE}, ..]}. A schema passes when the judge reads it
// and is right about all its instances. The split is the file's name before "---", or else before its first "_".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/schema_judge.h"

namespace cadre::eval {

inline constexpr uint64_t kMaskbenchFileSizeBytesMax = 64 << 20;

struct MaskbenchCount {
  size_t schemas = 0;
  size_t refused = 0;  // schemas that the judge does not read
  size_t passing = 0;
  size_t valid = 0, valid_accepted = 0;     // instances; those of refused schemas count as missed
  size_t invalid = 0, invalid_refused = 0;  // instances of schemas that were read
  size_t limits = 0;                        // instances without an answer

  size_t wrong_accepts() const { return invalid - invalid_refused; }
  MaskbenchCount& operator+=(const MaskbenchCount& other);
};

struct MaskbenchOptions {
  std::string data;
  bool assert_formats = true;  // the labels of the set were made with formats asserted
  size_t complaints_max = 10'000;
  std::function<void(size_t done, size_t all)> on_progress;  // may be empty
};

struct MaskbenchReport {
  std::map<std::string, MaskbenchCount> splits;
  MaskbenchCount total;
  std::map<std::string, size_t> refusals;  // schemas by reason: the error's kind and the keyword it names
  std::vector<std::string> complaints;     // "file: test 3: wrongly accepted", "file: refused: message"
};

// The split that a file belongs to.
std::string maskbench_split(const std::string& file);
Result<MaskbenchReport> run_maskbench(const MaskbenchOptions& options, const SchemaJudge& judge);

}  // namespace cadre::eval
