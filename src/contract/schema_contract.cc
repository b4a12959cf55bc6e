// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_contract.h"

#include <algorithm>
#include <functional>

namespace cadre::contract {

// What the walk for budgets asks: the certain tokens, and how far they lead.
struct SchemaContract::ReachMachine {
  using State = SchemaMachine::State;
  SchemaMachine& machine;

  State next(State state, uint8_t byte) {
    const State result = machine.next(state, byte);
    return result.guarded ? State{} : result;
  }
  bool dead(State state) const { return machine.dead(state); }
  Idle idle(State state) { return machine.idle(state); }
  SchemaReach reach(State state) { return {machine.distance(state), machine.distance_depends_on_text(state)}; }
};

// Does a token that passes a point which only the text decides come out alive, at most so far from the end? Mostly it ends a name, and the name
// is new or not.
class SchemaContract::GuardedTokens {
 public:
  GuardedTokens(const DocumentCursor& cursor, uint32_t distance_max) : cursor_(cursor), distance_max_(distance_max) {
    if (distance_max == kNoBudget) name_ = cursor.open_name();
  }

  bool takes(std::string_view token) const {
    const size_t quote = token.find('"');
    if (name_ && quote != std::string_view::npos && token.find('"', quote + 1) == std::string_view::npos) {
      if (const auto is_new = cursor_.name_is_new(*name_, token.substr(0, quote))) return *is_new;
    }
    DocumentCursor trial = cursor_;
    return trial.read(token) && (distance_max_ == kNoBudget || trial.distance() <= distance_max_);
  }

