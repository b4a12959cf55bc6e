// A decision point: one typed choice on the way to an output, with its candidates.
//
// What a decider sees of any contract. It scores the candidates; whoever made the point (a walk over a compiled schema, a question over a
// table) puts the chosen ones together, so that what comes out is inside the contract whatever the scores were.
// Candidates stand in an order that depends on the contract and the input alone. Lists are shared and never change.
// Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cadre::contract {

enum class DecisionKind : uint8_t {
  kTool,    // which tool is called, or that none is (any more)
  kValue,   // one of finitely many values
  kBranch,  // which type of value
  kMember,  // is the optional member there?
  kItem,    // is there another item, or another member with a name of its own?
  kSpan,    // a copy from a source that the contract names
  kNumber,  // a number of the input
  kOpen     // a text, name or number that no set of candidates covers
};
std::string_view decision_kind_name(DecisionKind kind);  // "tool", "value", ...

enum class OpenKind : uint8_t { kText, kNumber, kName };

struct SourceSpan {  // bytes of the input or of a bound source
  size_t begin = 0, end = 0;
  friend bool operator==(const SourceSpan&, const SourceSpan&) = default;
};

struct Candidate {
  std::string bytes;                 // what it writes; nothing for the choice of a type or to leave a member out
  std::string label;                 // to be scored: the contract's own word, the text of a value
  std::optional<SourceSpan> source;  // where the input says so, if it is a copy
  std::string source_name;  // of a copy out of a bound source (contract/bindings.h): which; empty: out of the input
};

struct CandidateList {
  std::vector<Candidate> items;
  size_t size_bytes_max = 0;  // of the longest

  void add(Candidate candidate) {
    size_bytes_max = candidate.bytes.size() > size_bytes_max ? candidate.bytes.size() : size_bytes_max;
    items.push_back(std::move(candidate));
  }
};

// What of a list the machine takes, at a place where only the value counts. Keys are lists that live as long as this.
using VerifiedLists = std::unordered_map<const CandidateList*, std::shared_ptr<const CandidateList>>;

struct DecisionPoint {
  DecisionKind kind = DecisionKind::kValue;
  uint32_t tool = kNoTool;  // whose arguments this is about
  std::string
      path;  // JSON pointer of the value (kMember: of the member, kItem: of the container) in the document or arguments
  std::string outline_path;         // the same for all items of an array: "-" for the index
  std::string description;          // the schema's title and description
  OpenKind open = OpenKind::kText;  // kOpen: what must come; kName: of a member of the container at `path`
  size_t count = 0;                 // kItem: items, or members of names of their own, that stand there
  std::shared_ptr<const CandidateList> list;

  static constexpr uint32_t kNoTool = UINT32_MAX;
  const std::vector<Candidate>& candidates() const { return list->items; }
  // Nothing can be chosen (no input, or nothing in it fits): a decider must abstain here.
  bool must_abstain() const { return list->items.empty(); }
};

}  // namespace cadre::contract
