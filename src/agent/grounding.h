// Does every figure of a text stand in what the text was made from? The check of what generators write for people.
//
//   figure   a number in figures ("1,234", "-3.5", "12 %", "2 million", "3rd") or a date ("3 May 2026", "2026-05-03")
//   quote    with `quotes`: what stands between double quotes
//
// A number is grounded if the source has one that is equal to it, or becomes equal when rounded to the last place that is written: 3.14159 to
// "3.14" or "3", 1,234,567 to "1.2 million"; ties either way. "1,200" for 1,234 is not: its last written place is the ones. Signs are not
// compared ("a fall of 5" is -5). Before "%" or "percent" a number of the source also counts a hundredfold. "5m" and "5b" may be units: the 5 suffices.
// A date is grounded if the source has that day in any form (days and months in figures in either order). Figures that are read as
// neither (12.05.1, an IP address) must stand in the source as they are. The source's numbers may also be in words ("twelve"); numbers in words of the
// text are not checked, and neither is whether a figure is said of the right thing.
//
// The source is a JSON value: its numbers, the text of its strings and the names of its members. Cost: linear but for rounding, which is
// figures x numbers. Thread safety: a source is immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/verdict.h"
#include "base/json.h"
#include "base/result.h"
#include "contract/decimal.h"

namespace cadre::agent {

struct GroundingOptions {
  bool quotes = false;
  bool counts = false;  // how many items a list of the source has may be said, too
};

class GroundingSource {
 public:
  // kLimit: over 100,000 numbers or dates in one of its strings.
  static Result<GroundingSource> read(const base::Json& value, const GroundingOptions& options = {});

  // All numbers and strings of a value. kInvalid names the first figure or quote that stands nowhere, and where in the value it is.
  Result<void> check(const base::Json& value) const;

 private:
  Result<void> add(const base::Json& value);
  Result<void> add_text(const std::string& text);
  Result<void> check_at(const base::Json& value, const std::string& pointer) const;
  Result<void> check_text(const std::string& text) const;
  Result<void> check_quotes(std::string_view text) const;
  bool has_number(const contract::Decimal& figure, int64_t last_place) const;

  GroundingOptions options_;
  std::vector<contract::Decimal> numbers_;  // without signs
  std::set<std::string> dates_;             // "2026-05-03"
  std::set<std::string> words_;             // figures as they are written, in normal form
  std::string text_;                        // the normal forms of all strings, apart
};

// The rule "grounded" over the whole of `output`.
Verdict grounding_verdict(const base::Json& source, const base::Json& output, const GroundingOptions& options = {});

}  // namespace cadre::agent
