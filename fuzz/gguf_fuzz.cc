// Any bytes as a GGUF file: an Error, or a file whose every view lies inside the bytes and whose look-ups do not crash.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <span>

#include "base/check.h"
#include "tensor/gguf.h"

namespace {

void check_inside(std::span<const uint8_t> view, std::span<const uint8_t> bytes) {
  CADRE_CHECK(view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size(),
              "views lie inside the file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  const auto gguf = cadre::tensor::Gguf::parse(bytes);
  if (!gguf.ok()) {
    CADRE_CHECK(!gguf.error().message.empty(), "an error says what happened");
    return 0;
  }
  for (const auto& [key, value] : gguf->metadata()) {
    if (!value.bytes.empty()) check_inside(value.bytes, bytes);
    CADRE_CHECK(gguf->find(key) == &value, "a key finds its value");
    (void)gguf->string(key);
    (void)gguf->integer(key);
    (void)gguf->number(key);
    (void)gguf->boolean(key);
    (void)gguf->strings(key);
    (void)gguf->integers(key);
    (void)gguf->numbers(key);
  }
  uint64_t total_size_bytes = 0;
  for (const auto& tensor : gguf->tensors()) {
    check_inside(tensor.bytes, bytes);
    CADRE_CHECK(*gguf->tensor(tensor.name) == &tensor, "a name finds its tensor");
    total_size_bytes += tensor.bytes.size();
  }
  CADRE_CHECK(total_size_bytes <= size, "tensors are disjoint");
  return 0;
}
