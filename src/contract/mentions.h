// Dates, numbers and phone numbers that a text mentions, with their places and their normal forms.
//
//   number  in figures with their thousands marks ("1,250", "-3.5", ".5"; with decimal_comma "1.250,5"), times k, m, bn, thousand, million, ...
//           ("3.5k", "2 million"), in words ("twelve", "two hundred and five", "a dozen") and as ordinals ("3rd", "third").
//           Normal form: Decimal::text(), so "1250", "0.5".
//   date    "2026-05-03", "03/05/2026", "3.5.26", "May 3, 2026", "3rd of May", "3 May", "20260503", and relative to BindingOptions::today:
//           "today", "tomorrow", "yesterday", "the day after tomorrow", "in 3 days", "Friday", "next Friday". Without a year: the next such day from today on.
//           Two figures of a year: the century that puts it nearest to today; without today 1970 to 2069. Normal form: "2026-05-03".
//   phone   at least 7 and at most 15 digits with the usual separators. "+49 30 1234", "0049 30 1234" carry their calling code; without one it takes
//           BindingOptions::calling_code, and a leading 0 of the national form is dropped. Normal form: "+49301234".
//
// English words only. A mention begins and ends at the edges of words. Overlapping mentions are all listed (of "3 May 2026" the numbers 3 and 2026 and
// one date), so that a set is never smaller than what a reader may mean; dates and phone numbers take the longest reading at a place.
// Cost: linear in the words. Limit: kMentionsMax. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/bindings.h"
#include "contract/value_origins.h"

namespace cadre::contract {

inline constexpr size_t kMentionsMax = 100'000;  // of one kind in one source

struct Mention {
  std::string normal;
  size_t begin = 0, end = 0;  // bytes of the text
  friend bool operator==(const Mention&, const Mention&) = default;
};

// In the order of their places. Error kLimit.
Result<std::vector<Mention>> find_mentions(NormalKind kind, std::string_view text, const BindingOptions& options);

}  // namespace cadre::contract