 private:
  const DocumentCursor& cursor_;
  uint32_t distance_max_;
  std::optional<std::string> name_;
};

// Of the tokens that are certain, those that lead near enough to the end.
TokenMask SchemaContract::certain_within(const std::vector<TokenReach<SchemaReach>>& reach, uint32_t distance_max,
                                         const Vocabulary& vocabulary, const GuardedTokens& asked) {
  TokenMaskBuilder mask;
  for (const auto& [token, ranks] : reach) {
    if (token.distance + (token.doubtful ? 2 : 0) <= distance_max) {
      mask.add(ranks.low, ranks.high);
    } else if (token.doubtful && token.distance <= distance_max + 1) {
      for (uint32_t rank = ranks.low; rank < ranks.high; ++rank) {
        if (asked.takes(vocabulary.text_of_rank(rank))) mask.add(rank, rank + 1);
      }
    }
  }
  return mask.finish();
}

Result<std::shared_ptr<SchemaContract>> SchemaContract::compile(std::string_view json, SchemaMode mode,
                                                                const SchemaOptions& options) {
  return compile(std::make_shared<const Schema>(TRY(read_schema(json, options))), mode);
}

Result<std::shared_ptr<SchemaContract>> SchemaContract::compile(std::shared_ptr<const Schema> schema, SchemaMode mode,
                                                                std::shared_ptr<const Bindings> bindings) {
  std::shared_ptr<SchemaContract> result(new SchemaContract());
  result->mode_ = mode;
  result->schema_ = std::move(schema);
  result->machine_ = TRY(SchemaMachine::compile(*result->schema_, mode, bindings));
  result->bindings_ = std::move(bindings);
  return result;
}

Result<std::shared_ptr<SchemaContract>> SchemaContract::compile(std::shared_ptr<const ToolSet> tools, SchemaMode mode,
                                                                std::shared_ptr<const Bindings> bindings) {
  std::shared_ptr<SchemaContract> result(new SchemaContract());
  result->mode_ = mode;
  result->machine_ = TRY(SchemaMachine::compile(std::move(tools), mode, bindings));
  result->bindings_ = std::move(bindings);
  return result;
}

Contract::State SchemaContract::start() {
  const std::lock_guard lock(mutex_);
  return {0, std::make_shared<const BudgetedCursor>(*machine_)};
}

bool SchemaContract::read(State& state, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  BudgetedCursor place = place_of(state);
  if (!(machine_->has_budgets() ? place.read(*machine_, bytes) : place.cursor.read(bytes))) return false;
  state.memory = std::make_shared<const BudgetedCursor>(std::move(place));
  return true;
}

bool SchemaContract::take(State& state, std::string_view token, uint32_t distance_max) {
  const std::lock_guard lock(mutex_);
  if (cursor_of(state).is_refused_early(token)) return false;
  auto place = std::make_shared<BudgetedCursor>(place_of(state));
  if (machine_->has_budgets()) {
    if (!BudgetRule(*machine_, place_of(state), distance_max).take(*place, token)) return false;
  } else if (!place->cursor.read_or_break(token) ||
             (distance_max != kNoBudget && place->cursor.distance() > distance_max)) {
    return false;
  }
  state.memory = std::move(place);
  return true;
}

bool SchemaContract::complete(const State& state) {
  const std::lock_guard lock(mutex_);
  return cursor_of(state).complete();
}

uint32_t SchemaContract::distance(const State& state) {
  const std::lock_guard lock(mutex_);
  return bounded() ? cursor_of(state).distance() : kNoWay;
}

std::vector<uint32_t> SchemaContract::ranks_below(const Vocabulary& vocabulary, const State& state, uint32_t node,
                                                  size_t count_max) {
  const std::lock_guard lock(mutex_);
  return first_ranks_below(vocabulary, *machine_, node, cursor_of(state).state(), count_max);
}

size_t SchemaContract::size() {
  const std::lock_guard lock(mutex_);
  return machine_->size();
}

std::string SchemaContract::problem() {
  const std::lock_guard lock(mutex_);
  return machine_->problem();
}

std::shared_ptr<const TokenMask> SchemaContract::mask(const std::shared_ptr<const Vocabulary>& vocabulary,
                                                      const State& state, uint32_t distance_max) {
  const std::lock_guard lock(mutex_);
  const DocumentCursor& cursor = cursor_of(state);
  Masks& masks = masks_of(vocabulary);
  if (masks.size_bytes > kMaskCacheSizeBytesMax) {
    masks.entries.clear();
    masks.reach.clear();
    masks.budgeted.clear();
    masks.size_bytes = 0;
  }
  if (machine_->has_budgets()) {
    const BudgetRule rule(*machine_, place_of(state), distance_max);
    if (!rule.is_replaced()) return budgeted_mask(masks, place_of(state), rule);
    distance_max = rule.distance_max();
    if (distance_max == SchemaMachine::kNoWay) return std::make_shared<const TokenMask>();
  }
  const auto entry = this->entry(masks, cursor.state());
  if (distance_max == kNoBudget && entry->mask.guarded.empty()) return {entry, &entry->mask.certain};
  const GuardedTokens asked(cursor, distance_max);
  TokenMaskBuilder guarded;
  for (const uint32_t rank : entry->mask.guarded) {
    if (asked.takes(vocabulary->text_of_rank(rank))) guarded.add(rank, rank + 1);
  }
  if (distance_max == kNoBudget) return std::make_shared<const TokenMask>(unite(entry->mask.certain, guarded.finish()));
  const TokenMask certain = certain_within(reach(masks, cursor.state()), distance_max, *vocabulary, asked);
  return std::make_shared<const TokenMask>(unite(certain, guarded.finish()));
}

std::string SchemaContract::forced(const State& state, size_t size_max) {
  const std::lock_guard lock(mutex_);
  std::string forced;
  DocumentCursor cursor = cursor_of(state);
  while (!cursor.complete() && forced.size() < size_max) {
    int only = -1, ways = 0;
    for (int byte = 0; byte < 256 && ways < 2; ++byte) {
      if (machine_->dead(machine_->next(cursor.state(), static_cast<uint8_t>(byte)))) continue;
      ++ways;
      only = byte;
    }
    const char byte = static_cast<char>(only);
    if (ways != 1 || !cursor.read(std::string_view(&byte, 1))) break;
    forced.push_back(byte);
  }
  return forced;
}

SchemaContract::Masks& SchemaContract::masks_of(const std::shared_ptr<const Vocabulary>& vocabulary) {
  for (Masks& masks : masks_) {
    if (masks.vocabulary == vocabulary) return masks;
  }
  masks_.emplace_back();
  masks_.back().vocabulary = vocabulary;
  return masks_.back();
}

// The machine, watched: how many containers stay open along all that was read, and whether the document ended.
class SchemaContract::WatchedMachine {
 public:
  using State = SchemaMachine::State;

  WatchedMachine(SchemaContract& contract, Masks& masks, size_t depth_min)
      : contract_(contract), machine_(*contract.machine_), masks_(masks), depth_min_(depth_min) {}

