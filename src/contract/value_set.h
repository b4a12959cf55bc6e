// A set of values that is given at run time: ids that a tool returned, cells of a column, items of a schema.
//
// A value is a text; one that is a JSON number also stands for that number, so that the same set serves a string and a number. Values keep
// their place in the list that was given. Built once, shared by any number of requests.
// Limits: kSetValuesMax values, kSetSizeBytesMax bytes of them; each is valid UTF-8. Numbers beyond Decimal's limits are texts only.
// Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/decimal.h"
#include "contract/sorted_texts.h"

namespace cadre::contract {

inline constexpr size_t kSetValuesMax = 1'000'000;
inline constexpr size_t kSetSizeBytesMax = 256 << 20;

// Numbers to choose from, and their plain texts (those that are written with an exponent have none).
struct NumberSet {
  explicit NumberSet(std::vector<Decimal> numbers);
  bool contains(const Decimal& number) const;
  std::vector<Decimal> numbers;  // in order
  SortedTexts texts;
};

class ValueSet {
 public:
  // The first of equal values counts.
  static Result<std::shared_ptr<const ValueSet>> make(std::vector<std::string> values);

  const std::shared_ptr<const SortedTexts>& texts() const { return texts_; }
  const std::shared_ptr<const NumberSet>& numbers() const { return numbers_; }
  // Place in the list given.
  std::optional<size_t> index_of(std::string_view text) const;
  std::optional<size_t> index_of(const Decimal& number) const;

 private:
  ValueSet() = default;
  std::shared_ptr<const SortedTexts> texts_;
  std::vector<uint32_t> text_places_;  // per text
  std::shared_ptr<const NumberSet> numbers_;
  std::vector<uint32_t> number_places_;  // per number
};

}  // namespace cadre::contract
