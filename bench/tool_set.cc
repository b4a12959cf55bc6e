// What tool sets cost: reading and compiling 10, 100, 1,000 and all tools, and masks in the text, the names and the
// arguments of an answer.
//
//   CADRE_TOOLS=tool.jsonl build/bench/bench_tool_set          # the catalogue of Seal-Tools, a tool on each line
//   CADRE_VOCABULARY=llama3.tiktoken ...                       # bench/llama3_vocabulary.mjs makes one
//
// Without a catalogue the tools are made up; without a vocabulary it is every byte and some words. Counters are
// microseconds of one mask: "cold" with a contract that has read nothing yet, "warm" along the same answer again.
// Answers are read token by token, longest match first.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "contract/constraint.h"
#include "contract/schema_contract.h"
#include "contract/vocabulary_file.h"

namespace cadre::contract {
namespace {

using base::Json;

constexpr uint64_t kCatalogueSizeBytesMax = 64 << 20;
constexpr size_t kAnswers = 200;

template <class T>
T need(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  return std::move(result).value();
}

// The catalogue's types, which are Python's, as JSON Schema's.
std::string schema_type(const std::string& type) {
  static const std::pair<const char*, const char*> kTypes[] = {
      {"int", "integer"}, {"float", "number"}, {"bool", "boolean"}, {"list", "array"}, {"dict", "object"}};
  for (const auto& [python, schema] : kTypes) {
    if (type == python) return schema;
  }
  return "string";
}

struct CatalogueTool {
  Tool tool;
  std::string arguments;  // an example
};

std::string example_of(const std::string& type) {
  static const std::pair<const char*, const char*> kExamples[] = {
      {"integer", "12"}, {"number", "1.5"}, {"boolean", "true"}, {"array", "[]"}, {"object", "{}"}};
  for (const auto& [name, example] : kExamples) {
    if (type == name) return example;
  }
  return "\"some plain words\"";
}

CatalogueTool convert(const Json& line) {
  Json properties = Json::object();
  std::vector<std::string> required = line.value("required", std::vector<std::string>());
  std::string arguments;
  for (const auto& [name, parameter] : line.at("parameters").items()) {
    const std::string type = schema_type(parameter.value("type", "str"));
    properties[name] = {{"type", type}, {"description", parameter.value("description", "")}};
    if (std::find(required.begin(), required.end(), name) == required.end()) continue;
    arguments += (arguments.empty() ? "" : ",") + base::dump_json(Json(name)) + ":" + example_of(type);
  }
  const Json schema = {{"type", "object"}, {"properties", properties}, {"required", required}};
  return {{line.at("api_name"), line.value("api_description", ""), base::dump_json(schema)}, "{" + arguments + "}"};
}

Json made_up_tool(size_t index) {
  Json parameters = Json::object();
  for (size_t i = 0; i <= index % 5; ++i)
    parameters["parameter_" + std::to_string(i)] = {{"type", i % 2 == 0 ? "str" : "int"},
                                                    {"description", "what it is"}};
  return {{"api_name", "tool_number_" + std::to_string(index * 7919)},
          {"parameters", parameters},
          {"required", {"parameter_0"}}};
}

const std::vector<CatalogueTool>& catalogue() {
  static const std::vector<CatalogueTool> all = [] {
    std::vector<CatalogueTool> tools;
    std::set<std::string> names;
    const auto add = [&](const Json& line) {
      CatalogueTool tool = convert(line);
      if (names.insert(tool.tool.name).second) tools.push_back(std::move(tool));
    };
    const char* path = std::getenv("CADRE_TOOLS");
    if (path == nullptr) {
      for (size_t i = 0; i < 4000; ++i) add(made_up_tool(i));
      return tools;
    }
    const std::string text = need(base::read_file(path, kCatalogueSizeBytesMax));
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      if (end > begin) add(need(base::parse_json(text.substr(begin, end - begin))));
      begin = end + 1;
    }
    return tools;
  }();
  return all;
}

std::vector<Tool> first_tools(size_t count) {
  std::vector<Tool> tools;
  for (size_t i = 0; i < std::min(count, catalogue().size()); ++i) tools.push_back(catalogue()[i].tool);
  return tools;
}

std::shared_ptr<const ToolSet> make_set(size_t count) {
  return need(ToolSet::make(first_tools(count), ToolFormat::hermes()));
}

const std::shared_ptr<const Vocabulary>& vocabulary() {
  static const std::shared_ptr<const Vocabulary> built = [] {
    std::vector<std::string> tokens;
    if (const char* path = std::getenv("CADRE_VOCABULARY"); path != nullptr) {
      tokens = need(read_vocabulary_file(path));
    } else {
      for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
      for (const CatalogueTool& tool : catalogue()) tokens.push_back(tool.tool.name.substr(0, 8));
    }
    return need(Vocabulary::build(tokens, kNoToken));
  }();
  return built;
}

void read(benchmark::State& state, size_t count) {
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Tool> tools = first_tools(count);
    state.ResumeTiming();
    benchmark::DoNotOptimize(ToolSet::make(std::move(tools), ToolFormat::hermes()));
  }
}