  State next(State state, uint8_t byte) {
    const State result = machine_.next(state, byte);
    if (result.place == 0) {
      const size_t depth = machine_.depth(state), asked = machine_.refused_by(state, byte);
      depth_min_ = std::min(depth_min_, depth - std::min(depth, asked));
      ends_document_ |= asked > depth;  // what no container refused, the end of the document did
      return result;
    }
    if (result.stack != state.stack) depth_min_ = std::min(depth_min_, machine_.depth(result));
    if (result.stack == 0) ends_document_ |= machine_.place(result).kind == SchemaMachine::PlaceKind::kDone;
    return result;
  }
  bool dead(State state) const { return machine_.dead(state); }
  bool guarded(State state) const { return state.guarded; }
  Idle idle(State state) { return machine_.idle(state); }

  const GuardedMask* reference(State state, std::string_view path, uint32_t nodes) {
    constexpr uint32_t kNodesMin =
        64;  // a mask of its own takes as long as to walk some hundred nodes, and may serve again
    if (state.guarded || contract_.reference_depth_ > 1) return nullptr;
    const State home = machine_.home(state);
    if (machine_.dead(home)) return nullptr;
    State there = home;
    for (const char byte : path) there = machine_.next(there, static_cast<uint8_t>(byte));
    if (!(there == state) || there.guarded) return nullptr;
    auto entry = contract_.known_entry(masks_, home);
    if (entry == nullptr) {
      if (nodes < kNodesMin) return nullptr;
      ++contract_.reference_depth_;
      entry = contract_.entry(masks_, home);
      --contract_.reference_depth_;
    }
    depth_min_ = std::min(depth_min_, machine_.depth(home) - entry->steps.size());
    ends_document_ |= entry->ends_document;
    used_.push_back(entry);
    return &entry->mask;
  }

  size_t depth_min() const { return depth_min_; }
  bool ends_document() const { return ends_document_; }

