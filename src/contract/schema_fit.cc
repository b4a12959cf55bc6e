// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "contract/number_range.h"
#include "contract/schema.h"
#include "contract/schema_validate.h"

namespace cadre::contract {
namespace {

using Nodes = std::vector<SchemaId>;  // of `from`, all of which hold; sorted

constexpr size_t kFitDepthMax = 200;
constexpr size_t kAlternativesMax = 1'000;
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

std::string type_names(uint8_t types) {
  std::string out;
  const auto add = [&](const char* name) { out += (out.empty() ? "" : " or ") + std::string(name); };
  if (types & kTypeNull) add("null");
  if (types & kTypeBoolean) add("boolean");
  if (types & kTypeNumber) {
    add("number");
  } else if (types & kTypeInteger) {
    add("integer");
  }
  if (types & kTypeString) add("string");
  if (types & kTypeArray) add("array");
  if (types & kTypeObject) add("object");
  return out.empty() ? "nothing" : out;
}

std::string pointer_token(std::string_view name) {
  std::string out = "/";
  for (const char c : name) c == '~' ? out += "~0" : c == '/' ? out += "~1" : out += c;
  return out;
}

// A count or length between two limits.
struct Range {
  uint64_t low = 0, high = kNoLimit;
};

class FitCheck {
 public:
  FitCheck(Schema from, Schema into) : from_(std::move(from)), into_(std::move(into)) {}

  SchemaFit run() { return compare({from_.root}, into_.root); }

 private:
  static SchemaFit fits() { return {}; }
  SchemaFit may(std::string message) const { return {FitKind::kMayFit, path_, std::move(message)}; }
  SchemaFit never(std::string message) const { return {FitKind::kNeverFits, path_, std::move(message)}; }
  // All of it is demanded: the worst counts.
  static void demand(SchemaFit& all, SchemaFit one) {
    if (one.kind > all.kind) all = std::move(one);
  }
  // What a part that need not be there does not satisfy is not hopeless.
  static SchemaFit unless_absent(SchemaFit one, bool is_there) {
    if (!is_there && one.kind == FitKind::kNeverFits) one.kind = FitKind::kMayFit;
    return one;
  }

  const SchemaNode& from(SchemaId id) const { return from_.nodes[id]; }
  const SchemaNode& into(SchemaId id) const { return into_.nodes[id]; }

  SchemaFit compare(Nodes nodes, SchemaId b);
  SchemaFit compare_alternatives(const Nodes& nodes, SchemaId b);
  SchemaFit compare_below(std::string_view token, const Nodes& nodes, std::optional<SchemaId> b, bool is_there);
  std::vector<Nodes> alternatives(const Nodes& nodes) const;
  bool flatten(Nodes nodes, std::vector<Nodes>& open, std::vector<Nodes>& done) const;

  // nullopt: `from` allows none of them.
  std::optional<SchemaFit> compare_values(const Nodes& nodes, const std::vector<JsonValue>& values, SchemaId b);
  SchemaFit compare_type(const Nodes& nodes, uint8_t type, SchemaId b);
  SchemaFit in_place(const Nodes& nodes, uint8_t type, const SchemaNode& b);
  SchemaFit one_of(const Nodes& nodes, uint8_t type, const std::vector<SchemaId>& branches);
  SchemaFit any_of(const Nodes& nodes, uint8_t type, const std::vector<SchemaId>& branches);
  SchemaFit number(const Nodes& nodes, uint8_t type, const SchemaNode& b) const;
  SchemaFit string(const Nodes& nodes, const SchemaNode& b) const;
  SchemaFit array(const Nodes& nodes, const SchemaNode& b);
  SchemaFit object(const Nodes& nodes, const SchemaNode& b);
  SchemaFit other_members(const Nodes& nodes, const SchemaNode& b);
  SchemaFit dependents(const Nodes& nodes, const SchemaNode& b, const std::set<std::string>& required);
  SchemaFit range(Range have, Range need, const char* what) const;

