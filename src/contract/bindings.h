// What a request brings to a schema with x-copy, x-normal, x-enum-from or x-grounded: the texts and sets that the schema knows by name.
//
//     auto bindings = std::make_shared<Bindings>(BindingOptions{.today = CivilDate{2026, 11, 25}});
//     TRY(bindings->bind_source("input", question));
//     TRY(bindings->bind_set("cities", TRY(ValueSet::make(column.cells()))));
//     auto contract = TRY(SchemaContract::compile(schema, SchemaMode::kGenerate, bindings));   // schema: read once, shared
//     ...
//     auto spans = TRY(provenance(*schema, *bindings, document));   // where every value came from
//
// Limits: a source has at most kSourceSizeBytesMax bytes of valid UTF-8; sets see contract/value_set.h.
// Thread safety: immutable once everything is bound.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "contract/value_set.h"

namespace cadre::contract {

struct Schema;

inline constexpr size_t kSourceSizeBytesMax = 1 << 20;

struct CivilDate {
  int year = 0, month = 0, day = 0;
  friend bool operator==(const CivilDate&, const CivilDate&) = default;
};

// How 03/05/2026 is read where both readings are dates.
enum class DateOrder : uint8_t { kMonthDay, kDayMonth };

struct BindingOptions {
  // The day of the request, for "tomorrow", "Friday" and dates without a year. Without it such mentions are none.
  std::optional<CivilDate> today;
  DateOrder date_order = DateOrder::kMonthDay;
  bool decimal_comma = false;  // 1.250,5 instead of 1,250.5
  std::string calling_code;    // "49": of phone numbers that are written without one; empty: those are none
};

class Bindings {
 public:
  explicit Bindings(BindingOptions options = {}) : options_(std::move(options)) {}

  // Errors name the source or set: a name bound before, a text that is too large or no UTF-8.
  Result<void> bind_source(std::string name, std::string text);
  Result<void> bind_set(std::string name, std::shared_ptr<const ValueSet> set);

  // Null: not bound.
  const std::string* source(std::string_view name) const;
  const ValueSet* set(std::string_view name) const;
  const std::map<std::string, std::string, std::less<>>& sources() const { return sources_; }
  const BindingOptions& options() const { return options_; }

 private:
  BindingOptions options_;
  std::map<std::string, std::string, std::less<>> sources_;
  std::map<std::string, std::shared_ptr<const ValueSet>, std::less<>> sets_;
};

// Is everything bound that the schema names? Error kInvalid: the first that is missing, with the path of the keyword. `bindings` may be null.
Result<void> check_bindings(const Schema& schema, const Bindings* bindings);

}  // namespace cadre::contract