 private:
  SchemaContract& contract_;
  SchemaMachine& machine_;
  Masks& masks_;
  size_t depth_min_;
  bool ends_document_ = false;
  std::vector<std::shared_ptr<const Entry>> used_;  // kept for as long as the walk goes on
};

std::shared_ptr<const SchemaContract::Entry> SchemaContract::known_entry(const Masks& masks,
                                                                         SchemaMachine::State state) const {
  const auto found = masks.entries.find(state.place);
  if (found == masks.entries.end()) return nullptr;
  const size_t depth = machine_->depth(state);
  for (const auto& entry : found->second) {
    bool same = entry->ends_document ? entry->steps.size() == depth : entry->steps.size() <= depth;
    for (size_t level = 0; level < entry->steps.size() && same; ++level)
      same = machine_->step_at(state, level) == entry->steps[level];
    if (same) return entry;
  }
  return nullptr;
}

// A mask depends on the place and on the containers that its tokens may close, mostly none or one: it is remembered for those alone, so that equal
// places below different parents share it.
std::shared_ptr<const SchemaContract::Entry> SchemaContract::entry(Masks& masks, SchemaMachine::State state) {
  if (auto known = known_entry(masks, state)) return known;
  auto made = unlimited_entry(masks, state);
  if (made == nullptr) made = walked_entry(masks, state);
  masks.size_bytes +=
      160 + made->mask.certain.intervals.size() * sizeof(RankInterval) + made->mask.guarded.size() * sizeof(uint32_t);
  masks.entries[state.place].push_back(made);
  return made;
}

// The one of the text without its limits, as long as no token gets near them; nearer, without the few long tokens that the limits refuse.
std::shared_ptr<const SchemaContract::Entry> SchemaContract::unlimited_entry(Masks& masks, SchemaMachine::State state) {
  const auto unlimited = machine_->without_limits(state);
  if (!unlimited || unlimited->spare_chars < Vocabulary::kLongTokenChars) return nullptr;
  const Vocabulary& vocabulary = *masks.vocabulary;
  const auto whole = entry(masks, unlimited->state);
  if (unlimited->spare_chars >= vocabulary.trie().below[0].chars_max) return whole;
  TokenMaskBuilder kept;
  uint32_t from = 0;
  std::vector<uint32_t> refused;
  for (const uint32_t rank : vocabulary.longer_than(static_cast<uint32_t>(unlimited->spare_chars))) {
    SchemaMachine::State after = state;
    for (const char byte : vocabulary.text_of_rank(rank)) {
      after = machine_->next(after, static_cast<uint8_t>(byte));
      if (machine_->dead(after)) break;
    }
    if (machine_->dead(after)) refused.push_back(rank);
  }
  auto next = refused.begin();
  for (const auto& [low, high] : whole->mask.certain.intervals) {
    for (from = low; next != refused.end() && *next < high; ++next) {
      if (*next < from) continue;
      kept.add(from, *next);
      from = *next + 1;
    }
    kept.add(from, high);
  }
  auto made = std::make_shared<Entry>(*whole);
  made->mask.certain = kept.finish();
  std::erase_if(made->mask.guarded,
                [&](uint32_t rank) { return std::binary_search(refused.begin(), refused.end(), rank); });
  return made;
}

// Where equally far reaching tokens may follow: the state itself, or the same without limits that no token gets near.
SchemaMachine::State SchemaContract::shared_state(const Masks& masks, SchemaMachine::State state) {
  const auto unlimited = machine_->without_limits(state);
  const bool is_far = unlimited && unlimited->spare_chars >= masks.vocabulary->trie().below[0].chars_max;
  return is_far ? unlimited->state : state;
}

std::shared_ptr<const SchemaContract::Entry> SchemaContract::walked_entry(Masks& masks, SchemaMachine::State state) {
  const size_t depth = machine_->depth(state);
  state.guarded = false;
  WatchedMachine watched(*this, masks, machine_->is_local(state) ? depth : 0);
  auto entry = std::make_shared<Entry>();
  entry->mask = guarded_token_mask(*masks.vocabulary, watched, state);
  entry->ends_document = watched.ends_document();
  const size_t closed = depth - std::min(depth, watched.depth_min());
  for (size_t level = 0; level < closed; ++level) entry->steps.push_back(machine_->step_at(state, level));
  return entry;
}

const std::vector<TokenReach<SchemaContract::SchemaReach>>& SchemaContract::reach(Masks& masks,
                                                                                  SchemaMachine::State start) {
  start = shared_state(masks, start);
  const uint64_t key = static_cast<uint64_t>(start.place) << 32 | start.stack;
  const auto [found, fresh] = masks.reach.try_emplace(key);
  if (fresh) {
    start.guarded = false;
    ReachMachine machine{*machine_};
    found->second = token_reach(*masks.vocabulary, machine, start);
    masks.size_bytes += 64 + found->second.size() * sizeof(found->second[0]);
  }
  return found->second;
}

const std::vector<TokenReach<BudgetedReach>>& SchemaContract::budgeted_reach(Masks& masks, SchemaMachine::State start) {
  start = shared_state(masks, start);
  const uint64_t key = static_cast<uint64_t>(start.place) << 32 | start.stack;
  const auto [found, fresh] = masks.budgeted.try_emplace(key);
  if (fresh) {
    BudgetedMachine machine(*machine_, start);
    found->second = token_reach(*masks.vocabulary, machine, machine.start());
    masks.size_bytes += 64 + found->second.size() * (sizeof(found->second[0]) + 2 * sizeof(int64_t));
  }
  return found->second;
}

std::shared_ptr<const TokenMask> SchemaContract::budgeted_mask(Masks& masks, const BudgetedCursor& place,
                                                               const BudgetRule& rule) {
  const Vocabulary& vocabulary = *masks.vocabulary;
  const auto add_taken = [&](uint32_t rank, TokenMaskBuilder& mask) {
    BudgetedCursor after = place;
    if (rule.take(after, vocabulary.text_of_rank(rank))) mask.add(rank, rank + 1);
  };
  TokenMaskBuilder guarded, certain;
  for (const uint32_t rank : entry(masks, place.cursor.state())->mask.guarded) add_taken(rank, guarded);
  for (const auto& [reach, ranks] : budgeted_reach(masks, place.cursor.state())) {
    const BudgetRule::Answer answer = rule.judge(reach);
    if (answer == BudgetRule::Answer::kYes) certain.add(ranks.low, ranks.high);
    if (answer != BudgetRule::Answer::kAsk) continue;
    for (uint32_t rank = ranks.low; rank < ranks.high; ++rank) add_taken(rank, certain);
  }
  return std::make_shared<const TokenMask>(unite(certain.finish(), guarded.finish()));
}

}  // namespace cadre::contract