  static bool holds(Schema& schema, SchemaId id, const JsonValue& value, bool otherwise) {
    schema.root = id;
    const auto verdict = validate_document(schema, value);
    return verdict.ok() ? verdict->valid : otherwise;
  }
  bool is_never(const Nodes& nodes) const {
    return std::any_of(nodes.begin(), nodes.end(), [&](SchemaId id) { return from(id).never; });
  }
  static bool matches(const Schema& schema, const PatternSchema& pattern, const std::string& name) {
    const auto found = schema.patterns[pattern.pattern].search(name);
    return found.ok() && *found;
  }
  static Nodes for_member(const Schema& schema, const SchemaNode& node, const std::string& name);
  Nodes member(const Nodes& nodes, const std::string& name) const;
  Nodes item(const Nodes& nodes, size_t index) const;
  std::set<std::string> required(const Nodes& nodes) const;
  std::set<std::string> names(const Nodes& nodes, const SchemaNode& b) const;

  Schema from_, into_;
  std::string path_;
  std::vector<std::pair<Nodes, SchemaId>> under_way_;
  size_t steps_ = 0;
  size_t turned_ = 0;  // inside a keyword where fitting is not simply good
};

SchemaFit FitCheck::compare(Nodes nodes, SchemaId b) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  const std::pair<Nodes, SchemaId> question{nodes, b};
  if (std::find(under_way_.begin(), under_way_.end(), question) != under_way_.end())
    return turned_ == 0 ? fits() : may("a schema that contains itself is checked at run time");
  if (++steps_ > kFitStepsMax || under_way_.size() > kFitDepthMax)
    return may("too large to compare; checked at run time");
  under_way_.push_back(question);
  SchemaFit answer = compare_alternatives(nodes, b);
  under_way_.pop_back();
  return answer;
}

// `from` is what any of its alternatives allows.
SchemaFit FitCheck::compare_alternatives(const Nodes& nodes, SchemaId b) {
  size_t tried = 0, hopeless = 0;
  std::optional<SchemaFit> reason;
  const auto add = [&](SchemaFit one) {
    ++tried;
    hopeless += one.kind == FitKind::kNeverFits;
    if (!reason && one.kind != FitKind::kFits) reason = std::move(one);
  };
  for (const Nodes& way : alternatives(nodes)) {
    if (is_never(way)) continue;
    uint8_t types = kTypeAny;
    const std::vector<JsonValue>* values = nullptr;
    for (const SchemaId id : way) {
      types &= from(id).types;
      if (!from(id).value_lists.empty()) values = &from(id).value_lists.front();
    }
    if (values != nullptr) {
      if (auto one = compare_values(way, *values, b)) add(std::move(*one));
      continue;
    }
    for (const uint8_t type :
         {kTypeNull, kTypeBoolean, kTypeNumber, kTypeInteger, kTypeString, kTypeArray, kTypeObject}) {
      const bool is_part = type == kTypeInteger && (types & kTypeNumber) != 0;
      if ((types & type) != 0 && !is_part) add(compare_type(way, type, b));
    }
  }
  if (tried == 0) return never("there is no value that could fit");
  if (!reason) return fits();
  if (hopeless < tried) reason->kind = FitKind::kMayFit;
  return *reason;
}

SchemaFit FitCheck::compare_below(std::string_view token, const Nodes& nodes, std::optional<SchemaId> b,
                                  bool is_there) {
  if (!b) return fits();
  const size_t size = path_.size();
  path_ += token;
  SchemaFit answer = unless_absent(compare(nodes, *b), is_there);
  path_.resize(size);
  return answer;
}

// What allOf adds, and for anyOf and oneOf each way to choose.
std::vector<Nodes> FitCheck::alternatives(const Nodes& nodes) const {
  std::vector<Nodes> open{nodes}, done;
  while (!open.empty()) {
    Nodes next = std::move(open.back());
    open.pop_back();
    if (!flatten(std::move(next), open, done)) return {nodes};  // looser, but true
  }
  return done;
}

bool FitCheck::flatten(Nodes nodes, std::vector<Nodes>& open, std::vector<Nodes>& done) const {
  std::vector<std::vector<SchemaId>> choices;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const SchemaNode& node = from(nodes[i]);
    for (const SchemaId id : node.all_of) {
      if (std::find(nodes.begin(), nodes.end(), id) == nodes.end()) nodes.push_back(id);
    }
    for (const auto* lists : {&node.any_of, &node.one_of}) {
      for (const auto& list : *lists) {
        const bool chosen = std::any_of(list.begin(), list.end(),
                                        [&](SchemaId id) { return std::count(nodes.begin(), nodes.end(), id) > 0; });
        if (!chosen) choices.push_back(list);
      }
    }
  }
  if (choices.empty()) {
    done.push_back(std::move(nodes));
  } else {
    for (const SchemaId id : choices.front()) {
      open.push_back(nodes);
      open.back().push_back(id);
    }
  }
  return open.size() + done.size() <= kAlternativesMax;
}

