// Values with small ids: equal values have equal ids, ids count from 0, a value never moves.
//
// T needs operator== and a free function `uint64_t hash_of(const T&)` found by argument lookup. Thread safety: none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace cadre::contract {

// Mixes a word into a hash (the finaliser of splitmix64).
inline uint64_t mix_hash(uint64_t hash, uint64_t value) {
  hash ^= value + 0x9E3779B97F4A7C15ull + (hash << 6) + (hash >> 2);
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ull;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBull;
  return hash ^ (hash >> 31);
}

template <class Range>
uint64_t hash_range(uint64_t seed, const Range& range) {
  uint64_t hash = mix_hash(seed, range.size());
  for (const auto& value : range) hash = mix_hash(hash, static_cast<uint64_t>(value));
  return hash;
}

template <class T>
class InternTable {
 public:
  // The id of `value`, and whether it is new.
  std::pair<uint32_t, bool> insert(T value) {
    if ((values_.size() + 1) * 2 > slots_.size()) grow();
    const uint64_t hash = hash_of(value);
    size_t slot = hash & (slots_.size() - 1);
    while (slots_[slot] != 0) {
      const uint32_t id = slots_[slot] - 1;
      if (hashes_[id] == hash && values_[id] == value) return {id, false};
      slot = (slot + 1) & (slots_.size() - 1);
    }
    const uint32_t id = static_cast<uint32_t>(values_.size());
    slots_[slot] = id + 1;
    hashes_.push_back(hash);
    values_.push_back(std::move(value));
    return {id, true};
  }
  uint32_t id(T value) { return insert(std::move(value)).first; }

  const T& operator[](uint32_t id) const { return values_[id]; }
  size_t size() const { return values_.size(); }

 private:
  void grow() {
    slots_.assign(slots_.empty() ? 16 : slots_.size() * 2, 0);
    for (uint32_t id = 0; id < values_.size(); ++id) {
      size_t slot = hashes_[id] & (slots_.size() - 1);
      while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = id + 1;
    }
  }

  std::deque<T> values_;
  std::vector<uint64_t> hashes_;
  std::vector<uint32_t> slots_;  // id + 1; 0 is free; a power of two, at most half full
};

}  // namespace cadre::contract
