// Tables as text (CSV), read one record at a time in fixed memory.
//
// Format: RFC 4180 (quoted fields, doubled quotes, newlines in quotes), records ended by CRLF, LF or CR, fields by one
// of , ; tab |, which is found out from the beginning of the file. The first record is the header. A UTF-8 byte order
// mark is skipped. What people's files have beyond that is read where there is one sensible reading, and told in
// notes():
//   * a record with too few fields is filled with empty ones; empty fields too many at its end are dropped;
//   * a field that is not UTF-8 is read as Windows-1252 (field by field, so that one bad byte spoils nothing else);
//   * text after a closing quote belongs to the field; empty lines are left out;
//   * empty header names become "column 3", repeated ones (also in another case) "name (2)".
// Refused with an Error that names the line: a field too many, a quote never closed, NUL bytes, UTF-16, an empty file,
// more than the limits below. Promises: fields are valid UTF-8; each has header().size() fields; the file is only read.
// Memory: a buffer of 256 KiB, more only for longer records. Thread safety: a reader belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"
#include "base/result.h"
#include "text/csv_record.h"

namespace cadre::text {

struct CsvOptions {
  char delimiter = '\0';                       // '\0': find out
  size_t buffer_size_bytes = size_t{1} << 18;  // 256 KiB: a quarter of L2; larger ones measured no faster
};

class CsvReader {
 public:
  static Result<CsvReader> open(const std::string& path, const CsvOptions& options = {});
  static Result<CsvReader> from_text(std::string text, const CsvOptions& options = {});

  const std::vector<std::string>& header() const { return header_; }
  char delimiter() const { return delimiter_; }

  // Reads the next record into `fields`, reusing its strings; false at the end. After an Error every call gives that
  // Error.
  Result<bool> next(std::vector<std::string>& fields);

  // The line on which the last record began; the header's is 1 unless empty lines stand before it.
  uint64_t line() const { return record_line_; }

  // What was read otherwise than it stands in the file so far, one sentence each, with counts and the first line.
  std::vector<std::string> notes() const;

 private:
  struct Count {
    uint64_t count = 0;
    uint64_t first_line = 0;
    void add(uint64_t line) {
      if (count++ == 0) first_line = line;
    }
  };

  CsvReader(std::string name, std::unique_ptr<base::ByteSource> source, const CsvOptions& options);
  static Result<CsvReader> start(CsvReader reader);

  Result<void> read_start();
  Result<void> fill();
  Result<void> check_is_text(std::string_view fresh) const;
  Result<bool> next_record();
  Result<void> check_field_count();
  void take_fields(std::vector<std::string>& fields);
  void take_field(const CsvField& field, bool is_ascii, std::string& out);
  Error fail(Error error);
  Error scan_error(const CsvScan& scan) const;
  Error at_line(uint64_t line, ErrorCode code, std::string message) const;
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }

  std::string name_;  // for messages
  std::unique_ptr<base::ByteSource> source_;
  char delimiter_ = '\0';
  std::vector<char> buffer_;
  size_t begin_ = 0;  // unread bytes of buffer_
  size_t end_ = 0;
  bool source_ended_ = false;
  uint64_t source_offset_ = 0;  // bytes read so far
  uint64_t next_line_ = 1;
  uint64_t record_line_ = 0;
  std::string_view record_;           // into buffer_
  std::vector<CsvField> raw_fields_;  // of record_
  std::vector<std::string> header_;
  std::optional<Error> failed_;

  Count filled_, dropped_, windows_1252_, after_quote_, empty_lines_;
};

}  // namespace cadre::text