// Finitely many values: each is tried.
std::optional<SchemaFit> FitCheck::compare_values(const Nodes& nodes, const std::vector<JsonValue>& values,
                                                  SchemaId b) {
  size_t good = 0, bad = 0;
  SchemaFit reason;
  for (const JsonValue& value : values) {
    if (++steps_ > kFitStepsMax) return may("too many values to compare; checked at run time");
    const bool is_value =
        std::all_of(nodes.begin(), nodes.end(), [&](SchemaId id) { return holds(from_, id, value, true); });
    if (!is_value) continue;
    into_.root = b;
    const auto verdict = validate_document(into_, value);
    if (!verdict.ok()) return may("values are checked at run time");
    ++(verdict->valid ? good : bad);
    if (!verdict->valid && bad == 1) {
      reason = may(verdict->message);
      reason.path += verdict->instance_path;
    }
  }
  if (good + bad == 0) return std::nullopt;
  if (bad == 0) return fits();
  if (good == 0) reason.kind = FitKind::kNeverFits;
  return reason;
}

SchemaFit FitCheck::compare_type(const Nodes& nodes, uint8_t type, SchemaId b) {
  if (++steps_ > kFitStepsMax) return may("too large to compare; checked at run time");
  if (type == kTypeNull || type == kTypeBoolean) {
    JsonValue first, second;
    first.kind = type == kTypeNull ? JsonKind::kNull : JsonKind::kFalse;
    second.kind = JsonKind::kTrue;
    const auto values = type == kTypeNull ? std::vector{first} : std::vector{first, second};
    return compare_values(nodes, values, b).value_or(fits());
  }
  const SchemaNode& node = into(b);
  if (node.never) return never("nothing is allowed here");
  const uint8_t bits = type == kTypeNumber ? kTypeNumber | kTypeInteger : type;
  if ((node.types & bits) == 0)
    return never(fmt::format("type {} where {} is needed", type_names(type), type_names(node.types)));
  SchemaFit all = in_place(nodes, type, node);
  for (const auto& values : node.value_lists) {
    const bool any = std::any_of(values.begin(), values.end(), [&](const JsonValue& value) {
      ++steps_;
      return std::all_of(nodes.begin(), nodes.end(), [&](SchemaId id) { return holds(from_, id, value, true); });
    });
    demand(all, any ? may("only some values are allowed") : never("none of the values allowed can come"));
  }
  if (type == kTypeInteger || type == kTypeNumber) demand(all, number(nodes, type, node));
  if (type == kTypeString) demand(all, string(nodes, node));
  if (type == kTypeArray) demand(all, array(nodes, node));
  if (type == kTypeObject) demand(all, object(nodes, node));
  return all;
}

// ---- keywords that apply schemas to the same value --------------------------------------------------------------------------

SchemaFit FitCheck::in_place(const Nodes& nodes, uint8_t type, const SchemaNode& b) {
  SchemaFit all;
  for (const SchemaId id : b.all_of) demand(all, compare_type(nodes, type, id));
  for (const auto& list : b.any_of) demand(all, any_of(nodes, type, list));
  ++turned_;
  for (const auto& list : b.one_of) demand(all, one_of(nodes, type, list));
  if (b.negated) {
    const SchemaFit inner = compare_type(nodes, type, *b.negated);
    if (inner.kind == FitKind::kFits) demand(all, never("what comes is excluded by \"not\""));
    if (inner.kind == FitKind::kMayFit) demand(all, may("\"not\" is checked at run time"));
  }
  if (b.if_schema) {
    const FitKind condition = compare_type(nodes, type, *b.if_schema).kind;
    const auto branch = [&](std::optional<SchemaId> id) { return id ? compare_type(nodes, type, *id) : fits(); };
    const SchemaFit then = branch(b.then_schema), otherwise = branch(b.else_schema);
    if (condition == FitKind::kFits) demand(all, then);
    if (condition == FitKind::kNeverFits) demand(all, otherwise);
    if (condition == FitKind::kMayFit && then.kind == otherwise.kind) demand(all, then);
    if (condition == FitKind::kMayFit && then.kind != otherwise.kind)
      demand(all, may("depends on \"if\", which is checked at run time"));
  }
  --turned_;
  return all;
}

