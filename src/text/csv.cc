// SPDX-License-Identifier: Apache-2.0
#include "text/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/check.h"
#include "base/utf8.h"
#include "text/trimmed.h"
#include "text/words.h"

namespace cadre::text {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr size_t kSampleSizeBytesMax = size_t{1} << 16;
constexpr size_t kBufferSizeBytesMin = 16;

// The characters of Windows-1252 from 0x80 to 0x9F; the five bytes that it leaves undefined become U+FFFD. The others
// are Latin-1.
constexpr std::array<uint16_t, 32> kWindows1252 = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
                                                   0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

std::string from_windows_1252(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    base::append_utf8(byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80] : byte, text);
  }
  return text;
}

// Names that are there and differ, in any case of letters: SQL does not tell "Name" from "name".
std::vector<std::string> make_unique(const std::vector<std::string>& names) {
  std::unordered_map<std::string, int>
      next_numbers;  // by name in lower case: the number that the next one of that name gets
  std::vector<std::string> unique;
  for (const auto& name : names) {
    const std::string plain = name.empty() ? fmt::format("column {}", unique.size() + 1) : name;
    std::string candidate = plain;
    const auto [entry, is_new] = next_numbers.try_emplace(lower(plain), 2);
    if (!is_new) {
      do {
        candidate = fmt::format("{} ({})", plain, entry->second++);
      } while (!next_numbers.try_emplace(lower(candidate), 2).second);
    }
    unique.push_back(std::move(candidate));
  }
  return unique;
}

bool is_empty_line(const std::vector<CsvField>& fields) {
  return fields.size() == 1 && fields[0].begin == fields[0].end && !fields[0].is_quoted;
}

std::string counted(uint64_t count, std::string_view one, std::string_view many, uint64_t first_line) {
  return fmt::format("{} {} (first: line {})", count, count == 1 ? one : many, first_line);
}

}  // namespace

CsvReader::CsvReader(std::string name, std::unique_ptr<base::ByteSource> source, const CsvOptions& options)
    : name_(std::move(name)),
      source_(std::move(source)),
      delimiter_(options.delimiter),
      buffer_(std::max(options.buffer_size_bytes, kBufferSizeBytesMin)) {}

Result<CsvReader> CsvReader::open(const std::string& path, const CsvOptions& options) {
  auto source = TRY(base::open_byte_source(path));
  return start(CsvReader(fmt::format("read CSV \"{}\"", path), std::move(source), options));
}

Result<CsvReader> CsvReader::from_text(std::string text, const CsvOptions& options) {
  return start(CsvReader("read CSV", base::text_byte_source(std::move(text)), options));
}

Result<CsvReader> CsvReader::start(CsvReader reader) {
  TRY(reader.read_start());
  return reader;
}

// Encoding, delimiter, header.
Result<void> CsvReader::read_start() {
  TRY(fill());
  if (unread().starts_with(kUtf8Mark)) begin_ += kUtf8Mark.size();
  if (unread().empty()) return Error{ErrorCode::kInvalid, fmt::format("{}: the file is empty", name_)};
  if (delimiter_ == '\0') {
    const bool is_whole = source_ended_ && unread().size() <= kSampleSizeBytesMax;
    delimiter_ = guess_csv_delimiter(unread().substr(0, kSampleSizeBytesMax), is_whole);
  }
  if (!TRY(next_record())) return Error{ErrorCode::kInvalid, fmt::format("{}: the file has only empty lines", name_)};
  header_.resize(raw_fields_.size());
  take_fields(header_);
  for (auto& name : header_) name = trimmed(name);
  header_ = make_unique(header_);
  return {};
}

Result<bool> CsvReader::next(std::vector<std::string>& fields) {
  if (failed_) return *failed_;
  auto found = next_record();
  if (!found.ok()) return fail(std::move(found).error());
  if (!*found) return false;
  if (auto checked = check_field_count(); !checked.ok()) return fail(std::move(checked).error());
  fields.resize(header_.size());
  take_fields(fields);
  return true;
}

Error CsvReader::fail(Error error) {
  failed_ = error;
  return error;
}

// Moves what is unread to the front, lets the buffer grow if that is all of it, and fills the rest: a short read of a
// pipe must not make the same record be scanned again and again.
Result<void> CsvReader::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ > buffer_.size() / 2) buffer_.resize(buffer_.size() * 2);
  const size_t old_end = end_;
  while (end_ < buffer_.size() && !source_ended_) {
    const size_t count = TRY(source_->read({buffer_.data() + end_, buffer_.size() - end_}));
    source_ended_ = count == 0;
    end_ += count;
  }
  const std::string_view fresh(buffer_.data() + old_end, end_ - old_end);
  TRY(check_is_text(fresh));
  source_offset_ += fresh.size();
  return {};
}

Result<void> CsvReader::check_is_text(std::string_view fresh) const {
  if (source_offset_ == 0 && (fresh.starts_with("\xFF\xFE") || fresh.starts_with("\xFE\xFF"))) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("{}: the file is UTF-16; save it as UTF-8 (\"CSV UTF-8\" in a spreadsheet)", name_)};
  }
  const size_t nul = fresh.find('\0');
  if (nul == std::string_view::npos) return {};
  return Error{ErrorCode::kInvalid,
               fmt::format("{}: not a text file: NUL byte at offset {} (if it is UTF-16, save it as UTF-8)", name_,
                           source_offset_ + nul)};
}

