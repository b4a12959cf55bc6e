// A JSON Schema, or a tool set, as a contract (contract/contract.h).
//
//     auto contract = TRY(SchemaContract::compile(schema_text, SchemaMode::kGenerate));
//     auto constraint = TRY(Constraint::make(contract, vocabulary, 200));   // always complete within 200 tokens
//
// What is read and written is what contract/schema_machine.h says, together with what only the text decides (contract/document_cursor.h).
// Bounded in generate mode. Errors: what contract/schema_reader.h and SchemaMachine::compile refuse.
// Masks are remembered per place and the open containers that they depend on. Thread safety: as Contract says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/contract.h"
#include "contract/document_cursor.h"
#include "contract/schema.h"
#include "contract/token_reach.h"
#include "contract/value_budgets.h"

namespace cadre::contract {

class SchemaContract : public Contract {
 public:
  static Result<std::shared_ptr<SchemaContract>> compile(std::string_view json, SchemaMode mode,
                                                         const SchemaOptions& options = {});
  // Of a schema that was read once, for one request: its own tables, bound to the values of the request (contract/bindings.h).
  static Result<std::shared_ptr<SchemaContract>> compile(std::shared_ptr<const Schema> schema, SchemaMode mode,
                                                         std::shared_ptr<const Bindings> bindings = nullptr);
  // Answers of a model that is given tools.
  static Result<std::shared_ptr<SchemaContract>> compile(std::shared_ptr<const ToolSet> tools, SchemaMode mode,
                                                         std::shared_ptr<const Bindings> bindings = nullptr);

  // Of a contract made from a schema.
  const Schema& schema() const { return *schema_; }
  // Null if it has none.
  const Bindings* bindings() const { return bindings_.get(); }
  SchemaMode mode() const { return mode_; }

  State start() override;
  // Of budgets of single values the bytes are one token that none of them refuses.
  bool read(State& state, std::string_view bytes) override;
  bool take(State& state, std::string_view token, uint32_t distance_max) override;
  bool complete(const State& state) override;
  bool bounded() const override { return mode_ == SchemaMode::kGenerate; }
  uint32_t distance(const State& state) override;
  std::shared_ptr<const TokenMask> mask(const std::shared_ptr<const Vocabulary>& vocabulary, const State& state,
                                        uint32_t distance_max) override;
  std::string forced(const State& state, size_t size_max) override;
  std::vector<uint32_t> ranks_below(const Vocabulary& vocabulary, const State& state, uint32_t node,
                                    size_t count_max) override;
  size_t size() override;
  std::string problem() override;

  // For whoever asks more than masks (contract/decision_points.h): use(machine) while nobody else reads it.
  template <class Use>
  auto with_machine(const Use& use) {
    const std::lock_guard lock(mutex_);
    return use(*machine_);
  }

 private:
  struct SchemaReach {
    uint32_t distance = 0;
    bool doubtful = false;  // the text may make it one less, or up to two more
    friend bool operator==(const SchemaReach&, const SchemaReach&) = default;
  };
  struct Entry {
    std::vector<uint32_t> steps;  // the open containers that the mask depends on, innermost first
    bool ends_document = false;   // and that there are no more than those
    GuardedMask mask;             // guarded: tokens that pass a point that only the text can decide
  };
  struct Masks {  // of one vocabulary
    std::shared_ptr<const Vocabulary> vocabulary;
    std::unordered_map<uint32_t, std::vector<std::shared_ptr<const Entry>>> entries;  // per place
    // How far from the end each token leads that is certain, as the machine knows it; per place and stack.
    std::unordered_map<uint64_t, std::vector<TokenReach<SchemaReach>>> reach;
    std::unordered_map<uint64_t, std::vector<TokenReach<BudgetedReach>>> budgeted;  // where values have budgets
    size_t size_bytes = 0;
  };
  SchemaContract() = default;
  static const BudgetedCursor& place_of(const State& state) {
    return *static_cast<const BudgetedCursor*>(state.memory.get());
  }
  static const DocumentCursor& cursor_of(const State& state) { return place_of(state).cursor; }
  class WatchedMachine;
  std::shared_ptr<const Entry> known_entry(const Masks& masks, SchemaMachine::State state) const;
  Masks& masks_of(const std::shared_ptr<const Vocabulary>& vocabulary);
  std::shared_ptr<const Entry> entry(Masks& masks, SchemaMachine::State state);
  std::shared_ptr<const Entry> walked_entry(Masks& masks, SchemaMachine::State state);
  std::shared_ptr<const Entry> unlimited_entry(Masks& masks, SchemaMachine::State state);
  SchemaMachine::State shared_state(const Masks& masks, SchemaMachine::State state);
  struct ReachMachine;
  const std::vector<TokenReach<SchemaReach>>& reach(Masks& masks, SchemaMachine::State state);
  const std::vector<TokenReach<BudgetedReach>>& budgeted_reach(Masks& masks, SchemaMachine::State state);
  class GuardedTokens;
  static TokenMask certain_within(const std::vector<TokenReach<SchemaReach>>& reach, uint32_t distance_max,
                                  const Vocabulary& vocabulary, const GuardedTokens& asked);
  std::shared_ptr<const TokenMask> budgeted_mask(Masks& masks, const BudgetedCursor& place, const BudgetRule& rule);

  SchemaMode mode_ = SchemaMode::kAccept;
  std::shared_ptr<const Schema> schema_;
  std::shared_ptr<const Bindings> bindings_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<SchemaMachine> machine_;
  std::vector<Masks> masks_;
  size_t reference_depth_ = 0;  // masks under way that are to serve others
};

}  // namespace cadre::contract