SchemaFit FitCheck::any_of(const Nodes& nodes, uint8_t type, const std::vector<SchemaId>& branches) {
  std::optional<SchemaFit> first_open, first_never;
  for (const SchemaId id : branches) {
    SchemaFit one = compare_type(nodes, type, id);
    if (one.kind == FitKind::kFits) return one;
    auto& first = one.kind == FitKind::kMayFit ? first_open : first_never;
    if (!first || one.path.size() > first->path.size())
      first = std::move(one);  // the branch that came furthest says most
  }
  if (first_open) return *first_open;
  return first_never ? *first_never : never("there is nothing to choose from");
}

SchemaFit FitCheck::one_of(const Nodes& nodes, uint8_t type, const std::vector<SchemaId>& branches) {
  size_t good = 0, open = 0;
  SchemaFit reason = never("there is nothing to choose from");
  for (const SchemaId id : branches) {
    const SchemaFit one = compare_type(nodes, type, id);
    good += one.kind == FitKind::kFits;
    open += one.kind == FitKind::kMayFit;
    if (one.kind == FitKind::kNeverFits && one.path.size() >= reason.path.size()) reason = one;
  }
  if (good > 1) return never("more than one branch of \"oneOf\" always holds");
  if (open > 0) return may("which branch of \"oneOf\" holds is checked at run time");
  return good == 1 ? fits() : reason;
}

// ---- numbers and strings ----------------------------------------------------------------------------------------------------

SchemaFit FitCheck::number(const Nodes& nodes, uint8_t type, const SchemaNode& b) const {
  NumberRange have, need;
  need.add(b);
  bool is_plain = false;
  std::vector<Decimal> steps;
  if (type == kTypeInteger) steps.push_back(Decimal::from_int(1));
  for (const SchemaId id : nodes) {
    have.add(from(id));
    is_plain |= type == kTypeInteger && from(id).plain_integers && (from(id).types & kTypeNumber) == 0;
    if (from(id).multiple_of) steps.push_back(*from(id).multiple_of);
  }
  SchemaFit all;
  const auto is_stepped = [&](const Decimal& step) {
    return std::any_of(steps.begin(), steps.end(), [&](const Decimal& own) { return own.is_multiple_of(step); });
  };
  const bool needs_integer = (b.types & kTypeNumber) == 0;
  if (needs_integer && !is_stepped(Decimal::from_int(1))) demand(all, may("type number where integer is needed"));
  if (needs_integer && b.plain_integers && !is_plain) demand(all, may("1.0 is no integer there"));
  if (b.multiple_of && !is_stepped(*b.multiple_of))
    demand(all, may(fmt::format("a multiple of {} is needed", b.multiple_of->text())));
  if (!have.starts_within(need)) {
    const std::string text =
        fmt::format("a number {}{} is needed", need.low->is_open ? "above " : "of at least ", need.low->value.text());
    demand(all, need.is_above(have) ? never(text) : may(text));
  }
  if (!have.ends_within(need)) {
    const std::string text =
        fmt::format("a number {}{} is needed", need.high->is_open ? "below " : "of at most ", need.high->value.text());
    demand(all, have.is_above(need) ? never(text) : may(text));
  }
  if (b.normal || !b.enum_from.empty() || b.grounded) demand(all, may("where it comes from is checked at run time"));
  return all;
}

SchemaFit FitCheck::range(Range have, Range need, const char* what) const {
  if (have.low > need.high || have.high < need.low) {
    const bool many = have.low > need.high;
    return never(fmt::format("{} {} {} needed", many ? "at most" : "at least", many ? need.high : need.low, what));
  }
  if (have.low < need.low) return may(fmt::format("at least {} {} needed", need.low, what));
  if (have.high > need.high) return may(fmt::format("at most {} {} needed", need.high, what));
  return fits();
}

SchemaFit FitCheck::string(const Nodes& nodes, const SchemaNode& b) const {
  Range have;
  std::set<std::string> patterns;
  for (const SchemaId id : nodes) {
    have.low = std::max(have.low, from(id).min_length.value_or(0));
    have.high = std::min(have.high, from(id).max_length.value_or(kNoLimit));
    for (const uint32_t pattern : from(id).patterns) patterns.insert(from_.patterns[pattern].pattern());
  }
  SchemaFit all = range(have, {b.min_length.value_or(0), b.max_length.value_or(kNoLimit)}, "characters are");
  for (const uint32_t pattern : b.patterns) {
    if (patterns.count(into_.patterns[pattern].pattern()) == 0)
      demand(all, may(fmt::format("a text that matches {} is needed", into_.patterns[pattern].pattern())));
  }
  if (b.copy || b.normal || !b.enum_from.empty() || b.grounded || b.asserts_regex)
    demand(all, may("where it comes from is checked at run time"));
  return all;
}

