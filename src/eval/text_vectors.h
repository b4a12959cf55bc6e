// Vectors of texts from the packs that there are, and the texts of a set nearest to another: what `cadre eval retrieval` compares with words.
//
// Of a decider: the states of its encoder over the words of a text, as a question without columns, or the embeddings of its tokens before the encoder;
// either way a mean over tokens, each weighted by its rarity among the set's texts. Texts longer than one input go in pieces.
// Of a router: the hidden layer of its net. The learned verifier reads finished calls and no texts.
//
// Vectors that are averages all point in one direction. Centred ones lose what the texts of the set have in common: their mean, and the
// direction in which they differ most (Mu, Bhat, Viswanath 2018, arXiv:1702.01417). Near is the cosine; every vector is looked at.
// Deterministic. Thread safety: an encoder belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/decider.h"
#include "model/router.h"

namespace cadre::eval {

enum class TextVectorKind : uint8_t { kStates, kTokens, kHidden };
const char* text_vector_name(TextVectorKind kind);  // "states", "tokens", "hidden"

class TextEncoder {
 public:
  // `path`: a decider's pack for kStates and kTokens, a router's for kHidden. Tokens weigh what they are rare among these texts; kHidden sees none.
  static Result<TextEncoder> open(TextVectorKind kind, const std::string& path, std::span<const std::string> texts);
  std::vector<float> encode(std::string_view text);

 private:
  explicit TextEncoder(TextVectorKind kind) : kind_(kind) {}
  void weigh_by_rarity(std::span<const std::string> texts);
  std::vector<uint16_t> tokens_of(std::string_view text) const;
  std::span<const float> rows_of(std::span<const uint16_t> tokens);

  TextVectorKind kind_;
  std::shared_ptr<const model::DeciderWeights> decider_;
  std::unique_ptr<model::DeciderRunner> runner_;
  std::optional<model::Router> router_;
  std::vector<float> weights_;  // by token
  std::vector<float> embeddings_;
};

struct NearText {
  size_t text = 0;
  float cosine = 0;
};

class VectorIndex {
 public:
  // All of one width. A vector of zeros is near nothing.
  VectorIndex(std::vector<std::vector<float>> vectors, bool is_centred);
  // The nearest `count_max`, nearest first; of equal ones the earlier.
  std::vector<NearText> search(std::vector<float> vector, size_t count_max) const;

 private:
  void place(std::vector<float>& vector) const;

  std::vector<float> mean_, first_;  // taken away; empty: they are not
  std::vector<std::vector<float>> vectors_;
};

}  // namespace cadre::eval
