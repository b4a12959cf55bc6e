// Derivatives: what may follow a byte, and which bytes have the same answer.
//
// A state that is asked for the first time gets a row: a map from bytes to classes (shared by all states with the same partition) and
// one entry for every class, filled as asked. Within one derivative every shared part is derived once.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "contract/language_parts.h"

namespace cadre::contract {
namespace {

using Kind = LanguageKind;

bool is_continuation(uint32_t byte) {
  return (byte & 0xC0) == 0x80;
}

// A byte a reader can see stands for its class, so that samples and shortest strings are readable and well-formed.
int sample_rank(uint32_t byte) {
  if (byte >= 'a' && byte <= 'z') return 0;
  if (byte >= '0' && byte <= '9') return 1;
  return byte > 32 && byte < 127 ? 2 : byte == 32 ? 3 : byte < 128 ? 4 : 5;
}

}  // namespace

uint32_t LanguageTable::Parts::add_partition(const std::array<uint16_t, 256>& labels) {
  std::array<int16_t, 512> number;
  number.fill(-1);
  ByteClasses found;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    int16_t& n = number[labels[byte]];
    if (n < 0) {
      n = static_cast<int16_t>(found.samples.size());
      found.samples.push_back(static_cast<uint8_t>(byte));
    } else if (sample_rank(byte) < sample_rank(found.samples[static_cast<size_t>(n)])) {
      found.samples[static_cast<size_t>(n)] = static_cast<uint8_t>(byte);
    }
    found.class_of[byte] = static_cast<uint8_t>(n);
  }
  std::string key(reinterpret_cast<const char*>(found.class_of.data()), 256);
  const auto [entry, is_new] = partition_index.emplace(std::move(key), static_cast<uint32_t>(partitions.size()));
  if (is_new) {
    found.members.resize(found.samples.size());
    for (size_t byte = 0; byte < 256; ++byte) found.members[found.class_of[byte]].set(byte);
    partitions.push_back(std::move(found));
  }
  return entry->second;
}

// The coarsest partition that is finer than both.
uint32_t LanguageTable::Parts::refine(uint32_t p, uint32_t q) {
  if (p == q || q == 0) return p;
  if (p == 0) return q;
  const uint64_t key = uint64_t{std::min(p, q)} << 32 | std::max(p, q);
  const auto known = refined.find(key);
  if (known != refined.end()) return known->second;
  const ByteClasses &a = partitions[p], &b = partitions[q];
  const size_t columns = b.samples.size();
  std::vector<uint16_t> label(a.samples.size() * columns, UINT16_MAX);
  std::array<uint16_t, 256> labels;
  uint16_t next_label = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    uint16_t& l = label[a.class_of[byte] * columns + b.class_of[byte]];
    if (l == UINT16_MAX) l = next_label++;
    labels[byte] = l;
  }
  const uint32_t result = add_partition(labels);
  refined.emplace(key, result);
  return result;
}

uint32_t LanguageTable::Parts::own_classes(const Node& n) {
  std::array<uint16_t, 256> labels{};
  if (n.kind == Kind::kBytes) {
    const ByteSet& set = byte_sets[n.a];
    for (size_t byte = 0; byte < 256; ++byte) labels[byte] = set[byte];
  } else if (n.kind == Kind::kLength) {
    for (uint32_t byte = 0; byte < 256; ++byte) labels[byte] = is_continuation(byte);
  } else if (n.kind == Kind::kLiterals) {
    const auto& list = texts[n.a]->all();
    uint16_t label = 0;
    for (auto low = static_cast<uint32_t>(n.x >> 32); low < static_cast<uint32_t>(n.x);) {
      if (list[low].size() == n.y) {
        ++low;
        continue;
      }
      const auto byte = static_cast<uint8_t>(list[low][n.y]);
      labels[byte] = ++label;
      low = literals_after(n, byte).second;
    }
  }
  if (n.kind == Kind::kCopy) {
    const ByteSet bytes = copy_bytes(n);
    uint16_t label = 0;
    for (size_t byte = 0; byte < 256; ++byte) labels[byte] = bytes[byte] ? ++label : 0;
  }
  return add_partition(labels);
}

uint32_t LanguageTable::Parts::classes(Language a) {
  if (partitions.empty()) add_partition({});  // number 0: all bytes alike
  if (classes_memo[a] != kNoIndex) return classes_memo[a];
  const Node& n = nodes[a];
  uint32_t result = 0;
  switch (n.kind) {
    case Kind::kNothing:
    case Kind::kEmptyString:
    case Kind::kEverything:
      break;
    case Kind::kBytes:
    case Kind::kLiterals:
    case Kind::kLength:
    case Kind::kCopy:
      result = own_classes(n);
      break;
    case Kind::kNot:
    case Kind::kRepeat:
      result = classes(n.a);
      break;
    case Kind::kLoop:
      result = classes(loop_meanings.at(a));
      break;
    case Kind::kOr:
    case Kind::kAnd:
      for (const Language part : children_of(n)) result = refine(result, classes(part));
      break;
    case Kind::kConcat:
      for (Language rest = a;; rest = nodes[rest].b) {
        result = refine(result, classes(head_of(rest)));
        if (!nullable(head_of(rest)) || nodes[rest].kind != Kind::kConcat) break;
      }
  }
  classes_memo[a] = result;
  return result;
}

