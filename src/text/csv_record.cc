// SPDX-License-Identifier: Apache-2.0
#include "text/csv_record.h"

#include <algorithm>
#include <cstring>

namespace cadre::text {
namespace {

constexpr size_t kSampleRecordsMax = 50;

// Scans one record; a class so that the steps share the position.
class Scanner {
 public:
  Scanner(std::string_view text, char delimiter, bool is_end, std::vector<CsvField>& fields)
      : text_(text), delimiter_(delimiter), is_end_(is_end), fields_(fields) {}

  CsvScan scan() {
    fields_.clear();
    while (true) {
      field_begin_ = position_;
      const bool is_quoted = position_ < text_.size() && text_[position_] == '"';
      const CsvScan::Status status = is_quoted ? scan_quoted() : scan_plain(position_, CsvField::Form::kPlain);
      if (status != CsvScan::Status::kRecord) return stopped(status);
      if (position_ == text_.size()) return is_end_ ? finished(0) : stopped(CsvScan::Status::kNeedMore);
      if (text_[position_] != delimiter_) return end_record();
      if (fields_.size() == kCsvColumnsMax) return stopped(CsvScan::Status::kTooManyColumns);
      ++position_;
    }
  }

 private:
  CsvScan stopped(CsvScan::Status status) const { return {.status = status, .field_begin = field_begin_}; }
  CsvScan finished(size_t line_end_size) const {
    return {.status = CsvScan::Status::kRecord, .size_bytes = position_ + line_end_size};
  }

  CsvScan end_record() const {
    if (text_[position_] == '\n') return finished(1);
    if (position_ + 1 == text_.size())
      return is_end_ ? finished(1) : stopped(CsvScan::Status::kNeedMore);  // LF may follow
    return finished(text_[position_ + 1] == '\n' ? 2 : 1);
  }

  // Up to the next delimiter or line end. kRecord: the field is whole as far as `text_` goes.
  CsvScan::Status scan_plain(size_t begin, CsvField::Form form) {
    const char* const data = text_.data();
    const size_t size = text_.size();
    size_t position = position_;
    while (position < size && data[position] != delimiter_ && data[position] != '\n' && data[position] != '\r')
      ++position;
    position_ = position;
    return add_field(begin, position, form, form != CsvField::Form::kPlain);
  }

  CsvScan::Status scan_quoted() {
    const size_t inside = position_ + 1;
    bool has_doubled = false;
    size_t from = inside;
    while (true) {
      const void* found = std::memchr(text_.data() + from, '"', text_.size() - from);
      if (found == nullptr) return need_more_of_quoted();
      position_ = static_cast<size_t>(static_cast<const char*>(found) - text_.data());
      if (position_ + 1 == text_.size() && !is_end_) return need_more_of_quoted();  // the first of two, or the last?
      if (position_ + 1 == text_.size() || text_[position_ + 1] != '"') break;
      has_doubled = true;
      from = position_ + 2;
    }
    const size_t closing = position_++;
    const bool has_tail = position_ < text_.size() && text_[position_] != delimiter_ && text_[position_] != '\n' &&
                          text_[position_] != '\r';
    if (has_tail) return scan_plain(field_begin_, CsvField::Form::kTailed);
    if (has_doubled) return add_field(field_begin_, position_, CsvField::Form::kEscaped, true);
    return add_field(inside, closing, CsvField::Form::kPlain, true);
  }

  CsvScan::Status need_more_of_quoted() const {
    if (text_.size() - field_begin_ > kCsvFieldSizeBytesMax) return CsvScan::Status::kFieldTooLong;
    return is_end_ ? CsvScan::Status::kUnclosedQuote : CsvScan::Status::kNeedMore;
  }

  CsvScan::Status add_field(size_t begin, size_t end, CsvField::Form form, bool is_quoted) {
    if (end - begin > kCsvFieldSizeBytesMax) return CsvScan::Status::kFieldTooLong;
    fields_.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end), form, is_quoted});
    return CsvScan::Status::kRecord;
  }

  const std::string_view text_;
  const char delimiter_;
  const bool is_end_;
  std::vector<CsvField>& fields_;
  size_t position_ = 0;
  size_t field_begin_ = 0;
};

struct Fit {
  size_t record_count = 0;
  size_t same_count = 0;  // records with as many fields as the first
  size_t field_count = 0;
};

Fit fit_of(std::string_view sample, char delimiter, bool is_end) {
  Fit fit;
  std::vector<CsvField> fields;
  while (!sample.empty() && fit.record_count < kSampleRecordsMax) {
    const CsvScan scan = scan_csv_record(sample, delimiter, is_end, fields);
    if (scan.status != CsvScan::Status::kRecord) break;
    sample.remove_prefix(scan.size_bytes);
    if (fields.size() == 1 && fields[0].begin == fields[0].end) continue;  // an empty line
    if (fit.record_count++ == 0) fit.field_count = fields.size();
    fit.same_count += fields.size() == fit.field_count;
  }
  return fit;
}

bool is_better(const Fit& a, const Fit& b) {
  const size_t share_a = a.same_count * b.record_count, share_b = b.same_count * a.record_count;
  return share_a != share_b ? share_a > share_b : a.field_count > b.field_count;
}

}  // namespace

CsvScan scan_csv_record(std::string_view text, char delimiter, bool is_end, std::vector<CsvField>& fields) {
  return Scanner(text, delimiter, is_end, fields).scan();
}

std::string unquote_csv_field(std::string_view quoted) {
  std::string text;
  text.reserve(quoted.size());
  for (size_t i = 1; i < quoted.size(); ++i) {
    const bool is_quote = quoted[i] == '"';
    if (is_quote && (i + 1 == quoted.size() || quoted[i + 1] != '"'))
      return text.append(quoted.substr(i + 1));  // the tail, if any
    i += is_quote;
    text.push_back(quoted[i]);
  }
  return text;
}

uint64_t count_line_ends(std::string_view text) {
  uint64_t count = 0;
  for (size_t i = 0; i < text.size(); ++i)
    count += text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
  return count;
}

char guess_csv_delimiter(std::string_view sample, bool is_end) {
  char best = ',';
  Fit best_fit;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    const Fit fit = fit_of(sample, delimiter, is_end);
    if (fit.field_count < 2) continue;
    if (best_fit.record_count == 0 || is_better(fit, best_fit)) {
      best = delimiter;
      best_fit = fit;
    }
  }
  return best;
}

}  // namespace cadre::text
