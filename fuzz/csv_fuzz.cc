// Any bytes as a CSV file: an Error, or records of the header's width in valid UTF-8, whatever the size of the buffer.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "text/csv.h"
#include "text/words.h"

namespace {

using cadre::text::CsvReader;
using Rows = std::vector<std::vector<std::string>>;

// The rows, with the error as the last one.
Rows read_all(const std::string& text, size_t buffer_size_bytes) {
  auto reader = CsvReader::from_text(text, {.buffer_size_bytes = buffer_size_bytes});
  if (!reader.ok()) return {{reader.error().message}};
  Rows rows = {reader->header()};
  std::vector<std::string> fields;
  while (true) {
    const auto found = reader->next(fields);
    if (!found.ok()) {
      rows.push_back({found.error().message});
      return rows;
    }
    if (!*found) break;
    CADRE_CHECK(fields.size() == rows[0].size(), "each row is as wide as the header");
    rows.push_back(fields);
  }
  rows.push_back(reader->notes());
  return rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Rows rows = read_all(text, size + 64);
  for (const auto& row : rows) {
    for (const auto& field : row) CADRE_CHECK(cadre::text::is_valid_utf8(field), "fields are valid UTF-8");
  }
  // The delimiter is guessed from the first buffer, so it is given; a file that is refused at its start is refused by
  // all.
  if (auto reader = CsvReader::from_text(text, {.buffer_size_bytes = size + 64}); reader.ok()) {
    const char delimiter = reader->delimiter();
    const auto read = [&](size_t buffer_size_bytes) {
      auto again = CsvReader::from_text(text, {.delimiter = delimiter, .buffer_size_bytes = buffer_size_bytes});
      Rows found;
      std::vector<std::string> fields;
      while (again.ok()) {
        const auto next = again->next(fields);
        if (!next.ok() || !*next) break;
        found.push_back(fields);
      }
      return found;
    };
    CADRE_CHECK(read(16) == read(size + 64), "the size of the buffer does not matter");
  }
  return 0;
}