// The texts of [low, high) whose next byte is `byte`.
std::pair<uint32_t, uint32_t> LanguageTable::Parts::literals_after(const Node& n, uint8_t byte) const {
  const auto& list = texts[n.a]->all();
  const auto begin = list.begin() + static_cast<ptrdiff_t>(n.x >> 32), end = list.begin() + static_cast<uint32_t>(n.x);
  const auto next_byte = [&](const std::string& text) {
    return text.size() == n.y ? -1 : static_cast<int>(static_cast<uint8_t>(text[n.y]));
  };
  const auto low = std::partition_point(begin, end, [&](const std::string& text) { return next_byte(text) < byte; });
  const auto high = std::partition_point(low, end, [&](const std::string& text) { return next_byte(text) == byte; });
  return {static_cast<uint32_t>(low - list.begin()), static_cast<uint32_t>(high - list.begin())};
}

// d(h1 h2 h3 ...): d(h1) h2 h3 ..., and as long as the heads may be empty, what begins with the next.
Language LanguageTable::Parts::derive_concat(Language a, uint8_t byte) {
  std::vector<Language> alternatives;
  for (Language rest = a;;) {
    const Node n = nodes[rest];
    if (n.kind != Kind::kConcat) {
      alternatives.push_back(derive(rest, byte));
      break;
    }
    const Language after_head = derive(n.a, byte);
    if (after_head != kNothing) alternatives.push_back(concat(after_head, n.b));
    if (!nullable(n.a)) break;
    rest = n.b;
  }
  return alternate(std::move(alternatives));
}

Language LanguageTable::Parts::derive_list(const Node& n, uint8_t byte) {
  std::vector<Language> parts;
  parts.reserve(n.y);
  for (uint64_t i = 0; i < n.y; ++i) {  // `children` moves while we derive
    const Language part = derive(children[n.x + i], byte);
    if (n.kind == Kind::kAnd && part == kNothing) return kNothing;
    parts.push_back(part);
  }
  return n.kind == Kind::kOr ? alternate(std::move(parts)) : intersect(std::move(parts));
}

Language LanguageTable::Parts::derive(Language a, uint8_t byte) {
  if (derive_memo[a].first == derive_round) return derive_memo[a].second;
  const Node n = nodes[a];
  Language result = kNothing;
  switch (n.kind) {
    case Kind::kNothing:
    case Kind::kEmptyString:
      return kNothing;
    case Kind::kEverything:
      return kEverything;
    case Kind::kBytes:
      return byte_sets[n.a][byte] ? kEmptyString : kNothing;
    case Kind::kLiterals: {
      const auto [low, high] = literals_after(n, byte);
      return literals_at(n.a, low, high, n.y + 1);
    }
    case Kind::kLength:
      if (is_continuation(byte)) return a;
      if (n.y == 0) return kNothing;
      return length(n.x == 0 ? 0 : n.x - 1, n.y == kAnyLength ? n.y : n.y - 1);
    case Kind::kCopy:
      return derive_copy(n, byte);
    case Kind::kRepeat:
      result = derive(n.a, byte);
      if (result != kNothing && n.x == 0 && n.y == kAnyLength) {
        result = concat(result, a);  // not repeat(): kWellFormed stays what it is
      } else if (result != kNothing) {
        result = concat(result, repeat(n.a, n.x == 0 ? 0 : n.x - 1, n.y == kAnyLength ? n.y : n.y - 1));
      }
      break;
    case Kind::kNot:
      result = outside(derive(n.a, byte));
      break;
    case Kind::kLoop:
      result = derive(loop_meanings.at(a), byte);
      break;
    case Kind::kOr:
    case Kind::kAnd:
      result = derive_list(n, byte);
      break;
    case Kind::kConcat:
      result = derive_concat(a, byte);
  }
  derive_memo[a] = {derive_round, result};
  return result;
}

void LanguageTable::Parts::make_row(Language a) {
  const ByteClasses& found = partitions[classes(a)];
  const size_t count = found.samples.size();
  constexpr size_t kChunk = 16 * 1024;
  if (row_chunk_left < count) {
    const size_t size = std::min<size_t>(kChunk, std::max<size_t>(512, nodes.size() * 4));
    row_chunks.push_back(std::make_unique<Language[]>(size));
    row_chunk_next = row_chunks.back().get();
    row_chunk_left = size;
    row_bytes += size * sizeof(Language);
  }
  std::fill_n(row_chunk_next, count, kUnknown);
  rows[a] = {found.class_of.data(), row_chunk_next};
  row_chunk_next += count;
  row_chunk_left -= count;
}

Language LanguageTable::Parts::next(Language a, uint8_t byte) {
  if (rows[a].next == unknown_next.data()) make_row(a);
  const Row row = rows[a];
  Language& entry = row.next[row.class_of[byte]];
  if (entry != kUnknown) return entry;
  if (full) return kNothing;
  ++derive_round;
  const Language result = derive(a, byte);
  if (full) return kNothing;
  return entry = result;
}

}  // namespace cadre::contract