// ---- arrays -----------------------------------------------------------------------------------------------------------------

Nodes FitCheck::item(const Nodes& nodes, size_t index) const {
  Nodes out;
  for (const SchemaId id : nodes) {
    const SchemaNode& node = from(id);
    if (index < node.prefix_items.size()) {
      out.push_back(node.prefix_items[index]);
    } else if (node.items) {
      out.push_back(*node.items);
    }
  }
  return out;
}

SchemaFit FitCheck::array(const Nodes& nodes, const SchemaNode& b) {
  Range have;
  size_t prefix = b.prefix_items.size();
  bool unique = false;
  for (const SchemaId id : nodes) {
    have.low = std::max(have.low, from(id).min_items.value_or(0));
    have.high = std::min(have.high, from(id).max_items.value_or(kNoLimit));
    prefix = std::max(prefix, from(id).prefix_items.size());
    unique |= from(id).unique_items;
  }
  for (size_t i = 0; i <= prefix; ++i) {
    if (is_never(item(nodes, i))) have.high = std::min<uint64_t>(have.high, i);
  }
  SchemaFit all = range(have, {b.min_items.value_or(0), b.max_items.value_or(kNoLimit)}, "items are");
  const uint64_t there = std::max(have.low, b.min_items.value_or(0));
  for (size_t i = 0; i <= prefix && i < have.high; ++i) {
    std::optional<SchemaId> need = b.items;
    if (i < b.prefix_items.size()) need = b.prefix_items[i];
    demand(all, compare_below(i == prefix ? "/*" : fmt::format("/{}", i), item(nodes, i), need, i < there));
  }
  if (b.unique_items && !unique && have.high > 1) demand(all, may("items must differ from each other"));
  if (b.contains) demand(all, may("\"contains\" is checked at run time"));
  if (b.unevaluated_items) demand(all, may("\"unevaluatedItems\" is checked at run time"));
  return all;
}

// ---- objects ----------------------------------------------------------------------------------------------------------------

// The schemas that a node applies to the member of that name.
Nodes FitCheck::for_member(const Schema& schema, const SchemaNode& node, const std::string& name) {
  Nodes out;
  for (const auto& [known, id] : node.properties) {
    if (known == name) out.push_back(id);
  }
  for (const PatternSchema& pattern : node.pattern_properties) {
    if (matches(schema, pattern, name)) out.push_back(pattern.schema);
  }
  if (out.empty() && node.additional_properties) out.push_back(*node.additional_properties);
  return out;
}

Nodes FitCheck::member(const Nodes& nodes, const std::string& name) const {
  Nodes out;
  for (const SchemaId id : nodes) {
    const Nodes own = for_member(from_, from(id), name);
    out.insert(out.end(), own.begin(), own.end());
  }
  return out;
}

std::set<std::string> FitCheck::required(const Nodes& nodes) const {
  std::set<std::string> out;
  for (const SchemaId id : nodes) out.insert(from(id).required.begin(), from(id).required.end());
  return out;
}

// All names that either side mentions.
std::set<std::string> FitCheck::names(const Nodes& nodes, const SchemaNode& b) const {
  std::set<std::string> out = required(nodes);
  for (const SchemaId id : nodes) {
    for (const auto& [name, schema] : from(id).properties) out.insert(name);
  }
  for (const auto& [name, schema] : b.properties) out.insert(name);
  out.insert(b.required.begin(), b.required.end());
  return out;
}

