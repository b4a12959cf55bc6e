// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_tokens.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace cadre::contract {
namespace {

constexpr uint32_t kStackDepthMax = 100;
constexpr uint32_t kColumnsUnknown = 1U << 16;

bool repeats_a_binding(const SqlScope& scope) {
  for (size_t i = 0; i < scope.bindings.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (scope.bindings[i].name != kNoName && scope.bindings[i].name == scope.bindings[j].name) return true;
    }
  }
  return false;
}

}  // namespace

SqlTokens::SqlTokens(const SqlSchema& schema, SqlGrammarOptions options)
    : options_(std::move(options)),
      program_(options_.mode == SqlMode::kGenerate ? sql_generate_program() : sql_accept_program()),
      scopes_(schema) {
  const auto show = [&](const std::string& name) {
    const uint32_t id = scopes_.name_id(name);
    if (display_.size() <= id) display_.resize(id + 1);
    if (display_[id].empty()) display_[id] = name;
  };
  for (const SqlTable& table : schema.tables) {
    show(table.name);
    for (const SqlColumn& column : table.columns) show(column.name);
  }
  find_least();
  stacks_.push_back({});
  states_.emplace_back();  // 0: dead
  states_[0].menu = std::make_unique<SqlMenu>();
  SqlScope outermost;
  outermost.depth = 0;
  start_ = settle({{program_.start, 0, scopes_.intern(outermost)}});
}

size_t SqlTokens::size_bytes() const {
  return scopes_.size() * 400 + states_.size() * 200 + menu_bytes_ + (settled_.size() + identifiers_.size()) * 80;
}

// Follows everything that reads nothing; what is left waits before a token.
uint32_t SqlTokens::settle(const std::vector<Thread>& seeds) {
  std::string key;
  for (const Thread& seed : seeds) key.append(reinterpret_cast<const char*>(&seed), sizeof seed);
  const auto known = settled_.find(key);
  if (known != settled_.end()) return known->second;
  std::vector<Thread> open = seeds, waiting;
  std::set<Thread> seen(seeds.begin(), seeds.end());
  const auto visit = [&](const Thread& thread) {
    if (seen.insert(thread).second) open.push_back(thread);
  };
  while (!open.empty()) {
    Thread thread = open.back();
    open.pop_back();
    const SqlInstruction& instruction = program_.code[thread.at];
    switch (instruction.op) {
      case SqlOp::kJump:
        visit({instruction.x, thread.stack, thread.scope});
        break;
      case SqlOp::kSplit:
        visit({instruction.x, thread.stack, thread.scope});
        visit({instruction.y, thread.stack, thread.scope});
        break;
      case SqlOp::kCall: {
        const uint32_t depth = stacks_[thread.stack].depth + 1;
        if (depth > kStackDepthMax) break;
        const uint64_t node = uint64_t{thread.at + 1} << 32 | thread.stack;
        const auto [slot, fresh] = stack_ids_.emplace(node, static_cast<uint32_t>(stacks_.size()));
        if (fresh) stacks_.push_back({thread.at + 1, thread.stack, depth});
        visit({instruction.x, slot->second, thread.scope});
        break;
      }
      case SqlOp::kReturn:
        visit({stacks_[thread.stack].back, stacks_[thread.stack].below, thread.scope});
        break;
      case SqlOp::kAct:
        if (act(instruction, thread)) visit({thread.at + 1, thread.stack, thread.scope});
        break;
      default:
        waiting.push_back(thread);
    }
  }
  std::sort(waiting.begin(), waiting.end());
  uint32_t id = 0;
  if (!waiting.empty()) {
    std::string content(reinterpret_cast<const char*>(waiting.data()), waiting.size() * sizeof(Thread));
    const auto [slot, fresh] = state_ids_.emplace(std::move(content), static_cast<uint32_t>(states_.size()));
    if (fresh) {
      states_.emplace_back();
      states_.back().threads = std::move(waiting);
    }
    id = slot->second;
  }
  settled_.emplace(std::move(key), id);
  return id;
}

