// Bytes that arrive in order: a file or pipe read piece by piece, or a text in memory. For inputs that need not fit
// into memory. Thread safety: a source belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace cadre::base {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills the front of `out` and says how much of it; 0 means the end.
  virtual Result<size_t> read(std::span<char> out) = 0;
};

// Opens read-only; errors name the path.
Result<std::unique_ptr<ByteSource>> open_byte_source(const std::string& path);

std::unique_ptr<ByteSource> text_byte_source(std::string text);

}  // namespace cadre::base
