// Which tokens may be appended without asking the model, so that the text stays what its tokenizer would have made of it.
//
// The forced bytes are encoded together with the last tokens before them. What comes out is safe up to the first place from which a token that the
// contract takes reaches beyond the forced bytes, and the tokenizer would really cut it there: what follows may be that.
// Idea: llguidance's rule for its forced tokens; asking the tokenizer is ours.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "contract/constraint.h"

namespace cadre::contract {

namespace {

constexpr size_t kForcedSizeBytesMax = 4096;  // of one forced text
constexpr size_t kTriedMax = 256;              // tokens over the end of a forced text, from one place

// The node that spells the text from the root; 0 if there is none.
uint32_t node_of(const Vocabulary& vocabulary, std::string_view text) {
  const auto nodes = vocabulary.nodes();
  uint32_t at = 0;
  for (const char c : text) {
    uint32_t child = at + 1;
    while (child < nodes[at].end && nodes[child].byte != static_cast<uint8_t>(c)) child = nodes[child].end;
    if (child >= nodes[at].end) return 0;
    at = child;
  }
  return at;
}

// Does the encoding of `text`, in which the token stands at the end, have it there as one?
bool ends_with_token(const Encode& encode, const std::string& text, uint32_t token) {
  const auto tokens = encode(text);
  return !tokens.empty() && tokens.back() == token;
}

// The first place from which the encoding may reach over the end of `text`, where the contract is in `end`; the end itself if it never does. A
// canonical encoding cut at one of its boundaries is canonical, so each token that reaches over is tried; many are not tried but believed.
size_t first_open_place(const Encode& encode, Contract& contract, const Vocabulary& vocabulary, const std::string& text,
                        size_t begin, const Contract::State& end) {
  const size_t longest = vocabulary.token_size_max();
  for (size_t at = std::max(begin, text.size() - std::min(text.size(), longest)); at < text.size(); ++at) {
    const uint32_t node = node_of(vocabulary, std::string_view(text).substr(at));
    if (node == 0) continue;
    const auto ranks = contract.ranks_below(vocabulary, end, node, kTriedMax + 1);
    if (ranks.size() > kTriedMax) return at;
    for (const uint32_t rank : ranks) {
      if (ends_with_token(encode, text.substr(0, at) + std::string(vocabulary.text_of_rank(rank)),
                          vocabulary.id_of(rank)))
        return at;
    }
  }
  return text.size();
}

}  // namespace

std::string Constraint::forced_text() const {
  return position_->ended ? std::string() : bound_->contract->forced(position_->state, kForcedSizeBytesMax);
}

ForcedTokens Constraint::forced_tokens(const Encode& encode, size_t uncommitted) const {
  const std::string forced = forced_text();
  if (forced.empty()) return {};
  const Vocabulary& vocabulary = *bound_->vocabulary;
  uncommitted = std::min(uncommitted, kForcedReplacedMax);
  std::vector<uint32_t> last;  // tokens before the forced text, oldest first
  size_t last_size = 0;
  for (const Position* at = position_.get(); at->before != nullptr && last.size() < uncommitted + kForcedContext;
       at = at->before.get()) {
    last.push_back(at->token);
    last_size += vocabulary.text(at->token).size();
  }
  std::reverse(last.begin(), last.end());
  const size_t kept = last.size() - std::min(uncommitted, last.size());
  size_t kept_size = 0;
  for (size_t i = 0; i < kept; ++i) kept_size += vocabulary.text(last[i]).size();

  const std::string text = text_from(text_size() - last_size) + forced;
  Contract::State end = position_->state;
  if (!bound_->contract->read(end, forced)) return {};
  const size_t safe = first_open_place(encode, *bound_->contract, vocabulary, text, kept_size, end);
  ForcedTokens result;
  size_t size = 0, taken_size = 0;
  bool agrees = kept_size == 0;  // has the encoding the last of the tokens that stay?
  for (const uint32_t token : encode(text)) {
    size += vocabulary.text(token).size();
    if (size > safe) break;
    if (size > kept_size) {
      if (!agrees) return {};
      result.tokens.push_back(token);
      taken_size = size;
    }
    agrees |= size == kept_size && token == last[kept - 1];
  }
  if (taken_size <= last_size) return {};
  const auto same = std::mismatch(last.begin() + static_cast<std::ptrdiff_t>(kept), last.end(), result.tokens.begin(),
                                  result.tokens.end());
  result.replaced = static_cast<size_t>(last.end() - same.first);
  result.tokens.erase(result.tokens.begin(), same.second);
  result.begun = text.substr(taken_size);
  Constraint trial = *this;
  return trial.take(result) ? result : ForcedTokens{};
}

bool Constraint::take(const ForcedTokens& forced) {
  Constraint next = *this;
  next.rollback(forced.replaced);
  for (const uint32_t token : forced.tokens) {
    if (!next.advance(token)) return false;
  }
  *this = std::move(next);
  return true;
}

}  // namespace cadre::contract
