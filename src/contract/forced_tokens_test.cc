// Forced tokens are those of the tokenizer: a text is encoded as a whole, followed, and must have them where they were forced.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/constraint.h"
#include "contract/grammar_contract.h"
#include "contract/schema_contract.h"
#include "text/bpe.h"

namespace cadre::contract {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Words as usual tokenizers cut them: letters with one sign before them, or signs.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    size_t size = 0;
    if (is_letter(text[0]) || (text.size() > 1 && is_letter(text[1]))) {
      for (size = 1; size < text.size() && is_letter(text[size]);) ++size;
    } else {
      while (size < text.size() && !is_letter(text[size])) ++size;
    }
    size = std::min(size, text::kBpeWordSizeBytesMax);
    words.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return words;
}

struct Tokenizer {
  text::BpeTokenizer bpe;
  std::shared_ptr<const Vocabulary> vocabulary;

  static Tokenizer train(const std::vector<std::string>& texts) {
    std::vector<text::WordCount> words;
    for (const std::string& text : texts) {
      for (std::string& word : words_of(text)) words.push_back({std::move(word), 1});
    }
    auto bpe = text::BpeTokenizer::train(words, {.vocab_size = 400, .special_tokens = {}, .pair_count_min = 2}).value();
    std::vector<std::string> tokens;
    for (uint32_t id = 0; id < bpe.vocab_size(); ++id) tokens.push_back(bpe.decode(std::vector<uint32_t>{id}));
    auto vocabulary = Vocabulary::build(tokens, kNoToken).value();
    return {std::move(bpe), std::move(vocabulary)};
  }
  std::vector<uint32_t> encode(std::string_view text) const {
    std::vector<uint32_t> ids;
    for (const std::string& word : words_of(text)) bpe.append_word(word, ids);
    return ids;
  }
};

std::string random_text(Contract& contract, base::Random& random) {
  for (;;) {
    Contract::State state = contract.start();
    std::string text;
    while (text.size() < 200) {
      if (contract.complete(state) && random.chance(0.3)) return text;
      std::vector<char> ways;
      for (int byte = 0x20; byte < 0x7F; ++byte) {
        const char c = static_cast<char>(byte);
        Contract::State trial = state;
        if (!contract.read(trial, std::string_view(&c, 1))) continue;
        ways.insert(ways.end(), c == '"' || is_letter(c) ? 6 : 1, c);
      }
      if (ways.empty()) break;
      text.push_back(ways[random.below(ways.size())]);
      contract.read(state, std::string_view(text).substr(text.size() - 1));
    }
    if (contract.complete(state)) return text;
  }
}

const std::vector<std::shared_ptr<Contract>>& contracts() {
  static const std::vector<std::shared_ptr<Contract>> all{
      SchemaContract::compile(
          R"({"type":"object","properties":{"city":{"enum":["Oslo","Osaka","Oslonian"]},"note":{"type":"string","maxLength":6},"unit":{"const":"celsius"},"days":{"type":"integer","minimum":1,"maximum":14}},"required":["city","note","unit"],"additionalProperties":false})",
          SchemaMode::kGenerate)
          .value(),
      SchemaContract::compile(
          R"({"type":"object","properties":{"items":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"kind":{"enum":["named","nameless"]}},"required":["name","kind"],"additionalProperties":false},"maxItems":3}},"required":["items"],"additionalProperties":false})",
          SchemaMode::kGenerate)
          .value(),
      grammar_contract("root ::= \"SELECT \" (\"name\" | \"names\" | \"number\") \" FROM \" (\"na\" | \"name\") tail\n"
                       "tail ::= \";\" | \" WHERE name = '\" [a-z]* \"';\"")
          .value()};
  return all;
}

