// GGUF version 3: the one file format of models, read from memory (a mapped file) and written.
//
// Layout, all integers little-endian, no padding except where said:
//   offset 0   4 bytes  "GGUF"
//          4   u32      version, 3
//          8   u64      tensor_count
//         16   u64      metadata_count
//         24   metadata_count times:
//                string key         u64 length, then the bytes (UTF-8)
//                u32    type        0 u8, 1 i8, 2 u16, 3 i16, 4 u32, 5 i32, 6 f32, 7 bool (one byte, 0 or 1), 8 string,
//                9 array,
//                                   10 u64, 11 i64, 12 f64
//                value              a scalar of that size; a string; an array: u32 element type, u64 count, the
//                elements
//              tensor_count times:
//                string name
//                u32    dim_count   1 to 4
//                u64    dims[]      elements along each dimension, the fastest first: a [rows, columns] matrix has dims
//                {columns, rows} u32    type        tensor/tensor_type.h u64    offset      of its first byte, from the
//                start of the tensor data; a multiple of the alignment
//              zeros up to a multiple of the alignment (key general.alignment, u32; 32 when absent), then the tensor
//              data.
//
// Reader promises: whatever the bytes are, parse() returns an Error that names the entry and what is wrong with it, or
// a Gguf whose every view lies inside the bytes, whose tensors are whole and disjoint, and whose keys and names are
// UTF-8 and unique. Memory is proportional to the entries that the file really holds, time to its size (times a
// logarithm for names). Does not: interpret metadata, convert element types, read versions 1 and 2 or big-endian files.
// Tensors of other element types (K-quants and what comes after them) are an Error, or passed over by whoever asks for that.
// A file that another process shortens while it is mapped ends this process (SIGBUS), as with every mapped file. Thread
// safety: a Gguf is immutable. A GgufBuilder belongs to one thread. Source: the GGUF specification (ggml repository,
// docs/gguf.md).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "tensor/tensor_type.h"

namespace cadre::tensor {

inline constexpr uint32_t kGgufVersion = 3;
inline constexpr uint64_t kGgufAlignment = 32;
inline constexpr uint64_t kGgufAlignmentMax = 65536;
inline constexpr uint64_t kGgufEntriesMax = 65536;       // metadata keys, and tensors
inline constexpr uint64_t kGgufKeySizeBytesMax = 65535;  // from the specification
inline constexpr uint64_t kGgufNameSizeBytesMax = 64;    // of a tensor, from the specification
inline constexpr uint32_t kGgufDimsMax = 4;
inline constexpr uint32_t kGgufArrayDepthMax = 4;  // arrays in arrays

enum class GgufType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// "UINT8", ..., as in GGUF tools.
const char* gguf_type_name(GgufType type);

// A metadata value as it stands in the file.
struct GgufValue {
  GgufType type = GgufType::kUint8;
  GgufType element_type = GgufType::kUint8;  // of an array
  uint64_t element_count = 0;                // of an array
  std::span<const uint8_t> bytes;            // the scalar, the characters of a string, the elements of an array
};

struct GgufTensor {
  std::string_view name;
  TensorType type = TensorType::kF32;
  uint32_t dim_count = 0;
  std::array<uint64_t, kGgufDimsMax> dims = {1, 1, 1, 1};  // fastest first; 1 past dim_count
  std::span<const uint8_t> bytes;                          // aligned as the file is, if the file's bytes are
};

// What becomes of tensors whose element type cadre does not read.
enum class GgufOtherTypes : uint8_t {
  kRefuse,
  kPassOver,  // not in tensors(): for who reads metadata, or copies the file as it is
};

// A parsed file. All views point into the bytes given to parse(), which must live as long as it.
class Gguf {
 public:
  static Result<Gguf> parse(std::span<const uint8_t> bytes, GgufOtherTypes other_types = GgufOtherTypes::kRefuse);

