#include "contract/constraint.h"

#include <algorithm>

#include "base/check.h"

namespace cadre::contract {

namespace {

// The machine without the tokens whose fate only the text decides; remembers whether there were any.
struct CertainMachine {
  using State = SchemaMachine::State;
  SchemaMachine& machine;
  bool guards = false;

  State next(State state, uint8_t byte) {
    const State result = machine.next(state, byte);
    if (!result.guarded) return result;
    guards = true;
    return {};
  }
  bool dead(State state) const { return machine.dead(state); }
  Idle idle(State state) { return machine.idle(state); }
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

void add_rank(TokenMask& mask, uint32_t rank) {
  auto& intervals = mask.intervals;
  auto after = std::upper_bound(intervals.begin(), intervals.end(), rank,
                                [](uint32_t value, const RankInterval& interval) { return value < interval.low; });
  ++mask.count;
  if (after != intervals.begin() && std::prev(after)->high == rank) {
    auto before = std::prev(after);
    ++before->high;
    if (after != intervals.end() && after->low == before->high) {
      before->high = after->high;
      intervals.erase(after);
    }
  } else if (after != intervals.end() && after->low == rank + 1) {
    --after->low;
  } else {
    intervals.insert(after, {rank, rank + 1});
  }
}

}  // namespace

Result<std::shared_ptr<CompiledSchema>> CompiledSchema::compile(std::string_view json, SchemaMode mode, const SchemaOptions& options) {
  std::shared_ptr<CompiledSchema> result(new CompiledSchema());
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

size_t CompiledSchema::size() {
  const std::lock_guard lock(mutex_);
  return machine_->size();
}

std::shared_ptr<const CompiledSchema::Masks::Entry> CompiledSchema::mask(const std::shared_ptr<const Vocabulary>& vocabulary,
                                                                         SchemaMachine::State state) {
  auto masks = std::find_if(masks_.begin(), masks_.end(), [&](const Masks& entry) { return entry.vocabulary == vocabulary; });
  if (masks == masks_.end()) {
    masks_.push_back(Masks{vocabulary, {}, 0});
    masks = std::prev(masks_.end());
  }
  const uint64_t key = static_cast<uint64_t>(state.place) << 32 | state.stack;
  if (const auto found = masks->entries.find(key); found != masks->entries.end()) return found->second;
  auto entry = std::make_shared<Masks::Entry>();
  state.guarded = false;
  CertainMachine certain{*machine_};
  entry->certain = token_mask(*vocabulary, certain, state);
  if (certain.guards) entry->guarded = ranks_beside(token_mask(*vocabulary, *machine_, state), entry->certain);
  if (masks->size_bytes > kMaskCacheSizeBytesMax) {
    masks->entries.clear();
    masks->size_bytes = 0;
  }
  masks->size_bytes += 128 + entry->certain.intervals.size() * sizeof(RankInterval) + entry->guarded.size() * sizeof(uint32_t);
  masks->entries.emplace(key, entry);
  return entry;
}

Constraint::Constraint(std::shared_ptr<CompiledSchema> contract, std::shared_ptr<const Vocabulary> vocabulary)
    : contract_(std::move(contract)), vocabulary_(std::move(vocabulary)) {
  position_ = std::make_shared<const Position>(Position{DocumentCursor(*contract_->machine_), false, nullptr});
}

const TokenMask& Constraint::mask() {
  mask_ = {};
  if (position_->ended) return mask_;
  const std::lock_guard lock(contract_->mutex_);
  const auto entry = contract_->mask(vocabulary_, position_->cursor.state());
  mask_ = entry->certain;
  for (const uint32_t rank : entry->guarded) {
    DocumentCursor trial = position_->cursor;
    if (trial.read(vocabulary_->text(vocabulary_->id_of(rank)))) add_rank(mask_, rank);
  }
  return mask_;
}

bool Constraint::advance(uint32_t token) {
  if (position_->ended || token >= vocabulary_->size()) return false;
  const std::lock_guard lock(contract_->mutex_);
  Position next = *position_;
  if (token == vocabulary_->end_of_sequence()) {
    if (!position_->cursor.complete()) return false;
    next.ended = true;
  } else if (vocabulary_->rank_of(token) == kNoToken || !next.cursor.read(vocabulary_->text(token))) {
    return false;
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

}  // namespace cadre::contract
