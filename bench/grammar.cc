// What grammars cost: compiling them, and a mask at every token of a text, where the text was met before (warm) and
// where not (cold).
//
//   build/bench/bench_grammar
//   CADRE_VOCABULARY=llama3.tiktoken build/bench/bench_grammar      # bench/llama3_vocabulary.mjs makes one
//
// Without a file the vocabulary is our byte-pair tokenizer trained on made-up SQL and JSON. The counters p50, p99 and
// max are microseconds of one mask; every text is read token by token, longest match first.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "contract/gbnf.h"
#include "contract/grammar_machine.h"
#include "contract/sql_machine.h"
#include "contract/test_sql_schemas.h"
#include "contract/token_mask.h"
#include "contract/vocabulary_file.h"
#include "text/bpe.h"
#include "text/byte_spelling.h"

namespace cadre::contract {
namespace {

constexpr const char* kJson = R"gbnf(root ::= value
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? ws "}"
array ::= "[" ws ( value ("," ws value)* )? ws "]"
string ::= "\"" ( [^"\\\x00-\x1F] | "\\" ( ["\\/bfnrt] | "u" [0-9a-fA-F]{4} ) )* "\""
number ::= "-"? ( "0" | [1-9] [0-9]* ) ( "." [0-9]+ )? ( [eE] [-+]? [0-9]+ )?
ws ::= [ \n]{0,20})gbnf";

constexpr const char* kSums = R"gbnf(root ::= root [-+] product | product
product ::= product [*/] atom | atom
atom ::= [0-9]+ ("." [0-9]+)? | [a-z] [a-z0-9]{0,30} | "(" root ")")gbnf";

const std::vector<std::string>& json_texts() {
  static const std::vector<std::string> texts = {
      R"({"name": "get_weather", "arguments": {"city": "Ulm", "days": [1, 2, 3], "units": "metric", "deep": {"a": {"b": [[]]}}}})",
      R"([{"id": 17, "title": "A string that goes on for some words, with \"quotes\" and \u00e4", "score": -12.5e-3}, null, true])"};
  return texts;
}

const std::vector<std::string>& sum_texts() {
  static const std::vector<std::string> texts = {"((alpha+3.25)*beta-17)/(gamma*(2+x1))-((((9))))"};
  return texts;
}

const std::vector<std::string>& sql_texts() {
  static const std::vector<std::string> texts = {
      "SELECT T1.name, COUNT(*) FROM student AS T1 JOIN takes AS T2 ON T1.id = T2.student JOIN course AS T3 ON "
      "T2.course = "
      "T3.code WHERE T3.title = 'Optics' AND T1.age BETWEEN 20 AND 30 GROUP BY T1.name HAVING AVG(T2.grade) < 2.5 "
      "LIMIT 3",
      "SELECT name, \"home town\" FROM student WHERE id IN (SELECT student FROM takes WHERE grade > 1.5) ORDER BY name "
      "DESC",
      "SELECT DISTINCT name FROM department UNION SELECT title FROM course WHERE \"order\" = 2"};
  return texts;
}

