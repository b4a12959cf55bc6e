// SPDX-License-Identifier: Apache-2.0
#include "eval/forced_share.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "contract/constraint.h"
#include "contract/json_document.h"
#include "contract/schema_contract.h"
#include "eval/json_slices.h"
#include "eval/maskbench_suite.h"
#include "eval/schema_judge.h"
#include "eval/tiktoken_bpe.h"

namespace cadre::eval {

namespace {

using contract::Contract;
using contract::JsonKind;
using contract::JsonValue;

constexpr size_t kMembersSortedMax = 100;
constexpr size_t kForcedComplaintsMax = 100;

std::string json_quoted(const std::string& name) {
  JsonValue text;
  text.kind = JsonKind::kString;
  text.text = name;
  return contract::write_document(text);
}

// The value with the members of its objects in an order that the contract takes, as far as there is one.
JsonValue in_order(Contract& contract, Contract::State state, const JsonValue& value) {
  JsonValue result = value;
  if (value.kind == JsonKind::kArray && contract.read(state, "[")) {
    for (JsonValue& item : result.items) {
      item = in_order(contract, state, item);
      if (!contract.read(state, contract::write_document(item) + ",")) break;
    }
  }
  if (value.kind != JsonKind::kObject || value.members.size() > kMembersSortedMax || !contract.read(state, "{"))
    return result;
  std::vector<std::pair<std::string, JsonValue>> left = std::move(result.members);
  result.members.clear();
  const auto reads_name = [&](Contract::State at, const std::string& name) {
    return contract.read(at, json_quoted(name) + ":");
  };
  while (!left.empty()) {
    // Of those that may come next, the one behind which all others still may: the others are not required to stand before it.
    size_t chosen = left.size();
    Contract::State after_chosen;
    for (size_t i = 0; i < left.size() && chosen == left.size(); ++i) {
      Contract::State after = state;
      if (!contract.read(after, json_quoted(left[i].first) + ":")) continue;
      JsonValue ordered = in_order(contract, after, left[i].second);
      if (!contract.read(after, contract::write_document(ordered))) continue;
      const bool last = left.size() == 1;
      const bool is_first = last || (contract.read(after, ",") && std::ranges::all_of(left, [&](const auto& other) {
                                       return other.first == left[i].first || !reads_name(state, other.first) ||
                                              reads_name(after, other.first);
                                     }));
      if (!is_first) continue;
      left[i].second = std::move(ordered);
      chosen = i;
      after_chosen = after;
    }
    if (chosen == left.size()) return value;
    state = after_chosen;
    result.members.push_back(std::move(left[chosen]));
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  return result;
}

struct Follower {
  TiktokenBpe& bpe;
  const contract::Vocabulary& vocabulary;
  ForcedCount& count;
  std::string complaint;  // the first

  // The document's tokens from `done` on that are forced; 0 when there are none, and none that are wrong.
  size_t forced(contract::Constraint& constraint, const std::vector<uint32_t>& tokens, size_t done) {
    const auto encode = [&](std::string_view text) { return bpe.encode(text); };
    const contract::ForcedTokens found = constraint.forced_tokens(encode, contract::kForcedReplacedMax);
    if (found.tokens.empty()) return 0;
    const size_t begin = done - found.replaced;
    for (size_t i = 0; i < found.tokens.size(); ++i) {
      if (begin + i < tokens.size() && tokens[begin + i] == found.tokens[i]) continue;
      ++count.not_canonical;
      complain("not canonical", constraint, found.tokens[i]);
      return 0;
    }
    return found.tokens.size() - found.replaced;
  }

  void complain(const char* what, const contract::Constraint& constraint, uint32_t token) {
    if (complaint.empty()) complaint = fmt::format("{}: {} + {}", what, constraint.text(), vocabulary.text(token));
  }

  void follow(contract::Constraint constraint, const std::vector<uint32_t>& tokens) {
    count.tokens += tokens.size();
    for (size_t done = 0; done < tokens.size();) {
      size_t taken = forced(constraint, tokens, done);
      count.forced += taken;
      if (taken == 0) {
        const contract::TokenMask& mask = constraint.mask();
        if (mask.count == 1 && !constraint.complete()) {
          const bool same = mask.allows(vocabulary.rank_of(tokens[done]));
          count.single += same;
          count.not_canonical += !same;
          if (!same) complain("single, not canonical", constraint, tokens[done]);
        }
        taken = 1;
      }
      for (; taken > 0; --taken, ++done) {
        if (constraint.advance(tokens[done])) continue;
        ++count.refused;
        return complain("refused", constraint, tokens[done]);
      }
    }
  }
};

}  // namespace

ForcedCount& ForcedCount::operator+=(const ForcedCount& other) {
  documents += other.documents;
  left_out += other.left_out;
  tokens += other.tokens;
  forced += other.forced;
  single += other.single;
  not_canonical += other.not_canonical;
  refused += other.refused;
  return *this;
}

Result<ForcedReport> measure_forced(const ForcedShareOptions& options, const std::vector<std::string>& tokens) {
  const auto files = TRY(json_files(options.data));
  const auto vocabulary = TRY(contract::Vocabulary::build(tokens, contract::kNoToken));
  TiktokenBpe bpe = TRY(TiktokenBpe::create(tokens));
  ForcedReport report;
  contract::SchemaOptions schema_options;
  schema_options.assert_formats = options.assert_formats;
  for (size_t i = 0; i < files.size(); i += options.every) {
    const auto text = TRY(base::read_file(options.data + "/" + files[i], kMaskbenchFileSizeBytesMax));
    const auto schema = member_slice(text, "schema");
    const auto tests = member_slice(text, "tests");
    if (!schema || !tests) return Error{ErrorCode::kInvalid, files[i] + ": no \"schema\" or no \"tests\""};
    auto compiled = contract::SchemaContract::compile(*schema, contract::SchemaMode::kGenerate, schema_options);
    if (!compiled.ok()) continue;
    const std::shared_ptr<Contract> contract = *compiled;
    ForcedCount count;
    for (const auto test : array_slices(*tests)) {
      if (member_slice(test, "valid") != "true") continue;
      const auto document = contract::parse_document(member_slice(test, "data").value_or(""));
      if (!document.ok()) continue;
      const std::string written = contract::write_document(in_order(*contract, contract->start(), *document));
      ++count.documents;
      if (const auto accepted = contract->accepts(written); !accepted.ok() || !*accepted) {
        ++count.left_out;
        continue;
      }
      Follower follower{bpe, *vocabulary, count, {}};
      follower.follow(TRY(contract::Constraint::make(contract, vocabulary)), bpe.encode(written));
      if (!follower.complaint.empty() && report.complaints.size() < kForcedComplaintsMax) {
        report.complaints.push_back(files[i] + ": " + follower.complaint);
      }
    }
    report.splits[maskbench_split(files[i])] += count;
    report.total += count;
    if (options.on_progress) options.on_progress(i + 1, files.size());
  }
  return report;
}

}  // namespace cadre::eval
