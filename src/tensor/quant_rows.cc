// Rows of f32 to GGUF's blocks and back. At load and export only, so plain code.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "tensor/bfloat16.h"
#include "tensor/float16.h"
#include "tensor/quant_matmul.h"

namespace cadre::tensor {
namespace {

constexpr size_t kBlockElements = 32;

template <class T>
void append(std::vector<uint8_t>& out, const T& value) {
  uint8_t bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

template <class T>
T read(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// x / scale to the nearest integer within [low, high]; 0 when that is not a number.
int round_clamped(float x, float scale, int low, int high) {
  const float ratio = scale == 0 ? 0 : x / scale;
  if (!(ratio == ratio)) return 0;
  return static_cast<int>(std::nearbyint(std::clamp(ratio, static_cast<float>(low), static_cast<float>(high))));
}

// The scale as stored, so that rounding an element takes the rounding of its scale into account.
float append_scale(std::vector<uint8_t>& out, float scale) {
  const uint16_t half = float_to_float16(std::clamp(scale, -kFloat16Max, kFloat16Max));
  append(out, half);
  return float16_to_float(half);
}

// The element of largest magnitude, with its sign.
float largest_of(std::span<const float> x) {
  return *std::max_element(x.begin(), x.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
}

void append_q8_0(std::span<const float> x, std::vector<uint8_t>& out) {
  const float scale = append_scale(out, std::fabs(largest_of(x)) / 127.0f);
  for (const float value : x)
    out.push_back(static_cast<uint8_t>(static_cast<int8_t>(round_clamped(value, scale, -127, 127))));
}

// The largest element becomes -8 exactly: the side of the range that has one more value.
void append_q4_0(std::span<const float> x, std::vector<uint8_t>& out) {
  const float scale = append_scale(out, largest_of(x) / -8.0f);
  const auto nibble = [&](size_t i) { return static_cast<unsigned>(round_clamped(x[i], scale, -8, 7) + 8); };
  for (size_t i = 0; i < 16; ++i) out.push_back(static_cast<uint8_t>(nibble(i) | (nibble(16 + i) << 4)));
}

void read_q8_0(const uint8_t* block, float* out) {
  const float scale = float16_to_float(read<uint16_t>(block));
  for (size_t i = 0; i < kBlockElements; ++i) out[i] = scale * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

void read_q4_0(const uint8_t* block, float* out) {
  const float scale = float16_to_float(read<uint16_t>(block));
  for (size_t i = 0; i < 16; ++i) {
    out[i] = scale * static_cast<float>((block[2 + i] & 15) - 8);
    out[16 + i] = scale * static_cast<float>((block[2 + i] >> 4) - 8);
  }
}

}  // namespace

void quantize_row(TensorType type, std::span<const float> x, std::vector<uint8_t>& out) {
  const TensorTypeTraits& layout = traits(type);
  CADRE_CHECK(x.size() % layout.block_elements == 0, "a row is whole blocks");
  out.reserve(out.size() + x.size() / layout.block_elements * layout.block_size_bytes);
  for (size_t i = 0; i < x.size(); i += layout.block_elements) {
    switch (type) {
      case TensorType::kF32:
        append(out, x[i]);
        break;
      case TensorType::kF16:
        append(out, float_to_float16(x[i]));
        break;
      case TensorType::kBF16:
        append(out, to_bfloat16(x[i]));
        break;
      case TensorType::kQ8_0:
        append_q8_0(x.subspan(i, kBlockElements), out);
        break;
      case TensorType::kQ4_0:
        append_q4_0(x.subspan(i, kBlockElements), out);
        break;
      case TensorType::kI8:
        CADRE_CHECK(false, "I8 has no scale, so a row of f32 has no I8 form");
    }
  }
}

Result<void> dequantize_row(TensorType type, std::span<const uint8_t> bytes, std::span<float> out) {
  const TensorTypeTraits& layout = traits(type);
  if (type == TensorType::kI8) return Error{ErrorCode::kUnsupported, "read a row of I8 as numbers: it has no scale"};
  if (out.size() % layout.block_elements != 0 ||
      bytes.size() != out.size() / layout.block_elements * layout.block_size_bytes) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("read a row of {} {} elements: {} bytes given", out.size(), layout.name, bytes.size())};
  }
  const uint8_t* from = bytes.data();
  for (size_t i = 0; i < out.size(); i += layout.block_elements, from += layout.block_size_bytes) {
    switch (type) {
      case TensorType::kF32:
        out[i] = read<float>(from);
        break;
      case TensorType::kF16:
        out[i] = float16_to_float(read<uint16_t>(from));
        break;
      case TensorType::kBF16:
        out[i] = to_float(read<BFloat16>(from));
        break;
      case TensorType::kQ8_0:
        read_q8_0(from, &out[i]);
        break;
      case TensorType::kQ4_0:
        read_q4_0(from, &out[i]);
        break;
      case TensorType::kI8:
        break;
    }
  }
  return {};
}

}  // namespace cadre::tensor