// Puts the next record that is not an empty line into record_ and raw_fields_; false at the end.
Result<bool> CsvReader::next_record() {
  while (true) {
    if (begin_ == end_ && !source_ended_) TRY(fill());
    if (begin_ == end_) return false;
    const CsvScan scan = scan_csv_record(unread(), delimiter_, source_ended_, raw_fields_);
    if (scan.status == CsvScan::Status::kNeedMore && end_ - begin_ <= kCsvRecordSizeBytesMax) {
      TRY(fill());
      continue;
    }
    if (scan.status != CsvScan::Status::kRecord || scan.size_bytes > kCsvRecordSizeBytesMax) return scan_error(scan);
    record_ = unread().substr(0, scan.size_bytes);
    record_line_ = next_line_;
    begin_ += scan.size_bytes;
    ++next_line_;
    for (const CsvField& field : raw_fields_) {
      if (field.is_quoted) next_line_ += count_line_ends(record_.substr(field.begin, field.end - field.begin));
    }
    if (!is_empty_line(raw_fields_)) return true;
    if (header_.size() == 1) empty_lines_.add(record_line_);  // with more columns nobody means a row by it
  }
}

Error CsvReader::at_line(uint64_t line, ErrorCode code, std::string message) const {
  return Error{code, fmt::format("{}: line {}: {}", name_, line, message)};
}

Error CsvReader::scan_error(const CsvScan& scan) const {
  const uint64_t line = next_line_ + count_line_ends(unread().substr(0, scan.field_begin));
  const bool is_quoted = scan.field_begin < unread().size() && unread()[scan.field_begin] == '"';
  switch (scan.status) {
    case CsvScan::Status::kUnclosedQuote:
      return at_line(line, ErrorCode::kInvalid, "the quote opened here is never closed");
    case CsvScan::Status::kFieldTooLong:
      return at_line(line, ErrorCode::kLimit,
                     fmt::format("a field of more than {} bytes{}", kCsvFieldSizeBytesMax,
                                 is_quoted ? " (is the quote opened here ever closed?)" : ""));
    case CsvScan::Status::kTooManyColumns:
      return at_line(next_line_, ErrorCode::kLimit, fmt::format("more than {} columns", kCsvColumnsMax));
    case CsvScan::Status::kNeedMore:
    case CsvScan::Status::kRecord:
      break;
  }
  return at_line(next_line_, ErrorCode::kLimit, fmt::format("a record of more than {} bytes", kCsvRecordSizeBytesMax));
}

Result<void> CsvReader::check_field_count() {
  const size_t wanted = header_.size(), found = raw_fields_.size();
  if (found == wanted) return {};
  if (found < wanted) {
    filled_.add(record_line_);
    return {};
  }
  const bool is_surplus_empty = std::all_of(raw_fields_.begin() + static_cast<ptrdiff_t>(wanted), raw_fields_.end(),
                                            [](const CsvField& field) { return field.begin == field.end; });
  if (!is_surplus_empty) {
    return at_line(record_line_, ErrorCode::kInvalid,
                   fmt::format("{} fields, but the header has {} (a text that holds \"{}\" must stand in quotes)",
                               found, wanted, delimiter_ == '\t' ? std::string("tab") : std::string(1, delimiter_)));
  }
  dropped_.add(record_line_);
  raw_fields_.resize(wanted);
  return {};
}

void CsvReader::take_fields(std::vector<std::string>& fields) {
  const bool is_ascii = base::ascii_prefix_size(record_) == record_.size();
  for (size_t i = 0; i < raw_fields_.size(); ++i) take_field(raw_fields_[i], is_ascii, fields[i]);
  for (size_t i = raw_fields_.size(); i < fields.size(); ++i) fields[i].clear();
}

void CsvReader::take_field(const CsvField& field, bool is_ascii, std::string& out) {
  const std::string_view bytes = record_.substr(field.begin, field.end - field.begin);
  if (field.form == CsvField::Form::kPlain) {
    out.assign(bytes);
  } else {
    out = unquote_csv_field(bytes);
    if (field.form == CsvField::Form::kTailed) after_quote_.add(record_line_);
  }
  if (is_ascii || is_valid_utf8(out)) return;
  windows_1252_.add(record_line_);
  out = from_windows_1252(out);
}

std::vector<std::string> CsvReader::notes() const {
  std::vector<std::string> notes;
  const auto add = [&](const Count& what, std::string_view one, std::string_view many) {
    if (what.count > 0) notes.push_back(counted(what.count, one, many, what.first_line));
  };
  add(windows_1252_, "field was not UTF-8 and was read as Windows-1252",
      "fields were not UTF-8 and were read as Windows-1252");
  add(filled_, "row had too few fields and was filled with empty ones",
      "rows had too few fields and were filled with empty ones");
  add(dropped_, "row had empty fields past the last column, left out",
      "rows had empty fields past the last column, left out");
  add(after_quote_, "field had text after its closing quote, kept", "fields had text after their closing quotes, kept");
  add(empty_lines_, "empty line was left out", "empty lines were left out");
  return notes;
}

}  // namespace cadre::text
