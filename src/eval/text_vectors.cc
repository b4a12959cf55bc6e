// SPDX-License-Identifier: Apache-2.0
#include "eval/text_vectors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/decider_engine.h"
#include "model/ngram_features.h"
#include "tensor/vector_math.h"
#include "text/words.h"

namespace cadre::eval {
namespace {

constexpr size_t kTokensOfOneInput = 200;  // a decider was trained on questions of up to 224
constexpr size_t kDirectionRounds = 50;

constexpr uint32_t bit(model::TokenFeature feature) {
  return 1u << feature;
}

// A question without columns. Which of its tokens begin words is not told: the encoder is asked for a mean.
model::DeciderInput input_of(std::span<const uint16_t> tokens) {
  model::DeciderInput input;
  input.tokens.push_back(model::kCls);
  input.features.push_back(bit(model::kCellsUnknown));
  input.tokens.insert(input.tokens.end(), tokens.begin(), tokens.end());
  input.features.resize(input.length(), bit(model::kIsQuestion) | bit(model::kWordBegin));
  for (size_t t = 0; t < input.length(); ++t) input.positions.push_back(static_cast<uint16_t>(t));
  input.relations.assign(input.length() * input.length(), model::kQuestionQuestion);
  for (size_t t = 0; t < input.length(); ++t)
    input.relations[t] = input.relations[t * input.length()] = static_cast<uint8_t>(model::kCls_);
  return input;
}

void add_scaled(std::vector<float>& sum, std::span<const float> x, float scale) {
  for (size_t i = 0; i < x.size(); ++i) sum[i] += scale * x[i];
}

float product_of(const std::vector<float>& a, const std::vector<float>& b) {
  return tensor::dot(a.data(), b.data(), a.size());
}

void normalize_length(std::vector<float>& vector) {
  const float length = std::sqrt(product_of(vector, vector));
  for (float& x : vector) x = length > 0 ? x / length : 0;
}

std::vector<float> mean_of(const std::vector<std::vector<float>>& vectors) {
  std::vector<float> mean(vectors.front().size());
  for (const auto& vector : vectors) add_scaled(mean, vector, 1.0f / static_cast<float>(vectors.size()));
  return mean;
}

// The direction of the largest variance, by power iteration.
std::vector<float> first_direction(const std::vector<std::vector<float>>& vectors) {
  std::vector<float> direction(vectors.front().size(), 1);
  for (size_t round = 0; round < kDirectionRounds; ++round) {
    std::vector<float> next(direction.size());
    for (const auto& vector : vectors) add_scaled(next, vector, product_of(vector, direction));
    normalize_length(next);
    direction = std::move(next);
  }
  return direction;
}

}  // namespace

const char* text_vector_name(TextVectorKind kind) {
  constexpr std::array<const char*, 3> kNames = {"states", "tokens", "hidden"};
  return kNames[static_cast<size_t>(kind)];
}

Result<TextEncoder> TextEncoder::open(TextVectorKind kind, const std::string& path,
                                      std::span<const std::string> texts) {
  TextEncoder encoder(kind);
  if (kind == TextVectorKind::kHidden) {
    encoder.router_ = TRY(model::Router::open(path));
    return encoder;
  }
  encoder.decider_ = TRY(engine::DeciderEngine::load_file(path)).weights;
  encoder.runner_ = std::make_unique<model::DeciderRunner>(encoder.decider_);
  encoder.weigh_by_rarity(texts);
  return encoder;
}

std::vector<uint16_t> TextEncoder::tokens_of(std::string_view text) const {
  std::vector<text::TokenId> ids;
  for (const text::WordPlace& word : text::find_words(text))
    decider_->tokenizer().append_word(text::lower(text.substr(word.begin, word.end - word.begin)), ids);
  return {ids.begin(), ids.end()};
}

void TextEncoder::weigh_by_rarity(std::span<const std::string> texts) {
  std::vector<size_t> texts_with(decider_->config().vocabulary);
  for (const std::string& text : texts) {
    std::vector<uint16_t> tokens = tokens_of(text);
    std::sort(tokens.begin(), tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    for (const uint16_t token : tokens) ++texts_with[token];
  }
  for (const size_t count : texts_with)
    weights_.push_back(std::log((static_cast<float>(texts.size()) + 1) / (static_cast<float>(count) + 0.5f)));
}

std::span<const float> TextEncoder::rows_of(std::span<const uint16_t> tokens) {
  if (kind_ == TextVectorKind::kStates) return runner_->encode(input_of(tokens)).subspan(decider_->config().width);
  embeddings_.clear();
  for (const uint16_t token : tokens) {
    const auto row = decider_->token_embedding(token);
    embeddings_.insert(embeddings_.end(), row.begin(), row.end());
  }
  return embeddings_;
}

std::vector<float> TextEncoder::encode(std::string_view text) {
  if (router_) return router_->hidden_net(model::ngram_features(text));
  const std::vector<uint16_t> tokens = tokens_of(text);
  const size_t width = decider_->config().width;
  std::vector<float> sum(width);
  for (size_t begin = 0; begin < tokens.size(); begin += kTokensOfOneInput) {
    const auto piece = std::span(tokens).subspan(begin, std::min(kTokensOfOneInput, tokens.size() - begin));
    const auto rows = rows_of(piece);
    for (size_t t = 0; t < piece.size(); ++t) add_scaled(sum, rows.subspan(t * width, width), weights_[piece[t]]);
  }
  return sum;
}

VectorIndex::VectorIndex(std::vector<std::vector<float>> vectors, bool is_centred) : vectors_(std::move(vectors)) {
  for (auto& vector : vectors_) normalize_length(vector);
  if (!is_centred || vectors_.empty()) return;
  mean_ = mean_of(vectors_);
  for (auto& vector : vectors_) add_scaled(vector, mean_, -1);
  first_ = first_direction(vectors_);
  for (auto& vector : vectors_) {
    add_scaled(vector, first_, -product_of(vector, first_));
    normalize_length(vector);
  }
}

void VectorIndex::place(std::vector<float>& vector) const {
  normalize_length(vector);
  if (mean_.empty()) return;
  add_scaled(vector, mean_, -1);
  add_scaled(vector, first_, -product_of(vector, first_));
  normalize_length(vector);
}

std::vector<NearText> VectorIndex::search(std::vector<float> vector, size_t count_max) const {
  place(vector);
  std::vector<NearText> near;
  for (size_t i = 0; i < vectors_.size(); ++i) near.push_back({i, product_of(vector, vectors_[i])});
  const size_t count = std::min(count_max, near.size());
  std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(count), near.end(),
                    [](const NearText& a, const NearText& b) {
                      return a.cosine != b.cosine ? a.cosine > b.cosine : a.text < b.text;
                    });
  near.resize(count);
  return near;
}

}  // namespace cadre::eval
