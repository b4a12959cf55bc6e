// A text that grows at its end and is shared by its copies: a chain of pieces, each pointing to the one before.
//
// A copy costs one reference count and appending one piece, whatever was appended before; copies that go on differently share what they
// had in common. Reading from a place on costs the pieces behind it. Thread safety: pieces never change, so copies may live on
// different threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cadre::contract {

class TextChain {
 public:
  size_t size() const { return last_ ? last_->begin + last_->bytes.size() : 0; }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    const size_t begin = size();
    last_ = std::make_shared<const Piece>(std::move(last_), begin, bytes);
  }

  // The bytes from `begin` on, and then `more`. REQUIRES begin <= size() + more.size().
  std::string from(size_t begin, std::string_view more = {}) const {
    if (begin >= size()) return std::string(more.substr(begin - size()));
    std::string text(size() - begin, '\0');
    for (const Piece* piece = last_.get(); piece != nullptr && piece->begin + piece->bytes.size() > begin;
         piece = piece->before.get()) {
      const size_t skipped = begin > piece->begin ? begin - piece->begin : 0;
      std::copy(piece->bytes.begin() + static_cast<std::ptrdiff_t>(skipped), piece->bytes.end(),
                text.begin() + static_cast<std::ptrdiff_t>(piece->begin + skipped - begin));
    }
    return text.append(more);
  }

 private:
  struct Piece {
    Piece(std::shared_ptr<const Piece> previous, size_t at, std::string_view text)
        : before(std::move(previous)), begin(at), bytes(text) {}
    ~Piece() {  // of a long chain, without recursion
      while (before != nullptr && before.use_count() == 1)
        before = std::shared_ptr<const Piece>(std::move(before->before));
    }
    mutable std::shared_ptr<const Piece> before;
    size_t begin;
    std::string bytes;
  };
  std::shared_ptr<const Piece> last_;
};

}  // namespace cadre::contract
