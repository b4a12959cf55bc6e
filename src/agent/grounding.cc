// SPDX-License-Identifier: Apache-2.0
#include "agent/grounding.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "contract/bindings.h"
#include "contract/mentions.h"
#include "text/words.h"

namespace cadre::agent {
namespace {

using base::Json;
using contract::BindingOptions;
using contract::DateOrder;
using contract::Decimal;
using contract::Mention;
using contract::NormalKind;

constexpr char kBetweenTexts = '\n';  // in no normal form

Decimal without_sign(const Decimal& number) {
  return Decimal::from_digits(false, number.digits(), number.exponent());
}

std::string one_more(std::string digits) {
  for (size_t i = digits.size(); i-- > 0;) {
    if (digits[i] != '9') {
      ++digits[i];
      return digits;
    }
    digits[i] = '0';
  }
  return "1" + digits;
}

// Is `figure` what becomes of `number` when it is rounded to a multiple of 10^last_place? Both without sign; ties either way.
bool rounds_to(const Decimal& number, const Decimal& figure, int64_t last_place) {
  if (number == figure) return true;
  if (number.is_zero() || number.exponent() >= last_place) return false;
  const int64_t kept_size = number.magnitude() - last_place;
  if (kept_size < 0) return figure.is_zero();
  const std::string& digits = number.digits();
  const std::string kept = digits.substr(0, static_cast<size_t>(kept_size));
  const std::string_view dropped = std::string_view(digits).substr(kept.size());
  const bool is_up = dropped[0] >= '5';
  const bool is_tie = dropped == "5";
  if (is_up && figure == Decimal::from_digits(false, one_more(kept), last_place)) return true;
  return (!is_up || is_tie) && figure == Decimal::from_digits(false, kept, last_place);
}

// A number in figures as a text has it: all its readings begin and end together or go on from another.
struct Figure {
  size_t begin = 0, end = 0;
  Mention plain;  // the figures alone
  Mention whole;  // with "thousand", "million", ...
};

bool is_in_figures(std::string_view text, const Mention& mention) {
  const auto first = static_cast<unsigned char>(text[mention.begin]);
  return (first >= '0' && first <= '9') || first == '.' || first == '-' || first >= 0x80;
}

std::vector<Figure> figures_of(std::string_view text, const std::vector<Mention>& mentions) {
  std::vector<Figure> figures;
  for (const Mention& mention : mentions) {
    if (!is_in_figures(text, mention)) continue;
    if (figures.empty() || mention.begin >= figures.back().end) {
      figures.push_back({mention.begin, mention.end, mention, mention});
      continue;
    }
    Figure& figure = figures.back();
    figure.begin = std::min(figure.begin, mention.begin);
    figure.end = std::max(figure.end, mention.end);
    if (mention.end > figure.whole.end) figure.whole = mention;
  }
  return figures;
}

std::optional<Decimal> decimal_of(const std::string& normal) {
  auto number = Decimal::parse(normal);
  if (!number.ok()) return std::nullopt;
  return without_sign(*number);
}

// The power of ten of the last place that is written: -2 of "1.25", 5 of "1.2 million".
int64_t last_place_of(std::string_view text, const Figure& figure, const Decimal& plain, const Decimal& whole) {
  const std::string_view written = text.substr(figure.plain.begin, figure.plain.end - figure.plain.begin);
  const size_t point = written.rfind('.');
  const auto decimals = point == std::string_view::npos ? 0 : static_cast<int64_t>(written.size() - point - 1);
  const int64_t scale = plain.is_zero() || whole.is_zero() ? 0 : whole.magnitude() - plain.magnitude();
  return scale - decimals;
}

bool is_percentage(std::string_view rest) {
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  return rest.starts_with('%') || rest.starts_with("percent") || rest.starts_with("per cent");
}

// "5m" may be metres, "5b" bytes.
bool may_be_a_unit(std::string_view text, const Figure& figure) {
  const std::string_view after = text.substr(figure.plain.end, figure.whole.end - figure.plain.end);
  return after == "m" || after == "M" || after == "b" || after == "B";
}

bool covers(const std::vector<std::pair<size_t, size_t>>& spans, const text::Word& word) {
  return std::any_of(spans.begin(), spans.end(),
                     [&](const auto& span) { return span.first <= word.begin && word.end <= span.second; });
}

Error nowhere(std::string_view what) {
  return Error{ErrorCode::kInvalid, fmt::format("\"{}\" stands nowhere in the input", what)};
}

std::string pointer_to(const std::string& parent, const std::string& name) {
  std::string pointer = parent + "/";
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

constexpr DateOrder kDateOrders[] = {DateOrder::kMonthDay, DateOrder::kDayMonth};

}  // namespace

Result<GroundingSource> GroundingSource::read(const Json& value, const GroundingOptions& options) {
  GroundingSource source;
  source.options_ = options;
  TRY(source.add(value));
  return source;
}

Result<void> GroundingSource::add(const Json& value) {
  if (value.is_number()) {
    if (const auto number = decimal_of(base::dump_json(value))) numbers_.push_back(*number);
  } else if (value.is_string()) {
    TRY(add_text(value.get_ref<const std::string&>()));
  } else if (value.is_array()) {
    if (options_.counts) numbers_.push_back(Decimal::from_int(static_cast<int64_t>(value.size())));
    for (const Json& item : value) TRY(add(item));
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      TRY(add_text(name));
      TRY(add(member));
    }
  }
  return {};
}

Result<void> GroundingSource::add_text(const std::string& text) {
  const auto numbers = TRY(contract::find_mentions(NormalKind::kNumber, text, {}));
  for (const Mention& mention : numbers) {
    if (const auto number = decimal_of(mention.normal)) numbers_.push_back(*number);
  }
  for (const DateOrder order : kDateOrders) {
    BindingOptions reading;
    reading.date_order = order;
    const auto dates = TRY(contract::find_mentions(NormalKind::kDate, text, reading));
    for (const Mention& mention : dates) dates_.insert(mention.normal);
  }
  for (const text::Word& word : text::split_words(text)) {
    if (word.kind == text::WordKind::kNumber) words_.insert(word.norm);
  }
  text_ += text::normalize(text) + kBetweenTexts;
  return {};
}

bool GroundingSource::has_number(const Decimal& figure, int64_t last_place) const {
  return std::any_of(numbers_.begin(), numbers_.end(),
                     [&](const Decimal& number) { return rounds_to(number, figure, last_place); });
}

Result<void> GroundingSource::check(const Json& value) const {
  return check_at(value, "");
}

Result<void> GroundingSource::check_at(const Json& value, const std::string& pointer) const {
  const auto place = [&] { return pointer.empty() ? std::string("the text") : pointer; };
  if (value.is_number()) {
    const std::string written = base::dump_json(value);
    const auto figure = decimal_of(written);
    if (!figure || !has_number(*figure, std::min<int64_t>(figure->exponent(), 0)))
      return nowhere(written).with_context(place());
  } else if (value.is_string()) {
    if (auto checked = check_text(value.get_ref<const std::string&>()); !checked.ok())
      return std::move(checked).error().with_context(place());
  } else if (value.is_structured()) {
    size_t index = 0;
    for (const auto& [name, member] : value.items())
      TRY(check_at(member, pointer_to(pointer, value.is_object() ? name : std::to_string(index++))));
  }
  return {};
}

Result<void> GroundingSource::check_text(const std::string& text) const {
  std::vector<std::pair<size_t, size_t>> grounded;
  const auto words = text::split_words(text);
  std::vector<std::pair<size_t, size_t>> missing;  // dates that are none in one order of day and month
  for (const DateOrder order : kDateOrders) {
    BindingOptions reading;
    reading.date_order = order;
    for (const Mention& date : TRY(contract::find_mentions(NormalKind::kDate, text, reading))) {
      const std::string written = text.substr(date.begin, date.end - date.begin);
      const bool is_there = dates_.contains(date.normal) || text_.find(text::normalize(written)) != std::string::npos;
      (is_there ? grounded : missing).emplace_back(date.begin, date.end);
    }
  }
  for (const auto& [begin, end] : missing) {
    const bool is_one_word = std::any_of(words.begin(), words.end(), [&, b = begin, e = end](const text::Word& word) {
      return word.begin == b && word.end == e;
    });
    const bool is_there = std::any_of(grounded.begin(), grounded.end(), [&, b = begin, e = end](const auto& span) {
      return span.first <= b && e <= span.second;
    });
    // A single word may be a number as well; it is looked at below.
    if (!is_one_word && !is_there) return nowhere(std::string_view(text).substr(begin, end - begin));
  }
  const auto mentions = TRY(contract::find_mentions(NormalKind::kNumber, text, {}));
  for (const Figure& figure : figures_of(text, mentions)) {
    const auto plain = decimal_of(figure.plain.normal);
    const auto whole = decimal_of(figure.whole.normal);
    if (!plain || !whole) continue;
    const int64_t last_place = last_place_of(text, figure, *plain, *whole);
    bool is_there = has_number(*whole, last_place);
    if (!is_there && is_percentage(std::string_view(text).substr(figure.end)))
      is_there = has_number(whole->times_power_of_ten(-2), last_place - 2);
    if (!is_there && may_be_a_unit(text, figure))
      is_there = has_number(*plain, last_place_of(text, figure, *plain, *plain));
    if (is_there) grounded.emplace_back(figure.begin, figure.end);
  }
  for (const text::Word& word : words) {
    if (word.kind != text::WordKind::kNumber || covers(grounded, word) || words_.contains(word.norm)) continue;
    for (const Figure& figure : figures_of(text, mentions)) {
      if (figure.begin <= word.begin && word.end <= figure.end)
        return nowhere(std::string_view(text).substr(figure.begin, figure.end - figure.begin));
    }
    return nowhere(std::string_view(text).substr(word.begin, word.end - word.begin));
  }
  return options_.quotes ? check_quotes(text) : Result<void>();
}

Result<void> GroundingSource::check_quotes(std::string_view text) const {
  static constexpr std::pair<std::string_view, std::string_view> kQuotes[] = {
      {"\"", "\""}, {"\u201C", "\u201D"}, {"\u201E", "\u201C"}, {"\u00AB", "\u00BB"}};
  for (const auto& [opens, closes] : kQuotes) {
    for (size_t at = text.find(opens); at != std::string_view::npos; at = text.find(opens, at)) {
      const size_t begin = at + opens.size();
      const size_t end = text.find(closes, begin);
      if (end == std::string_view::npos) break;
      const std::string_view quote = text.substr(begin, end - begin);
      if (text_.find(text::normalize(std::string(quote))) == std::string::npos) return nowhere(quote);
      at = end + closes.size();
    }
  }
  return {};
}

Verdict grounding_verdict(const Json& source, const Json& output, const GroundingOptions& options) {
  const auto read = GroundingSource::read(source, options);
  if (!read.ok()) return {"grounded", false, read.error().message};
  const auto checked = read->check(output);
  return {"grounded", checked.ok(), checked.ok() ? "" : checked.error().message};
}

}  // namespace cadre::agent
