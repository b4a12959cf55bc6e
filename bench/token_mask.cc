// What a mask costs: microseconds for one, and how many tokens and intervals it has.
//
//   build/bench/bench_token_mask
//   CADRE_VOCABULARY=llama3.tiktoken build/bench/bench_token_mask     # bench/llama3_vocabulary.mjs makes one
//
// Vocabularies: our own byte-pair tokenizer trained on made-up text, at 8 k and 128 k tokens, and the file if there is one, as it is
// and its first 8 k. "cold" has a fresh table of languages every time (the compile apart) and no cut of the vocabulary; the others have
// met their state before.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <string>

#include "base/random.h"
#include "contract/language_machine.h"
#include "contract/test_vocabularies.h"
#include "contract/token_mask.h"
#include "contract/vocabulary_file.h"
#include "text/bpe.h"
#include "text/byte_spelling.h"

namespace cadre::contract {
namespace {

// Words of made-up syllables, the frequent ones short, with what stands around them in JSON and prose.
std::vector<text::WordCount> made_up_words(size_t count) {
  base::Random random(1);
  static constexpr const char* kStarts[] = {"st", "b",  "k", "pr", "m", "t", "s", "fl",
                                            "n",  "gr", "d", "v",  "l", "h", "w", "\u00fc"};
  static constexpr const char* kVowels[] = {"a", "e", "i", "o", "u", "ea", "ou", "\u00e9"};
  static constexpr const char* kEnds[] = {"", "n", "r", "st", "ng", "l", "t", "s", "\u4e2d"};
  static constexpr const char* kBefore[] = {" ", "", "\"", "(", " \"", "_", "\n  ", "{\"", ".", "\\n", " - "};
  static constexpr const char* kAfter[] = {"", "\"", "\":", ",", "\",", "()", ".", "\"}", ";", "\":\"", "\n", "-", "="};
  std::vector<text::WordCount> words;
  for (size_t i = 0; i < count; ++i) {
    std::string word = kBefore[random.below(3) != 0 ? 0 : random.below(std::size(kBefore))];
    for (uint64_t n = 1 + random.below(2 + i * 3 / count + random.below(2)); n > 0; --n) {
      word += kStarts[random.below(std::size(kStarts))];
      word += kVowels[random.below(std::size(kVowels))];
      word += kEnds[random.below(std::size(kEnds))];
    }
    if (random.below(3) == 0) word += kAfter[random.below(std::size(kAfter))];
    words.push_back({std::move(word), 2 + 1'000'000 / (i + 1)});
  }
  for (size_t spaces = 2; spaces <= 32; ++spaces) words.push_back({std::string(spaces, ' '), 100'000});
  return words;
}

std::vector<std::string> made_up_tokens(size_t size) {
  const auto tokenizer = text::BpeTokenizer::train(made_up_words(size * 2), {.vocab_size = size, .special_tokens = {}}).value();
  std::vector<std::string> tokens;
  for (const std::string& spelled : tokenizer.tokens()) tokens.push_back(text::unspell_bytes(spelled).value());
  return tokens;
}

struct Named {
  std::string name;
  std::vector<std::string> tokens;
  std::shared_ptr<const Vocabulary> vocabulary;
};

const std::vector<Named>& vocabularies() {
  static const auto all = [] {
    std::vector<Named> list;
    list.push_back({"made_up_8k", made_up_tokens(8'192), nullptr});
    list.push_back({"made_up_128k", made_up_tokens(131'072), nullptr});
    if (const char* path = std::getenv("CADRE_VOCABULARY"); path != nullptr) {
      auto tokens = read_vocabulary_file(path);
      if (!tokens.ok()) {
        std::fprintf(stderr, "%s\n", tokens.error().message.c_str());
        std::exit(1);
      }
      list.push_back(
          {"file_8k", {tokens->begin(), tokens->begin() + std::min<ptrdiff_t>(8'192, std::ssize(*tokens))}, nullptr});
      list.push_back({"file", std::move(*tokens), nullptr});
    }
    for (Named& named : list) named.vocabulary = Vocabulary::build(named.tokens, kNoToken).value();
    return list;
  }();
  return all;
}

void report(benchmark::State& state, const TokenMask& mask) {
  state.counters["tokens"] = mask.count;
  state.counters["intervals"] = static_cast<double>(mask.intervals.size());
}

void build(benchmark::State& state, const Named& named) {
  for (auto _ : state) benchmark::DoNotOptimize(Vocabulary::build(named.tokens, kNoToken));
  state.counters["nodes"] = static_cast<double>(named.vocabulary->nodes().size());
  state.counters["size_bytes"] = static_cast<double>(named.vocabulary->size_bytes());
}

void string_body(benchmark::State& state, const Named& named, uint32_t chars_max) {
  test::StringMachine machine;
  named.vocabulary->make_cut(machine.plain(), true);
  TokenMask mask;
  for (auto _ : state)
    benchmark::DoNotOptimize(mask = token_mask(*named.vocabulary, machine, machine.start(chars_max)));
  report(state, mask);
}

void cut(benchmark::State& state, const Named& named) {
  const test::StringMachine machine;
  for (auto _ : state) {
    state.PauseTiming();
    const auto fresh = Vocabulary::build(named.tokens, kNoToken).value();
    state.ResumeTiming();
    benchmark::DoNotOptimize(fresh->make_cut(machine.plain(), true));
  }
}

constexpr const char* kClass = "^[A-Za-z0-9 ,.]{1,80}\"[,}] ?$";
constexpr const char* kDigits = "^[0-9]+[,}] ?$";
constexpr const char* kUuid = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\"$";
constexpr const char* kMail = "^[a-z0-9.]+@[a-z0-9]+([.][a-z]{2,})+\"$";

void pattern_cold(benchmark::State& state, const Named& named, const char* pattern) {
  const Regex regex = Regex::parse(pattern).value();
  const auto fresh = Vocabulary::build(named.tokens, kNoToken).value();
  TokenMask mask;
  for (auto _ : state) {
    LanguageTable table;
    const Language start = table.from_regex(regex).value();
    const auto begin = std::chrono::steady_clock::now();
    LanguageMachine machine(table);
    const TokenWalkOptions without_cut = {.use_cut = false};
    benchmark::DoNotOptimize(mask = token_mask(*fresh, machine, start, without_cut));
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  report(state, mask);
}

void pattern_warm(benchmark::State& state, const Named& named, const char* pattern) {
  LanguageTable table;
  const Language start = table.from_regex(Regex::parse(pattern).value()).value();
  LanguageMachine machine(table);
  TokenMask mask;
  for (int i = 0; i < 10; ++i) mask = token_mask(*named.vocabulary, machine, start);
  for (auto _ : state) benchmark::DoNotOptimize(mask = token_mask(*named.vocabulary, machine, start));
  report(state, mask);
}

void compile_pattern(benchmark::State& state, const char* pattern) {
  const Regex regex = Regex::parse(pattern).value();
  for (auto _ : state) {
    LanguageTable table;
    benchmark::DoNotOptimize(table.from_regex(regex));
  }
}

void fill_bits(benchmark::State& state, const Named& named) {
  test::StringMachine machine;
  const TokenMask mask = token_mask(*named.vocabulary, machine, machine.start());
  std::vector<uint64_t> bits((named.vocabulary->ranks() + 63) / 64);
  for (auto _ : state) {
    mask.fill_bits(bits);
    benchmark::DoNotOptimize(bits.data());
  }
}

void register_all() {
  const std::pair<const char*, const char*> patterns[] = {
      {"class_80", kClass}, {"digits", kDigits}, {"uuid", kUuid}, {"mail", kMail}};
  for (const auto& [name, pattern] : patterns) {
    benchmark::RegisterBenchmark((std::string("compile/") + name).c_str(), compile_pattern, pattern);
  }
  for (const Named& named : vocabularies()) {
    const auto add = [&](const std::string& name, auto function, auto... more) {
      return benchmark::RegisterBenchmark((named.name + "/" + name).c_str(), function, named, more...)
          ->Unit(benchmark::kMicrosecond);
    };
    add("build", build)->Unit(benchmark::kMillisecond);
    add("cut", cut)->Iterations(20);
    add("string_body", string_body, test::StringMachine::kNoLimit);
    add("string_200_left", string_body, 200u);
    add("string_20_left", string_body, 20u);
    for (const auto& [name, pattern] : patterns) {
      add(std::string(name) + "_cold", pattern_cold, pattern)->UseManualTime();
      add(name, pattern_warm, pattern);
    }
    add("fill_bits", fill_bits);
  }
}

}  // namespace
}  // namespace cadre::contract

int main(int argc, char** argv) {
  cadre::contract::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
