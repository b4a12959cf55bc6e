// SPDX-License-Identifier: Apache-2.0
#include "eval/contract_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/random.h"
#include "contract/constraint.h"
#include "contract/schema_contract.h"
#include "contract/schema_validate.h"
#include "eval/document_mutations.h"
#include "eval/json_slices.h"
#include "eval/maskbench_suite.h"
#include "eval/schema_judge.h"

namespace cadre::eval {
namespace {

using contract::Constraint;
using contract::SchemaContract;
using contract::SchemaMode;
using contract::Vocabulary;
using VocabularyRef = std::shared_ptr<const Vocabulary>;
using SchemaRef = std::shared_ptr<SchemaContract>;

// Each token is tried in each state, so few of them and many states find more than the other way round.
constexpr size_t kPieces = 200;   // of the file's text in a small vocabulary
constexpr size_t kBorrowed = 60;  // tokens of the given vocabulary in it
constexpr size_t kPieceSizeBytesMax = 12;
constexpr size_t kWalkStatesMax = 24;      // of one walk that is compared
constexpr uint32_t kWalkTokensMax = 3000;  // budgets drawn are no longer, unless the shortest document is
constexpr size_t kInstanceSizeBytesMax = 20'000;

// The numbers of one schema.
struct Quota {
  size_t states = 0, instances = 0, walks = 0;
};

// The share of `all` that falls to schema `index` of `count`, so that the shares add up.
size_t share(size_t all, size_t index, size_t count) {
  return all * (index + 1) / count - all * index / count;
}

// A rank of the mask, each as likely as the others. REQUIRES a mask that is not empty.
uint32_t pick(const contract::TokenMask& mask, base::Random& random) {
  uint64_t at = random.below(mask.count);
  for (const auto& interval : mask.intervals) {
    if (at < interval.high - interval.low) return interval.low + static_cast<uint32_t>(at);
    at -= interval.high - interval.low;
  }
  return contract::kNoToken;
}

class SchemaCheck {
 public:
  SchemaCheck(const ContractCheckOptions& options, const VocabularyRef& whole, std::string file, base::Random random)
      : options_(options), whole_(whole), file_(std::move(file)), random_(random) {}

  Result<ContractCheckReport> run(std::string_view text, const Quota& quota) {
    const auto schema = member_slice(text, "schema");
    const auto tests = member_slice(text, "tests");
    if (!schema || !tests) return Error{ErrorCode::kInvalid, fmt::format("{}: no \"schema\" or no \"tests\"", file_)};
    contract::SchemaOptions schema_options;
    schema_options.assert_formats = true;
    auto accept = SchemaContract::compile(*schema, SchemaMode::kAccept, schema_options);
    if (!accept.ok()) return report_;
    ++report_.schemas;
    const auto generate = SchemaContract::compile(*schema, SchemaMode::kGenerate, schema_options);
    report_.schemas_generating += generate.ok();
    for (const auto test : array_slices(*tests)) {
      const auto data = member_slice(test, "data").value_or("");
      if (data.size() <= kInstanceSizeBytesMax)
        (member_slice(test, "valid") == "true" ? valid_ : invalid_).push_back(data);
    }
    vocabulary_ = TRY(small_vocabulary(text));
    if (generate.ok()) check_walks(*generate, quota.walks);
    check_instances(*accept, *schema, quota.instances);
    check_masks(*accept, generate.ok() ? *generate : nullptr, quota.states);
    return std::move(report_);
  }

 private:
  void fail(std::string what) {
    if (report_.failures.size() < options_.failures_max) report_.failures.push_back(file_ + ": " + std::move(what));
  }

  Result<VocabularyRef> small_vocabulary(std::string_view text) {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
    for (size_t i = 0; i < kPieces; ++i) {
      const size_t at = random_.below(text.size());
      tokens.emplace_back(text.substr(at, 2 + random_.below(kPieceSizeBytesMax - 1)));
    }
    for (size_t i = 0; i < kBorrowed && !options_.tokens.empty(); ++i)
      tokens.push_back(options_.tokens[random_.below(options_.tokens.size())]);
    return Vocabulary::build(tokens, contract::kNoToken);
  }

  // --- masks

  void check_masks(const SchemaRef& accept, const SchemaRef& generate, size_t states) {
    for (size_t walk = 0; states > 0; ++walk) {
      const bool generates = generate != nullptr && walk % 2 == 1;
      const auto& contract = generates ? generate : accept;
      const bool full = whole_ != nullptr && options_.full_every > 0 && random_.below(options_.full_every) == 0;
      const auto& vocabulary = full ? whole_ : vocabulary_;
      uint32_t budget = contract::kNoBudget;
      if (generates && random_.chance(0.5)) budget = contract->bytes_min() + static_cast<uint32_t>(random_.below(40));
      auto constraint = Constraint::make(contract, vocabulary, budget);
      if (!constraint.ok()) return fail("no constraint: " + constraint.error().message);
      const std::string_view way =
          walk % 4 < 2 && !valid_.empty() ? valid_[random_.below(valid_.size())] : std::string_view();
      states -=
          std::min(states, check_along(*constraint, *vocabulary, way, full ? 1 : std::min(states, kWalkStatesMax)));
    }
  }