TEST(ForcedTokens, AreTheTokenizersOwn) {
  base::Random random(31);
  size_t forced = 0, all = 0;
  for (const auto& contract : contracts()) {
    std::vector<std::string> texts;
    for (int i = 0; i < 150; ++i) texts.push_back(random_text(*contract, random));
    const Tokenizer tokenizer = Tokenizer::train(texts);
    const Encode encode = [&](std::string_view text) { return tokenizer.encode(text); };
    for (const std::string& text : texts) {
      const std::vector<uint32_t> tokens = tokenizer.encode(text);
      auto constraint = Constraint::make(contract, tokenizer.vocabulary);
      ASSERT_TRUE(constraint.ok());
      all += tokens.size();
      for (size_t done = 0; done < tokens.size();) {
        const ForcedTokens found = constraint->forced_tokens(encode, random.below(kForcedReplacedMax + 2));
        ASSERT_LE(found.replaced, std::min(done, kForcedReplacedMax));
        if (found.tokens.empty()) {
          ASSERT_TRUE(constraint->advance(tokens[done++])) << text;
          continue;
        }
        const size_t begin = done - found.replaced;
        for (size_t i = 0; i < found.tokens.size(); ++i) {
          ASSERT_LT(begin + i, tokens.size());
          ASSERT_EQ(found.tokens[i], tokens[begin + i])
              << text << " at " << constraint->text() << ": " << tokenizer.bpe.decode(found.tokens);
        }
        const std::string before = constraint->text() + constraint->forced_text();
        ASSERT_TRUE(constraint->take(found));
        EXPECT_EQ(constraint->text() + found.begun, before);
        forced += found.tokens.size() - found.replaced;
        done = begin + found.tokens.size();
      }
      EXPECT_EQ(constraint->text(), text);
    }
  }
  EXPECT_GT(forced, all / 5);
  EXPECT_LT(forced, all);
}

TEST(ForcedTokens, AreHeldBackWhereALongerTokenMayStand) {
  const auto contract = grammar_contract("root ::= \"ab\" [cd]");
  ASSERT_TRUE(contract.ok());
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  const auto id = [](char c) { return static_cast<uint32_t>(static_cast<uint8_t>(c)); };
  const auto by_bytes = [&](std::string_view text) {
    std::vector<uint32_t> ids;
    for (const char c : text) ids.push_back(id(c));
    return ids;
  };
  const auto plain = Constraint::make(*contract, Vocabulary::build(tokens, kNoToken).value());
  EXPECT_EQ(plain->forced_tokens(by_bytes).tokens, (std::vector<uint32_t>{id('a'), id('b')}));
  tokens.emplace_back("bc");
  const auto longer = Constraint::make(*contract, Vocabulary::build(tokens, kNoToken).value());
  const auto with_bc = [&](std::string_view text) {
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < text.size(); ++i) {
      const bool pair = text.substr(i, 2) == "bc";
      ids.push_back(pair ? 256 : id(text[i]));
      i += pair;
    }
    return ids;
  };
  const ForcedTokens held = longer->forced_tokens(with_bc);
  EXPECT_EQ(held.tokens, (std::vector<uint32_t>{id('a')}));
  EXPECT_EQ(held.begun, "b");
  // A token that no encoding uses there holds nothing back.
  EXPECT_EQ(longer->forced_tokens(by_bytes).tokens, (std::vector<uint32_t>{id('a'), id('b')}));
}

TEST(ForcedTokens, ReplaceOnlyWhatIsNotCommitted) {
  const auto contract = grammar_contract("root ::= [xy] (\"x\" | \"ya\" | \"zb\") \"cd\"");
  ASSERT_TRUE(contract.ok());
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  tokens.emplace_back("ya");
  const auto encode = [&](std::string_view text) {
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < text.size(); ++i) {
      const bool pair = text.substr(i, 2) == "ya";
      ids.push_back(pair ? 256 : static_cast<uint32_t>(text[i]));
      i += pair;
    }
    return ids;
  };
  auto constraint = Constraint::make(*contract, Vocabulary::build(tokens, kNoToken).value());
  ASSERT_TRUE(constraint->advance('x') && constraint->advance('y'));
  EXPECT_TRUE(constraint->forced_tokens(encode, 0).tokens.empty());
  const ForcedTokens found = constraint->forced_tokens(encode, 1);
  EXPECT_EQ(found.replaced, 1u);
  EXPECT_EQ(found.tokens, (std::vector<uint32_t>{256, 'c', 'd'}));
  ASSERT_TRUE(constraint->take(found));
  EXPECT_EQ(constraint->text(), "xyacd");
  EXPECT_FALSE(constraint->take(found));
  EXPECT_EQ(constraint->text(), "xyacd");
}

}  // namespace
}  // namespace cadre::contract