bool SqlTokens::act(const SqlInstruction& instruction, Thread& thread) {
  SqlScope scope = scopes_[thread.scope];
  uint32_t id = thread.scope;
  if (!act_on(static_cast<SqlAct>(instruction.argument), instruction.x, scope, id)) return false;
  thread.scope = id == thread.scope ? scopes_.intern(scope) : id;
  return true;
}

// Changes `scope`, the record of scope `id`; or, where another scope takes its place, `id`.
bool SqlTokens::act_on(SqlAct act, uint32_t x, SqlScope& scope, uint32_t& id) {
  switch (act) {
    case SqlAct::kEnterQuery: {
      if (scope.depth >= kSqlAcceptDepthMax) return false;
      SqlScope inner;
      inner.parent = id;
      inner.need = x;
      inner.depth = scope.depth + 1;
      id = scopes_.intern(inner);
      return true;
    }
    case SqlAct::kLeaveQuery:
      id = scope.parent;
      return true;
    case SqlAct::kLeaveDerived:
      leave_derived(scope);
      id = scopes_.intern(scope);
      return true;
    case SqlAct::kNextCore: {
      SqlScope next;
      next.parent = scope.parent;
      next.depth = scope.depth;
      next.need = scope.columns >= kColumnsUnknown ? 0 : scope.columns;
      next.compound = generates() ? scope.compound + 1 : 1;
      scope = next;
      return true;
    }
    case SqlAct::kItem:
      ++scope.columns;
      if (!generates()) scope.item_names.push_back(kNoName);
      scope.join_column = 1;
      return true;
    case SqlAct::kItemName:
      if (scope.join_column > 1 && !scope.item_names.empty()) scope.item_names.back() = scope.join_column - 2;
      scope.join_column = 0;
      return true;
    case SqlAct::kStar:
      ++scope.stars;
      return true;
    case SqlAct::kQualifiedStar:
      scope.owed.push_back({scope.qualifier, kNoName});
      scope.qualifier = kNoName;
      scope.columns = kColumnsUnknown;
      return true;
    case SqlAct::kEnterFrom:
      scope.bound = kInFrom;
      scope.join_column = 0;
      return true;
    case SqlAct::kLeaveFrom:
      return leave_from(scope);
    case SqlAct::kMerged:
      scope.merged = 1;
      return true;
    case SqlAct::kAggregatesOff:
      scope.aggregates = 0;
      scope.join_column = 0;
      return true;
    case SqlAct::kAggregatesOn:
      scope.aggregates = 1;
      scope.join_column = 0;
      return true;
    case SqlAct::kAggregatesInOrder:
      scope.aggregates = (scope.grouped | scope.has_aggregate) & ~scope.compound;
      return true;
    case SqlAct::kGrouped:
      scope.grouped = 1;
      return true;
    case SqlAct::kForgetOperand:
      scope.type = scope.value_table = scope.value_column = scope.join_column = 0;
      return true;
    case SqlAct::kTypeNumber:
      scope.type = static_cast<uint32_t>(SqlType::kNumber);
      return true;
    default:
      return guard(act, scope);
  }
}

bool SqlTokens::leave_from(SqlScope& scope) const {
  if (!generates()) {
    if (repeats_a_binding(scope)) return false;
    if (!scopes_.covers_owed(scope) || (scope.stars != 0 && scope.bindings.empty())) return false;
    if (scope.columns < kColumnsUnknown) scope.columns += scope.stars * scopes_.star_columns(scope);
    if (scope.merged != 0 && scope.stars != 0) scope.columns = kColumnsUnknown;
    if (scope.need != 0 && scope.columns < kColumnsUnknown && scope.columns != scope.need) return false;
  }
  scope.bound = kFromDone;
  scope.owed.clear();
  scope.qualifier = kNoName;
  scope.aggregates = 0;
  return true;
}

void SqlTokens::leave_derived(SqlScope& scope) {
  std::vector<uint32_t> names = scope.item_names;
  for (const auto& binding : scope.bindings) {
    if (scope.stars == 0 && scope.columns < kColumnsUnknown) break;
    const auto& columns = scopes_.columns_of(binding.table);
    names.insert(names.end(), columns.begin(), columns.end());
  }
  scope = scopes_[scope.parent];
  scope.bindings.push_back({kNoName, scopes_.add_derived(generates() ? std::vector<uint32_t>{} : std::move(names))});
}