SchemaFit FitCheck::object(const Nodes& nodes, const SchemaNode& b) {
  SchemaFit all;
  const std::set<std::string> sure = required(nodes);
  bool is_closed = false;
  Range have{sure.size(), kNoLimit};
  for (const SchemaId id : nodes) {
    const SchemaNode& node = from(id);
    is_closed |=
        node.additional_properties && from(*node.additional_properties).never && node.pattern_properties.empty();
    have.low = std::max(have.low, node.min_properties.value_or(0));
    have.high = std::min(have.high, node.max_properties.value_or(kNoLimit));
  }
  uint64_t possible = 0;
  for (const std::string& name : names(nodes, b)) {
    const bool needed = std::find(b.required.begin(), b.required.end(), name) != b.required.end();
    const Nodes own = member(nodes, name);
    const bool promised = sure.count(name) > 0;
    if (is_never(own)) {
      if (needed) demand(all, never(fmt::format("field \"{}\" is missing", name)));
      continue;
    }
    ++possible;
    if (needed && !promised) demand(all, may(fmt::format("field \"{}\" may be missing", name)));
    for (const SchemaId need : for_member(into_, b, name)) {
      if (into(need).never) {
        const std::string text = fmt::format("field \"{}\" is not allowed", name);
        demand(all, promised ? never(text) : may(text));
      } else {
        demand(all, compare_below(pointer_token(name), own, need, promised || needed));
      }
    }
    if (b.property_names) {
      JsonValue text;
      text.kind = JsonKind::kString;
      text.text = name;
      if (!holds(into_, *b.property_names, text, false))
        demand(all, may(fmt::format("a field must not be called \"{}\"", name)));
    }
  }
  if (is_closed) {
    have.high = std::min(have.high, possible);
  } else {
    demand(all, other_members(nodes, b));
  }
  demand(all, range(have, {b.min_properties.value_or(0), b.max_properties.value_or(kNoLimit)}, "fields are"));
  demand(all, dependents(nodes, b, sure));
  if (b.unevaluated_properties) demand(all, may("\"unevaluatedProperties\" is checked at run time"));
  return all;
}

// Members of names that neither side mentions. None need be there, so nothing here is hopeless.
SchemaFit FitCheck::other_members(const Nodes& nodes, const SchemaNode& b) {
  SchemaFit all;
  if (b.property_names) demand(all, may("\"propertyNames\" is checked at run time"));
  if (b.pattern_properties.empty() && !b.additional_properties) return all;
  // A node of `from` with patterns applies one of several schemas to a name; each of them must do. The other nodes are left out then.
  std::vector<Nodes> ways;
  Nodes everywhere;
  for (const SchemaId id : nodes) {
    const SchemaNode& node = from(id);
    if (node.pattern_properties.empty()) {
      if (node.additional_properties) everywhere.push_back(*node.additional_properties);
      continue;
    }
    if (!ways.empty()) continue;
    for (const PatternSchema& pattern : node.pattern_properties) ways.push_back({pattern.schema});
    ways.push_back(node.additional_properties ? Nodes{*node.additional_properties} : Nodes{});
  }
  if (ways.empty()) ways.push_back({});
  for (Nodes& way : ways) {
    way.insert(way.end(), everywhere.begin(), everywhere.end());
    if (is_never(way)) continue;
    for (const PatternSchema& pattern : b.pattern_properties)
      demand(all, compare_below("/*", way, pattern.schema, false));
    if (b.additional_properties && into(*b.additional_properties).never) {
      demand(all, may("fields that are not named are not allowed"));
    } else {
      demand(all, compare_below("/*", way, b.additional_properties, false));
    }
  }
  return all;
}

SchemaFit FitCheck::dependents(const Nodes& nodes, const SchemaNode& b, const std::set<std::string>& required) {
  SchemaFit all;
  for (const auto& [name, others] : b.dependent_required) {
    if (is_never(member(nodes, name))) continue;
    for (const std::string& other : others) {
      if (required.count(other) > 0) continue;
      const bool hopeless = required.count(name) > 0 && is_never(member(nodes, other));
      const std::string text = fmt::format("field \"{}\" is needed beside \"{}\"", other, name);
      demand(all, hopeless ? never(text) : may(text));
    }
  }
  for (const auto& [name, schema] : b.dependent_schemas) {
    if (!is_never(member(nodes, name)))
      demand(all, unless_absent(compare_type(nodes, kTypeObject, schema), required.count(name) > 0));
  }
  return all;
}

}  // namespace

const char* fit_kind_name(FitKind kind) {
  return kind == FitKind::kFits ? "fits" : kind == FitKind::kMayFit ? "may fit" : "never fits";
}

Result<SchemaFit> fit(const base::Json& from, const base::Json& into) {
  auto read = [](const base::Json& json, const char* which) -> Result<Schema> {
    auto schema = read_schema(base::dump_json(json));
    if (!schema.ok()) return std::move(schema).error().with_context(which);
    return schema;
  };
  Schema first = TRY(read(from, "the schema of what comes"));
  Schema second = TRY(read(into, "the schema of what is needed"));
  return FitCheck(std::move(first), std::move(second)).run();
}

}  // namespace cadre::contract