  // Compares at up to `states` places of one walk, which follows `way` for a while and then goes anywhere. Returns how many it did.
  size_t check_along(Constraint& constraint, const Vocabulary& vocabulary, std::string_view way, size_t states) {
    size_t followed = way.empty() ? 0 : random_.below(way.size() + 1), done = 0;
    const size_t skipped = random_.below(followed / 2 + 1);  // bytes before the first comparison
    while (done < states) {
      const bool compares = constraint.text_size() >= skipped;
      const contract::TokenMask mask = constraint.mask();
      if (compares) {
        compare(constraint, vocabulary, mask);
        ++done;
      }
      uint32_t token = contract::kNoToken;
      if (constraint.text_size() < followed) token = token_along(vocabulary, way.substr(constraint.text_size()));
      if (token == contract::kNoToken || !mask.allows(vocabulary.rank_of(token))) {
        followed = 0;
        if (mask.count == 0) break;
        token = vocabulary.id_of(pick(mask, random_));
      }
      if (!constraint.advance(token)) break;  // compare() said so already
    }
    return std::max<size_t>(done, 1);
  }

  // A token that `rest` begins with: long ones and short ones.
  uint32_t token_along(const Vocabulary& vocabulary, std::string_view rest) {
    const auto nodes = vocabulary.nodes();
    uint32_t found = contract::kNoToken, at = 0;
    for (const char c : rest) {
      uint32_t child = at + 1;
      while (child < nodes[at].end && nodes[child].byte != static_cast<uint8_t>(c)) child = nodes[child].end;
      if (child >= nodes[at].end) break;
      at = child;
      if (nodes[at].own_tokens == 0) continue;
      found = vocabulary.id_of(nodes[at].rank_low);
      if (random_.chance(0.3)) break;
    }
    return found;
  }

  void compare(const Constraint& constraint, const Vocabulary& vocabulary, const contract::TokenMask& mask) {
    ++report_.states;
    report_.states_full += &vocabulary == whole_.get();
    report_.tokens_tried += vocabulary.ranks();
    uint32_t allowed = 0;
    for (uint32_t rank = 0; rank < vocabulary.ranks(); ++rank) {
      Constraint fork = constraint;
      const bool takes = fork.advance(vocabulary.id_of(rank));
      allowed += takes;
      if (takes == mask.allows(rank)) continue;
      ++report_.masks_wrong;
      return fail(fmt::format("mask: after `{}` the token `{}` is {} the mask", constraint.text(),
                              vocabulary.text_of_rank(rank), takes ? "taken but not in" : "refused but in"));
    }
    if (allowed == mask.count) return;
    ++report_.masks_wrong;
    fail(fmt::format("mask: after `{}` it counts {} tokens and has {}", constraint.text(), mask.count, allowed));
  }

  // --- instances

  void check_instances(const SchemaRef& accept, std::string_view schema, size_t instances) {
    DocumentMutations mutations(schema, random_.fork(1));
    for (const auto list : {&valid_, &invalid_}) {
      for (const auto text : *list) {
        if (instances == 0) return;
        judge(*accept, text);
        --instances;
      }
    }
    for (; instances > 0; --instances) judge(*accept, next_instance(mutations));
  }

  std::string next_instance(DocumentMutations& mutations) {
    const uint64_t kind = random_.below(10);
    if (kind == 0) return mutations.random_document();
    if (kind < 4 && !written_.empty()) {
      const std::string& text = written_[random_.below(written_.size())];
      return kind == 1 ? text : mutations.mutate(text);
    }
    const auto& list = (kind < 9 && !valid_.empty()) || invalid_.empty() ? valid_ : invalid_;
    return list.empty() ? mutations.random_document() : mutations.mutate(list[random_.below(list.size())]);
  }

  void judge(SchemaContract& accept, std::string_view text) {
    ++report_.instances;
    const auto accepted = accept.accepts(text);
    const auto document = contract::parse_document(text);
    Result<bool> valid = false;
    if (document.ok()) {
      const auto validity = contract::validate_document(accept.schema(), *document);
      valid = validity.ok() ? Result<bool>(validity->valid) : Result<bool>(validity.error());
    }
    if (!accepted.ok() || !valid.ok()) {
      ++report_.instances_without_answer;
      return;
    }
    report_.instances_valid += *valid;
    if (*accepted == *valid) return;
    ++report_.disagreements;
    fail(fmt::format("instance: the machine {} and the validator {} `{}`", *accepted ? "takes" : "refuses",
                     *valid ? "takes" : "refuses", text));
  }