bool SqlTokens::guard(SqlAct act, SqlScope& scope) const {
  switch (act) {
    case SqlAct::kAggregate:
      if (scope.aggregates == 0) return false;
      scope.has_aggregate = 1;
      return true;
    case SqlAct::kMoreItems:
      return scope.columns < (scope.need != 0 ? scope.need : kSqlItemsMax);
    case SqlAct::kEnoughItems:
      return scope.need == 0 || scope.columns == scope.need;
    case SqlAct::kStarFits:
      return scope.need == 0;
    case SqlAct::kNothingOwed:
      return scope.owed.empty() && scope.style == SqlScope::kUndecided;
    case SqlAct::kDepthLeft:
      return scope.depth < kSqlDepthMax;
    case SqlAct::kTablesDone:
      return scope.bindings.size() >= scope.aliases;
    case SqlAct::kMoreTables:
      return scope.bindings.size() < kSqlAliasesMax && (scope.bindings.size() < scope.aliases || another_table(scope));
    case SqlAct::kOnlyGrouped:
      return scope.grouped != 0;
    case SqlAct::kIfText:
      return scope.type != static_cast<uint32_t>(SqlType::kNumber) && text_possible(scope);
    case SqlAct::kIfLiteral:
      return scope.type != static_cast<uint32_t>(SqlType::kText) || text_possible(scope);
    case SqlAct::kIfLiteralOrDepth:
      return scope.depth < kSqlDepthMax || guard(SqlAct::kIfLiteral, scope);
    case SqlAct::kTerm:
      return ++scope.terms <= kSqlTermsMax;
    case SqlAct::kCompoundLeft:
      return scope.compound < kSqlCompoundMax && scope.stars == 0;
    case SqlAct::kHasColumns:
      return !scope.bindings.empty() && (scope.bindings[0].table & kDerivedTable) == 0;
    default:
      CADRE_CHECK(false, "every action is known");
  }
}

bool SqlTokens::text_possible(const SqlScope& scope) const {
  if (options_.any_text || !options_.spans.empty()) return true;
  return scope.value_table != 0 &&
         !scopes_.schema().tables[scope.value_table - 1].columns[scope.value_column - 1].values.empty();
}

bool SqlTokens::another_table(const SqlScope& scope) const {
  for (uint32_t table = 0; table < scopes_.schema().tables.size(); ++table) {
    for (const auto& binding : scope.bindings) {
      if (scopes_.joinable(binding.table, table)) return true;
    }
  }
  return false;
}

const SqlMenu& SqlTokens::menu(uint32_t state) {
  if (!states_[state].menu) {
    auto made = std::make_unique<SqlMenu>();
    const State copy{states_[state].threads, nullptr};  // building adds states
    build_menu(copy, *made);
    for (const auto& choice : made->choices) menu_bytes_ += sizeof(choice) + choice.text.size();
    states_[state].menu = std::move(made);
  }
  return *states_[state].menu;
}

// The least fixed point over the program, in which a call costs what it calls.
void SqlTokens::find_least() {
  constexpr uint32_t kFar = 1U << 24;
  least_.assign(program_.code.size() + 1, kFar);
  const auto cost = [&](const SqlInstruction& one, size_t at) -> uint32_t {
    switch (one.op) {
      case SqlOp::kEnd:
      case SqlOp::kReturn:
        return 0;
      case SqlOp::kJump:
        return least_[one.x];
      case SqlOp::kSplit:
        return std::min(least_[one.x], least_[one.y]);
      case SqlOp::kCall:
        return least_[one.x] + least_[at + 1];
      case SqlOp::kAct:
        return least_[at + 1];
      default: {
        const uint32_t size = one.op == SqlOp::kText ? static_cast<uint32_t>(one.text.size()) : 1;
        return (one.space ? 1 : 0) + size + least_[at + 1];
      }
    }
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t at = program_.code.size(); at-- > 0;) {
      const uint32_t found = cost(program_.code[at], at);
      if (found >= least_[at]) continue;
      least_[at] = found;
      changed = true;
    }
  }
}

