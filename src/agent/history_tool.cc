// SPDX-License-Identifier: Apache-2.0
#include "agent/history_tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "agent/live_run.h"
#include "agent/option_reader.h"
#include "agent/planner.h"
#include "agent/rank_fusion.h"
#include "base/file.h"
#include "base/utf8.h"
#include "model/router.h"
#include "store/text_index.h"
#include "tensor/vector_math.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr int64_t kRunsDefault = 5;
constexpr int64_t kRunBytesDefault = 8'000;
constexpr double kVectorShare =
    0.3;  // of the fused rank; chosen of 0.1, 0.2, 0.3 and 0.5 on the even halves of docs/decisions/0010-vectors.md
constexpr size_t kRanked = 100;  // places of each ranking that count

Json history_input_schema() {
  return {{"type", "object"},
          {"properties",
           {{"subject", {{"type", "string"}, {"minLength", 1}}},
            {"query", {{"type", "string"}}},
            {"count", {{"type", "integer"}, {"minimum", 1}, {"maximum", kHistoryGivenMax}}},
            {"bytes_max", {{"type", "integer"}, {"minimum", 1}, {"maximum", 1'000'000}}}}},
          {"required", {"subject", "query"}},
          {"additionalProperties", false}};
}

Json history_output_schema() {
  const Json text = {{"type", "string"}};
  const Json run = {{"type", "object"},
                    {"properties",
                     {{"run", text},
                      {"ended_us", {{"type", "integer"}}},
                      {"request", text},
                      {"answer", text},
                      {"score", {{"type", "number"}}}}},
                    {"required", {"run", "ended_us", "request", "answer", "score"}},
                    {"additionalProperties", false}};
  return {{"type", "object"},
          {"properties", {{"runs", {{"type", "array"}, {"items", run}}}}},
          {"required", {"runs"}},
          {"additionalProperties", false}};
}

struct PastRun {
  std::string run;
  int64_t ended_us = 0;
  std::string request, answer;
};

// The past runs about one subject.
struct Past {
  std::vector<PastRun> runs;
  store::TextIndex index;
  std::vector<std::vector<float>> vectors;  // of the runs' requests, of length 1; empty where there is no router
};

// What a router's net makes of a request, of length 1.
std::vector<float> vector_of(const model::Router& router, std::string_view request) {
  std::vector<float> vector = router.hidden_net(model::ngram_features(request));
  const float length = std::sqrt(tensor::dot(vector.data(), vector.data(), vector.size()));
  for (float& x : vector) x = length > 0 ? x / length : 0;
  return vector;
}

// The numbers of the nearest, nearest first; of equal ones the earlier.
std::vector<size_t> nearest(const std::vector<std::vector<float>>& vectors, const std::vector<float>& to) {
  std::vector<std::pair<float, size_t>> order;
  for (size_t i = 0; i < vectors.size(); ++i)
    order.emplace_back(-tensor::dot(vectors[i].data(), to.data(), to.size()), i);
  const size_t count = std::min(kRanked, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end());
  std::vector<size_t> numbers;
  for (size_t i = 0; i < count; ++i) numbers.push_back(order[i].second);
  return numbers;
}

class HistoryTool final : public Tool {
 public:
  HistoryTool(HistoryToolOptions options, std::optional<model::Router> router)
      : options_(std::move(options)), router_(std::move(router)) {}

  const ToolDefinition& definition() const override { return options_.definition; }

  ToolReturn call(const ToolCall& call) override {
    auto found = search(call.arguments);
    if (!found.ok()) return {.error = std::move(found).error()};
    return {.result = std::move(*found)};
  }

 private:
  Result<Json> search(const Json& arguments) {
    const std::string subject = TRY(base::json_string(arguments, "subject"));
    const std::string query = TRY(base::json_string(arguments, "query"));
    const int64_t count = arguments.contains("count") ? TRY(base::json_int(arguments, "count")) : kRunsDefault;
    int64_t bytes_left =
        arguments.contains("bytes_max") ? TRY(base::json_int(arguments, "bytes_max")) : kRunBytesDefault;
    const std::lock_guard lock(mutex_);
    TRY(take_up_new_runs());
    Json list = Json::array();
    const auto past = by_subject_.find(subject);
    if (past == by_subject_.end()) return Json{{"runs", std::move(list)}};
    std::vector<Ranked> ranking = TRY(rank(past->second, query));
    ranking.resize(std::min(ranking.size(), static_cast<size_t>(std::clamp<int64_t>(count, 1, kHistoryGivenMax))));
    for (const Ranked& found : ranking) {
      const PastRun& run = past->second.runs[found.item];
      const auto size = static_cast<int64_t>(run.request.size() + run.answer.size());
      if (size > bytes_left) continue;  // a shorter one may still fit
      bytes_left -= size;
      list.push_back({{"run", run.run},
                      {"ended_us", run.ended_us},
                      {"request", run.request},
                      {"answer", run.answer},
                      {"score", found.score}});
    }
    return Json{{"runs", std::move(list)}};
  }

