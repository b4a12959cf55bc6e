// SPDX-License-Identifier: Apache-2.0
#include "contract/cell_index.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "base/random.h"
#include "contract/question_numbers.h"

namespace cadre::contract {
namespace {

// Entries of words are held until finish() knows which are rare; more than this per allowed cell, and long texts are at
// work that nobody would pick out by one word.
constexpr uint64_t kWordEntriesPerCell = 8;

bool place_less(CellIndex::Place a, CellIndex::Place b) {
  return std::tie(a.column, a.cell) < std::tie(b.column, b.cell);
}

// An identifier of twenty digits is a text: its neighbours are the same double.
bool is_exact_as_double(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) <= 15;
}

bool can_hold(std::string_view cell) {
  return !cell.empty() && cell.size() <= kIndexedCellSizeBytesMax && cell.find('\0') == std::string_view::npos &&
         text::is_valid_utf8(cell);
}

}  // namespace

std::string cell_key(std::string_view text) {
  std::string key = text::normalize(text);
  if (!key.empty()) return key;
  // Typists choose among the dashes U+2010 to U+2015 and the minus sign as they please.
  for (const text::Word& word : text::split_words(text)) {
    const std::string_view symbol = text.substr(word.begin, word.end - word.begin);
    const bool is_dash = (symbol >= "\u2010" && symbol <= "\u2015") || symbol == "\u2212";
    key += is_dash ? "-" : symbol;
  }
  return key;
}

CellIndex::CellIndex(size_t column_count, uint64_t distinct_cells_max)
    : columns_(column_count), distinct_cells_max_(distinct_cells_max) {}

std::string_view CellIndex::cell(Place place) const {
  const ColumnCells& column = columns_[place.column];
  const Cell& cell = column.cells[place.cell];
  return std::string_view(column.bytes).substr(cell.begin, cell.size);
}

void CellIndex::add(uint32_t column, std::string_view cell) {
  ColumnCells& cells = columns_[column];
  if (!cells.is_indexed || !can_hold(cell)) return;
  if (!insert_distinct(cells, cell)) return;
  if (++distinct_cells_ > distinct_cells_max_) give_up_largest_column();
}

bool CellIndex::insert_distinct(ColumnCells& column, std::string_view cell) {
  if (column.cells.size() * 2 >= column.lookup.size()) grow_lookup(column);
  const size_t mask = column.lookup.size() - 1;
  size_t slot = base::mix64(extend_hash(kHashSeed, cell)) & mask;
  for (; column.lookup[slot] != 0; slot = (slot + 1) & mask) {
    Cell& other = column.cells[column.lookup[slot] - 1];
    if (std::string_view(column.bytes).substr(other.begin, other.size) != cell) continue;
    other.is_repeated = true;
    return false;
  }
  column.cells.push_back({column.bytes.size(), static_cast<uint32_t>(cell.size()), false});
  column.bytes += cell;
  column.lookup[slot] = static_cast<uint32_t>(column.cells.size());
  return true;
}

void CellIndex::grow_lookup(ColumnCells& column) {
  const size_t size = std::max<size_t>(16, column.lookup.size() * 2);
  column.lookup.assign(size, 0);
  for (size_t i = 0; i < column.cells.size(); ++i) {
    const Cell& cell = column.cells[i];
    const std::string_view text = std::string_view(column.bytes).substr(cell.begin, cell.size);
    size_t slot = base::mix64(extend_hash(kHashSeed, text)) & (size - 1);
    while (column.lookup[slot] != 0) slot = (slot + 1) & (size - 1);
    column.lookup[slot] = static_cast<uint32_t>(i + 1);
  }
}

void CellIndex::give_up_largest_column() {
  auto largest = std::max_element(columns_.begin(), columns_.end(), [](const ColumnCells& a, const ColumnCells& b) {
    return a.cells.size() < b.cells.size();
  });
  distinct_cells_ -= largest->cells.size();
  *largest = ColumnCells{.is_indexed = false, .has_words = false};
}

void CellIndex::finish(std::span<const Column> columns) {
  CADRE_CHECK(columns.size() == columns_.size(), "the index was made for this table");
  for (size_t i = 0; i < columns.size(); ++i) columns_[i].type = columns[i].type;
  keys_.reserve(distinct_cells_);
  for (uint32_t c = 0; c < columns_.size(); ++c) {
    std::vector<uint32_t>().swap(columns_[c].lookup);
    const size_t words_before = words_.size();
    for (uint32_t i = 0; i < columns_[c].cells.size(); ++i) {
      index_cell({c, i}, cell({c, i}));
      if (words_.size() - words_before > kWordEntriesPerCell * distinct_cells_max_) {
        words_.resize(words_before);
        columns_[c].has_words = false;
      }
    }
  }
  const auto key_less = [](const KeyEntry& a, const KeyEntry& b) {
    return a.key != b.key ? a.key < b.key : place_less(a.place, b.place);
  };
  std::sort(keys_.begin(), keys_.end(), key_less);
  std::sort(words_.begin(), words_.end(), key_less);
  keep_rare_words();
  std::sort(numbers_.begin(), numbers_.end(), [](const NumberEntry& a, const NumberEntry& b) {
    return a.number != b.number ? a.number < b.number : place_less(a.place, b.place);
  });
}