uint32_t SqlTokens::bytes_at_least(uint32_t state) {
  if (state == 0) return UINT32_MAX;
  uint32_t& known = states_[state].bytes_at_least;
  if (known != 0) return known;
  uint32_t best = UINT32_MAX;
  for (const Thread& thread : states_[state].threads) {
    uint32_t bytes = least_[thread.at];
    for (uint32_t stack = thread.stack; stack != 0; stack = stacks_[stack].below) bytes += least_[stacks_[stack].back];
    best = std::min(best, bytes);
  }
  return known = best;
}

void SqlTokens::build_menu(const State& state, SqlMenu& menu) {
  Offers offers;
  std::vector<std::pair<SqlMenu::Open, Thread>> open;
  for (const Thread& thread : state.threads) {
    if (program_.code[thread.at].op == SqlOp::kEnd) menu.end = true;
    offer(thread, offers, open);
  }
  std::sort(offers.begin(), offers.end());
  for (size_t i = 0; i < offers.size();) {
    std::vector<Thread> seeds;
    const size_t first = i;
    for (; i < offers.size() && offers[i].first == offers[first].first; ++i) {
      if (seeds.empty() || seeds.back() != offers[i].second) seeds.push_back(offers[i].second);
    }
    const uint32_t next = settle(seeds);
    if (next != 0) menu.choices.push_back({std::move(offers[first].first), next});
  }
  for (auto& [token, thread] : open) {
    if (token.kind != SqlTokenClass::kIdentifier) {
      std::vector<Thread> seeds;
      bool first = true;  // one entry per class; threads that read the same class go on together
      for (const auto& [other, other_thread] : open) {
        if (other.kind != token.kind || other.space != token.space) continue;
        if (seeds.empty()) first = &other == &token;
        seeds.push_back(other_thread);
      }
      if (!first) continue;
      std::sort(seeds.begin(), seeds.end());
      seeds.erase(std::unique(seeds.begin(), seeds.end()), seeds.end());
      token.next = settle(seeds);
      if (token.next == 0) continue;
    } else if (std::any_of(menu.open.begin(), menu.open.end(),
                           [](const SqlMenu::Open& o) { return o.kind == SqlTokenClass::kIdentifier; })) {
      continue;
    }
    menu.open.push_back(token);
  }
}

SqlTokens::Thread SqlTokens::behind(const Thread& thread, const SqlScope& scope) {
  return {thread.at + 1, thread.stack, scopes_.intern(scope)};
}

uint32_t SqlTokens::after_identifier(uint32_t state, std::string_view text) {
  std::string key(reinterpret_cast<const char*>(&state), sizeof state);
  key += text;
  const auto known = identifiers_.find(key);
  if (known != identifiers_.end()) return known->second;
  const uint32_t name = is_sql_keyword(sql_folded(text)) ? kNoName : scopes_.name_id(text);
  std::vector<Thread> seeds;
  const std::vector<Thread> threads = states_[state].threads;
  for (const Thread& thread : threads) {
    if (name == kNoName) break;
    SqlScope next = scopes_[thread.scope];
    switch (program_.code[thread.at].op) {
      case SqlOp::kQualifier:
        if (next.bound == kFromDone) continue;
        next.qualifier = name;
        break;
      case SqlOp::kColumn:
      case SqlOp::kQualified:
        if (next.bound != kNoFrom) continue;
        owe(next, name);
        break;
      case SqlOp::kTableAlias:
        next.bindings.back().name = name;
        break;
      case SqlOp::kItemAlias: {
        auto& aliases = next.aliases_of_items;
        const auto at = std::lower_bound(aliases.begin(), aliases.end(), name);
        if (at == aliases.end() || *at != name) aliases.insert(at, name);
        if (!next.item_names.empty()) next.item_names.back() = name;
        break;
      }
      default:
        continue;
    }
    seeds.push_back(behind(thread, next));
  }
  const uint32_t id = seeds.empty() ? 0 : settle(seeds);
  identifiers_.emplace(std::move(key), id);
  return id;
}

}  // namespace cadre::contract
