// Which cells a question mentions: runs of words that spell a cell, numbers that equal one, rare words of one.
// Thread safety: pure functions. Cost: one hash look-up per run of words no longer than the longest cell.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/cell_index.h"
#include "contract/table.h"
#include "text/words.h"

namespace cadre::contract {

inline constexpr size_t kCellMatchesMax = 512;

// Full matches first, then partial ones; at most kCellMatchesMax.
std::vector<CellMatch> match_indexed_cells(const CellIndex& index, std::string_view question,
                                           std::span<const text::Word> words);

// The same question prepared for a pass over cells that no index holds. Finds full matches only.
class CellScanner {
 public:
  CellScanner(std::string_view question, std::span<const text::Word> words);
  // Appends the matches of one cell of a column.
  void match(uint32_t column, std::string_view cell, std::vector<CellMatch>& out) const;

 private:
  std::unordered_multimap<uint64_t, WordSpan> runs_;  // by hash of their normal form
  std::unordered_multimap<double, WordSpan> numbers_;
};

// Words so common in English that sharing one with a cell means nothing. Takes a norm.
bool is_function_word(std::string_view norm);

}  // namespace cadre::contract