void compile(benchmark::State& state, size_t count, SchemaMode mode) {
  const auto set = make_set(count);
  for (auto _ : state) benchmark::DoNotOptimize(need(SchemaContract::compile(set, mode)));
}

// From the texts of the tools to the first mask.
void first_mask(benchmark::State& state, size_t count) {
  const auto& words = vocabulary();
  benchmark::DoNotOptimize(
      need(Constraint::make(need(SchemaContract::compile(make_set(1), SchemaMode::kGenerate)), words)).mask());
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Tool> tools = first_tools(count);
    state.ResumeTiming();
    const auto set = need(ToolSet::make(std::move(tools), ToolFormat::hermes()));
    Constraint constraint = need(Constraint::make(need(SchemaContract::compile(set, SchemaMode::kGenerate)), words));
    benchmark::DoNotOptimize(constraint.mask());
  }
}

uint32_t longest_token(const Vocabulary& words, const TokenMask& mask, std::string_view text) {
  uint32_t best = kNoToken;
  size_t size = 0;
  uint32_t node = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    uint32_t child = node + 1;
    while (child < words.nodes()[node].end && words.nodes()[child].byte != static_cast<uint8_t>(text[at]))
      child = words.nodes()[child].end;
    if (child >= words.nodes()[node].end) break;
    node = child;
    const uint32_t rank = words.nodes()[node].rank_low;
    if (words.own_end(node) > rank && mask.allows(rank)) {
      best = rank;
      size = at + 1;
    }
  }
  return size == 0 ? kNoToken : words.id_of(best);
}

struct Times {
  std::vector<double> text, names, arguments;  // microseconds
};

void read_answer(Constraint constraint, const Vocabulary& words, const std::string& answer, size_t name,
                 size_t arguments, size_t after, Times& times) {
  while (constraint.text_size() < answer.size()) {
    const size_t at = constraint.text_size();
    const auto begin = std::chrono::steady_clock::now();
    const TokenMask& mask = constraint.mask();
    const double us = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
    (at >= name && at < arguments    ? times.names
     : at >= arguments && at < after ? times.arguments
                                     : times.text)
        .push_back(us);
    const uint32_t token = longest_token(words, mask, std::string_view(answer).substr(at));
    if (token == kNoToken || !constraint.advance(token)) {
      std::fprintf(stderr, "no token goes on at byte %zu of %s\n", at, answer.c_str());
      std::exit(1);
    }
  }
}

void report(benchmark::State& state, const std::string& name, std::vector<double>& us) {
  std::sort(us.begin(), us.end());
  const auto at = [&](double share) { return us[static_cast<size_t>(share * static_cast<double>(us.size() - 1))]; };
  state.counters[name + "_p50"] = at(0.5);
  state.counters[name + "_p99"] = at(0.99);
  state.counters[name + "_max"] = us.back();
}

void masks(benchmark::State& state, size_t count, bool cold) {
  const auto& words = vocabulary();
  const auto set = make_set(count);
  const ToolTexts& texts = set->texts();
  Times times;
  for (auto _ : state) {
    times = {};
    for (size_t i = 0; i < kAnswers; ++i) {
      const CatalogueTool& called = catalogue()[i * std::min(count, catalogue().size()) / kAnswers];
      const std::string content = "I will look that up.\n" + texts.opening.written;
      const std::string before = content + called.tool.name + texts.before_arguments.written;
      const std::string answer = before + called.arguments + texts.after_arguments.written + texts.closing.written;
      const Constraint start = need(Constraint::make(need(SchemaContract::compile(set, SchemaMode::kGenerate)), words));
      const size_t after = before.size() + called.arguments.size();
      Times first;
      read_answer(start, *words, answer, content.size(), before.size(), after, cold ? times : first);
      if (!cold) read_answer(start, *words, answer, content.size(), before.size(), after, times);
    }
  }
  report(state, "text", times.text);
  report(state, "name", times.names);
  report(state, "arguments", times.arguments);
}

void register_all() {
  for (const size_t count : {size_t{10}, size_t{100}, size_t{1000}, catalogue().size()}) {
    const std::string name = "/" + std::to_string(count);
    const auto add = [](const std::string& full_name, auto function, auto... more) {
      return benchmark::RegisterBenchmark(full_name.c_str(), function, more...)->Unit(benchmark::kMillisecond);
    };
    add("read" + name, read, count);
    add("compile_generate" + name, compile, count, SchemaMode::kGenerate);
    add("compile_accept" + name, compile, count, SchemaMode::kAccept);
    add("first_mask" + name, first_mask, count);
    add("masks_cold" + name, masks, count, true)->Iterations(1);
    add("masks_warm" + name, masks, count, false)->Iterations(1);
  }
}

}  // namespace
}  // namespace cadre::contract

int main(int argc, char** argv) {
  cadre::contract::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
