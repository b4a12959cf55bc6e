// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_tokens.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace cadre::contract {
namespace {

constexpr uint32_t kStackDepthMax = 100;
constexpr uint32_t kColumnsUnknown = 1U << 16;
// SqlScope::bound. Inside FROM, accept mode lets ON speak of tables further right: those are owed, too.
constexpr uint32_t kNoFrom = 0, kInFrom = 1, kFromDone = 2;

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

void SqlTokens::offer(const Thread& thread, Offers& offers, std::vector<std::pair<SqlMenu::Open, Thread>>& open) {
  const SqlInstruction& instruction = program_.code[thread.at];
  const SqlScope& scope = scopes_[thread.scope];
  const Thread plain{thread.at + 1, thread.stack, thread.scope};
  const bool space = instruction.space;
  const auto offer_open = [&](SqlTokenClass kind) { open.push_back({{kind, space, 0}, plain}); };
  switch (instruction.op) {
    case SqlOp::kText:
      offers.emplace_back((space && generates() ? " " : "") + instruction.text, plain);
      return;
    case SqlOp::kTable:
      return offer_table(thread, instruction, offers);
    case SqlOp::kColumn:  // a sub-query in a FROM to come may give its columns any name
      if (!generates() && scope.bound == kNoFrom) offer_open(SqlTokenClass::kIdentifier);
      return offer_column(thread, instruction, offers);
    case SqlOp::kQualifier:
      if (!generates() && scope.bound != kFromDone) offer_open(SqlTokenClass::kIdentifier);
      if (!generates() && scope.bound == kNoFrom) return;
      return offer_qualifier(thread, instruction, offers);
    case SqlOp::kQualified:
      if (!generates() && scope.bound == kNoFrom) offer_open(SqlTokenClass::kIdentifier);
      return offer_qualified(thread, instruction, offers);
    case SqlOp::kJoinLeft:
    case SqlOp::kJoinLeftColumn:
    case SqlOp::kJoinRight:
    case SqlOp::kJoinRightColumn:
      return offer_join(thread, instruction, offers);
    case SqlOp::kTableAlias: {
      if (!generates()) return offer_open(SqlTokenClass::kIdentifier);
      SqlScope next = scope;
      next.bindings.back().name = static_cast<uint32_t>(next.bindings.size());
      offers.emplace_back(" AS T" + std::to_string(next.bindings.size()), behind(thread, next));
      return;
    }
    case SqlOp::kItemAlias:
      return offer_open(SqlTokenClass::kIdentifier);
    case SqlOp::kNumber:
      if (!generates() || scope.type != static_cast<uint32_t>(SqlType::kText)) offer_open(SqlTokenClass::kNumber);
      return;
    case SqlOp::kInteger:
      return offer_open(SqlTokenClass::kInteger);
    case SqlOp::kString:
      if (!generates()) return offer_open(SqlTokenClass::kString);
      if (scope.type == static_cast<uint32_t>(SqlType::kNumber)) return;
      if (options_.any_text) return offer_open(SqlTokenClass::kString);
      return offer_values(thread, instruction, offers);
    default:
      return;
  }
}

// In accept mode a name may be bare or quoted in any of SQLite's ways; case does not matter.
void SqlTokens::offer_name(std::string_view display, bool space, const Thread& next, Offers& offers) const {
  if (generates()) {
    offers.emplace_back((space ? " " : "") + sql_name(display), next);
    return;
  }
  const std::string folded = sql_folded(display);
  const bool is_word = !folded.empty() && !(folded[0] >= '0' && folded[0] <= '9') &&
                       std::all_of(folded.begin(), folded.end(), [](char byte) {
                         return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
                                static_cast<uint8_t>(byte) >= 0x80;
                       });
  if (is_word) offers.emplace_back(folded, next);
  for (const auto& [open, close] : {std::pair('"', '"'), std::pair('`', '`'), std::pair('[', ']')}) {
    std::string quoted(1, open);
    for (const char byte : folded) {
      if (byte == close) quoted += byte;
      quoted += byte;
    }
    offers.emplace_back(quoted + close, next);
  }
}

void SqlTokens::offer_table(const Thread& thread, const SqlInstruction& instruction, Offers& offers) {
  const SqlScope scope = scopes_[thread.scope];
  const bool aliased = instruction.argument == 1;
  if (generates() && scope.style == (aliased ? SqlScope::kBare : SqlScope::kAliased)) return;
  for (uint32_t table = 0; table < scopes_.schema().tables.size(); ++table) {
    SqlScope next = scope;
    next.bindings.push_back({scopes_.table_name(table), table});
    if (generates()) {
      const auto joins = [&](const SqlScope::Binding& other) { return scopes_.joinable(other.table, table); };
      if (!scope.bindings.empty() && std::none_of(scope.bindings.begin(), scope.bindings.end(), joins)) continue;
      next.style = aliased ? SqlScope::kAliased : SqlScope::kBare;
      if (aliased) next.aliases = std::max(next.aliases, static_cast<uint32_t>(next.bindings.size()));
      if (!scopes_.feasible(next)) continue;
    }
    offer_name(scopes_.schema().tables[table].name, instruction.space, behind(thread, next), offers);
  }
}

void SqlTokens::set_operand(SqlScope& scope, uint32_t table, uint32_t column) const {
  if (!generates()) return;
  scope.type = static_cast<uint32_t>(scopes_.schema().tables[table].columns[column].type);
  if (options_.any_text) return;
  scope.value_table = table + 1;
  scope.value_column = column + 1;
}

std::vector<uint32_t> SqlTokens::names_in_sight(const SqlScope& scope) const {
  std::set<uint32_t> names(scopes_.all_columns().begin(), scopes_.all_columns().end());
  for (const SqlScope* at = &scope;; at = &scopes_[at->parent]) {
    for (const auto& binding : at->bindings) {
      const auto& columns = scopes_.columns_of(binding.table);
      names.insert(columns.begin(), columns.end());
    }
    names.insert(at->aliases_of_items.begin(), at->aliases_of_items.end());
    if (at->parent == 0) break;
  }
  names.erase(kNoName);
  return {names.begin(), names.end()};
}

void SqlTokens::offer_owed_column(const Thread& thread, bool space, Offers& offers) {
  const SqlScope scope = scopes_[thread.scope];
  const std::vector<uint32_t> names = generates() ? scopes_.all_columns() : names_in_sight(scope);
  for (const uint32_t name : names) {
    SqlScope next = scope;
    owe(next, name);
    if (generates() && !scopes_.feasible(next)) continue;
    offer_name(name < display_.size() ? display_[name] : scopes_.name(name), space, behind(thread, next), offers);
  }
}

// The column `name` of the qualifier just read, if any, is owed by the FROM to come.
void SqlTokens::owe(SqlScope& scope, uint32_t name) const {
  const SqlScope::Owed owed{scope.qualifier, name};
  const auto at = std::lower_bound(scope.owed.begin(), scope.owed.end(), owed);
  if (at == scope.owed.end() || *at != owed) scope.owed.insert(at, owed);
  if (generates()) scope.style = scope.qualifier == kNoName ? SqlScope::kBare : SqlScope::kAliased;
  scope.join_column = !generates() && scope.join_column == 1 ? name + 2 : 0;
  scope.qualifier = kNoName;
}

void SqlTokens::offer_column(const Thread& thread, const SqlInstruction& instruction, Offers& offers) {
  const SqlScope scope = scopes_[thread.scope];
  if (generates() && scope.style == SqlScope::kAliased) return;
  if (scope.bound == kNoFrom) return offer_owed_column(thread, instruction.space, offers);
  if (!generates()) {
    const Thread next{thread.at + 1, thread.stack, thread.scope};
    for (const uint32_t name : names_in_sight(scope)) {
      if (!scopes_.resolves(scope, name)) continue;
      offer_name(scopes_.name(name), false, next, offers);
    }
    return;
  }
  const uint32_t table = scope.bindings[0].table;
  const auto& columns = scopes_.schema().tables[table].columns;
  for (uint32_t column = 0; column < columns.size(); ++column) {
    SqlScope next = scope;
    set_operand(next, table, column);
    offer_name(columns[column].name, instruction.space, behind(thread, next), offers);
  }
}

void SqlTokens::offer_qualifier(const Thread& thread, const SqlInstruction& instruction, Offers& offers) {
  const SqlScope scope = scopes_[thread.scope];
  SqlScope next = scope;
  if (!generates()) {
    std::set<uint32_t> names;
    for (const SqlScope* at = &scope;; at = &scopes_[at->parent]) {
      for (const auto& binding : at->bindings) names.insert(binding.name);
      if (at->parent == 0) break;
    }
    names.erase(kNoName);
    for (const uint32_t name : names) {
      next.qualifier = name;
      offer_name(scopes_.name(name), false, behind(thread, next), offers);
    }
    return;
  }
  if (scope.style == SqlScope::kBare) return;
  const auto count = scope.bound != kNoFrom ? static_cast<uint32_t>(scope.bindings.size()) : kSqlAliasesMax;
  for (uint32_t alias = 1; alias <= count; ++alias) {
    next = scope;
    next.qualifier = alias;
    if (scope.bound == kNoFrom) {
      next.style = SqlScope::kAliased;
      next.aliases = std::max(scope.aliases, alias);
      if (!scopes_.feasible(next)) continue;
    }
    offers.emplace_back((instruction.space ? " T" : "T") + std::to_string(alias), behind(thread, next));
  }
}

void SqlTokens::offer_qualified(const Thread& thread, const SqlInstruction& instruction, Offers& offers) {
  const SqlScope scope = scopes_[thread.scope];
  if (scope.bound == kNoFrom) return offer_owed_column(thread, instruction.space, offers);
  SqlScope next = scope;
  next.qualifier = kNoName;
  if (!generates()) {
    const SqlScope::Binding* binding = scopes_.find_qualifier(scope, scope.qualifier);
    if (binding == nullptr) {
      if (scope.bound == kInFrom) offer_owed_column(thread, instruction.space, offers);
      return;
    }
    const Thread after = behind(thread, next);
    for (const uint32_t name : scopes_.columns_of(binding->table)) {
      if (name != kNoName) offer_name(scopes_.name(name), false, after, offers);
    }
    return;
  }
  const uint32_t table = scope.bindings[scope.qualifier - 1].table;
  const auto& columns = scopes_.schema().tables[table].columns;
  for (uint32_t column = 0; column < columns.size(); ++column) {
    set_operand(next, table, column);
    offer_name(columns[column].name, instruction.space, behind(thread, next), offers);
  }
}

// ON Tj.x = Tn.y for the table Tn just bound: j, x and y along declared pairs.
void SqlTokens::offer_join(const Thread& thread, const SqlInstruction& instruction, Offers& offers) {
  const SqlScope scope = scopes_[thread.scope];
  const auto count = static_cast<uint32_t>(scope.bindings.size());
  const uint32_t right = scope.bindings.back().table;
  SqlScope next = scope;
  if (instruction.op == SqlOp::kJoinRight) {
    offers.emplace_back(" T" + std::to_string(count), behind(thread, next));
    return;
  }
  if (instruction.op == SqlOp::kJoinLeft) {
    for (uint32_t i = 0; i + 1 < count; ++i) {
      if (!scopes_.joinable(scope.bindings[i].table, right)) continue;
      next.qualifier = i + 1;
      offers.emplace_back(" T" + std::to_string(i + 1), behind(thread, next));
    }
    return;
  }
  const uint32_t left = scope.bindings[scope.qualifier - 1].table;
  const auto& tables = scopes_.schema().tables;
  for (const auto& [left_column, right_column] : scopes_.pairs(left, right)) {
    next = scope;
    if (instruction.op == SqlOp::kJoinLeftColumn) {
      next.join_column = left_column + 1;
      offer_name(tables[left].columns[left_column].name, false, behind(thread, next), offers);
    } else if (scope.join_column == left_column + 1) {
      next.join_column = 0;
      next.qualifier = kNoName;
      offer_name(tables[right].columns[right_column].name, false, behind(thread, next), offers);
    }
  }
}

void SqlTokens::offer_values(const Thread& thread, const SqlInstruction& instruction, Offers& offers) {
  const SqlScope& scope = scopes_[thread.scope];
  const Thread next{thread.at + 1, thread.stack, thread.scope};
  const auto offer_value = [&](const std::string& value) {
    std::string text = instruction.space ? " '" : "'";
    if (instruction.argument == 1) text += '%';
    for (const char byte : value) {
      if (byte == '\'') text += '\'';
      text += byte;
    }
    if (instruction.argument == 1) text += '%';
    offers.emplace_back(text + '\'', next);
  };
  if (scope.value_table != 0) {
    const auto& column = scopes_.schema().tables[scope.value_table - 1].columns[scope.value_column - 1];
    for (const std::string& value : column.values) offer_value(value);
  }
  for (const std::string& span : options_.spans) offer_value(span);
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
