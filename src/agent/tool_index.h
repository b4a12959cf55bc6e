// Which few of many tools or specialists a request is about: BM25F over their names, purposes and parameters.
//
// A small model cannot be shown thousands of tools, and a schema of thousands takes seconds to compile: the best are taken first, and prompt, schema and
// grammar are made of those. Words are compared by their normal form and English stem (text/words.h); names are split at underscores, at changes of
// case and at digits ("getWindSpeed", "get_wind_speed"). A request is cut into its sentences: each searches by itself, its best counts 1, and what the
// request as a whole finds adds to it, so that a request for four things finds the tools of all four. Words in quotation marks, which are
// mostly values, count less. Where no word meets, nothing is found: a request in another language than the tools' finds none.
//
// Deterministic: the order of sums is fixed, ties go to the earlier tool. Cost: the postings of the request's words. Thread safety: immutable.
// Rank: Robertson, Zaragoza, Taylor 2004, "Simple BM25 Extension to Multiple Weighted Fields". Figures: docs/evaluation.md, "tools".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/plan_events.h"
#include "base/json.h"

namespace cadre::agent {

inline constexpr size_t kIndexFields = 4;
inline constexpr size_t kQuerySizeMax = 16 << 10;  // bytes of a request that are searched for; the rest is left out

// What is indexed of a tool, in the order of the fields: name, purpose, names of parameters, what is said of parameters.
struct IndexedTool {
  std::array<std::string, kIndexFields> fields;
};
// Of a tool or specialist with this input schema. Parameters of parameters count, to a depth of 4.
IndexedTool indexed_tool(std::string name, std::string purpose, const base::Json& input_schema);

struct IndexWeights {
  std::array<double, kIndexFields> fields = {2, 1, 1, 0.5};
  double length = 0.75;     // how much of a field's length is held against it: BM25's b, 0 to 1
  double saturation = 1.2;  // BM25's k1
  double whole = 0.5;       // of the whole request, beside its best sentence
  double quoted = 0.6;      // of a word in quotation marks
};

struct FoundTool {
  size_t tool = 0;   // its position
  double score = 0;  // over 0, to 1; comparable within one answer
};

class ToolIndex {
 public:
  static ToolIndex make(const std::vector<IndexedTool>& tools, const IndexWeights& weights = {});
  // The best `count_max`, best first; fewer where fewer share a word with the request.
  std::vector<FoundTool> search(std::string_view request, size_t count_max) const;
  size_t tools() const { return tools_; }
  size_t size_bytes() const;  // in memory, about

 private:
  struct Posting {
    uint32_t tool;
    float weight;  // with the word's rarity
  };
  using Scores = std::vector<double>;  // by tool
  void add_scores(std::string_view part, Scores& scores) const;

  IndexWeights weights_;
  size_t tools_ = 0;
  std::unordered_map<std::string, std::vector<Posting>> postings_;
};

// What is shown to a model of a large catalogue.
struct RetrievalSettings {
  int64_t above = 40;  // of up to so many, all
  int64_t best = 20;   // of more, the best so many
};

// The positions that are shown for a request, in the catalogue's order: all of up to `above`; else `kept` and the best others, `best` together (more
// where more are kept), filled up from the front where too few are found. `retrieved` says what was taken and why; empty where all are shown.
struct ShownTools {
  std::vector<size_t> tools;
  std::vector<Retrieved> retrieved;  // best first; score 0: kept, or to fill up
};
// Several requests (messages of a chat, latest first): each counts 0.7 of the one before it.
ShownTools choose_shown(const ToolIndex& index, const std::vector<std::string>& names,
                        const std::vector<std::string_view>& requests, const std::vector<size_t>& kept,
                        const RetrievalSettings& settings);

}  // namespace cadre::agent
