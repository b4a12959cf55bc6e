// What the router sees of a text: hashes of its words, of neighbouring words, and of pieces of words.
//
// A word is a run of ASCII letters and of bytes >= 0x80, or a run of digits; apostrophes vanish ("don't" is "dont"), everything else
// separates; ASCII capitals are lowered. Punctuation and capitals are left out on purpose: data sets differ in them more than
// requests do, and a model that may look learns the data set. Only the first kRouterTextBytesMax bytes count.
// The scheme is part of a pack (kNgramScheme): change anything here and old packs must be refused by its name.
// Cost: about 2 us for ten words. Thread safety: pure function.
// Idea: hashing trick, Weinberger et al. 2009; pieces with word marks as in fastText, Bojanowski et al. 2017.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cadre::model {

inline constexpr const char* kNgramScheme = "ngram-1";
inline constexpr size_t kRouterTextBytesMax = 2048;

struct NgramFeatures {
  std::vector<uint32_t> words;
  std::vector<uint32_t> pairs;   // of neighbours; the ends of the text count as words, so an empty text has one pair
  std::vector<uint32_t> pieces;  // 3 to 5 bytes of "<word>"

  size_t count() const { return words.size() + pairs.size() + pieces.size(); }
};

NgramFeatures ngram_features(std::string_view text);

}  // namespace cadre::model