void CellIndex::index_cell(Place place, std::string_view text) {
  const bool is_real = columns_[place.column].type == ColumnType::kReal;
  if (const auto number = cell_number(text); number && (is_real || is_exact_as_double(text))) {
    numbers_.push_back({*number, place});  // not by norm: 28.5 and 285 have the same
    Table::Range& range = columns_[place.column].range;
    range = range.empty ? Table::Range{*number, *number, false}
                        : Table::Range{std::min(range.low, *number), std::max(range.high, *number), false};
    return;
  }
  const std::string key = cell_key(text);
  if (key.empty()) return;
  key_size_max_ = std::max(key_size_max_, key.size());
  keys_.push_back({extend_hash(kHashSeed, key), place});
  if (!is_real) index_words(place, text);
}

void CellIndex::index_words(Place place, std::string_view text) {
  if (!columns_[place.column].has_words) return;
  const size_t begin = words_.size();
  for (const text::Word& word : text::split_words(text)) {
    if (!word.norm.empty()) words_.push_back({extend_hash(kHashSeed, text::stem(word.norm)), place});
  }
  const auto first = words_.begin() + static_cast<ptrdiff_t>(begin);
  std::sort(first, words_.end(), [](const KeyEntry& a, const KeyEntry& b) { return a.key < b.key; });
  words_.erase(std::unique(first, words_.end(), [](const KeyEntry& a, const KeyEntry& b) { return a.key == b.key; }),
               words_.end());
}

void CellIndex::keep_rare_words() {
  size_t kept = 0;
  for (size_t i = 0; i < words_.size();) {
    size_t end = i;
    while (end < words_.size() && words_[end].key == words_[i].key &&
           words_[end].place.column == words_[i].place.column) {
      ++end;
    }
    if (end - i <= kCellsPerWordMax)
      kept = static_cast<size_t>(std::copy(words_.begin() + static_cast<ptrdiff_t>(i),
                                           words_.begin() + static_cast<ptrdiff_t>(end),
                                           words_.begin() + static_cast<ptrdiff_t>(kept)) -
                                 words_.begin());
    i = end;
  }
  words_.resize(kept);
  words_.shrink_to_fit();
}

void CellIndex::find_key(std::string_view key, uint64_t hash, std::vector<Place>& out) const {
  auto entry = std::lower_bound(keys_.begin(), keys_.end(), hash,
                                [](const KeyEntry& a, uint64_t wanted) { return a.key < wanted; });
  uint32_t column = UINT32_MAX;
  size_t in_column = 0;
  for (; entry != keys_.end() && entry->key == hash; ++entry) {
    if (entry->place.column != column) column = entry->place.column, in_column = 0;
    if (in_column >= kCellsPerMatchMax || cell_key(cell(entry->place)) != key) continue;
    out.push_back(entry->place);
    ++in_column;
  }
}

void CellIndex::find_number(double number, std::vector<Place>& out) const {
  auto entry = std::lower_bound(numbers_.begin(), numbers_.end(), number,
                                [](const NumberEntry& a, double wanted) { return a.number < wanted; });
  uint32_t column = UINT32_MAX;
  size_t in_column = 0;
  for (; entry != numbers_.end() && entry->number == number; ++entry) {
    if (entry->place.column != column) column = entry->place.column, in_column = 0;
    if (in_column++ < kCellsPerMatchMax) out.push_back(entry->place);
  }
}

void CellIndex::find_rare_word(std::string_view stem, std::vector<Place>& out) const {
  const uint64_t hash = extend_hash(kHashSeed, stem);
  auto entry = std::lower_bound(words_.begin(), words_.end(), hash,
                                [](const KeyEntry& a, uint64_t wanted) { return a.key < wanted; });
  for (; entry != words_.end() && entry->key == hash; ++entry) out.push_back(entry->place);
}

bool CellIndex::has_cell(uint32_t column, std::string_view value) const {
  CADRE_CHECK(columns_[column].is_indexed, "callers scan the columns that are not indexed");
  std::vector<Place> places;
  if (const auto number = cell_number(value)) find_number(*number, places);
  const std::string key = cell_key(value);
  find_key(key, extend_hash(kHashSeed, key), places);
  return std::any_of(places.begin(), places.end(), [&](Place place) { return place.column == column; });
}

std::vector<std::string> CellIndex::sample(uint32_t column, size_t count) const {
  std::vector<std::string> cells;
  for (uint32_t i = 0; i < columns_[column].cells.size() && cells.size() < count; ++i) {
    cells.emplace_back(cell({column, i}));
  }
  return cells;
}

Table::Range CellIndex::range(uint32_t column) const {
  return columns_[column].range;
}

}  // namespace cadre::contract