  uint64_t alignment() const { return alignment_; }
  uint64_t tensor_count() const { return tensor_count_; }  // those that were passed over included
  // The descriptions of all tensors, and their data to the end of the file, as they stand there.
  std::span<const uint8_t> tensor_infos() const { return tensor_infos_; }
  std::span<const uint8_t> tensor_data() const { return tensor_data_; }
  const std::vector<std::pair<std::string_view, GgufValue>>& metadata() const { return metadata_; }  // in file order
  const std::vector<GgufTensor>& tensors() const { return tensors_; }                                // in file order

  const GgufValue* find(std::string_view key) const;  // nullptr if absent

  // Typed look-ups; a missing or mistyped key is an Error that names it. Integers may be stored in any integer type
  // that holds them, numbers in any integer or float type.
  Result<std::string_view> string(std::string_view key) const;
  Result<int64_t> integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;
  Result<std::vector<std::string_view>> strings(std::string_view key) const;
  Result<std::vector<int64_t>> integers(std::string_view key) const;
  Result<std::vector<double>> numbers(std::string_view key) const;

  Result<const GgufTensor*> tensor(std::string_view name) const;

 private:
  friend class GgufParser;
  Gguf() = default;

  uint64_t alignment_ = kGgufAlignment;
  uint64_t tensor_count_ = 0;
  std::span<const uint8_t> tensor_infos_;
  std::span<const uint8_t> tensor_data_;
  std::vector<std::pair<std::string_view, GgufValue>> metadata_;
  std::vector<GgufTensor> tensors_;
  std::vector<uint32_t> metadata_by_key_;  // indexes, for look-ups
  std::vector<uint32_t> tensors_by_name_;
};

// A file kept mapped together with what was read from it.
struct GgufFile {
  base::MappedFile file;
  Gguf gguf;

  static Result<GgufFile> open(const std::string& path, GgufOtherTypes other_types = GgufOtherTypes::kRefuse);
};

// Writes `gguf` to `path` with these strings among its metadata: in place of what stands under their keys, the others after all that is
// there. Everything else is copied as it is, tensors of any element type included, without holding the file in memory. Atomically, as
// GgufBuilder::write; `path` may be the file that `gguf` was read from. Keys must be legal and values UTF-8: else a bug of the caller.
Result<void> write_gguf_with(const Gguf& gguf, std::span<const std::pair<std::string, std::string>> strings,
                             const std::string& path);

// Collects metadata and tensors and writes them in the order in which they were added. Keys and tensor names must be
// new, legal, and tensor bytes of the right size: anything else is a bug of the caller. Tensor bytes are not copied:
// they must live until the file is written.
class GgufBuilder {
 public:
  void add_string(std::string_view key, std::string_view value);
  void add_bool(std::string_view key, bool value);
  void add_uint32(std::string_view key, uint32_t value);
  void add_uint64(std::string_view key, uint64_t value);
  void add_int32(std::string_view key, int32_t value);
  void add_int64(std::string_view key, int64_t value);
  void add_float32(std::string_view key, float value);
  void add_float64(std::string_view key, double value);
  void add_strings(std::string_view key, std::span<const std::string> values);
  void add_int32s(std::string_view key, std::span<const int32_t> values);
  void add_float32s(std::string_view key, std::span<const float> values);
  // dims: fastest first.
  void add_tensor(std::string_view name, TensorType type, std::span<const uint64_t> dims,
                  std::span<const uint8_t> bytes);

  std::string bytes() const;
  Result<void> write(const std::string& path) const;  // atomically: the old file or the whole new one

 private:
  void begin_value(std::string_view key, GgufType type);
  void begin_array(std::string_view key, GgufType element_type, size_t count);

  uint64_t metadata_count_ = 0;
  uint64_t data_size_bytes_ = 0;
  std::string metadata_;      // as in the file
  std::string tensor_infos_;  // as in the file
  std::vector<std::span<const uint8_t>> tensor_bytes_;
  std::vector<std::string> keys_;
  std::vector<std::string> names_;
};

}  // namespace cadre::tensor
