// SPDX-License-Identifier: Apache-2.0
#include "contract/constraint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace cadre::contract {

namespace {

constexpr size_t kForcedSizeBytesMax = 4096;  // of one forced text

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

}  // namespace

Result<std::shared_ptr<CompiledSchema>> CompiledSchema::compile(std::string_view json, SchemaMode mode,
                                                                const SchemaOptions& options) {
  std::shared_ptr<CompiledSchema> result(new CompiledSchema());
  result->mode_ = mode;
  result->schema_ = TRY(read_schema(json, options));
  result->machine_ = TRY(SchemaMachine::compile(result->schema_, mode));
  return result;
}

Result<bool> CompiledSchema::accepts(std::string_view text) {
  const std::lock_guard lock(mutex_);
  DocumentCursor cursor(*machine_);
  const bool accepted = cursor.read(text) && cursor.complete();
  if (!machine_->problem().empty()) return Error{ErrorCode::kLimit, machine_->problem()};
  return accepted;
}

uint32_t CompiledSchema::bytes_min() {
  const std::lock_guard lock(mutex_);
  return machine_->distance(machine_->start());
}

size_t CompiledSchema::size() {
  const std::lock_guard lock(mutex_);
  return machine_->size();
}

CompiledSchema::Masks& CompiledSchema::masks(const std::shared_ptr<const Vocabulary>& vocabulary) {
  for (Masks& masks : masks_) {
    if (masks.vocabulary == vocabulary) return masks;
  }
  masks_.emplace_back();
  masks_.back().vocabulary = vocabulary;
  return masks_.back();
}

// A mask depends on the place and on the containers that its tokens may close, mostly none or one: it is remembered for those alone, so that equal
// places below different parents share it.
std::shared_ptr<const CompiledSchema::Masks::Entry> CompiledSchema::mask(
    const std::shared_ptr<const Vocabulary>& vocabulary, SchemaMachine::State state) {
  Masks& masks = this->masks(vocabulary);
  const size_t depth = machine_->depth(state);
  for (const auto& entry : masks.entries[state.place]) {
    bool same = entry->ends_document ? entry->steps.size() == depth : entry->steps.size() <= depth;
    for (size_t level = 0; level < entry->steps.size() && same; ++level)
      same = machine_->step_at(state, level) == entry->steps[level];
    if (same) return entry;
  }
  auto entry = std::make_shared<Masks::Entry>();
  state.guarded = false;
  CertainMachine certain{{*machine_, machine_->is_local(state) ? depth : 0}};
  entry->certain = token_mask(*vocabulary, certain, state);
  AllMachine all{*machine_, certain.depth_min, certain.ends_document};
  if (certain.guards) entry->guarded = ranks_beside(token_mask(*vocabulary, all, state), entry->certain);
  entry->ends_document = all.ends_document;
  const size_t closed = depth - std::min(depth, all.depth_min);
  for (size_t level = 0; level < closed; ++level) entry->steps.push_back(machine_->step_at(state, level));
  if (masks.size_bytes > kMaskCacheSizeBytesMax) {
    masks.entries.clear();
    masks.reach.clear();
    masks.size_bytes = 0;
  }
  masks.size_bytes +=
      160 + entry->certain.intervals.size() * sizeof(RankInterval) + entry->guarded.size() * sizeof(uint32_t);
  masks.entries[state.place].push_back(entry);
  return entry;
}

// Walks the trie once more, noting for each token how far from the end it leads.
std::shared_ptr<const std::vector<CompiledSchema::Masks::Reach>> CompiledSchema::reach(
    const std::shared_ptr<const Vocabulary>& vocabulary, SchemaMachine::State start) {
  Masks& masks = this->masks(vocabulary);
  const uint64_t key = static_cast<uint64_t>(start.place) << 32 | start.stack;
  if (const auto found = masks.reach.find(key); found != masks.reach.end()) return found->second;
  auto reach = std::make_shared<std::vector<Masks::Reach>>();
  std::vector<SchemaMachine::State> states(vocabulary->token_size_max() + 1);
  states[0] = start;
  states[0].guarded = false;
  for (uint32_t i = 1; i < vocabulary->nodes().size();) {
    const VocabularyNode& node = vocabulary->nodes()[i];
    const SchemaMachine::State state = machine_->next(states[node.depth - 1u], node.byte);
    if (machine_->dead(state) || state.guarded) {
      i = node.end;
      continue;
    }
    states[node.depth] = state;
    const RankInterval ranks{node.rank_low, vocabulary->own_end(i)};
    ++i;
    if (ranks.low == ranks.high) continue;
    const uint32_t distance = machine_->distance(state);
    if (!reach->empty() && reach->back().distance == distance && reach->back().ranks.high == ranks.low) {
      reach->back().ranks.high = ranks.high;
    } else {
      reach->push_back({distance, ranks});
    }
  }
  masks.size_bytes += 64 + reach->size() * sizeof(Masks::Reach);
  masks.reach.emplace(key, reach);
  return reach;
}

