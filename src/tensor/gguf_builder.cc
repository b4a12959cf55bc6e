// Writing GGUF: the layout is in gguf.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/file.h"
#include "base/utf8.h"
#include "tensor/gguf.h"

namespace cadre::tensor {

namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is little-endian and written as memory holds it");

template <class T>
void append_number(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void append_string(std::string& out, std::string_view text) {
  append_number(out, uint64_t{text.size()});
  out.append(text);
}

uint64_t padded(uint64_t offset, uint64_t alignment = kGgufAlignment) {
  return (offset + alignment - 1) / alignment * alignment;
}
void pad(std::string& out) {
  out.resize(padded(out.size()), '\0');
}

std::string_view view_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// An entry as it stood in the file it was read from.
void append_entry(std::string& out, std::string_view key, const GgufValue& value) {
  append_string(out, key);
  append_number(out, static_cast<uint32_t>(value.type));
  if (value.type == GgufType::kString) return append_string(out, view_of(value.bytes));
  if (value.type == GgufType::kArray) {
    append_number(out, static_cast<uint32_t>(value.element_type));
    append_number(out, value.element_count);
  }
  out += view_of(value.bytes);
}

void check_new_name(std::vector<std::string>& names, std::string_view name, uint64_t size_bytes_max) {
  CADRE_CHECK(!name.empty() && name.size() <= size_bytes_max && base::is_valid_utf8(name),
              "our own keys and tensor names are short UTF-8");
  CADRE_CHECK(std::find(names.begin(), names.end(), name) == names.end(), "a key or tensor is added once");
  names.emplace_back(name);
}

}  // namespace

void GgufBuilder::begin_value(std::string_view key, GgufType type) {
  CADRE_CHECK(key != "general.alignment", "the builder aligns to 32, the default");
  check_new_name(keys_, key, kGgufKeySizeBytesMax);
  ++metadata_count_;
  append_string(metadata_, key);
  append_number(metadata_, static_cast<uint32_t>(type));
}

void GgufBuilder::begin_array(std::string_view key, GgufType element_type, size_t count) {
  begin_value(key, GgufType::kArray);
  append_number(metadata_, static_cast<uint32_t>(element_type));
  append_number(metadata_, uint64_t{count});
}

void GgufBuilder::add_string(std::string_view key, std::string_view value) {
  begin_value(key, GgufType::kString);
  append_string(metadata_, value);
}
void GgufBuilder::add_bool(std::string_view key, bool value) {
  begin_value(key, GgufType::kBool);
  append_number(metadata_, static_cast<uint8_t>(value));
}
void GgufBuilder::add_uint32(std::string_view key, uint32_t value) {
  begin_value(key, GgufType::kUint32);
  append_number(metadata_, value);
}
void GgufBuilder::add_uint64(std::string_view key, uint64_t value) {
  begin_value(key, GgufType::kUint64);
  append_number(metadata_, value);
}
void GgufBuilder::add_int32(std::string_view key, int32_t value) {
  begin_value(key, GgufType::kInt32);
  append_number(metadata_, value);
}
void GgufBuilder::add_int64(std::string_view key, int64_t value) {
  begin_value(key, GgufType::kInt64);
  append_number(metadata_, value);
}
void GgufBuilder::add_float32(std::string_view key, float value) {
  begin_value(key, GgufType::kFloat32);
  append_number(metadata_, value);
}
void GgufBuilder::add_float64(std::string_view key, double value) {
  begin_value(key, GgufType::kFloat64);
  append_number(metadata_, value);
}
void GgufBuilder::add_strings(std::string_view key, std::span<const std::string> values) {
  begin_array(key, GgufType::kString, values.size());
  for (const auto& value : values) append_string(metadata_, value);
}
void GgufBuilder::add_int32s(std::string_view key, std::span<const int32_t> values) {
  begin_array(key, GgufType::kInt32, values.size());
  for (const int32_t value : values) append_number(metadata_, value);
}
void GgufBuilder::add_float32s(std::string_view key, std::span<const float> values) {
  begin_array(key, GgufType::kFloat32, values.size());
  for (const float value : values) append_number(metadata_, value);
}

void GgufBuilder::add_tensor(std::string_view name, TensorType type, std::span<const uint64_t> dims,
                             std::span<const uint8_t> bytes) {
  check_new_name(names_, name, kGgufNameSizeBytesMax);
  CADRE_CHECK(!dims.empty() && dims.size() <= kGgufDimsMax, "a tensor has 1 to 4 dimensions");
  const TensorTypeTraits& of_type = traits(type);
  uint64_t element_count = 1;
  for (const uint64_t dim : dims) element_count *= dim;
  CADRE_CHECK(element_count > 0 && dims[0] % of_type.block_elements == 0, "rows are whole blocks, and there are some");
  CADRE_CHECK(bytes.size() == element_count / of_type.block_elements * of_type.block_size_bytes,
              "the bytes are all of the tensor's elements");
  append_string(tensor_infos_, name);
  append_number(tensor_infos_, static_cast<uint32_t>(dims.size()));
  for (const uint64_t dim : dims) append_number(tensor_infos_, dim);
  append_number(tensor_infos_, static_cast<uint32_t>(type));
  append_number(tensor_infos_, data_size_bytes_);
  tensor_bytes_.push_back(bytes);
  data_size_bytes_ = padded(data_size_bytes_ + bytes.size());
}

std::string GgufBuilder::bytes() const {
  std::string out = "GGUF";
  append_number(out, kGgufVersion);
  append_number(out, uint64_t{tensor_bytes_.size()});
  append_number(out, metadata_count_);
  out.reserve(out.size() + metadata_.size() + tensor_infos_.size() + kGgufAlignment + data_size_bytes_);
  out += metadata_;
  out += tensor_infos_;
  pad(out);
  for (const auto& bytes : tensor_bytes_) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    pad(out);
  }
  return out;
}

Result<void> GgufBuilder::write(const std::string& path) const {
  return base::replace_file(path, bytes());
}

Result<void> write_gguf_with(const Gguf& gguf, std::span<const std::pair<std::string, std::string>> strings,
                             const std::string& path) {
  std::string metadata;
  uint64_t count = gguf.metadata().size();
  for (const auto& entry : gguf.metadata()) {
    const std::string_view key = entry.first;
    const auto found =
        std::find_if(strings.begin(), strings.end(), [&](const auto& string) { return string.first == key; });
    if (found == strings.end()) {
      append_entry(metadata, key, entry.second);
    } else {
      append_string(metadata, key);
      append_number(metadata, static_cast<uint32_t>(GgufType::kString));
      append_string(metadata, found->second);
    }
  }
  for (const auto& [key, text] : strings) {
    CADRE_CHECK(
        !key.empty() && key.size() <= kGgufKeySizeBytesMax && base::is_valid_utf8(key) && base::is_valid_utf8(text),
        "our own keys are short UTF-8, and their values UTF-8");
    if (gguf.find(key) != nullptr) continue;
    ++count;
    append_string(metadata, key);
    append_number(metadata, static_cast<uint32_t>(GgufType::kString));
    append_string(metadata, text);
  }
  std::string head = "GGUF";
  append_number(head, kGgufVersion);
  append_number(head, gguf.tensor_count());
  append_number(head, count);
  head += metadata;
  head += view_of(gguf.tensor_infos());
  head.resize(padded(head.size(), gguf.alignment()), '\0');
  const std::string_view parts[] = {head, view_of(gguf.tensor_data())};
  return base::replace_file(path, parts);
}

}  // namespace cadre::tensor
