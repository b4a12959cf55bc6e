// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_scope.h"

#include <algorithm>
#include <set>

namespace cadre::contract {
namespace {

void append(std::string& key, uint32_t value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Everything that a scope is, as bytes.
std::string key_of(const SqlScope& scope) {
  std::string key;
  for (const uint32_t value : {scope.parent,
                               scope.bound,
                               scope.columns,
                               scope.need,
                               scope.stars,
                               scope.aggregates,
                               scope.has_aggregate,
                               scope.grouped,
                               scope.merged,
                               scope.compound,
                               scope.depth,
                               scope.terms,
                               scope.tables,
                               scope.style,
                               scope.aliases,
                               scope.type,
                               scope.qualifier,
                               scope.join_column,
                               scope.value_table,
                               scope.value_column,
                               static_cast<uint32_t>(scope.owed.size()),
                               static_cast<uint32_t>(scope.bindings.size()),
                               static_cast<uint32_t>(scope.aliases_of_items.size())}) {
    append(key, value);
  }
  for (const auto& owed : scope.owed) {
    append(key, owed.qualifier);
    append(key, owed.column);
  }
  for (const auto& binding : scope.bindings) {
    append(key, binding.name);
    append(key, binding.table);
  }
  for (const uint32_t name : scope.aliases_of_items) append(key, name);
  for (const uint32_t name : scope.item_names) append(key, name);
  return key;
}

}  // namespace

SqlScopes::SqlScopes(const SqlSchema& schema) : schema_(schema) {
  names_.emplace_back();  // kNoName
  std::set<uint32_t> distinct;
  for (const SqlTable& table : schema_.tables) {
    table_names_.push_back(name_id(table.name));
    std::vector<uint32_t> columns;
    for (const SqlColumn& column : table.columns) columns.push_back(name_id(column.name));
    distinct.insert(columns.begin(), columns.end());
    column_names_.push_back(std::move(columns));
  }
  all_columns_.assign(distinct.begin(), distinct.end());
  const size_t count = schema_.tables.size();
  joinable_.assign(count * count, 0);
  for (const SqlJoin& join : schema_.joins) {
    joinable_[join.left_table * count + join.right_table] = 1;
    joinable_[join.right_table * count + join.left_table] = 1;
  }
  scopes_.push_back(std::make_unique<SqlScope>());  // 0: none
}

uint32_t SqlScopes::intern(const SqlScope& scope) {
  const auto [slot, fresh] = scope_ids_.emplace(key_of(scope), static_cast<uint32_t>(scopes_.size()));
  if (fresh) scopes_.push_back(std::make_unique<SqlScope>(scope));
  return slot->second;
}

uint32_t SqlScopes::name_id(std::string_view text) {
  const auto [slot, fresh] = name_ids_.emplace(sql_folded(text), static_cast<uint32_t>(names_.size()));
  if (fresh) names_.push_back(slot->first);
  return slot->second;
}

const std::vector<uint32_t>& SqlScopes::columns_of(uint32_t table) const {
  return (table & kDerivedTable) != 0 ? derived_[table & ~kDerivedTable] : column_names_[table];
}

uint32_t SqlScopes::add_derived(std::vector<uint32_t> names) {
  const auto found = std::find(derived_.begin(), derived_.end(), names);
  const auto id = static_cast<uint32_t>(found - derived_.begin());
  if (found == derived_.end()) derived_.push_back(std::move(names));
  return kDerivedTable | id;
}

std::optional<uint32_t> SqlScopes::column_of(uint32_t table, uint32_t name) const {
  const auto& columns = columns_of(table);
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) return std::nullopt;
  return static_cast<uint32_t>(found - columns.begin());
}

// Innermost first; in one SELECT a name may come from one table only, unless USING or NATURAL has merged columns.
bool SqlScopes::resolves(const SqlScope& scope, uint32_t column) const {
  size_t found = 0;
  for (const auto& binding : scope.bindings) found += column_of(binding.table, column) ? 1 : 0;
  if (found > 0) return found == 1 || scope.merged != 0;
  const auto& aliases = scope.aliases_of_items;
  if (std::find(aliases.begin(), aliases.end(), column) != aliases.end()) return true;
  return scope.parent != 0 && resolves(*scopes_[scope.parent], column);
}

const SqlScope::Binding* SqlScopes::find_qualifier(const SqlScope& scope, uint32_t qualifier) const {
  for (const auto& binding : scope.bindings) {
    if (binding.name == qualifier) return &binding;
  }
  return scope.parent != 0 ? find_qualifier(*scopes_[scope.parent], qualifier) : nullptr;
}

bool SqlScopes::covers_owed(const SqlScope& scope) const {
  return std::all_of(scope.owed.begin(), scope.owed.end(), [&](const SqlScope::Owed& owed) {
    if (owed.qualifier == kNoName) return resolves(scope, owed.column);
    const SqlScope::Binding* binding = find_qualifier(scope, owed.qualifier);
    return binding != nullptr && (owed.column == kNoName || column_of(binding->table, owed.column));
  });
}

uint32_t SqlScopes::star_columns(const SqlScope& scope) const {
  uint32_t count = 0;
  for (const auto& binding : scope.bindings) count += static_cast<uint32_t>(columns_of(binding.table).size());
  return count;
}

bool SqlScopes::owed_fit(const SqlScope& scope, uint32_t alias, uint32_t table) const {
  return std::all_of(scope.owed.begin(), scope.owed.end(), [&](const SqlScope::Owed& owed) {
    return owed.qualifier != alias || column_of(table, owed.column).has_value();
  });
}

// Tables for T<n+1>.. such that each joins one before it. Gives up (as infeasible) after many steps.
bool SqlScopes::extend(const SqlScope& scope, std::vector<uint32_t>& tables, uint32_t wanted,
                       size_t& steps_left) const {
  if (tables.size() >= wanted) return true;
  for (uint32_t table = 0; table < schema_.tables.size(); ++table) {
    if (steps_left == 0) return false;
    --steps_left;
    const bool joins = tables.empty() || std::any_of(tables.begin(), tables.end(),
                                                     [&](uint32_t other) { return joinable(other, table); });
    if (!joins || !owed_fit(scope, static_cast<uint32_t>(tables.size()) + 1, table)) continue;
    tables.push_back(table);
    if (extend(scope, tables, wanted, steps_left)) return true;
    tables.pop_back();
  }
  return false;
}

bool SqlScopes::feasible(const SqlScope& scope) {
  constexpr size_t kStepsMax = 200'000;
  std::string key;
  append(key, scope.style);
  append(key, std::max(scope.aliases, 1u));
  append(key, static_cast<uint32_t>(scope.bindings.size()));
  for (const auto& binding : scope.bindings) append(key, binding.table);
  for (const auto& owed : scope.owed) {
    append(key, owed.qualifier);
    append(key, owed.column);
  }
  const auto [slot, fresh] = feasible_.emplace(std::move(key), false);
  if (!fresh) return slot->second;
  std::vector<uint32_t> tables;
  for (size_t i = 0; i < scope.bindings.size(); ++i) {
    tables.push_back(scope.bindings[i].table);
    const uint32_t alias = scope.style == SqlScope::kAliased ? static_cast<uint32_t>(i) + 1 : kNoName;
    if (!owed_fit(scope, alias, tables.back())) return false;
  }
  if (scope.style != SqlScope::kAliased) {
    for (uint32_t table = 0; table < schema_.tables.size() && tables.empty() && !slot->second; ++table) {
      slot->second = owed_fit(scope, kNoName, table);
    }
    slot->second = slot->second || !tables.empty();
    return slot->second;
  }
  size_t steps_left = kStepsMax;
  slot->second = extend(scope, tables, std::max(scope.aliases, 1u), steps_left);
  return slot->second;
}

std::vector<std::pair<uint32_t, uint32_t>> SqlScopes::pairs(uint32_t left, uint32_t right) const {
  std::vector<std::pair<uint32_t, uint32_t>> out;
  for (const SqlJoin& join : schema_.joins) {
    if (join.left_table == left && join.right_table == right) out.emplace_back(join.left_column, join.right_column);
    if (join.left_table == right && join.right_table == left) out.emplace_back(join.right_column, join.left_column);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace cadre::contract
