// How long contracts take: from a schema's text to its first mask, and from mask to mask along its valid documents.
//
// Documents are cut into tokens greedily, the longest that fits; the masks at all steps count. Times are of the thread's processor, in
// microseconds; a contract is compiled afresh for each file, so the first document of a file meets cold tables.
// Data: a folder of MaskBench files (eval/maskbench_suite.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/constraint.h"
#include "contract/schema_programs.h"

namespace cadre::eval {

struct MaskTimesOptions {
  std::string data;
  contract::SchemaMode mode = contract::SchemaMode::kAccept;
  bool assert_formats = true;
  size_t every = 1;  // each so many-th file
  std::function<void(size_t done, size_t all)> on_progress;
};

struct MaskTimes {
  std::vector<double> first_mask_us;  // per schema: reading, compiling, first mask
  std::vector<double> mask_us;        // per step after that
  size_t documents = 0;
  size_t documents_refused = 0;  // a valid document one of whose tokens was not in the mask
  size_t steps = 0;
  size_t steps_forced = 0;  // masks with a single token
};

Result<MaskTimes> measure_masks(const MaskTimesOptions& options,
                                std::shared_ptr<const contract::Vocabulary> vocabulary);

}  // namespace cadre::eval
