// The texts that may come next: one function per kind of name or literal.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "contract/sql_tokens.h"

namespace cadre::contract {

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

}  // namespace cadre::contract
