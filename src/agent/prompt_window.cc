// SPDX-License-Identifier: Apache-2.0
#include "agent/prompt_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/json_values.h"

namespace cadre::agent {
namespace {

using base::Json;

// In sixths of a token, so that parts add up.
constexpr int64_t kSixths = 6;
constexpr int64_t kAsciiSixths = 2;
constexpr int64_t kOtherSixths = 3;

int64_t sixths_of(std::string_view text) {
  const auto ascii =
      std::count_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return kAsciiSixths * ascii + kOtherSixths * (static_cast<int64_t>(text.size()) - ascii);
}

struct ShortenedList {
  const std::string* pointer;
  Json* items;
  std::vector<int64_t> sixths;  // of each item with its comma
  int64_t sum = 0;
};

ShortenedList shortened_list(const std::string& pointer, Json& items) {
  ShortenedList list{&pointer, &items};
  for (const Json& item : items) {
    list.sixths.push_back(sixths_of(base::dump_json(item)) + kAsciiSixths);
    list.sum += list.sixths.back();
  }
  return list;
}

}  // namespace

int64_t estimated_tokens(std::string_view text) {
  return (sixths_of(text) + kSixths - 1) / kSixths;
}

Result<FittedInput> fit_input(Json input, const std::vector<std::string>& lists, int64_t over_tokens) {
  FittedInput fitted{std::move(input)};
  std::vector<ShortenedList> open;
  for (const std::string& pointer : lists) {
    Json* items = at_pointer(fitted.input, pointer);
    if (items != nullptr && items->is_array()) open.push_back(shortened_list(pointer, *items));
  }
  for (int64_t over = over_tokens * kSixths; over > 0;) {
    const auto longest = std::max_element(open.begin(), open.end(),
                                          [](const ShortenedList& a, const ShortenedList& b) { return a.sum < b.sum; });
    if (longest == open.end() || longest->sixths.empty())
      return Error{ErrorCode::kLimit, fmt::format("{} tokens too many", (over + kSixths - 1) / kSixths)};
    over -= longest->sixths.back();
    longest->sum -= longest->sixths.back();
    longest->sixths.pop_back();
    longest->items->erase(longest->items->size() - 1);
    fitted.left_out[*longest->pointer] = fitted.left_out.value(*longest->pointer, 0) + 1;
  }
  return fitted;
}

}  // namespace cadre::agent