Result<Constraint> Constraint::make(std::shared_ptr<CompiledSchema> contract,
                                    std::shared_ptr<const Vocabulary> vocabulary, uint32_t tokens_max) {
  if (tokens_max != kNoBudget) {
    if (contract->mode() != SchemaMode::kGenerate) {
      return Error{ErrorCode::kUnsupported, "a budget of tokens needs a contract compiled in generate mode"};
    }
    if (!vocabulary->spells_every_byte()) {
      return Error{ErrorCode::kUnsupported, "a budget of tokens needs a vocabulary with a token for each byte"};
    }
    const uint32_t needed = contract->bytes_min();
    if (tokens_max < needed) {
      return Error{ErrorCode::kLimit,
                   fmt::format("a budget of {} tokens is too small: this contract needs {}", tokens_max, needed)};
    }
  }
  return Constraint(std::move(contract), std::move(vocabulary), tokens_max);
}

Constraint::Constraint(std::shared_ptr<CompiledSchema> contract, std::shared_ptr<const Vocabulary> vocabulary,
                       uint32_t tokens_max)
    : contract_(std::move(contract)), vocabulary_(std::move(vocabulary)) {
  position_ = std::make_shared<const Position>(DocumentCursor(*contract_->machine_), tokens_max);
}

Constraint::Position::~Position() {
  while (before != nullptr && before.use_count() == 1)
    before = std::shared_ptr<const Position>(std::move(before->before));
}

bool Constraint::reads(DocumentCursor& cursor, std::string_view text) const {
  if (position_->tokens_left == 0 || !cursor.read(text)) return false;
  return position_->tokens_left == kNoBudget || cursor.distance() <= position_->tokens_left - 1;
}

const TokenMask& Constraint::mask() {
  if (position_->ended || position_->tokens_left == 0) {
    mask_ = {};
    return mask_;
  }
  const std::lock_guard lock(contract_->mutex_);
  const auto entry = contract_->mask(vocabulary_, position_->cursor.state());
  if (position_->tokens_left == kNoBudget) {
    entry_ = entry;
    if (entry->guarded.empty()) return entry->certain;
    mask_ = entry->certain;
  } else {
    keep_within_budget(*contract_->reach(vocabulary_, position_->cursor.state()));
  }
  TokenMaskBuilder guarded;
  for (const uint32_t rank : entry->guarded) {
    if (takes_guarded(vocabulary_->text_of_rank(rank))) guarded.add(rank, rank + 1);
  }
  mask_ = unite(mask_, guarded.finish());
  return mask_;
}

// Does a token that passes a point which only the text decides come out alive? Mostly it ends a name, and the name is new or not.
bool Constraint::takes_guarded(std::string_view text) const {
  const size_t quote = text.find('"');
  if (position_->tokens_left == kNoBudget && quote != std::string_view::npos &&
      text.find('"', quote + 1) == std::string_view::npos) {
    if (const auto is_new = position_->cursor.name_is_new(text.substr(0, quote))) return *is_new;
  }
  DocumentCursor trial = position_->cursor;
  return reads(trial, text);
}

// Of the tokens that are certain, those that leave enough tokens to finish.
void Constraint::keep_within_budget(const std::vector<CompiledSchema::Masks::Reach>& reach) {
  constexpr uint32_t kDoubt = 2;  // what the text knows better than the machine, at most (DocumentCursor::distance)
  const uint32_t left = position_->tokens_left - 1;
  TokenMaskBuilder mask;
  for (const auto& [distance, ranks] : reach) {
    if (distance + kDoubt <= left) {
      mask.add(ranks.low, ranks.high);
    } else if (distance <= left + kDoubt) {
      for (uint32_t rank = ranks.low; rank < ranks.high; ++rank) {
        DocumentCursor trial = position_->cursor;
        if (reads(trial, vocabulary_->text_of_rank(rank))) mask.add(rank, rank + 1);
      }
    }
  }
  mask_ = mask.finish();
}

bool Constraint::advance(uint32_t token) {
  if (position_->ended || token >= vocabulary_->size()) return false;
  const std::lock_guard lock(contract_->mutex_);
  Position next = *position_;
  if (token == vocabulary_->end_of_sequence()) {
    if (!position_->cursor.complete()) return false;
    next.ended = true;
  } else {
    if (vocabulary_->rank_of(token) == kNoToken || !reads(next.cursor, vocabulary_->text(token))) return false;
    if (next.tokens_left != kNoBudget) --next.tokens_left;
  }
  next.before = position_;
  position_ = std::make_shared<const Position>(std::move(next));
  return true;
}

void Constraint::rollback(size_t count) {
  for (; count > 0; --count) {
    CADRE_CHECK(position_->before != nullptr, "rollback() beyond the first token");
    position_ = position_->before;
  }
}

bool Constraint::complete() const {
  const std::lock_guard lock(contract_->mutex_);
  return position_->cursor.complete();
}

std::string Constraint::forced_text() const {
  const std::lock_guard lock(contract_->mutex_);
  std::string forced;
  DocumentCursor cursor = position_->cursor;
  while (!position_->ended && !cursor.complete() && forced.size() < kForcedSizeBytesMax) {
    int only = -1, ways = 0;
    for (int byte = 0; byte < 256 && ways < 2; ++byte) {
      const SchemaMachine::State state = contract_->machine_->next(cursor.state(), static_cast<uint8_t>(byte));
      if (contract_->machine_->dead(state)) continue;
      ++ways;
      only = byte;
    }
    const char byte = static_cast<char>(only);
    if (ways != 1 || !cursor.read(std::string_view(&byte, 1))) break;
    forced.push_back(byte);
  }
  return forced;
}

}  // namespace cadre::contract
