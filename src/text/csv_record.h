// Where the fields of one CSV record lie: the scanner under CsvReader, and the guess at a file's delimiter.
//
// Thread safety: pure functions. Cost: linear; a record that is not complete yet is scanned again from its beginning.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cadre::text {

inline constexpr size_t kCsvColumnsMax = 4096;
inline constexpr size_t kCsvFieldSizeBytesMax = size_t{1} << 20;    // 1 MiB
inline constexpr size_t kCsvRecordSizeBytesMax = size_t{64} << 20;  // 64 MiB

struct CsvField {
  enum class Form : uint8_t {
    kPlain,    // the bytes as they are, quotes already outside
    kEscaped,  // with its quotes: quotes are doubled inside
    kTailed,   // with its quotes: text follows the closing one
  };
  uint32_t begin = 0;  // offsets from the record's beginning
  uint32_t end = 0;
  Form form = Form::kPlain;
  bool is_quoted = false;
};

struct CsvScan {
  enum class Status : uint8_t {
    kRecord,          // a whole record; size_bytes has its line end too
    kNeedMore,        // the text ends inside the record
    kUnclosedQuote,   // the input ends inside quotes
    kFieldTooLong,    // over kCsvFieldSizeBytesMax
    kTooManyColumns,  // over kCsvColumnsMax
  };
  Status status = Status::kNeedMore;
  size_t size_bytes = 0;   // kRecord
  size_t field_begin = 0;  // otherwise: where the field in question begins; at its quote if it is quoted
};

// Scans one record at the front of `text`, which is not empty; `is_end`: no bytes come after it. `fields` is replaced.
CsvScan scan_csv_record(std::string_view text, char delimiter, bool is_end, std::vector<CsvField>& fields);

// The bytes of a field that is kEscaped or kTailed, without quotes.
std::string unquote_csv_field(std::string_view quoted);

// Lines that end in `text`: LF, CRLF or CR each count once.
uint64_t count_line_ends(std::string_view text);

// That of , ; tab | which cuts most of the first records into as many fields as the first; the one with more fields of
// equals; a comma when none cuts anything.
char guess_csv_delimiter(std::string_view sample, bool is_end);

}  // namespace cadre::text
