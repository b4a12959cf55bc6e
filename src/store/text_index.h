// A full-text index over passages: SQLite's FTS5 with BM25 ranks, in memory or in a file.
//
// Words are compared without case and accents, by their English stems (unicode61, porter). A query is words, never syntax: every word counts, those
// that are in most passages least, and a passage needs one of them. Ties are broken by the order of adding. Deterministic.
// Errors: kLimit, kIo, kBusy (another process), kCorrupt. Thread safety: every method may be called from any thread.
// Spec: sqlite.org/fts5.html; rank: Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre::store {

inline constexpr size_t kPassageSizeMax = 64 << 10;  // bytes
inline constexpr size_t kQueryWordsMax = 64;         // of a query; the others are left out

struct FoundPassage {
  int64_t id = 0;
  double score = 0;  // BM25, higher is better; comparable within one answer
};

class TextIndex {
 public:
  static Result<TextIndex> open_in_memory();
  TextIndex(TextIndex&&) noexcept;
  TextIndex& operator=(TextIndex&&) noexcept;
  ~TextIndex();

  // `id` is the caller's; one that is there already is replaced.
  Result<void> put(int64_t id, std::string_view text);
  Result<void> remove(int64_t id);
  // The best `count_max`, best first. No words in the query: nothing.
  Result<std::vector<FoundPassage>> search(std::string_view query, size_t count_max) const;

 private:
  struct Impl;
  explicit TextIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Words of a query as an FTS5 expression that holds for any of them; empty: it has no word. What is not a letter or digit separates.
std::string fts_query(std::string_view query);

}  // namespace cadre::store
