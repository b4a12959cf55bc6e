// Dates in figures, with the names of months, and relative to the day of the request.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include "contract/mention_readers.h"

namespace cadre::contract {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};
constexpr size_t kAbbreviationMin = 3;
constexpr int kYearMin = 1000, kYearMax = 2999;  // of years with four figures behind a day
constexpr int64_t kDaysAheadMax = 3'660;         // "in n days"

year_month_day civil(int year, int month, int day) {
  return {std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
          std::chrono::day(static_cast<unsigned>(day))};
}

std::optional<year_month_day> checked(int year, int month, int day) {
  if (month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const year_month_day date = civil(year, month, day);
  return date.ok() ? std::optional(date) : std::nullopt;
}

std::string iso(const year_month_day& date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

// 1 to 12; 0: no month. "sept" is four letters, the others three.
int month_named(std::string_view norm) {
  if (norm == "sept") return 9;
  for (size_t month = 0; month < kMonths.size(); ++month) {
    if (norm == kMonths[month] || norm == kMonths[month].substr(0, kAbbreviationMin))
      return static_cast<int>(month) + 1;
  }
  return 0;
}

std::optional<unsigned> weekday_named(std::string_view norm) {
  for (unsigned day = 0; day < kWeekdays.size(); ++day) {
    if (norm == kWeekdays[day] || norm == kWeekdays[day].substr(0, kAbbreviationMin)) return day;
  }
  return std::nullopt;
}

int to_int(std::string_view digits) {
  int value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

class DateReader {
 public:
  DateReader(const MentionText& text, size_t at, const BindingOptions& options, std::vector<Mention>& mentions)
      : text_(text), at_(at), mentions_(mentions), month_first_(options.date_order == DateOrder::kMonthDay) {
    if (options.today) {
      const auto date = checked(options.today->year, options.today->month, options.today->day);
      if (date) today_ = sys_days(*date);
    }
  }

  void read() {
    if (text_.word(at_).kind == text::WordKind::kNumber && read_figures()) return;
    if (read_day_then_month() || read_month_then_day()) return;
    if (today_) read_relative();
  }

 private:
  void add(const year_month_day& date, size_t end) {
    if (date.ok()) mentions_.push_back({iso(date), text_.word(at_).begin, end});
  }
  size_t end_of(size_t word) const { return text_.word(word).end; }

  // Three numbers with one sign between them, two with a slash, or eight digits.
  bool read_figures() {
    const size_t begin = text_.word(at_).begin;
    const bool inside = begin > 1 && text_.has_digit(begin - 2) && is_sign(text_.at(begin - 1));
    if (!text_.has_digit(begin) || inside) return false;
    std::array<std::string_view, 3> parts;
    size_t position = begin, count = 0;
    char sign = '\0';
    while (count < 3) {
      const size_t first = position;
      while (text_.has_digit(position)) ++position;
      parts[count++] = text_.text().substr(first, position - first);
      const char next = text_.at(position);
      if (count == 3 || !is_sign(next) || (sign != '\0' && next != sign) || !text_.has_digit(position + 1)) break;
      sign = next;
      ++position;
    }
    const bool goes_on = is_sign(text_.at(position)) && text_.has_digit(position + 1);
    if (goes_on || !text_.is_end(position)) return false;
    if (count == 1) return parts[0].size() == 8 && read_eight_digits(parts[0], position);
    for (size_t i = 0; i < count; ++i) {
      const bool is_year = count == 3 && (i == 0 || i == 2) && parts[i].size() == 4;
      if (parts[i].empty() || (parts[i].size() > 2 && !is_year)) return false;
    }
    if (count == 2) return sign == '/' && read_without_year(to_int(parts[0]), to_int(parts[1]), position);
    if (parts[0].size() == 4) {
      if (parts[2].size() > 2) return false;
      return add_checked(to_int(parts[0]), to_int(parts[1]), to_int(parts[2]), position);
    }
    if (parts[2].size() != 4 && parts[2].size() != 2) return false;
    const int year = parts[2].size() == 4 ? to_int(parts[2]) : near_year(to_int(parts[2]));
    const auto [month, day] = in_order(to_int(parts[0]), to_int(parts[1]));
    return add_checked(year, month, day, position);
  }

  static bool is_sign(char c) { return c == '-' || c == '/' || c == '.'; }

  // As the order says, or the other way round where only that is a month.
  std::pair<int, int> in_order(int first, int second) const {
    const bool first_is_month = month_first_ ? first <= 12 : second > 12 && first <= 12;
    return first_is_month ? std::pair(first, second) : std::pair(second, first);
  }

  bool add_checked(int year, int month, int day, size_t end) {
    const auto date = checked(year, month, day);
    if (date) add(*date, end);
    return date.has_value();
  }

  bool read_eight_digits(std::string_view digits, size_t end) {
    const int year = to_int(digits.substr(0, 4));
    if (year < 1900 || year > 2100) return false;
    return add_checked(year, to_int(digits.substr(4, 2)), to_int(digits.substr(6)), end);
  }

  bool read_without_year(int first, int second, size_t end) {
    const auto [month, day] = in_order(first, second);
    return add_next(month, day, end);
  }

  // The next such day from today on.
  bool add_next(int month, int day, size_t end) {
    if (!today_) return false;
    const int this_year = static_cast<int>(year_month_day(*today_).year());
    for (int year = this_year; year <= this_year + 8; ++year) {  // a 29 February may be 8 years off
      const auto date = checked(year, month, day);
      if (!date || sys_days(*date) < *today_) continue;
      add(*date, end);
      return true;
    }
    return false;
  }

  int near_year(int two_figures) const {
    if (!today_) return two_figures < 70 ? 2000 + two_figures : 1900 + two_figures;
    const int this_year = static_cast<int>(year_month_day(*today_).year());
    int best = this_year / 100 * 100 + two_figures;
    for (const int other : {best - 100, best + 100}) {
      if (std::abs(other - this_year) < std::abs(best - this_year)) best = other;
    }
    return best;
  }

  // A day of the month: "3", "3rd", "third"; how many words it takes, 0 if it is none.
  size_t read_day(size_t at, int* day) const {
    if (at >= text_.size()) return 0;
    const std::string_view norm = text_.norm(at);
    if (text_.word(at).kind == text::WordKind::kNumber) {
      const auto& word = text_.word(at);
      if (word.end - word.begin > 2 || !text_.has_digit(word.begin) || !text_.has_digit(word.end - 1)) return 0;
      *day = to_int(text_.text().substr(word.begin, word.end - word.begin));
      const std::string_view ending = text_.norm(at + 1);
      const bool ordinal = ending == "st" || ending == "nd" || ending == "rd" || ending == "th";
      return ordinal && text_.is_adjacent(at + 1) ? 2 : 1;
    }
    if (norm == "a" || norm == "an") return 0;
    for (size_t back = 1; back <= std::min<size_t>(at, 2); ++back) {  // the "first" of "twenty-first"
      const auto longer = read_spoken(text_, at - back);
      if (longer && longer->words > back) return 0;
    }
    const auto spoken = read_spoken(text_, at);
    if (!spoken || !spoken->ordinal || spoken->value > 31) return 0;
    *day = static_cast<int>(spoken->value);
    return spoken->words;
  }

  // A year behind a day and month, with or without a comma; the word behind it, 0 if there is none.
  size_t read_year(size_t at, int* year) const {
    if (text_.norm(at) == ",") ++at;
    if (at >= text_.size() || text_.word(at).kind != text::WordKind::kNumber) return 0;
    const auto& word = text_.word(at);
    const std::string_view digits = text_.text().substr(word.begin, word.end - word.begin);
    if (digits.size() != 4 || digits.find_first_not_of("0123456789") != std::string_view::npos) return 0;
    *year = to_int(digits);
    return *year >= kYearMin && *year <= kYearMax ? at + 1 : 0;
  }

  bool add_day(int month, int day, size_t next) {
    int year = 0;
    if (const size_t after = read_year(next, &year)) return add_checked(year, month, day, end_of(after - 1));
    return add_next(month, day, end_of(next - 1));
  }

  size_t skip_point(size_t next) const { return text_.norm(next) == "." && text_.is_adjacent(next) ? next + 1 : next; }

  bool read_day_then_month() {
    int day = 0;
    const size_t words = read_day(at_, &day);
    if (words == 0) return false;
    size_t next = at_ + words;
    if (text_.norm(next) == "of") ++next;
    const int month = month_named(text_.norm(next));
    if (month == 0) return false;
    int year = 0;
    const size_t after_point = skip_point(next + 1);
    if (after_point > next + 1 && read_year(after_point, &year) > 0) return add_day(month, day, after_point);
    return add_day(month, day, next + 1);
  }

  bool read_month_then_day() {
    const int month = month_named(text_.norm(at_));
    if (month == 0) return false;
    size_t next = skip_point(at_ + 1);
    if (text_.norm(next) == "the") ++next;
    int day = 0;
    const size_t words = read_day(next, &day);
    return words > 0 && add_day(month, day, next + words);
  }

  void add_in_days(int64_t days, size_t words) {
    add(year_month_day(*today_ + std::chrono::days(days)), end_of(at_ + words - 1));
  }

  void read_relative() {
    const std::string_view first = text_.norm(at_);
    if (first == "today" || first == "tonight") return add_in_days(0, 1);
    if (first == "tomorrow") return add_in_days(1, 1);
    if (first == "yesterday") return add_in_days(-1, 1);
    if (first == "day" && text_.norm(at_ + 1) == "after" && text_.norm(at_ + 2) == "tomorrow") return add_in_days(2, 3);
    if (first == "day" && text_.norm(at_ + 1) == "before" && text_.norm(at_ + 2) == "yesterday")
      return add_in_days(-2, 3);
    if (first == "in") return read_days_ahead();
    read_weekday();
  }

  // "in 3 days", "in a week"
  void read_days_ahead() {
    size_t next = at_ + 1;
    int64_t count = 0;
    if (text_.norm(next) == "a" || text_.norm(next) == "one") {
      count = 1;
      ++next;
    } else if (next < text_.size() && text_.word(next).kind == text::WordKind::kNumber) {
      const std::string_view digits = text_.norm(next);
      if (digits.size() > 4 || digits.find_first_not_of("0123456789") != std::string_view::npos) return;
      count = to_int(digits);
      ++next;
    } else if (const auto spoken = read_spoken(text_, next); spoken && !spoken->ordinal) {
      count = spoken->value;
      next += spoken->words;
    } else {
      return;
    }
    const std::string_view unit = text_.norm(next);
    const int64_t days = unit == "day" || unit == "days" ? 1 : unit == "week" || unit == "weeks" ? 7 : 0;
    if (days == 0 || count > kDaysAheadMax) return;
    add_in_days(count * days, next + 1 - at_);
  }

  // The first one after today; "next Friday" also means the one a week later, "last Friday" the last one before today.
  void read_weekday() {
    const std::string_view first = text_.norm(at_);
    const bool is_next = first == "next", is_last = first == "last";
    const auto day = weekday_named(text_.norm(at_ + (is_next || is_last ? 1 : 0)));
    if (!day) return;
    const auto ahead = static_cast<int64_t>((*day + 7 - std::chrono::weekday(*today_).c_encoding()) % 7);
    if (is_last) return add_in_days(ahead - 7, 2);
    const int64_t days = ahead == 0 ? 7 : ahead;
    add_in_days(days, is_next ? 2 : 1);
    if (is_next) add_in_days(days + 7, 2);
  }

  const MentionText& text_;
  size_t at_;
  std::vector<Mention>& mentions_;
  bool month_first_;
  std::optional<sys_days> today_;
};

}  // namespace

void read_date(const MentionText& text, size_t at, const BindingOptions& options, std::vector<Mention>& mentions) {
  DateReader(text, at, options, mentions).read();
}

}  // namespace cadre::contract
