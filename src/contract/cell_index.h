// The distinct cells of a table in memory, found by normalised text, by number and by rare word.
//
// Built by one pass: add() every cell in row order, then finish(). At most `distinct_cells_max` distinct cells are
// held: when there are more, the column with the most of them is given up (is_indexed() turns false) and its memory
// freed; callers scan such columns. Cells longer than kIndexedCellSizeBytesMax, with a NUL byte or not UTF-8 are not
// held either: nobody types the former, SQL text cannot carry the latter. Cost: about 60 bytes a distinct cell besides
// its text; a look-up is a binary search over 16-byte entries. Thread safety: immutable after finish().
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contract/sql_call.h"
#include "contract/table.h"
#include "text/words.h"

namespace cadre::contract {

inline constexpr size_t kIndexedCellSizeBytesMax = 1024;
inline constexpr size_t kCellsPerWordMax = 3;   // a word in more distinct cells of a column is not rare there
inline constexpr size_t kCellsPerMatchMax = 4;  // spellings of one normal form ("UTEP", "utep") or number ("5", "5.0")

// 64-bit FNV-1a: chosen because it grows with the text, so all runs of words from one begin cost one pass.
inline constexpr uint64_t kHashSeed = 0xCBF29CE484222325;
constexpr uint64_t extend_hash(uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3;
  return hash;
}

// What two cells must share to be the same for a reader: the normal form; or, in a cell of symbols alone, those.
std::string cell_key(std::string_view text);

class CellIndex {
 public:
  struct Place {
    uint32_t column = 0;
    uint32_t cell = 0;
  };

  CellIndex(size_t column_count, uint64_t distinct_cells_max);

  void add(uint32_t column, std::string_view cell);
  // The types are needed only now, so that one pass over a file can find them out.
  void finish(std::span<const Column> columns);

  bool is_indexed(uint32_t column) const { return columns_[column].is_indexed; }
  size_t column_count() const { return columns_.size(); }
  ColumnType type(uint32_t column) const { return columns_[column].type; }
  std::string_view cell(Place place) const;
  // Does more than one row say it, spelled alike?
  bool is_repeated(Place place) const { return columns_[place.column].cells[place.cell].is_repeated; }
  // Length of the longest key.
  size_t key_size_max() const { return key_size_max_; }

  // Cells whose cell_key is `key` (its hash is given); at most kCellsPerMatchMax a column. Numbers are not among them.
  void find_key(std::string_view key, uint64_t hash, std::vector<Place>& out) const;
  // Cells of any column that are this number; at most kCellsPerMatchMax a column.
  void find_number(double number, std::vector<Place>& out) const;
  // Cells of text columns with a word of this stem, from columns where at most kCellsPerWordMax distinct cells have
  // one.
  void find_rare_word(std::string_view stem, std::vector<Place>& out) const;

  bool has_cell(uint32_t column, std::string_view value) const;
  std::vector<std::string> sample(uint32_t column, size_t count) const;
  Table::Range range(uint32_t column) const;  // of the numbers of an indexed column

 private:
  struct Cell {
    uint64_t begin;
    uint32_t size;
    bool is_repeated;
  };
  struct ColumnCells {
    ColumnType type = ColumnType::kText;
    bool is_indexed = true;
    bool has_words = true;
    Table::Range range;
    std::string bytes;        // the cells, one after another
    std::vector<Cell> cells;  // distinct, in order of first appearance
    std::vector<uint32_t>
        lookup;  // open addressing by hash of the raw cell: index + 1, 0 for free; emptied by finish()
  };
  struct KeyEntry {
    uint64_t key;
    Place place;
  };
  struct NumberEntry {
    double number;
    Place place;
  };

  bool insert_distinct(ColumnCells& column, std::string_view cell);
  void grow_lookup(ColumnCells& column);
  void give_up_largest_column();
  void index_cell(Place place, std::string_view text);
  void index_words(Place place, std::string_view text);
  void keep_rare_words();

  std::vector<ColumnCells> columns_;
  std::vector<KeyEntry> keys_;        // sorted by key, column, cell
  std::vector<KeyEntry> words_;       // likewise
  std::vector<NumberEntry> numbers_;  // likewise
  uint64_t distinct_cells_max_;
  uint64_t distinct_cells_ = 0;
  size_t key_size_max_ = 0;
};

}  // namespace cadre::contract