std::vector<std::string> trained_tokens(size_t size) {
  base::Random random(1);
  std::vector<text::WordCount> words;
  for (const auto* texts : {&json_texts(), &sql_texts(), &sum_texts()}) {
    for (const std::string& written : *texts) {
      for (size_t at = 0; at < written.size();) {
        const size_t end = std::min(written.find(' ', at + 1), written.size());
        words.push_back({written.substr(at, end - at), 1'000});
        at = end;
      }
    }
  }
  for (size_t i = 0; i < size; ++i) {  // the rest of the vocabulary is about other things
    std::string word = random.chance(0.7) ? " " : "";
    for (uint64_t n = 2 + random.below(7); n > 0; --n) word += static_cast<char>('a' + random.below(26));
    words.push_back({word, 2 + random.below(30)});
  }
  const auto tokenizer = text::BpeTokenizer::train(words, {.vocab_size = size, .special_tokens = {}}).value();
  std::vector<std::string> tokens;
  for (const std::string& spelled : tokenizer.tokens()) tokens.push_back(text::unspell_bytes(spelled).value());
  return tokens;
}

const Vocabulary& vocabulary() {
  static const auto built = [] {
    const char* path = std::getenv("CADRE_VOCABULARY");
    if (path == nullptr) return Vocabulary::build(trained_tokens(8'192), kNoToken).value();
    return Vocabulary::build(read_vocabulary_file(path).value(), kNoToken).value();
  }();
  return *built;
}

// The longest token that begins `text`.
size_t token_size(std::string_view text) {
  size_t size = 1;
  const auto nodes = vocabulary().nodes();
  for (uint32_t child = 1, end = nodes[0].end; child < end;) {
    if (nodes[child].byte != static_cast<uint8_t>(text[nodes[child].depth - 1U])) {
      child = nodes[child].end;
      continue;
    }
    if (nodes[child].own_tokens > 0) size = nodes[child].depth;
    if (nodes[child].depth == text.size()) break;
    end = nodes[child].end;
    ++child;
  }
  return size;
}

template <class Machine>
void read_text(Machine& machine, const std::string& text, std::vector<double>& us) {
  typename Machine::State at = machine.start();
  for (size_t i = 0; i < text.size();) {
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(token_mask(vocabulary(), machine, at));
    us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
    const size_t size = token_size(std::string_view(text).substr(i));
    for (size_t byte = 0; byte < size; ++byte) at = machine.next(at, static_cast<uint8_t>(text[i + byte]));
    CADRE_CHECK(!machine.dead(at), "the text is of the language");
    i += size;
  }
}

template <class Make>
void masks(benchmark::State& state, const Make& make, const std::vector<std::string>& texts, bool cold) {
  std::vector<double> us;
  auto machine = make();
  if (!cold) {
    for (const std::string& text : texts) read_text(machine, text, us);
    us.clear();
  }
  for (auto _ : state) {
    for (const std::string& text : texts) {
      if (cold) machine = make();
      read_text(machine, text, us);
    }
  }
  std::sort(us.begin(), us.end());
  const auto at = [&](double share) { return us[static_cast<size_t>(share * static_cast<double>(us.size() - 1))]; };
  state.counters["p50"] = at(0.5);
  state.counters["p99"] = at(0.99);
  state.counters["max"] = us.back();
}

auto gbnf_machine(const char* text) {
  const auto network = compile_grammar(parse_gbnf(text).value()).value();
  return [network] { return GrammarMachine(network); };
}

void compile_gbnf(benchmark::State& state, const char* text) {
  for (auto _ : state) benchmark::DoNotOptimize(compile_grammar(parse_gbnf(text).value()).value());
  state.counters["size_bytes"] = static_cast<double>(compile_grammar(parse_gbnf(text).value()).value()->size_bytes());
}

void compile_sql(benchmark::State& state) {
  const SqlSchema schema = college_schema();
  for (auto _ : state) benchmark::DoNotOptimize(SqlMachine::create(schema, {}).value());
}

void register_all() {
  benchmark::RegisterBenchmark("compile/json", compile_gbnf, kJson);
  benchmark::RegisterBenchmark("compile/sums", compile_gbnf, kSums);
  benchmark::RegisterBenchmark("compile/sql", compile_sql);
  const auto sql = [] { return SqlMachine::create(college_schema(), {}).value(); };
  for (const bool cold : {true, false}) {
    const std::string suffix = cold ? "_cold" : "_warm";
    const auto add = [&](const char* name, auto make, const auto& texts) {
      benchmark::RegisterBenchmark((name + suffix).c_str(), [=, &texts](benchmark::State& state) {
        masks(state, make, texts, cold);
      })->Unit(benchmark::kMicrosecond);
    };
    add("masks/json", gbnf_machine(kJson), json_texts());
    add("masks/sums", gbnf_machine(kSums), sum_texts());
    add("masks/sql", sql, sql_texts());
  }
}

}  // namespace
}  // namespace cadre::contract

int main(int argc, char** argv) {
  cadre::contract::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