  // --- walks

  void check_walks(const SchemaRef& generate, size_t walks) {
    const uint32_t needed = generate->bytes_min();
    for (size_t i = 0; i < walks; ++i) {
      const bool full = whole_ != nullptr && whole_->spells_every_byte() && i % 4 == 3;
      const uint32_t room =
          std::min<uint32_t>(3 * needed + 20, std::max<uint32_t>(kWalkTokensMax, needed) - needed + 1);
      walk(generate, full ? whole_ : vocabulary_, needed + static_cast<uint32_t>(random_.below(room)));
    }
  }

  void walk(const SchemaRef& generate, const VocabularyRef& vocabulary, uint32_t budget) {
    ++report_.walks;
    auto constraint = Constraint::make(generate, vocabulary, budget);
    if (!constraint.ok()) {
      ++report_.walks_stuck;
      return fail("walk: " + constraint.error().message);
    }
    uint32_t tokens = 0;
    while (!constraint->complete() || random_.chance(0.5)) {
      const auto& mask = constraint->mask();
      if (mask.count == 0) break;
      if (!constraint->advance(vocabulary->id_of(pick(mask, random_)))) break;
      ++tokens;
    }
    report_.walk_tokens += tokens;
    if (tokens > budget) {
      ++report_.walks_over_budget;
      fail(fmt::format("walk: {} tokens under a budget of {}: `{}`", tokens, budget, constraint->text()));
    }
    if (!constraint->complete()) {
      ++report_.walks_stuck;
      return fail(fmt::format("walk: stuck after {} of {} tokens: `{}`", tokens, budget, constraint->text()));
    }
    const std::string text = constraint->text();
    const auto document = contract::parse_document(text);
    const auto validity = document.ok() ? contract::validate_document(generate->schema(), *document)
                                        : Result<contract::Validity>(document.error());
    if (!validity.ok() || !validity->valid) {
      ++report_.walks_invalid;
      fail(fmt::format("walk: `{}` is not valid: {}", text,
                       validity.ok() ? validity->message : validity.error().message));
    }
    if (text.size() <= kInstanceSizeBytesMax) written_.push_back(text);
  }

  const ContractCheckOptions& options_;
  const VocabularyRef& whole_;
  std::string file_;
  base::Random random_;
  VocabularyRef vocabulary_;
  std::vector<std::string_view> valid_, invalid_;
  std::vector<std::string> written_;
  ContractCheckReport report_;
};

}  // namespace

ContractCheckReport& ContractCheckReport::operator+=(const ContractCheckReport& other) {
  schemas += other.schemas;
  schemas_generating += other.schemas_generating;
  states += other.states;
  states_full += other.states_full;
  tokens_tried += other.tokens_tried;
  masks_wrong += other.masks_wrong;
  instances += other.instances;
  instances_valid += other.instances_valid;
  instances_without_answer += other.instances_without_answer;
  disagreements += other.disagreements;
  walks += other.walks;
  walk_tokens += other.walk_tokens;
  walks_invalid += other.walks_invalid;
  walks_stuck += other.walks_stuck;
  walks_over_budget += other.walks_over_budget;
  failures.insert(failures.end(), other.failures.begin(), other.failures.end());
  return *this;
}

Result<ContractCheckReport> check_contracts(const ContractCheckOptions& options) {
  const auto files = TRY(json_files(options.data));
  VocabularyRef whole;
  if (!options.tokens.empty()) whole = TRY(Vocabulary::build(options.tokens, contract::kNoToken));
  const size_t count = (files.size() + options.every - 1) / options.every;
  const base::Random random(options.seed);
  std::vector<Result<ContractCheckReport>> reports(count, ContractCheckReport{});
  std::mutex mutex;  // guards `next`, `done` and on_progress
  size_t next = 0, done = 0;
  const auto work = [&] {
    for (;;) {
      std::unique_lock lock(mutex);
      if (next == count) return;
      const size_t i = next++;
      lock.unlock();
      const std::string& file = files[i * options.every];
      const auto text = base::read_file(options.data + "/" + file, kMaskbenchFileSizeBytesMax);
      const Quota quota{share(options.states, i, count), share(options.instances, i, count),
                        share(options.walks, i, count)};
      reports[i] = text.ok() ? SchemaCheck(options, whole, file, random.fork(i)).run(*text, quota) : text.error();
      lock.lock();
      ++done;
      if (options.on_progress) options.on_progress(done, count);
    }
  };
  std::vector<std::thread> workers;
  for (size_t t = 1; t < options.threads; ++t) workers.emplace_back(work);
  work();
  for (auto& worker : workers) worker.join();
  ContractCheckReport total;
  for (const auto& report : reports) total += TRY(report);
  return total;
}

}  // namespace cadre::eval
