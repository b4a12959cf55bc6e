// SPDX-License-Identifier: Apache-2.0
#include "eval/tools_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/tool_index.h"
#include "base/file.h"
#include "base/json_lines.h"
#include "contract/schema_contract.h"
#include "contract/tool_set.h"
#include "eval/metrics.h"

namespace cadre::eval {

using base::Json;

namespace {

constexpr std::array<size_t, 5> kDepths = {1, 5, 10, 20, 50};
constexpr size_t kFound = kDepths.back();
constexpr size_t kCompiled = 20;        // tools of one contract
constexpr size_t kCompiledCases = 100;  // the first so many cases are compiled
constexpr size_t kProgressCases = 100;
constexpr size_t kToolCasesMax = 1'000'000;

// The catalogue's types, which are Python's, as JSON Schema's.
const char* schema_type(const std::string& type) {
  constexpr std::array<std::pair<const char*, const char*>, 5> kTypes = {
      {{"int", "integer"}, {"float", "number"}, {"bool", "boolean"}, {"list", "array"}, {"dict", "object"}}};
  for (const auto& [python, schema] : kTypes) {
    if (type == python) return schema;
  }
  return "string";
}

Json schema_of(const Json& parameters) {
  Json properties = Json::object();
  for (const auto& [name, parameter] : parameters.items()) {
    const auto text_at = [&, &one = parameter](const char* key) {
      const auto text = base::json_string(one, key);
      return text.ok() ? *text : std::string();
    };
    properties[name] = {{"type", schema_type(text_at("type"))}, {"description", text_at("description")}};
  }
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

struct Catalogue {
  std::vector<contract::Tool> tools;
  std::vector<agent::IndexedTool> indexed;
  std::unordered_map<std::string, size_t> positions;
};

Result<Catalogue> read_catalogue(const std::string& folder) {
  const std::string path = folder + "/tool.jsonl";
  Catalogue catalogue;
  TRY(base::for_each_json_line(path, [&](const Json& line) -> Result<bool> {
    const std::string name = TRY(base::json_string(line, "api_name"));
    const std::string description = TRY(base::json_string(line, "api_description"));
    const Json schema = schema_of(*TRY(base::json_object(line, "parameters")));
    if (!catalogue.positions.emplace(name, catalogue.tools.size()).second)
      return Error{ErrorCode::kInvalid, fmt::format("there are two tools \"{}\"", name)};
    catalogue.tools.push_back({name, description, base::dump_json(schema)});
    catalogue.indexed.push_back(agent::indexed_tool(name, description, schema));
    return true;
  }));
  if (catalogue.tools.empty()) return Error{ErrorCode::kInvalid, fmt::format("{}: no tools", path)};
  return catalogue;
}

struct ToolCase {
  size_t index = 0;
  std::string query;
  std::set<size_t> needed;
};

Result<std::vector<std::string>> names_needed(const Json& line) {
  std::vector<std::string> names;
  for (const Json& call : *TRY(base::json_array(line, "calling"))) names.push_back(TRY(base::json_string(call, "api")));
  if (names.empty()) return Error{ErrorCode::kInvalid, "\"calling\" is empty: a case needs a tool"};
  return names;
}

Result<std::vector<ToolCase>> read_cases(const ToolsSuiteOptions& options, const Catalogue& catalogue) {
  const std::string path = fmt::format("{}/{}.jsonl", options.data, options.split);
  std::vector<ToolCase> cases;
  size_t index = 0;
  TRY(base::for_each_json_line(path, [&](const Json& line) -> Result<bool> {
    if (options.limit > 0 && cases.size() >= options.limit) return false;
    if (index >= kToolCasesMax) return Error{ErrorCode::kLimit, fmt::format("more than {} cases", kToolCasesMax)};
    ToolCase item{index++, TRY(base::json_string(line, "query")), {}};
    for (const std::string& name : TRY(names_needed(line))) {
      const auto found = catalogue.positions.find(name);
      if (found == catalogue.positions.end())
        return Error{ErrorCode::kInvalid, fmt::format("tool \"{}\" is not in the catalogue", name)};
      item.needed.insert(found->second);
    }
    if (is_in_half(options.half, item.index)) cases.push_back(std::move(item));
    return true;
  }));
  if (cases.empty()) return Error{ErrorCode::kInvalid, fmt::format("{}: no cases", path)};
  return cases;
}

// Recalls of a group of cases.
class Recalls {
 public:
  void add(const ToolCase& item, const std::vector<agent::FoundTool>& found) {
    ++cases_;
    for (size_t k = 0; k < kDepths.size(); ++k) {
      size_t hits = 0;
      for (size_t i = 0; i < std::min(kDepths[k], found.size()); ++i) hits += item.needed.count(found[i].tool);
      recall_[k] += static_cast<double>(hits) / static_cast<double>(item.needed.size());
      all_[k] += hits == item.needed.size() ? 1 : 0;
    }
  }

  void report(Json& values, const std::string& prefix) const {
    values[prefix + "cases"] = cases_;
    if (cases_ == 0) return;
    for (size_t k = 0; k < kDepths.size(); ++k) {
      values[fmt::format("{}recall_at_{}", prefix, kDepths[k])] = recall_[k] / static_cast<double>(cases_);
      values[fmt::format("{}all_at_{}", prefix, kDepths[k])] = all_[k] / static_cast<double>(cases_);
    }
  }

 private:
  size_t cases_ = 0;
  std::array<double, kDepths.size()> recall_{};
  std::array<double, kDepths.size()> all_{};
};

class Stopwatch {
 public:
  explicit Stopwatch(const base::Clock& clock) : clock_(clock), begin_ns_(clock.monotonic_ns()) {}
  double milliseconds() const { return static_cast<double>(clock_.monotonic_ns() - begin_ns_) * 1e-6; }

 private:
  const base::Clock& clock_;
  int64_t begin_ns_;
};

Result<void> compile(std::vector<contract::Tool> tools) {
  const auto set = TRY(contract::ToolSet::make(std::move(tools), contract::ToolFormat::hermes(), {.calls_max = 4}));
  TRY(contract::SchemaContract::compile(set, contract::SchemaMode::kGenerate));
  return {};
}

std::string prediction_line(const ToolCase& item, const std::vector<agent::FoundTool>& found,
                            const Catalogue& catalogue) {
  Json needed = Json::array(), ranks = Json::array(), names = Json::array();
  for (const agent::FoundTool& one : found) names.push_back(catalogue.tools[one.tool].name);
  for (const size_t tool : item.needed) {
    const auto at = std::find_if(found.begin(), found.end(), [&](const auto& one) { return one.tool == tool; });
    needed.push_back(catalogue.tools[tool].name);
    ranks.push_back(at == found.end() ? -1 : at - found.begin());
  }
  const Json line = {{"index", item.index}, {"tools", needed}, {"found", names}, {"ranks", ranks}};
  return base::dump_json(line) + "\n";
}

}  // namespace

Result<SuiteReport> run_tools_suite(const ToolsSuiteOptions& options, const base::Clock& clock) {
  const Catalogue catalogue = TRY(read_catalogue(options.data));
  const std::vector<ToolCase> cases = TRY(read_cases(options, catalogue));
  const Stopwatch building(clock);
  const auto index = agent::ToolIndex::make(catalogue.indexed);
  SuiteReport report;
  report.values["tools"] = catalogue.tools.size();
  report.values["index_ms"] = building.milliseconds();
  report.values["index_bytes"] = index.size_bytes();
  Recalls all, single, multi;
  std::vector<double> search_us, compile_ms;
  std::string predictions;
  for (size_t i = 0; i < cases.size(); ++i) {
    const Stopwatch searching(clock);
    const auto found = index.search(cases[i].query, kFound);
    search_us.push_back(searching.milliseconds() * 1e3);
    all.add(cases[i], found);
    (cases[i].needed.size() == 1 ? single : multi).add(cases[i], found);
    if (!options.predictions_path.empty()) predictions += prediction_line(cases[i], found, catalogue);
    if (i < kCompiledCases) {
      std::vector<contract::Tool> few;
      for (size_t k = 0; k < std::min(kCompiled, found.size()); ++k) few.push_back(catalogue.tools[found[k].tool]);
      const Stopwatch compiling(clock);
      TRY(compile(std::move(few)));
      compile_ms.push_back(compiling.milliseconds());
    }
    if (options.progress && (i % kProgressCases == 0 || i + 1 == cases.size())) options.progress(i + 1, cases.size());
  }
  all.report(report.values, "");
  single.report(report.values, "single_");
  multi.report(report.values, "multi_");
  report.values["latency_us_p50"] = percentile(search_us, 0.50);
  report.values["latency_us_p99"] = percentile(search_us, 0.99);
  report.values["compile_ms_p50"] = percentile(compile_ms, 0.50);
  report.values["compile_ms_p99"] = percentile(compile_ms, 0.99);
  const Stopwatch compiling(clock);
  TRY(compile(catalogue.tools));
  report.values["compile_all_ms"] = compiling.milliseconds();
  if (!options.predictions_path.empty()) TRY(base::replace_file(options.predictions_path, predictions));
  return report;
}

}  // namespace cadre::eval
