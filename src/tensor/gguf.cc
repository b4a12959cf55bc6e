// SPDX-License-Identifier: Apache-2.0
#include "tensor/gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/utf8.h"

namespace cadre::tensor {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is little-endian and read in place");

constexpr std::string_view kMagic = "GGUF";
constexpr std::string_view kAlignmentKey = "general.alignment";
constexpr const char* kTruncated = "(truncated download?)";
constexpr uint64_t kMetadataSizeBytesMin = 8 + 1 + 4 + 1;            // the shortest key, a byte
constexpr uint64_t kTensorInfoSizeBytesMin = 8 + 1 + 4 + 8 + 4 + 8;  // the shortest name, one dimension

Error invalid(std::string message) {
  return Error{ErrorCode::kInvalid, std::move(message)};
}

// 0 for strings, arrays and numbers that are no type.
uint64_t scalar_size_bytes(uint32_t type) {
  constexpr uint64_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < std::size(kSizes) ? kSizes[type] : 0;
}

bool is_type(uint32_t type) {
  return type <= static_cast<uint32_t>(GgufType::kFloat64);
}

uint64_t align_up(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

template <class T>
T load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// For messages: what stands in a hostile file must not be able to fill a screen or move a cursor.
std::string quoted(std::string_view name) {
  std::string safe = "\"";
  for (const char c : name.substr(0, kGgufNameSizeBytesMax))
    safe += static_cast<uint8_t>(c) < 0x20 || c == 0x7F ? '?' : c;
  return safe + (name.size() > kGgufNameSizeBytesMax ? "...\"" : "\"");
}

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Reads forward; every take() is checked against what is left.
class Cursor {
 public:
  explicit Cursor(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  uint64_t position() const { return position_; }
  uint64_t left() const { return bytes_.size() - position_; }

  Result<std::span<const uint8_t>> take(uint64_t size_bytes) {
    if (size_bytes > left()) {
      return invalid(
          fmt::format("{} bytes needed at offset {}, {} left {}", size_bytes, position_, left(), kTruncated));
    }
    const auto taken = bytes_.subspan(position_, size_bytes);
    position_ += size_bytes;
    return taken;
  }
  template <class T>
  Result<T> number() {
    return load<T>(TRY(take(sizeof(T))).data());
  }
  Result<std::string_view> string() {
    const uint64_t size_bytes = TRY(number<uint64_t>());
    return text_of(TRY(take(size_bytes)));
  }

 private:
  std::span<const uint8_t> bytes_;
  uint64_t position_ = 0;
};

// The order of `names`, or the index of one that stands twice.
struct NameOrder {
  std::vector<uint32_t> indexes;
  std::optional<uint32_t> duplicate;
};

// Sorting, not hashing: nobody can choose names that make it slow.
template <class NameOf>
NameOrder order_names(size_t count, NameOf name_of) {
  NameOrder order;
  order.indexes.resize(count);
  std::iota(order.indexes.begin(), order.indexes.end(), 0u);
  std::sort(order.indexes.begin(), order.indexes.end(), [&](uint32_t a, uint32_t b) {
    const auto compared = name_of(a).compare(name_of(b));
    return compared != 0 ? compared < 0 : a < b;
  });
  const auto same = std::adjacent_find(order.indexes.begin(), order.indexes.end(),
                                       [&](uint32_t a, uint32_t b) { return name_of(a) == name_of(b); });
  if (same != order.indexes.end()) order.duplicate = *(same + 1);
  return order;
}

template <class NameOf>
std::optional<uint32_t> find_name(const std::vector<uint32_t>& order, std::string_view name, NameOf name_of) {
  const auto found = std::lower_bound(order.begin(), order.end(), name,
                                      [&](uint32_t index, std::string_view wanted) { return name_of(index) < wanted; });
  if (found == order.end() || name_of(*found) != name) return std::nullopt;
  return *found;
}

}  // namespace

const char* gguf_type_name(GgufType type) {
  static constexpr const char* kNames[] = {"UINT8", "INT8",   "UINT16", "INT16",  "UINT32", "INT32",  "FLOAT32",
                                           "BOOL",  "STRING", "ARRAY",  "UINT64", "INT64",  "FLOAT64"};
  return is_type(static_cast<uint32_t>(type)) ? kNames[static_cast<uint32_t>(type)] : "UNKNOWN";
}

// One pass over the file, front to back; then what needs all tensors at once.
class GgufParser {
 public:
  GgufParser(std::span<const uint8_t> bytes, GgufOtherTypes other_types)
      : bytes_(bytes), other_types_(other_types), cursor_(bytes) {}

  Result<Gguf> parse() {
    const Counts counts = TRY(read_header());
    TRY(read_metadata(counts.metadata));
    TRY(read_alignment());
    TRY(read_tensor_infos(counts.tensors));
    TRY(place_tensors());
    return std::move(gguf_);
  }

 private:
  struct Counts {
    uint64_t tensors;
    uint64_t metadata;
  };

  Result<Counts> read_header() {
    if (bytes_.empty()) return invalid("the file is empty");
    if (!text_of(bytes_).starts_with(kMagic)) return invalid("does not begin with \"GGUF\" (not a model file?)");
    TRY(cursor_.take(kMagic.size()));
    const auto context = "header";
    const uint32_t version = TRY(with_context(context, cursor_.number<uint32_t>()));
    if (version == 0x03000000) return unsupported("is big-endian; cadre reads little-endian GGUF version 3");
    if (version != kGgufVersion)
      return unsupported(fmt::format("is GGUF version {}; cadre reads version {} (convert it with current tools)",
                                     version, kGgufVersion));
    Counts counts{};
    counts.tensors = TRY(with_context(context, cursor_.number<uint64_t>()));
    counts.metadata = TRY(with_context(context, cursor_.number<uint64_t>()));
    TRY(check_count("tensors", counts.tensors, kTensorInfoSizeBytesMin));
    TRY(check_count("metadata keys", counts.metadata, kMetadataSizeBytesMin));
    return counts;
  }

  Result<void> check_count(const char* what, uint64_t count, uint64_t size_bytes_min) const {
    if (count > cursor_.left() / size_bytes_min)
      return invalid(fmt::format("header: {} {} do not fit in {} bytes {}", count, what, bytes_.size(), kTruncated));
    if (count > kGgufEntriesMax)
      return Error{ErrorCode::kLimit, fmt::format("header: {} {}; the limit is {}", count, what, kGgufEntriesMax)};
    return {};
  }

  Result<void> read_metadata(uint64_t count) {
    gguf_.metadata_.reserve(count);
    for (uint64_t i = 0; i < count; ++i) {
      const auto key = TRY(read_name("metadata key", i, kGgufKeySizeBytesMax));
      const auto value = TRY(with_context("key " + quoted(key), read_value()));
      gguf_.metadata_.emplace_back(key, value);
    }
    auto order = order_names(count, [this](uint32_t i) { return gguf_.metadata_[i].first; });
    if (order.duplicate)
      return invalid(fmt::format("key {} stands twice", quoted(gguf_.metadata_[*order.duplicate].first)));
    gguf_.metadata_by_key_ = std::move(order.indexes);
    return {};
  }

  Result<std::string_view> read_name(const char* what, uint64_t index, uint64_t size_bytes_max) {
    const auto name = TRY(with_context(fmt::format("{} {}", what, index), cursor_.string()));
    if (name.empty()) return invalid(fmt::format("{} {} is empty", what, index));
    if (name.size() > size_bytes_max)
      return invalid(fmt::format("{} {} has {} bytes; the limit is {}", what, index, name.size(), size_bytes_max));
    if (!base::is_valid_utf8(name) || name.find('\0') != std::string_view::npos)
      return invalid(fmt::format("{} {} is not UTF-8 text", what, index));
    return name;
  }

  Result<GgufValue> read_value() {
    const uint32_t type = TRY(cursor_.number<uint32_t>());
    if (!is_type(type)) return invalid(fmt::format("value type {} does not exist", type));
    GgufValue value;
    value.type = static_cast<GgufType>(type);
    if (value.type == GgufType::kString) {
      const auto string = TRY(cursor_.string());
      value.bytes = {reinterpret_cast<const uint8_t*>(string.data()), string.size()};
    } else if (value.type == GgufType::kArray) {
      TRY(read_array(value, 1));
    } else {
      value.bytes = TRY(cursor_.take(scalar_size_bytes(type)));
      if (value.type == GgufType::kBool) TRY(check_bools(value.bytes));
    }
    return value;
  }

  Result<void> read_array(GgufValue& value, uint32_t depth) {
    if (depth > kGgufArrayDepthMax)
      return Error{ErrorCode::kLimit, fmt::format("arrays nested deeper than {}", kGgufArrayDepthMax)};
    const uint32_t type = TRY(cursor_.number<uint32_t>());
    if (!is_type(type)) return invalid(fmt::format("element type {} does not exist", type));
    value.element_type = static_cast<GgufType>(type);
    value.element_count = TRY(cursor_.number<uint64_t>());
    const uint64_t element_size_bytes_min = value.element_type == GgufType::kString  ? 8
                                            : value.element_type == GgufType::kArray ? 12
                                                                                     : scalar_size_bytes(type);
    if (value.element_count > cursor_.left() / element_size_bytes_min) {
      return invalid(fmt::format("array of {} {} does not fit in the {} bytes left {}", value.element_count,
                                 gguf_type_name(value.element_type), cursor_.left(), kTruncated));
    }
    const uint64_t begin = cursor_.position();
    TRY(skip_elements(value, depth));
    value.bytes = bytes_.subspan(begin, cursor_.position() - begin);
    return {};
  }

  Result<void> skip_elements(const GgufValue& array, uint32_t depth) {
    if (const uint64_t size_bytes = scalar_size_bytes(static_cast<uint32_t>(array.element_type)); size_bytes > 0) {
      const auto elements = TRY(cursor_.take(size_bytes * array.element_count));
      if (array.element_type == GgufType::kBool) TRY(check_bools(elements));
      return {};
    }
    for (uint64_t i = 0; i < array.element_count; ++i) {
      if (array.element_type == GgufType::kString) {
        TRY(with_context(fmt::format("element {}", i), cursor_.string()));
      } else {
        GgufValue inner;
        TRY(read_array(inner, depth + 1));
      }
    }
    return {};
  }

  static Result<void> check_bools(std::span<const uint8_t> bytes) {
    const auto bad = std::find_if(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte > 1; });
    if (bad != bytes.end()) return invalid(fmt::format("BOOL of value {}", *bad));
    return {};
  }

  Result<void> read_alignment() {
    const GgufValue* value = gguf_.find(kAlignmentKey);
    if (value == nullptr) return {};
    if (value->type != GgufType::kUint32)
      return invalid(fmt::format("key {} is {}, not UINT32", quoted(kAlignmentKey), gguf_type_name(value->type)));
    const uint64_t alignment = load<uint32_t>(value->bytes.data());
    if (!std::has_single_bit(alignment) || alignment < 8 || alignment > kGgufAlignmentMax) {
      return invalid(fmt::format("alignment {} is not a power of two from 8 to {}", alignment, kGgufAlignmentMax));
    }
    gguf_.alignment_ = alignment;
    return {};
  }

  Result<void> read_tensor_infos(uint64_t count) {
    gguf_.tensors_.reserve(count);
    places_.reserve(count);
    gguf_.tensor_count_ = count;
    const uint64_t begin = cursor_.position();
    for (uint64_t i = 0; i < count; ++i) {
      const auto name = TRY(read_name("tensor name", i, kGgufNameSizeBytesMax));
      TRY(with_context("tensor " + quoted(name), read_tensor_info(name)));
    }
    gguf_.tensor_infos_ = bytes_.subspan(begin, cursor_.position() - begin);
    auto order = order_names(gguf_.tensors_.size(), [this](uint32_t i) { return gguf_.tensors_[i].name; });
    if (order.duplicate)
      return invalid(fmt::format("tensor {} stands twice", quoted(gguf_.tensors_[*order.duplicate].name)));
    gguf_.tensors_by_name_ = std::move(order.indexes);
    return {};
  }

  Result<void> read_tensor_info(std::string_view name) {
    GgufTensor tensor;
    tensor.name = name;
    tensor.dim_count = TRY(cursor_.number<uint32_t>());
    if (tensor.dim_count < 1 || tensor.dim_count > kGgufDimsMax)
      return invalid(fmt::format("{} dimensions; 1 to {} are possible", tensor.dim_count, kGgufDimsMax));
    for (uint32_t i = 0; i < tensor.dim_count; ++i) tensor.dims[i] = TRY(cursor_.number<uint64_t>());
    const uint32_t type = TRY(cursor_.number<uint32_t>());
    const TensorTypeTraits* of_type = tensor_type_traits(type);
    if (of_type == nullptr && other_types_ == GgufOtherTypes::kRefuse)
      return unsupported(fmt::format("element type {}; cadre reads F32, F16, BF16, I8, Q8_0 and Q4_0", type));
    tensor.type = static_cast<TensorType>(type);
    const uint64_t size_bytes = of_type == nullptr ? 0 : TRY(tensor_size_bytes(tensor, *of_type));
    const uint64_t offset = TRY(cursor_.number<uint64_t>());
    if (offset % gguf_.alignment_ != 0)
      return invalid(fmt::format("offset {} is not a multiple of the alignment {}", offset, gguf_.alignment_));
    if (of_type == nullptr) return {};
    gguf_.tensors_.push_back(tensor);
    places_.push_back({offset, size_bytes});
    return {};
  }

  static Result<uint64_t> tensor_size_bytes(const GgufTensor& tensor, const TensorTypeTraits& of_type) {
    uint64_t element_count = 1;
    for (uint32_t i = 0; i < tensor.dim_count; ++i) {
      if (tensor.dims[i] == 0) return invalid(fmt::format("dimension {} is 0", i));
      if (__builtin_mul_overflow(element_count, tensor.dims[i], &element_count))
        return invalid("its dimensions multiply to more than 64 bits");
    }
    if (tensor.dims[0] % of_type.block_elements != 0) {
      return invalid(fmt::format("rows of {} elements are not whole {} blocks of {}", tensor.dims[0], of_type.name,
                                 of_type.block_elements));
    }
    uint64_t size_bytes = 0;
    if (__builtin_mul_overflow(element_count / of_type.block_elements, uint64_t{of_type.block_size_bytes}, &size_bytes))
      return invalid("its size is more than 64 bits");
    return size_bytes;
  }

  Result<void> place_tensors() {
    const uint64_t data_begin = align_up(cursor_.position(), gguf_.alignment_);
    const uint64_t data_size_bytes = data_begin < bytes_.size() ? bytes_.size() - data_begin : 0;
    if (data_size_bytes > 0) gguf_.tensor_data_ = bytes_.subspan(data_begin);
    for (size_t i = 0; i < places_.size(); ++i) {
      const auto [offset, size_bytes] = places_[i];
      if (offset > data_size_bytes || size_bytes > data_size_bytes - offset) {
        const uint64_t missing = offset > data_size_bytes ? size_bytes : size_bytes - (data_size_bytes - offset);
        return invalid(fmt::format("tensor {}: {} bytes past the end of the file {}", quoted(gguf_.tensors_[i].name),
                                   missing, kTruncated));
      }
      gguf_.tensors_[i].bytes = bytes_.subspan(data_begin + offset, size_bytes);
    }
    return check_disjoint();
  }

  Result<void> check_disjoint() const {
    std::vector<uint32_t> order(places_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [this](uint32_t a, uint32_t b) { return places_[a].offset < places_[b].offset; });
    for (size_t i = 1; i < order.size(); ++i) {
      const Place& before = places_[order[i - 1]];
      if (before.offset + before.size_bytes > places_[order[i]].offset) {
        return invalid(fmt::format("tensors {} and {} overlap", quoted(gguf_.tensors_[order[i - 1]].name),
                                   quoted(gguf_.tensors_[order[i]].name)));
      }
    }
    return {};
  }

  static Error unsupported(std::string message) { return Error{ErrorCode::kUnsupported, std::move(message)}; }

  template <class T>
  static Result<T> with_context(const std::string& what, Result<T> result) {
    if (!result.ok()) return std::move(result).error().with_context(what);
    return result;
  }

  struct Place {
    uint64_t offset;
    uint64_t size_bytes;
  };

  std::span<const uint8_t> bytes_;
  GgufOtherTypes other_types_;
  Cursor cursor_;
  Gguf gguf_;
  std::vector<Place> places_;  // [tensors] in the tensor data
};

Result<Gguf> Gguf::parse(std::span<const uint8_t> bytes, GgufOtherTypes other_types) {
  return GgufParser(bytes, other_types).parse();
}

Result<GgufFile> GgufFile::open(const std::string& path, GgufOtherTypes other_types) {
  auto file = TRY(base::MappedFile::open(path));
  auto gguf = Gguf::parse(file.bytes(), other_types);
  if (!gguf.ok()) return std::move(gguf).error().with_context(fmt::format("read model file \"{}\"", path));
  return GgufFile{std::move(file), std::move(gguf).value()};
}

const GgufValue* Gguf::find(std::string_view key) const {
  const auto index = find_name(metadata_by_key_, key, [this](uint32_t i) { return metadata_[i].first; });
  return index ? &metadata_[*index].second : nullptr;
}

Result<const GgufTensor*> Gguf::tensor(std::string_view name) const {
  const auto index = find_name(tensors_by_name_, name, [this](uint32_t i) { return tensors_[i].name; });
  if (!index) return Error{ErrorCode::kNotFound, fmt::format("tensor {} is missing", quoted(name))};
  return &tensors_[*index];
}

namespace {

// nullopt for a type that is no integer, or an unsigned value past int64.
std::optional<int64_t> integer_at(GgufType type, const uint8_t* bytes) {
  switch (type) {
    case GgufType::kUint8:
      return load<uint8_t>(bytes);
    case GgufType::kInt8:
      return load<int8_t>(bytes);
    case GgufType::kUint16:
      return load<uint16_t>(bytes);
    case GgufType::kInt16:
      return load<int16_t>(bytes);
    case GgufType::kUint32:
      return load<uint32_t>(bytes);
    case GgufType::kInt32:
      return load<int32_t>(bytes);
    case GgufType::kInt64:
      return load<int64_t>(bytes);
    case GgufType::kUint64: {
      const auto value = load<uint64_t>(bytes);
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
      return static_cast<int64_t>(value);
    }
    default:
      return std::nullopt;
  }
}

std::optional<double> number_at(GgufType type, const uint8_t* bytes) {
  if (type == GgufType::kFloat32) return load<float>(bytes);
  if (type == GgufType::kFloat64) return load<double>(bytes);
  if (type == GgufType::kUint64) return static_cast<double>(load<uint64_t>(bytes));
  const auto integer = integer_at(type, bytes);
  if (!integer) return std::nullopt;
  return static_cast<double>(*integer);
}

std::string describe(const GgufValue& value) {
  if (value.type != GgufType::kArray) return gguf_type_name(value.type);
  return fmt::format("ARRAY of {}", gguf_type_name(value.element_type));
}

Error mistyped(std::string_view key, const GgufValue& value, const char* wanted) {
  return invalid(fmt::format("key {} is {}, not {}", quoted(key), describe(value), wanted));
}

Result<const GgufValue*> required(const Gguf& gguf, std::string_view key) {
  const GgufValue* value = gguf.find(key);
  if (value == nullptr) return Error{ErrorCode::kNotFound, fmt::format("key {} is missing", quoted(key))};
  return value;
}

// The elements of an array of scalars, each through `element_at`.
template <class T, class ElementAt>
Result<std::vector<T>> scalars(const Gguf& gguf, std::string_view key, const char* wanted, ElementAt element_at) {
  const GgufValue* value = TRY(required(gguf, key));
  const uint64_t size_bytes = scalar_size_bytes(static_cast<uint32_t>(value->element_type));
  if (value->type != GgufType::kArray || size_bytes == 0) return mistyped(key, *value, wanted);
  std::vector<T> elements;
  elements.reserve(value->element_count);
  for (uint64_t i = 0; i < value->element_count; ++i) {
    const auto element = element_at(value->element_type, value->bytes.data() + i * size_bytes);
    if (!element) return mistyped(key, *value, wanted);
    elements.push_back(*element);
  }
  return elements;
}

}  // namespace

Result<std::string_view> Gguf::string(std::string_view key) const {
  const GgufValue* value = TRY(required(*this, key));
  if (value->type != GgufType::kString) return mistyped(key, *value, "a string");
  return text_of(value->bytes);
}

Result<int64_t> Gguf::integer(std::string_view key) const {
  const GgufValue* value = TRY(required(*this, key));
  const auto integer = integer_at(value->type, value->bytes.data());
  if (!integer) return mistyped(key, *value, "an integer below 2^63");
  return *integer;
}

Result<double> Gguf::number(std::string_view key) const {
  const GgufValue* value = TRY(required(*this, key));
  const auto number = number_at(value->type, value->bytes.data());
  if (!number) return mistyped(key, *value, "a number");
  return *number;
}

Result<bool> Gguf::boolean(std::string_view key) const {
  const GgufValue* value = TRY(required(*this, key));
  if (value->type != GgufType::kBool) return mistyped(key, *value, "a boolean");
  return value->bytes[0] != 0;
}

Result<std::vector<std::string_view>> Gguf::strings(std::string_view key) const {
  const GgufValue* value = TRY(required(*this, key));
  if (value->type != GgufType::kArray || value->element_type != GgufType::kString)
    return mistyped(key, *value, "an array of strings");
  std::vector<std::string_view> elements;
  elements.reserve(value->element_count);
  Cursor cursor(value->bytes);
  for (uint64_t i = 0; i < value->element_count; ++i) elements.push_back(TRY(cursor.string()));
  return elements;
}

Result<std::vector<int64_t>> Gguf::integers(std::string_view key) const {
  return scalars<int64_t>(*this, key, "an array of integers below 2^63", integer_at);
}

Result<std::vector<double>> Gguf::numbers(std::string_view key) const {
  return scalars<double>(*this, key, "an array of numbers", number_at);
}

}  // namespace cadre::tensor
