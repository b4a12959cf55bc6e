// What is known about the names of one SELECT while its text is being written: columns that are owed to a FROM that
// has not come yet, tables bound by FROM, result columns, aliases. Scopes are immutable and interned: equal scopes
// have equal ids.
//
// Two disciplines share the record. *accept*: names are looked up as SQLite does, innermost SELECT first. *generate*:
// either one table with bare columns, or tables T1..Tn joined along declared pairs with every column qualified;
// `feasible` tells whether some FROM can still cover all that is owed, so that no name is offered that could not be
// bound.
// Thread safety: one SqlScopes belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contract/sql_schema.h"

namespace cadre::contract {

inline constexpr uint32_t kNoName = 0;
inline constexpr uint32_t kDerivedTable = 0x80000000;  // a binding's table: this bit and the number of a list of names

// SqlScope::bound. Inside FROM, accept mode lets ON speak of tables further right: those are owed, too.
inline constexpr uint32_t kNoFrom = 0, kInFrom = 1, kFromDone = 2;

struct SqlScope {
  enum Style : uint32_t { kUndecided, kBare, kAliased };
  struct Owed {
    uint32_t qualifier = kNoName;  // a name (accept) or 1..n for T1..Tn (generate)
    uint32_t column = kNoName;
    friend auto operator<=>(const Owed&, const Owed&) = default;
  };
  struct Binding {
    uint32_t name = kNoName;  // alias, or the table's own
    uint32_t table = 0;
    friend bool operator==(const Binding&, const Binding&) = default;
  };
  uint32_t parent = 0;                        // scope of the SELECT around this one; 0: none
  uint32_t bound = 0;                         // 0: names are owed; 1: inside FROM; 2: behind it, names are looked up
  uint32_t columns = 0, need = 0, stars = 0;  // result columns so far, how many there must be (0: any), '*' among them
  uint32_t aggregates = 1;                    // an aggregate may stand here
  uint32_t has_aggregate = 0, grouped = 0, merged = 0 /* USING or NATURAL */, compound = 0;
  uint32_t depth = 0, terms = 0, tables = 0;
  uint32_t style = kUndecided, aliases = 0;  // generate: T1..T<aliases> are spoken of
  uint32_t type = 0;                         // SqlType of the operand on the left
  uint32_t qualifier = kNoName;              // just read, its column is to come
  uint32_t join_column = 0;
  uint32_t value_table = 0, value_column = 0;  // the column on the left, plus one; 0: none
  std::vector<Owed> owed;                      // sorted
  std::vector<Binding> bindings;
  std::vector<uint32_t> aliases_of_items;  // names given to result columns
  std::vector<uint32_t> item_names;        // of all result columns; kNoName: has none
};

class SqlScopes {
 public:
  explicit SqlScopes(const SqlSchema& schema);

  const SqlScope& operator[](uint32_t id) const { return *scopes_[id]; }
  uint32_t intern(const SqlScope& scope);

  uint32_t name_id(std::string_view text);  // folds
  const std::string& name(uint32_t id) const { return names_[id]; }
  const SqlSchema& schema() const { return schema_; }
  uint32_t table_name(uint32_t table) const { return table_names_[table]; }
  uint32_t column_name(uint32_t table, uint32_t column) const { return column_names_[table][column]; }
  const std::vector<uint32_t>& columns_of(uint32_t table) const;  // name ids; derived tables too
  uint32_t add_derived(std::vector<uint32_t> names);
  const std::vector<uint32_t>& all_columns() const { return all_columns_; }  // distinct names
  std::optional<uint32_t> column_of(uint32_t table, uint32_t name) const;    // position in columns_of

  // accept
  bool resolves(const SqlScope& scope, uint32_t column) const;
  const SqlScope::Binding* find_qualifier(const SqlScope& scope, uint32_t qualifier) const;
  bool covers_owed(const SqlScope& scope) const;
  uint32_t star_columns(const SqlScope& scope) const;

  // generate
  bool feasible(const SqlScope& scope);
  bool joinable(uint32_t left, uint32_t right) const { return joinable_[left * schema_.tables.size() + right] != 0; }
  // Column pairs (left's, right's) along which two tables may be joined.
  std::vector<std::pair<uint32_t, uint32_t>> pairs(uint32_t left, uint32_t right) const;
  size_t size() const { return scopes_.size(); }

 private:
  bool owed_fit(const SqlScope& scope, uint32_t alias, uint32_t table) const;
  bool extend(const SqlScope& scope, std::vector<uint32_t>& tables, uint32_t wanted, size_t& steps_left) const;

  const SqlSchema schema_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, uint32_t> name_ids_;
  std::vector<uint32_t> table_names_;
  std::vector<std::vector<uint32_t>> column_names_;
  std::vector<std::vector<uint32_t>> derived_;
  std::vector<uint32_t> all_columns_;
  std::vector<char> joinable_;
  std::vector<std::unique_ptr<SqlScope>> scopes_;
  std::unordered_map<std::string, uint32_t> scope_ids_;
  std::unordered_map<std::string, bool> feasible_;
};

}  // namespace cadre::contract
