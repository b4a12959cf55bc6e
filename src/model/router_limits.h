// Limits on the shapes of router models, and the checks that hold what a file claims to them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "tensor/aligned.h"

namespace cadre::model {

inline constexpr uint64_t kRouterRowsMax = uint64_t{1} << 20;  // of a hashed table
inline constexpr uint64_t kRouterLabelsMax = 4096;
inline constexpr uint64_t kRouterWidthMax = 1024;
inline constexpr uint64_t kRouterHiddenMax = 4096;
inline constexpr uint64_t kRouterLabelBytesMax = 256;
inline constexpr size_t kCalibrationPointsMax = 256;

Result<void> check_router_size(const char* what, uint64_t value, uint64_t value_max);  // 1 to value_max
Result<void> check_power_of_two(const char* what, uint64_t value);
Result<void> check_router_values(const char* tensor, size_t count, size_t count_wanted);
Result<void> check_router_floats(const char* tensor, std::span<const float> values,
                                 size_t count_wanted);  // and all finite

// [rows, width] -> [rows, padded_row(width)], zeros in between.
tensor::AlignedVector<int8_t> pad_rows(std::span<const int8_t> values, size_t width);

}  // namespace cadre::model
