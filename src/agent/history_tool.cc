// SPDX-License-Identifier: Apache-2.0
#include "agent/history_tool.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "agent/live_run.h"
#include "agent/option_reader.h"
#include "agent/planner.h"
#include "base/file.h"
#include "base/utf8.h"
#include "store/text_index.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr int64_t kRunsDefault = 5;
constexpr int64_t kRunBytesDefault = 8'000;

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
};

class HistoryTool final : public Tool {
 public:
  explicit HistoryTool(HistoryToolOptions options) : options_(std::move(options)) {}

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
    const auto count_max = static_cast<size_t>(std::clamp<int64_t>(count, 1, kHistoryGivenMax));
    for (const store::FoundPassage& found : TRY(past->second.index.search(query, count_max))) {
      const PastRun& run = past->second.runs[static_cast<size_t>(found.id)];
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
      past = by_subject_.emplace(*subject, Past{{}, TRY(store::TextIndex::open_in_memory())}).first;
    const std::string text = request + "\n" + state.answer_text;
    TRY(past->second.index.put(static_cast<int64_t>(past->second.runs.size()),
                               base::utf8_prefix(text, store::kPassageSizeMax)));
    past->second.runs.push_back({summary.run.text(), summary.updated_us, request, state.answer_text});
    return {};
  }

  const HistoryToolOptions options_;
  std::mutex mutex_;
  std::map<std::string, Past> by_subject_;  // guarded by mutex_, as what follows
  std::set<store::RunId> seen_;
};

}  // namespace

Result<HistoryToolOptions> history_tool_options(const Json& object) {
  OptionReader reader(object);
  HistoryToolOptions options{.definition = TRY(read_definition(reader))};
  options.journal = TRY(reader.text("journal"));
  TRY(reader.finish());
  ToolDefinition& definition = options.definition;
  if (definition.effect != ToolEffect::kRead) return reader.error("effect", "must be read");
  if (definition.input_schema.is_null()) definition.input_schema = history_input_schema();
  if (definition.output_schema.is_null()) definition.output_schema = history_output_schema();
  return options;
}

std::unique_ptr<Tool> make_history_tool(HistoryToolOptions options) {
  return std::make_unique<HistoryTool>(std::move(options));
}

}  // namespace cadre::agent
