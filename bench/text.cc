// How fast text becomes words, normal forms and tokens: what loading a table and reading a question cost before any
// model runs.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <map>

#include "base/random.h"
#include "text/bpe.h"
#include "text/csv.h"
#include "text/words.h"

namespace cadre::text {
namespace {

// Words of 1 to 10 letters of English frequency, numbers and punctuation among them, as table cells have them.
std::string make_text(size_t size_bytes, double accents) {
  base::Random random(1);
  std::string text;
  while (text.size() < size_bytes) {
    if (random.chance(.15)) {
      text += std::to_string(random.below(3000));
    } else {
      for (uint64_t length = 1 + random.below(10); length > 0; --length) {
        if (random.chance(accents)) {
          text += "\u00e9";
        } else {
          text += "etaoinshrdlucmfwypETAOINSHRDLU"[random.below(30)];
        }
      }
    }
    text += random.chance(.1) ? " - " : " ";
  }
  return text;
}

void normalize_text(benchmark::State& state, double accents) {
  const std::string text = make_text(1 << 16, accents);
  for (auto _ : state) benchmark::DoNotOptimize(normalize(text));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(text.size()));
}
BENCHMARK_CAPTURE(normalize_text, ascii, 0.0);
BENCHMARK_CAPTURE(normalize_text, accents_5_percent, 0.05);

void normalize_cell(benchmark::State& state) {  // the usual size: a call per cell
  const std::string cell = "Arkansas - Little Rock (2019)";
  for (auto _ : state) benchmark::DoNotOptimize(normalize(cell));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(cell.size()));
}
BENCHMARK(normalize_cell);

void split_question(benchmark::State& state) {
  const std::string question = "How many away goals did Kane score in the 2019 season when attendance was over 28,500?";
  for (auto _ : state) benchmark::DoNotOptimize(split_words(question));
}
BENCHMARK(split_question);

void validate_utf8(benchmark::State& state) {
  const std::string text = make_text(1 << 16, .05);
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(text));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(text.size()));
}
BENCHMARK(validate_utf8);

std::vector<WordCount> count_words(const std::string& text) {
  std::map<std::string, uint64_t> counts;
  for (const Word& word : split_words(text))
    ++counts[lower(std::string_view(text).substr(word.begin, word.end - word.begin))];
  std::vector<WordCount> words;
  for (const auto& [word, count] : counts) words.push_back({word, count});
  return words;
}

void bpe_encode_word(benchmark::State& state) {  // random words: none is a token, so each goes through its merges
  const auto words = count_words(make_text(1 << 18, 0));
  const auto tokenizer = BpeTokenizer::train(words, {.vocab_size = 4096}).value();
  std::vector<TokenId> ids;
  size_t i = 0, tokens = 0;
  for (auto _ : state) {
    ids.clear();
    tokenizer.append_word(words[i].word, ids);
    tokens += ids.size();
    i = i + 1 == words.size() ? 0 : i + 1;
  }
  state.counters["tokens_per_word"] = static_cast<double>(tokens) / static_cast<double>(state.iterations());
}
BENCHMARK(bpe_encode_word);

void bpe_train(benchmark::State& state) {
  const auto words = count_words(make_text(1 << 20, 0));
  for (auto _ : state) benchmark::DoNotOptimize(BpeTokenizer::train(words, {.vocab_size = 4096}));
  state.counters["distinct_words"] = static_cast<double>(words.size());
}
BENCHMARK(bpe_train)->Unit(benchmark::kMillisecond)->Iterations(1);

// A record of 8 fields, 60 bytes: like exports of orders. `quoted`: every field in quotes.
std::string make_csv(size_t size_bytes, bool quoted) {
  base::Random random(2);
  const std::string quote = quoted ? "\"" : "";
  std::string csv;
  while (csv.size() < size_bytes) {
    for (int i = 0; i < 8; ++i) {
      csv += quote +
             (i % 2 == 0 ? std::to_string(random.below(100000)) : "Customer " + std::to_string(random.below(100))) +
             quote;
      csv += i < 7 ? "," : "\n";
    }
  }
  return csv;
}

void csv_read(benchmark::State& state, bool quoted, size_t buffer_size_bytes) {
  const std::string csv = make_csv(16 << 20, quoted);
  std::vector<std::string> fields;
  for (auto _ : state) {
    auto reader = CsvReader::from_text(csv, {.buffer_size_bytes = buffer_size_bytes}).value();
    while (reader.next(fields).value()) benchmark::DoNotOptimize(fields.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(csv.size()));
}
BENCHMARK_CAPTURE(csv_read, plain_64k, false, 1 << 16);
BENCHMARK_CAPTURE(csv_read, plain_256k, false, 1 << 18);
BENCHMARK_CAPTURE(csv_read, plain_1m, false, 1 << 20);
BENCHMARK_CAPTURE(csv_read, quoted_256k, true, 1 << 18);

}  // namespace
}  // namespace cadre::text

BENCHMARK_MAIN();
