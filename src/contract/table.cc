// SPDX-License-Identifier: Apache-2.0
#include "contract/table.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/check.h"
#include "contract/cell_index.h"
#include "contract/cell_match.h"
#include "contract/question_numbers.h"

namespace cadre::contract {

struct Table::Impl {
  Impl(TableSchema table_schema, uint64_t indexed_cells_max)
      : schema(std::move(table_schema)), index(schema.columns, indexed_cells_max) {}

  TableSchema schema;
  uint64_t row_count = 0;
  CellIndex index;
  std::vector<std::vector<std::string>> rows;  // from_rows only
};

Table::Table(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(Table&&) noexcept = default;
Table::~Table() = default;

Result<Table> Table::from_rows(TableSchema schema, const std::vector<std::vector<std::string>>& rows) {
  auto impl = std::make_unique<Impl>(std::move(schema), OpenOptions{}.indexed_cells_max);
  const size_t width = impl->schema.columns.size();
  for (size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].size() != width) {
      return Error{ErrorCode::kInvalid, fmt::format("row {} of table \"{}\" has {} cells, the header has {}", r + 1,
                                                    impl->schema.sql_name, rows[r].size(), width)};
    }
    for (uint32_t c = 0; c < width; ++c) impl->index.add(c, rows[r][c]);
  }
  impl->index.finish();
  impl->row_count = rows.size();
  impl->rows = rows;
  return Table(std::move(impl));
}

const TableSchema& Table::schema() const {
  return impl_->schema;
}
uint64_t Table::row_count() const {
  return impl_->row_count;
}

Result<std::vector<CellMatch>> Table::match_cells(std::string_view question, std::span<const text::Word> words) const {
  return match_indexed_cells(impl_->index, question, words);
}

Result<bool> Table::has_cell(uint32_t column, std::string_view value) const {
  return impl_->index.has_cell(column, value);
}

std::vector<std::string> Table::sample_cells(uint32_t column, size_t count) const {
  return impl_->index.sample(column, count);
}

Table::Range Table::range(uint32_t column) const {
  return impl_->index.range(column);
}

}  // namespace cadre::contract
