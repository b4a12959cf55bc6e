// SPDX-License-Identifier: Apache-2.0
#include "model/ngram_features.h"

#include <array>

namespace cadre::model {
namespace {

constexpr size_t kPieceBytesMin = 3;
constexpr size_t kPieceBytesMax = 5;
constexpr uint64_t kWordSeed = 0xA24BAED4963EE407ull;
constexpr uint64_t kPairSeed = 0x9FB21C651E98DF25ull;
constexpr uint64_t kPieceSeed = 0xD6E8FEB86659FD93ull;
constexpr uint64_t kTextEnd = 0x2545F4914F6CDD1Dull;  // stands for the word before the first and after the last

enum class ByteKind : uint8_t { kSeparator, kLetter, kDigit, kIgnored };

struct ByteClass {
  ByteKind kind = ByteKind::kSeparator;
  uint8_t lower = 0;
};

constexpr std::array<ByteClass, 256> make_byte_classes() {
  std::array<ByteClass, 256> classes{};
  for (int byte = 0; byte < 256; ++byte) {
    const bool capital = byte >= 'A' && byte <= 'Z';
    auto& entry = classes[static_cast<size_t>(byte)];
    entry.lower = static_cast<uint8_t>(capital ? byte + 32 : byte);
    if (capital || (byte >= 'a' && byte <= 'z') || byte >= 0x80) entry.kind = ByteKind::kLetter;
    if (byte >= '0' && byte <= '9') entry.kind = ByteKind::kDigit;
    if (byte == '\'') entry.kind = ByteKind::kIgnored;
  }
  return classes;
}

constexpr auto kByteClasses = make_byte_classes();

// FNV-1a's step; finish() then spreads the high bits, which FNV leaves weak for short keys.
inline uint64_t step(uint64_t hash, uint8_t byte) {
  return (hash ^ byte) * 0x100000001B3ull;
}

inline uint32_t finish(uint64_t hash) {
  hash = (hash ^ (hash >> 32)) * 0xBF58476D1CE4E5B9ull;
  return static_cast<uint32_t>(hash >> 32);
}

class Collector {
 public:
  explicit Collector(size_t text_size) {
    features_.words.reserve(text_size / 4 + 4);
    features_.pairs.reserve(text_size / 4 + 4);
    features_.pieces.reserve(text_size * 3 + 8);
    word_.reserve(64);
    begin_word();
  }

  void add_byte(uint8_t byte) { word_.push_back(byte); }

  void end_word() {
    if (word_.size() == 1) return;
    uint64_t hash = kWordSeed;
    for (size_t i = 1; i < word_.size(); ++i) hash = step(hash, word_[i]);
    features_.words.push_back(finish(hash));
    add_pair(hash);
    word_.push_back('>');
    add_pieces();
    begin_word();
  }

  NgramFeatures take() {
    end_word();
    add_pair(kTextEnd);
    return std::move(features_);
  }

 private:
  void begin_word() { word_.assign(1, '<'); }

  void add_pair(uint64_t next) {
    features_.pairs.push_back(finish(previous_ * kPairSeed + next));
    previous_ = next;
  }

  void add_pieces() {
    for (size_t begin = 0; begin + kPieceBytesMin <= word_.size(); ++begin) {
      uint64_t hash = kPieceSeed;
      for (size_t size = 1; size <= kPieceBytesMax && begin + size <= word_.size(); ++size) {
        hash = step(hash, word_[begin + size - 1]);
        if (size >= kPieceBytesMin) features_.pieces.push_back(finish(hash));
      }
    }
  }

  NgramFeatures features_;
  std::vector<uint8_t> word_;  // '<' and the bytes so far
  uint64_t previous_ = kTextEnd;
};

}  // namespace

NgramFeatures ngram_features(std::string_view text) {
  text = text.substr(0, kRouterTextBytesMax);
  Collector collector(text.size());
  ByteKind run = ByteKind::kSeparator;
  for (const char character : text) {
    const auto [kind, lower] = kByteClasses[static_cast<uint8_t>(character)];
    if (kind == ByteKind::kIgnored) continue;
    if (kind != run) collector.end_word();
    if (kind != ByteKind::kSeparator) collector.add_byte(lower);
    run = kind;
  }
  return collector.take();
}

}  // namespace cadre::model