  // Best first: by words, or by words and vectors.
  Result<std::vector<Ranked>> rank(const Past& past, const std::string& query) const {
    std::vector<Ranked> by_words;
    std::vector<size_t> numbers;
    for (const store::FoundPassage& found : TRY(past.index.search(query, kRanked))) {
      by_words.push_back({static_cast<size_t>(found.id), found.score});
      numbers.push_back(by_words.back().item);
    }
    if (!router_ || store::fts_query(query).empty()) return by_words;
    return fuse_ranks(numbers, nearest(past.vectors, vector_of(*router_, query)), kVectorShare);
  }

  Result<void> take_up_new_runs() {
    if (!base::file_exists(options_.journal)) return {};
    const auto journal = TRY(store::Journal::open(options_.journal, {.read_only = true}));
    std::vector<store::RunSummary> runs = TRY(journal.list_runs(kHistoryRunsMax));
    std::reverse(runs.begin(), runs.end());  // oldest first, so that equal ones are found in their order
    for (const store::RunSummary& summary : runs) {
      if (summary.state == store::RunState::kRunning || !seen_.insert(summary.run).second) continue;
      TRY(take_up(journal, summary));
    }
    return {};
  }

  Result<void> take_up(const store::Journal& journal, const store::RunSummary& summary) {
    const auto replayed = replay_run(journal, summary.run);
    if (!replayed.ok()) return {};  // a damaged run is no memory; `cadre trace` says what is wrong with it
    const RunState& state = replayed->state;
    if (!state.outcome || state.outcome->status != Status::kAnswered) return {};
    const auto subject = base::json_string(state.request, "subject");
    const std::string request(text_of(state.request));
    if (!subject.ok() || subject->empty() || request.empty()) return {};
    auto past = by_subject_.find(*subject);
    if (past == by_subject_.end())
      past = by_subject_.emplace(*subject, Past{{}, TRY(store::TextIndex::open_in_memory()), {}}).first;
    const std::string text = request + "\n" + state.answer_text;
    TRY(past->second.index.put(static_cast<int64_t>(past->second.runs.size()),
                               base::utf8_prefix(text, store::kPassageSizeMax)));
    if (router_) past->second.vectors.push_back(vector_of(*router_, request));
    past->second.runs.push_back({summary.run.text(), summary.updated_us, request, state.answer_text});
    return {};
  }

  const HistoryToolOptions options_;
  const std::optional<model::Router> router_;
  std::mutex mutex_;
  std::map<std::string, Past> by_subject_;  // guarded by mutex_, as what follows
  std::set<store::RunId> seen_;
};

}  // namespace

Result<HistoryToolOptions> history_tool_options(const Json& object) {
  OptionReader reader(object);
  HistoryToolOptions options{.definition = TRY(read_definition(reader))};
  options.journal = TRY(reader.text("journal"));
  options.vectors = TRY(reader.text_or("vectors", ""));
  TRY(reader.finish());
  ToolDefinition& definition = options.definition;
  if (definition.effect != ToolEffect::kRead) return reader.error("effect", "must be read");
  if (definition.input_schema.is_null()) definition.input_schema = history_input_schema();
  if (definition.output_schema.is_null()) definition.output_schema = history_output_schema();
  return options;
}

Result<std::unique_ptr<Tool>> make_history_tool(HistoryToolOptions options) {
  std::optional<model::Router> router;
  if (!options.vectors.empty()) {
    auto opened = model::Router::open(options.vectors);
    if (!opened.ok()) return std::move(opened).error().with_context(fmt::format("tool {}", options.definition.name));
    router = std::move(*opened);
  }
  return std::unique_ptr<Tool>(std::make_unique<HistoryTool>(std::move(options), std::move(router)));
}

}  // namespace cadre::agent
