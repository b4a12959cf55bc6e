// SPDX-License-Identifier: Apache-2.0
#include "model/router_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/router_math.h"

namespace cadre::model {

Result<void> check_router_size(const char* what, uint64_t value, uint64_t value_max) {
  if (value >= 1 && value <= value_max) return {};
  return Error{ErrorCode::kInvalid, fmt::format("router: {} is {}, must be 1 to {}", what, value, value_max)};
}

Result<void> check_power_of_two(const char* what, uint64_t value) {
  if (std::has_single_bit(value)) return {};
  return Error{ErrorCode::kInvalid, fmt::format("router: {} is {}, must be a power of two", what, value)};
}

Result<void> check_router_values(const char* tensor, size_t count, size_t count_wanted) {
  if (count == count_wanted) return {};
  return Error{ErrorCode::kInvalid, fmt::format("router: {} has {} elements, needs {}", tensor, count, count_wanted)};
}

Result<void> check_router_floats(const char* tensor, std::span<const float> values, size_t count_wanted) {
  TRY(check_router_values(tensor, values.size(), count_wanted));
  // 1e6 is far above any real weight and keeps every sum of a forward pass finite: with the limits of router_limits.h the largest
  // logit is below 1e35.
  if (std::all_of(values.begin(), values.end(), [](float value) { return std::abs(value) <= 1e6f; })) return {};
  return Error{ErrorCode::kInvalid,
               fmt::format("router: {} holds a number that is not finite or absurdly large", tensor)};
}

tensor::AlignedVector<int8_t> pad_rows(std::span<const int8_t> values, size_t width) {
  const size_t stride = padded_row(width), rows = values.size() / width;
  tensor::AlignedVector<int8_t> padded(rows * stride, 0);
  for (size_t row = 0; row < rows; ++row) std::copy_n(values.data() + row * width, width, padded.data() + row * stride);
  return padded;
}

}  // namespace cadre::model
