// SPDX-License-Identifier: Apache-2.0
#include "contract/value_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "base/utf8.h"

namespace cadre::contract {
namespace {

bool less(const Decimal& a, const Decimal& b) {
  return a.compare(b) < 0;
}

std::vector<std::string> plain_texts(std::span<const Decimal> numbers) {
  std::vector<std::string> texts;
  texts.reserve(numbers.size());
  for (const Decimal& number : numbers) {
    std::string text = number.text();
    if (text.find('e') == std::string::npos) texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<Decimal> in_order(std::vector<Decimal> numbers) {
  std::sort(numbers.begin(), numbers.end(), less);
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

}  // namespace

NumberSet::NumberSet(std::vector<Decimal> list) : numbers(in_order(std::move(list))), texts(plain_texts(numbers)) {}

bool NumberSet::contains(const Decimal& number) const {
  return std::binary_search(numbers.begin(), numbers.end(), number, less);
}

Result<std::shared_ptr<const ValueSet>> ValueSet::make(std::vector<std::string> values) {
  if (values.size() > kSetValuesMax)
    return Error{ErrorCode::kLimit, fmt::format("{} values, over the limit of {}", values.size(), kSetValuesMax)};
  size_t size_bytes = 0;
  std::vector<std::pair<Decimal, uint32_t>> numbers;
  for (uint32_t i = 0; i < values.size(); ++i) {
    const std::string& value = values[i];
    size_bytes += value.size();
    if (!base::is_valid_utf8(value))
      return Error{ErrorCode::kInvalid, fmt::format("value {} is not valid UTF-8", i + 1)};
    if (value.empty() || !(value[0] == '-' || (value[0] >= '0' && value[0] <= '9'))) continue;
    auto number = Decimal::parse(value);
    if (number.ok()) numbers.emplace_back(std::move(*number), i);
  }
  if (size_bytes > kSetSizeBytesMax)
    return Error{ErrorCode::kLimit, fmt::format("{} bytes, over the limit of {}", size_bytes, kSetSizeBytesMax)};
  std::shared_ptr<ValueSet> set(new ValueSet());
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return values[a] < values[b]; });
  std::vector<std::string> sorted;
  sorted.reserve(order.size());
  for (const uint32_t place : order) {
    if (!sorted.empty() && sorted.back() == values[place]) continue;
    sorted.push_back(std::move(values[place]));
    set->text_places_.push_back(place);
  }
  set->texts_ = std::make_shared<const SortedTexts>(std::move(sorted));
  std::stable_sort(numbers.begin(), numbers.end(), [](const auto& a, const auto& b) { return less(a.first, b.first); });
  std::vector<Decimal> decimals;
  for (auto& [number, place] : numbers) {
    if (!decimals.empty() && decimals.back() == number) continue;
    decimals.push_back(std::move(number));
    set->number_places_.push_back(place);
  }
  set->numbers_ = std::make_shared<const NumberSet>(std::move(decimals));
  return std::shared_ptr<const ValueSet>(std::move(set));
}

std::optional<size_t> ValueSet::index_of(std::string_view text) const {
  const auto& all = texts_->all();
  const auto found = std::lower_bound(all.begin(), all.end(), text);
  if (found == all.end() || *found != text) return std::nullopt;
  return text_places_[static_cast<size_t>(found - all.begin())];
}

std::optional<size_t> ValueSet::index_of(const Decimal& number) const {
  const auto& all = numbers_->numbers;
  const auto found = std::lower_bound(all.begin(), all.end(), number, less);
  if (found == all.end() || *found != number) return std::nullopt;
  return number_places_[static_cast<size_t>(found - all.begin())];
}

}  // namespace cadre::contract
