// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_contract.h"

#include <algorithm>
#include <functional>

namespace cadre::contract {

namespace {

// The machine, watched: how many containers stay open along all that was read, and whether the document ended.
struct AllMachine {
  using State = SchemaMachine::State;
  SchemaMachine& machine;
  size_t depth_min = 0;
  bool ends_document = false;

  State next(State state, uint8_t byte) {
    const State result = machine.next(state, byte);
    if (result.place != 0 && result.stack != state.stack) depth_min = std::min(depth_min, machine.depth(result));
    ends_document |= machine.place(result).kind == SchemaMachine::PlaceKind::kDone;
    return result;
  }
  bool dead(State state) const { return machine.dead(state); }
  Idle idle(State state) { return machine.idle(state); }
};

// The same without the tokens whose fate only the text decides; remembers whether there were any.
struct CertainMachine : AllMachine {
  bool guards = false;

  State next(State state, uint8_t byte) {
    const State result = AllMachine::next(state, byte);
    if (!result.guarded) return result;
    guards = true;
    return {};
  }
};

// What the walk for budgets asks: the certain tokens, and how far they lead.
struct ReachMachine : CertainMachine {
  uint32_t distance(State state) { return machine.distance(state); }
};

// The ranks that are in `all` and not in `some`, which is a part of it.
std::vector<uint32_t> ranks_beside(const TokenMask& all, const TokenMask& some) {
  std::vector<uint32_t> ranks;
  size_t i = 0;
  for (const RankInterval& interval : all.intervals) {
    for (uint32_t rank = interval.low; rank < interval.high; ++rank) {
      while (i < some.intervals.size() && some.intervals[i].high <= rank) ++i;
      if (i == some.intervals.size() || rank < some.intervals[i].low) ranks.push_back(rank);
    }
  }
  return ranks;
}

// Does a token that passes a point which only the text decides come out alive, at most so far from the end? Mostly it ends a name, and the name
// is new or not.
class GuardedTokens {
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
TokenMask certain_within(const std::vector<TokenReach>& reach, uint32_t distance_max, const Vocabulary& vocabulary,
                         const GuardedTokens& asked) {
  constexpr uint32_t kDoubt = 2;  // what the text knows better than the machine, at most (DocumentCursor::distance)
  TokenMaskBuilder mask;
  for (const auto& [distance, ranks] : reach) {
    if (distance + kDoubt <= distance_max) {
      mask.add(ranks.low, ranks.high);
    } else if (distance <= distance_max + kDoubt) {
      for (uint32_t rank = ranks.low; rank < ranks.high; ++rank) {
        if (asked.takes(vocabulary.text_of_rank(rank))) mask.add(rank, rank + 1);
      }
    }
  }
  return mask.finish();
}

}  // namespace

Result<std::shared_ptr<SchemaContract>> SchemaContract::compile(std::string_view json, SchemaMode mode,
                                                                const SchemaOptions& options) {
  std::shared_ptr<SchemaContract> result(new SchemaContract());
  result->mode_ = mode;
  result->schema_ = TRY(read_schema(json, options));
  result->machine_ = TRY(SchemaMachine::compile(result->schema_, mode));
  return result;
}

Result<std::shared_ptr<SchemaContract>> SchemaContract::compile(std::shared_ptr<const ToolSet> tools, SchemaMode mode) {
  std::shared_ptr<SchemaContract> result(new SchemaContract());
  result->mode_ = mode;
  result->machine_ = TRY(SchemaMachine::compile(std::move(tools), mode));
  return result;
}

Contract::State SchemaContract::start() {
  const std::lock_guard lock(mutex_);
  return {0, std::make_shared<const DocumentCursor>(*machine_)};
}

bool SchemaContract::read(State& state, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  DocumentCursor cursor = cursor_of(state);
  if (!cursor.read(bytes)) return false;
  state.memory = std::make_shared<const DocumentCursor>(std::move(cursor));
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
    masks.size_bytes = 0;
  }
  const auto entry = this->entry(masks, cursor.state());
  if (distance_max == kNoBudget && entry->guarded.empty()) return {entry, &entry->certain};
  const GuardedTokens asked(cursor, distance_max);
  TokenMaskBuilder guarded;
  for (const uint32_t rank : entry->guarded) {
    if (asked.takes(vocabulary->text_of_rank(rank))) guarded.add(rank, rank + 1);
  }
  if (distance_max == kNoBudget) return std::make_shared<const TokenMask>(unite(entry->certain, guarded.finish()));
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

// A mask depends on the place and on the containers that its tokens may close, mostly none or one: it is remembered for those alone, so that equal
// places below different parents share it.
std::shared_ptr<const SchemaContract::Entry> SchemaContract::entry(Masks& masks, SchemaMachine::State state) {
  const size_t depth = machine_->depth(state);
  for (const auto& entry : masks.entries[state.place]) {
    bool same = entry->ends_document ? entry->steps.size() == depth : entry->steps.size() <= depth;
    for (size_t level = 0; level < entry->steps.size() && same; ++level)
      same = machine_->step_at(state, level) == entry->steps[level];
    if (same) return entry;
  }
  auto entry = std::make_shared<Entry>();
  state.guarded = false;
  CertainMachine certain{{*machine_, machine_->is_local(state) ? depth : 0}};
  entry->certain = token_mask(*masks.vocabulary, certain, state);
  AllMachine all{*machine_, certain.depth_min, certain.ends_document};
  if (certain.guards) entry->guarded = ranks_beside(token_mask(*masks.vocabulary, all, state), entry->certain);
  entry->ends_document = all.ends_document;
  const size_t closed = depth - std::min(depth, all.depth_min);
  for (size_t level = 0; level < closed; ++level) entry->steps.push_back(machine_->step_at(state, level));
  masks.size_bytes +=
      160 + entry->certain.intervals.size() * sizeof(RankInterval) + entry->guarded.size() * sizeof(uint32_t);
  masks.entries[state.place].push_back(entry);
  return entry;
}

const std::vector<TokenReach>& SchemaContract::reach(Masks& masks, SchemaMachine::State start) {
  const uint64_t key = static_cast<uint64_t>(start.place) << 32 | start.stack;
  const auto [found, fresh] = masks.reach.try_emplace(key);
  if (fresh) {
    start.guarded = false;
    ReachMachine machine{{{*machine_, 0}}};
    found->second = token_reach(*masks.vocabulary, machine, start);
    masks.size_bytes += 64 + found->second.size() * sizeof(TokenReach);
  }
  return found->second;
}

}  // namespace cadre::contract
