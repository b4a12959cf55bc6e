#include "contract/schema_programs.h"

#include <algorithm>

#include "base/check.h"

namespace cadre::contract {

namespace {

constexpr uint32_t kUnknown = UINT32_MAX - 1;
constexpr int kGuardDepthMax = 64;           // in-place nesting below an unevaluated* keyword
constexpr size_t kNonemptyStepsMax = 500;    // of a search for a reachable end of a text; unknown counts as reachable

uint64_t pair_key(uint32_t a, uint32_t b) {
  return static_cast<uint64_t>(a) << 32 | b;
}

bool is_seen(const std::vector<uint64_t>& seen, uint32_t name) {
  return (seen[name / 64] >> (name % 64) & 1) != 0;
}

}  // namespace

uint64_t hash_of(const Step& step) {
  uint64_t hash = mix_hash(step.frame, step.location * 2ull + step.must_differ);
  for (const Decision& decision : step.decisions) {
    const uint64_t flags = decision.settled | decision.unevaluated << 1 | decision.contains << 2;
    hash = hash_range(mix_hash(mix_hash(hash, decision.variable), flags), decision.goals);
    for (const auto& [guard, goal] : decision.covers) hash = mix_hash(hash, pair_key(guard, goal));
  }
  return hash;
}

Result<SchemaPrograms> SchemaPrograms::make(const Schema& schema, SchemaMode mode) {
  SchemaPrograms result(TRY(SchemaFormulas::make(schema)), mode);
  result.root_ = result.location({schema.root}, result.table().variable(kGoalVariable));
  return result;
}

// ---- locations and programs -------------------------------------------------------------------------------------------------

uint32_t SchemaPrograms::location(std::vector<SchemaId> goals, Formula requirement) {
  const auto [id, is_new] = locations_.insert(Location{std::move(goals), requirement});
  if (is_new) {
    std::array<uint32_t, kValueTypes> unknown;
    unknown.fill(kUnknown);
    location_programs_.push_back(unknown);
    viable_.push_back(-1);
  }
  return id;
}

uint32_t SchemaPrograms::program(uint32_t location_id, ValueType type) {
  const size_t slot = static_cast<size_t>(type);
  if (location_programs_[location_id][slot] != kUnknown) return location_programs_[location_id][slot];
  const Location& location = locations_[location_id];
  std::vector<Formula> goal_formulas;
  goal_formulas.reserve(location.goals.size());
  for (const SchemaId goal : location.goals) goal_formulas.push_back(formulas_.of(goal, type));
  const Formula requirement =
      table().substitute(location.requirement, [&](uint32_t variable) { return goal_formulas[variable & ~kGoalVariable]; });
  uint32_t id = kNone;
  if (requirement != FormulaTable::kFalse) {
    // A goal that the requirement implies needs no watching of its own: where it fails, the value is refused anyway.
    for (uint32_t i = 0; i < goal_formulas.size(); ++i) {
      if (is_implied(location, i)) goal_formulas[i] = FormulaTable::kTrue;
    }
    goal_formulas.insert(goal_formulas.begin(), requirement);
    id = programs_.id(Program{type, std::move(goal_formulas)});
    while (details_.size() < programs_.size()) details_.emplace_back();
  }
  location_programs_[location_id][slot] = id;
  return id;
}

bool SchemaPrograms::viable(uint32_t location_id) {
  if (viable_[location_id] >= 0) return viable_[location_id] == 1;
  bool viable = false;
  if (locations_[location_id].requirement != FormulaTable::kFalse) {
    for (size_t type = kValueTypes; type-- > 0 && !viable;) viable = program(location_id, static_cast<ValueType>(type)) != kNone;
  }
  viable_[location_id] = viable;
  return viable;
}

// Can the requirement hold only if the goal does?
bool SchemaPrograms::is_implied(const Location& location, uint32_t goal) {
  const Formula formula = table().variable(kGoalVariable | goal);
  const FormulaTable::Node& node = table().node(location.requirement);
  return location.requirement == formula ||
         (node.kind == FormulaTable::Kind::kAll && std::find(node.parts.begin(), node.parts.end(), formula) != node.parts.end());
}

bool SchemaPrograms::is_settled(uint32_t location_id) {
  const Location& location = locations_[location_id];
  for (uint32_t goal = 0; goal < location.goals.size(); ++goal) {
    if (!is_implied(location, goal)) return false;
  }
  return true;
}

bool SchemaPrograms::is_free(uint32_t location, ValueType type) {
  const uint32_t id = program(location, type);
  return id != kNone && is_plain(id);
}

// ---- scalars ----------------------------------------------------------------------------------------------------------------

std::optional<Verdict> SchemaPrograms::final_verdict(const std::vector<Formula>& formulas, size_t goals,
                                                     const std::function<Formula(uint32_t)>& value_of) {
  if (table().substitute(formulas[0], value_of) != FormulaTable::kTrue) return std::nullopt;
  Verdict verdict{std::vector<bool>(goals)};
  for (size_t i = 0; i < goals; ++i) verdict.goals[i] = table().substitute(formulas[i + 1], value_of) == FormulaTable::kTrue;
  return verdict;
}

bool SchemaPrograms::is_plain(uint32_t program_id) const {
  const Program& program = programs_[program_id];
  return std::all_of(program.formulas.begin(), program.formulas.end(), [](Formula f) { return f <= FormulaTable::kTrue; });
}

uint32_t SchemaPrograms::plain_verdict(uint32_t program_id) {
  const Program& program = programs_[program_id];
  auto verdict = final_verdict(program.formulas, program.formulas.size() - 1, [](uint32_t) { return FormulaTable::kFalse; });
  return verdict ? verdicts_.id(std::move(*verdict)) : kNone;
}

uint32_t SchemaPrograms::number_verdict(uint32_t program_id, std::string_view text) {
  const Program& program = programs_[program_id];
  const Result<Decimal> parsed = Decimal::parse(text);
  if (!parsed.ok()) return kNone;
  const Decimal& value = *parsed;
  const auto holds = [&](uint32_t variable) {
    const Atom& atom = formulas_.atom(variable);
    const auto order = [&] { return value.compare(formulas_.decimal(atom.a)); };
    switch (atom.kind) {
      case AtomKind::kInteger:
        return value.is_integer();
      case AtomKind::kPlainInteger:
        return text.find_first_of(".eE") == std::string_view::npos;
      case AtomKind::kMinimum:
        return order() >= 0;
      case AtomKind::kExclusiveMinimum:
        return order() > 0;
      case AtomKind::kMaximum:
        return order() <= 0;
      case AtomKind::kExclusiveMaximum:
        return order() < 0;
      case AtomKind::kMultipleOf:
        return value.is_multiple_of(formulas_.decimal(atom.a));
      case AtomKind::kEqualNumber:
        return order() == 0;
      default:
        return false;
    }
  };
  auto verdict = final_verdict(program.formulas, program.formulas.size() - 1,
                               [&](uint32_t variable) { return table().constant(holds(variable)); });
  return verdict ? verdicts_.id(std::move(*verdict)) : kNone;
}

bool SchemaPrograms::text_alive(const TextState& text) {
  if (text.languages[0] == LanguageTable::kNothing) return false;
  if (text.languages[0] == LanguageTable::kEverything) return true;
  return formulas_.languages().nonempty(text.languages[0], kNonemptyStepsMax).value_or(true);
}

uint32_t SchemaPrograms::text_start(uint32_t program_id) {
  TextState text;
  const std::vector<Formula>& formulas = programs_[program_id].formulas;
  for (const Formula formula : formulas) text.languages.push_back(formulas_.language_of(formula));
  text.only_counts = formulas_.is_length(text.languages[0]) && !has_open_goals(program_id);
  const uint32_t regex = formulas_.regex_text_variable();
  for (const Formula formula : formulas) {
    const auto& variables = table().variables(formula);
    if (!std::binary_search(variables.begin(), variables.end(), regex)) continue;
    const Formula otherwise = table().substitute(
        formulas[0], [&](uint32_t variable) { return variable == regex ? FormulaTable::kFalse : table().variable(variable); });
    if (otherwise != FormulaTable::kFalse) {
      problem_ = "format \"regex\" below anyOf, oneOf, not or if cannot be asserted; read the schema without asserting formats";
      return kNone;
    }
    text.raw = raw_texts_.id(RawText{});
  }
  return text_alive(text) ? texts_.id(std::move(text)) : kNone;
}

uint32_t SchemaPrograms::text_next(uint32_t text_id, uint8_t byte) {
  TextState next = texts_[text_id];
  for (Language& language : next.languages) language = formulas_.languages().derivative(language, byte);
  if (next.raw != kNone) next.raw = raw_texts_.id(RawText{next.raw, byte});
  if (next == texts_[text_id]) return text_id;
  return text_alive(next) ? texts_.id(std::move(next)) : kNone;
}

FreeText SchemaPrograms::free_text(uint32_t text_id) {
  const TextState& text = texts_[text_id];
  if (text.raw != kNone) return {};
  FreeText free = formulas_.languages().free_text(text.languages[0]);
  const bool fixed = std::all_of(text.languages.begin() + 1, text.languages.end(), [](Language language) {
    return language == LanguageTable::kEverything || language == LanguageTable::kNothing;
  });
  free.stays &= fixed;
  // What is generated must have a way to its end that was found, for the verdicts as well.
  if (mode_ == SchemaMode::kGenerate && !free.stays && !text.only_counts) return {};
  return free;
}

bool SchemaPrograms::is_regex(const TextState& text) const {
  std::string raw;
  for (uint32_t at = text.raw; raw_texts_[at].before != kNone; at = raw_texts_[at].before) raw.push_back(static_cast<char>(raw_texts_[at].byte));
  std::reverse(raw.begin(), raw.end());
  // Back-references make no regular language, but they are legal in a regular expression.
  const Result<Regex> regex = Regex::parse(raw);
  return regex.ok() || regex.error().code != ErrorCode::kInvalid;
}

uint32_t SchemaPrograms::text_verdict(uint32_t text_id) {
  const TextState& text = texts_[text_id];
  if (!formulas_.languages().nullable(text.languages[0]) || (text.raw != kNone && !is_regex(text))) return kNone;
  Verdict verdict;
  for (size_t i = 1; i < text.languages.size(); ++i) verdict.goals.push_back(formulas_.languages().nullable(text.languages[i]));
  return verdicts_.id(std::move(verdict));
}

// ---- what an object's or array's program is about ---------------------------------------------------------------------------

SchemaPrograms::Details& SchemaPrograms::details(uint32_t program_id) {
  Details& details = details_[program_id];
  if (details.ready) return details;
  details.ready = true;
  const Program& program = programs_[program_id];
  details.start = program.formulas;
  find_atoms(details, program.type);
  if (program.type == ValueType::kObject) sort_names(details);
  return details;
}

// Collects the atoms of the formulas; an unevaluated* atom adds guards, which are formulas with atoms of their own.
void SchemaPrograms::find_atoms(Details& details, ValueType type) {
  std::vector<uint32_t> known;
  for (size_t i = 0; i < details.start.size(); ++i) {
    const std::vector<uint32_t> variables = table().variables(details.start[i]);
    for (const uint32_t variable : variables) {
      if (std::find(known.begin(), known.end(), variable) != known.end()) continue;
      known.push_back(variable);
      const Atom atom = formulas_.atom(variable);
      const SchemaId node = static_cast<SchemaId>(atom.a);
      switch (atom.kind) {
        case AtomKind::kMembers:
          details.members.push_back({variable, node, {}});
          break;
        case AtomKind::kHas:
          details.names.push_back(formulas_.name(atom.a));
          break;
        case AtomKind::kNames:
          details.name_atoms.emplace_back(variable, static_cast<Language>(atom.a));
          break;
        case AtomKind::kItems:
          details.items.emplace_back(variable, node);
          details.count_max = std::max(details.count_max, static_cast<uint32_t>(formulas_.node(node).prefix_items.size()));
          break;
        case AtomKind::kContains:
          details.contains.emplace_back(variable, node);
          break;
        case AtomKind::kUnique:
          details.unique = variable;
          details.count_max = std::max(details.count_max, 2u);  // the first item has nothing to be compared with
          break;
        case AtomKind::kMinItems:
        case AtomKind::kMaxItems:
        case AtomKind::kMinMembers:
        case AtomKind::kMaxMembers: {
          const bool is_max = atom.kind == AtomKind::kMaxItems || atom.kind == AtomKind::kMaxMembers;
          details.counts.push_back({variable, atom.a, is_max});
          const uint64_t matters = std::min<uint64_t>(atom.a + is_max, UINT32_MAX);
          details.count_max = std::max(details.count_max, static_cast<uint32_t>(matters));
          break;
        }
        case AtomKind::kUnevaluatedMembers:
        case AtomKind::kUnevaluatedItems: {
          Unevaluated unevaluated{variable, node, {}};
          find_guards(details, node, {}, unevaluated, type, 0);
          details.unevaluated.push_back(std::move(unevaluated));
          break;
        }
        default:
          break;
      }
    }
  }
}

// Every schema applied in place below `node` may evaluate members or items; it counts if all on the way to it hold.
void SchemaPrograms::find_guards(Details& details, SchemaId id, const std::vector<Formula>& path, Unevaluated& unevaluated,
                                 ValueType type, int depth) {
  if (depth > kGuardDepthMax) return;
  const SchemaNode& node = formulas_.node(id);
  const Formula guard = table().all(path);
  if (guard == FormulaTable::kFalse) return;
  const bool covers =
      type == ValueType::kObject
          ? !node.properties.empty() || !node.pattern_properties.empty() || node.additional_properties || (depth > 0 && node.unevaluated_properties)
          : !node.prefix_items.empty() || node.items || (node.contains && node.contains_evaluates) || (depth > 0 && node.unevaluated_items);
  if (covers) {
    unevaluated.covering.emplace_back(static_cast<uint32_t>(details.start.size()), id);
    details.start.push_back(guard);
    if (type == ValueType::kArray) {
      details.count_max = std::max(details.count_max, static_cast<uint32_t>(node.prefix_items.size()));
    }
  }
  const auto descend = [&](SchemaId child, std::vector<Formula> conditions) {
    conditions.insert(conditions.end(), path.begin(), path.end());
    conditions.push_back(formulas_.of(child, type));
    find_guards(details, child, conditions, unevaluated, type, depth + 1);
  };
  for (const SchemaId child : node.all_of) descend(child, {});
  for (const auto& branches : node.any_of) {
    for (const SchemaId child : branches) descend(child, {});
  }
  for (const auto& branches : node.one_of) {
    for (const SchemaId child : branches) descend(child, {});
  }
  if (node.if_schema) {
    const Formula condition = formulas_.of(*node.if_schema, type);
    descend(*node.if_schema, {});
    if (node.then_schema) descend(*node.then_schema, {condition});
    if (node.else_schema) descend(*node.else_schema, {table().negate(condition)});
  }
  if (type != ValueType::kObject) return;
  for (const auto& [name, child] : node.dependent_schemas) descend(child, {table().variable(formulas_.has_variable(name))});
}

void SchemaPrograms::sort_names(Details& details) {
  std::vector<SchemaId> readers;  // nodes whose names and patterns matter
  for (const Member& member : details.members) readers.push_back(member.node);
  for (const Unevaluated& unevaluated : details.unevaluated) {
    for (const auto& [guard, node] : unevaluated.covering) readers.push_back(node);
  }
  for (const SchemaId reader : readers) {
    const SchemaNode& node = formulas_.node(reader);
    for (const auto& [name, schema] : node.properties) details.names.push_back(name);
    for (const PatternSchema& pattern : node.pattern_properties) details.patterns.push_back(pattern.pattern);
  }
  const auto tidy = [](auto& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
  };
  tidy(details.names);
  tidy(details.patterns);
  const auto index_of = [&](const std::string& name) {
    return static_cast<size_t>(std::lower_bound(details.names.begin(), details.names.end(), name) - details.names.begin());
  };
  for (Member& member : details.members) {
    member.by_name.assign(details.names.size(), kNone);
    for (const auto& [name, schema] : formulas_.node(member.node).properties) member.by_name[index_of(name)] = schema;
  }
  details.ranks.assign(details.names.size(), kNone);
  uint32_t rank = 0;
  for (const SchemaId reader : readers) {
    for (const auto& [name, schema] : formulas_.node(reader).properties) {
      if (details.ranks[index_of(name)] == kNone) details.ranks[index_of(name)] = rank++;
    }
  }
  for (uint32_t& unranked : details.ranks) {
    if (unranked == kNone) unranked = rank++;
  }
  details.has.assign(details.names.size(), kNone);
  for (const Formula formula : details.start) {
    for (const uint32_t variable : table().variables(formula)) {
      const Atom& atom = formulas_.atom(variable);
      if (atom.kind == AtomKind::kHas) details.has[index_of(formulas_.name(atom.a))] = variable;
    }
  }
}

// ---- frames -----------------------------------------------------------------------------------------------------------------

void SchemaPrograms::substitute(std::vector<Formula>& formulas, const std::function<Formula(uint32_t)>& value_of) {
  for (Formula& formula : formulas) formula = table().substitute(formula, value_of);
}

uint32_t SchemaPrograms::frame_start(uint32_t program_id) {
  const Details& details = this->details(program_id);
  Frame frame;
  frame.program = program_id;
  frame.formulas = details.start;
  frame.seen.assign((details.names.size() + 63) / 64, 0);
  frame.contained.assign(details.contains.size(), 0);
  return frames_.id(std::move(frame));
}

uint32_t SchemaPrograms::frame_verdict(uint32_t frame_id) {
  if (frame_id < frame_verdict_memo_.size() && frame_verdict_memo_[frame_id] != kUnknown) return frame_verdict_memo_[frame_id];
  const Frame& frame = frames_[frame_id];
  const Details& details = this->details(frame.program);
  const auto at_end = [&](uint32_t variable) {
    switch (formulas_.atom(variable).kind) {
      case AtomKind::kHas:
      case AtomKind::kMinItems:
      case AtomKind::kMinMembers:
        return FormulaTable::kFalse;
      case AtomKind::kContains:
        for (size_t i = 0; i < details.contains.size(); ++i) {
          if (details.contains[i].first != variable) continue;
          const SchemaNode& node = formulas_.node(details.contains[i].second);
          const uint64_t count = frame.contained[i];
          return table().constant(count >= node.min_contains && count <= node.max_contains.value_or(UINT64_MAX));
        }
        return FormulaTable::kFalse;
      default:
        return FormulaTable::kTrue;
    }
  };
  const size_t goals = programs_[frame.program].formulas.size() - 1;
  auto verdict = final_verdict(frame.formulas, goals, at_end);
  const uint32_t id = verdict ? verdicts_.id(std::move(*verdict)) : kNone;
  if (frame_id >= frame_verdict_memo_.size()) frame_verdict_memo_.resize(frames_.size(), kUnknown);
  frame_verdict_memo_[frame_id] = id;
  return id;
}

bool SchemaPrograms::frame_open(uint32_t frame_id) {
  if (frame_type(frame_id) == ValueType::kArray) return item_step(frame_id) != kNone;
  return key_start(frame_id) != kNone;
}

bool SchemaPrograms::has_unique(uint32_t frame_id) {
  const Frame& frame = frames_[frame_id];
  if (frame_type(frame_id) != ValueType::kArray) return false;
  const std::optional<uint32_t> unique = details(frame.program).unique;
  if (!unique) return false;
  return std::any_of(frame.formulas.begin(), frame.formulas.end(), [&](Formula formula) {
    const auto& variables = table().variables(formula);
    return std::binary_search(variables.begin(), variables.end(), *unique);
  });
}

uint32_t SchemaPrograms::mark_duplicate(uint32_t frame_id) {
  Frame frame = frames_[frame_id];
  const uint32_t unique = *details(frame.program).unique;
  substitute(frame.formulas,
             [&](uint32_t variable) { return variable == unique ? FormulaTable::kFalse : table().variable(variable); });
  return frame.formulas[0] == FormulaTable::kFalse ? kNone : frames_.id(std::move(frame));
}

bool SchemaPrograms::duplicate_is_fatal(uint32_t frame_id) {
  return mark_duplicate(frame_id) == kNone;
}

void SchemaPrograms::decide_counts(Frame& frame, const Details& details) {
  if (details.counts.empty()) return;
  substitute(frame.formulas, [&](uint32_t variable) {
    for (const CountAtom& atom : details.counts) {
      if (atom.variable != variable) continue;
      if (!atom.is_max && frame.count >= atom.bound) return FormulaTable::kTrue;
      if (atom.is_max && frame.count > atom.bound) return FormulaTable::kFalse;
    }
    return table().variable(variable);
  });
}

// ---- names ------------------------------------------------------------------------------------------------------------------

uint32_t SchemaPrograms::key_start(uint32_t frame_id) {
  const Frame& frame = frames_[frame_id];
  const Details& details = this->details(frame.program);
  KeyState key;
  key.program = frame.program;
  key.high = static_cast<uint32_t>(details.names.size());
  for (const uint32_t pattern : details.patterns) key.languages.push_back(formulas_.pattern_language(pattern));
  for (const auto& [variable, language] : details.name_atoms) key.languages.push_back(language);
  const uint32_t id = keys_.id(std::move(key));
  return key_alive(frame_id, id) ? id : kNone;
}

uint32_t SchemaPrograms::key_next(uint32_t frame_id, uint32_t key_id, uint8_t byte) {
  KeyState key = keys_[key_id];
  const std::vector<std::string>& names = details(key.program).names;
  const auto byte_at = [&](const std::string& name) {
    return name.size() <= key.depth ? -1 : static_cast<int>(static_cast<uint8_t>(name[key.depth]));
  };
  const auto begin = names.begin() + key.low, end = names.begin() + key.high;
  const auto low = std::partition_point(begin, end, [&](const std::string& name) { return byte_at(name) < byte; });
  const auto high = std::partition_point(low, end, [&](const std::string& name) { return byte_at(name) == byte; });
  key.low = static_cast<uint32_t>(low - names.begin());
  key.high = static_cast<uint32_t>(high - names.begin());
  ++key.depth;
  if (key.low >= key.high) key.low = key.high = key.depth = 0;
  for (Language& language : key.languages) language = formulas_.languages().derivative(language, byte);
  const uint32_t id = keys_.id(std::move(key));
  return key_alive(frame_id, id) ? id : kNone;
}

bool SchemaPrograms::key_alive(uint32_t frame_id, uint32_t key_id) {
  const auto [entry, is_new] = key_alive_memo_.try_emplace(pair_key(frame_id, key_id), false);
  if (!is_new) return entry->second;
  const bool alive = key_can_end(frame_id, keys_[key_id]);
  key_alive_memo_[pair_key(frame_id, key_id)] = alive;
  return alive;
}

// Is there a name that begins like this and may stand here?
bool SchemaPrograms::key_can_end(uint32_t frame_id, const KeyState& key) {
  const Details& details = this->details(key.program);
  const size_t patterns = details.patterns.size();
  for (uint32_t name = key.low; name < key.high; ++name) {
    if (is_seen(frames_[frame_id].seen, name)) continue;
    const uint32_t key_class = class_of_name(key.program, name);
    if (member_step(frame_id, classes_[key_class]) != kNone) return true;
  }
  KeyClass other;
  other.matches.assign(key.languages.size(), false);
  for (size_t i = patterns; i < key.languages.size(); ++i) {
    other.matches[i] = formulas_.languages().nonempty(key.languages[i], kNonemptyStepsMax).value_or(true);
  }
  if (member_step(frame_id, other) != kNone) return true;
  for (size_t i = 0; i < patterns; ++i) {
    if (!formulas_.languages().nonempty(key.languages[i], kNonemptyStepsMax).value_or(true)) continue;
    other.matches[i] = true;
    if (member_step(frame_id, other) != kNone) return true;
    other.matches[i] = false;
  }
  return false;
}

KeyClass SchemaPrograms::class_of(const KeyState& key) {
  KeyClass key_class;
  const Details& details = this->details(key.program);
  if (key.low < key.high && details.names[key.low].size() == key.depth) key_class.name = key.low;
  for (const Language language : key.languages) key_class.matches.push_back(formulas_.languages().nullable(language));
  return key_class;
}

uint32_t SchemaPrograms::class_of_name(uint32_t program_id, uint32_t name) {
  const auto [entry, is_new] = name_class_memo_.try_emplace(pair_key(program_id, name), kNone);
  if (!is_new) return entry->second;
  const Details& details = this->details(program_id);
  KeyClass key_class;
  key_class.name = name;
  const auto add = [&](Language language) {
    for (const char c : details.names[name]) language = formulas_.languages().derivative(language, static_cast<uint8_t>(c));
    key_class.matches.push_back(formulas_.languages().nullable(language));
  };
  for (const uint32_t pattern : details.patterns) add(formulas_.pattern_language(pattern));
  for (const auto& [variable, language] : details.name_atoms) add(language);
  const uint32_t id = classes_.id(std::move(key_class));
  name_class_memo_[pair_key(program_id, name)] = id;
  return id;
}

bool SchemaPrograms::key_is_other(uint32_t key_id) {
  const KeyState& key = keys_[key_id];
  return !(key.low < key.high && details(key.program).names[key.low].size() == key.depth);
}

uint32_t SchemaPrograms::key_step(uint32_t frame, uint32_t key) {
  return member_step(frame, class_of(keys_[key]));
}

// ---- steps ------------------------------------------------------------------------------------------------------------------

std::vector<SchemaId> SchemaPrograms::schemas_for(const Member& member, const Details& details, const KeyClass& key_class) const {
  const SchemaNode& node = formulas_.node(member.node);
  std::vector<SchemaId> schemas;
  if (key_class.name != kNone && member.by_name[key_class.name] != kNone) schemas.push_back(member.by_name[key_class.name]);
  for (const PatternSchema& pattern : node.pattern_properties) {
    const auto at = std::lower_bound(details.patterns.begin(), details.patterns.end(), pattern.pattern);
    if (key_class.matches[static_cast<size_t>(at - details.patterns.begin())]) schemas.push_back(pattern.schema);
  }
  if (schemas.empty() && node.additional_properties) schemas.push_back(*node.additional_properties);
  return schemas;
}

bool SchemaPrograms::covers_member(SchemaId id, const Details& details, const KeyClass& key_class) const {
  const SchemaNode& node = formulas_.node(id);
  if (node.additional_properties || node.unevaluated_properties) return true;
  if (key_class.name != kNone) {
    for (const auto& [name, schema] : node.properties) {
      if (name == details.names[key_class.name]) return true;
    }
  }
  return std::any_of(node.pattern_properties.begin(), node.pattern_properties.end(), [&](const PatternSchema& pattern) {
    const auto at = std::lower_bound(details.patterns.begin(), details.patterns.end(), pattern.pattern);
    return key_class.matches[static_cast<size_t>(at - details.patterns.begin())];
  });
}

uint32_t SchemaPrograms::member_step(uint32_t frame, const KeyClass& key_class) {
  const uint32_t class_id = classes_.id(key_class);
  const uint64_t key = pair_key(frame, class_id);
  if (const auto found = step_memo_.find(key); found != step_memo_.end()) return found->second;
  const uint32_t step = make_member_step(frame, classes_[class_id]);
  step_memo_.emplace(key, step);
  return step;
}

// The rank below which no name can come any more.
uint32_t SchemaPrograms::rank_reached(const Frame& frame, const Details& details) const {
  if (frame.others > 0) return kNone;
  uint32_t reached = 0;
  for (uint32_t name = 0; name < details.names.size(); ++name) {
    if (is_seen(frame.seen, name)) reached = std::max(reached, details.ranks[name]);
  }
  return reached;
}

uint32_t SchemaPrograms::make_member_step(uint32_t frame_id, const KeyClass& key_class) {
  Frame frame = frames_[frame_id];
  const Details& details = this->details(frame.program);
  uint32_t has = kNone;
  if (key_class.name != kNone) {
    if (is_seen(frame.seen, key_class.name)) return kNone;
    if (mode_ == SchemaMode::kGenerate && details.ranks[key_class.name] < rank_reached(frame, details)) return kNone;
    frame.seen[key_class.name / 64] |= 1ull << (key_class.name % 64);
    has = details.has[key_class.name];
  } else {
    if (mode_ == SchemaMode::kAccept) {
      frame.others = 1;
    } else if (++frame.others > (key_class.matches.empty() ? kOthersMax : 1)) {
      return kNone;
    }
  }
  frame.count = std::min(frame.count + 1, details.count_max);
  // Where members come in order, the names passed over cannot come any more.
  std::vector<uint32_t> passed;
  const uint32_t reached = rank_reached(frame, details);
  for (uint32_t name = 0; mode_ == SchemaMode::kGenerate && name < details.names.size(); ++name) {
    if (details.has[name] != kNone && details.ranks[name] < reached && !is_seen(frame.seen, name)) passed.push_back(details.has[name]);
  }
  substitute(frame.formulas, [&](uint32_t variable) {
    if (variable == has) return FormulaTable::kTrue;
    if (std::find(passed.begin(), passed.end(), variable) != passed.end()) return FormulaTable::kFalse;
    for (size_t i = 0; i < details.name_atoms.size(); ++i) {
      if (details.name_atoms[i].first == variable && !key_class.matches[details.patterns.size() + i]) return FormulaTable::kFalse;
    }
    return table().variable(variable);
  });
  decide_counts(frame, details);

  std::vector<Decision> decisions;
  std::vector<SchemaId> goals;
  const auto add_goals = [&](Decision& decision, const std::vector<SchemaId>& schemas) {
    for (const SchemaId schema : schemas) {
      decision.goals.push_back(static_cast<uint32_t>(goals.size()));
      goals.push_back(schema);
    }
  };
  for (const Member& member : details.members) {
    const SchemaNode& node = formulas_.node(member.node);
    Decision decision;
    decision.variable = member.variable;
    decision.settled = !node.additional_properties && node.pattern_properties.empty();
    for (uint32_t name = 0; name < details.names.size() && decision.settled; ++name) {
      if (member.by_name[name] != kNone && !is_seen(frame.seen, name)) decision.settled = false;
    }
    add_goals(decision, schemas_for(member, details, key_class));
    if (!decision.goals.empty() || decision.settled) decisions.push_back(std::move(decision));
  }
  for (const Unevaluated& unevaluated : details.unevaluated) {
    const SchemaNode& node = formulas_.node(unevaluated.node);
    Decision decision;
    decision.variable = unevaluated.variable;
    decision.unevaluated = true;
    bool always = false;
    for (const auto& [guard, covering] : unevaluated.covering) {
      const bool itself = covering == unevaluated.node;
      const SchemaNode& cover = formulas_.node(covering);
      // The node's own unevaluatedProperties is what is being decided; it covers nothing for itself.
      if (itself && !cover.additional_properties) {
        const bool named = key_class.name != kNone && std::any_of(cover.properties.begin(), cover.properties.end(), [&](const auto& entry) {
                             return entry.first == details.names[key_class.name];
                           });
        const bool matched = std::any_of(cover.pattern_properties.begin(), cover.pattern_properties.end(), [&](const PatternSchema& pattern) {
          const auto at = std::lower_bound(details.patterns.begin(), details.patterns.end(), pattern.pattern);
          return key_class.matches[static_cast<size_t>(at - details.patterns.begin())];
        });
        always |= named || matched;
      } else if (itself) {
        always = true;
      } else if (covers_member(covering, details, key_class)) {
        decision.covers.emplace_back(guard, kNone);
      }
    }
    if (always) continue;
    add_goals(decision, {*node.unevaluated_properties});
    decisions.push_back(std::move(decision));
  }
  const uint32_t next = frames_.id(std::move(frame));
  return make_step(next, std::move(decisions), std::move(goals), false);
}

uint32_t SchemaPrograms::other_step(uint32_t frame) {
  return member_step(frame, KeyClass{});
}

std::vector<SchemaPrograms::NamedMember> SchemaPrograms::next_members(uint32_t frame_id) {
  const Frame& frame = frames_[frame_id];
  const Details& details = this->details(frame.program);
  const std::vector<uint32_t> asked = table().variables(frame.formulas[0]);
  std::vector<uint32_t> by_rank(details.names.size());
  for (uint32_t name = 0; name < by_rank.size(); ++name) by_rank[details.ranks[name]] = name;
  std::vector<NamedMember> members;
  for (const uint32_t name : by_rank) {
    if (is_seen(frame.seen, name)) continue;
    const uint32_t step = member_step(frame_id, classes_[class_of_name(frame.program, name)]);
    if (step == kNone) continue;
    NamedMember member{details.names[name], name, step, false, false};
    const uint32_t has = details.has[name];
    member.asked = has != kNone && std::binary_search(asked.begin(), asked.end(), has);
    if (member.asked) {
      const Formula without = table().substitute(
          frame.formulas[0], [&](uint32_t variable) { return variable == has ? FormulaTable::kFalse : table().variable(variable); });
      member.required = without == FormulaTable::kFalse;
    }
    members.push_back(member);
  }
  return members;
}

SchemaPrograms::NumberMarks SchemaPrograms::number_marks(uint32_t program_id) {
  NumberMarks marks;
  std::vector<uint32_t> variables;
  for (const Formula formula : programs_[program_id].formulas) {
    const auto& more = table().variables(formula);
    variables.insert(variables.end(), more.begin(), more.end());
  }
  for (const uint32_t variable : variables) {
    const Atom& atom = formulas_.atom(variable);
    if (atom.kind == AtomKind::kInteger || atom.kind == AtomKind::kPlainInteger) continue;
    (atom.kind == AtomKind::kMultipleOf ? marks.divisors : marks.bounds).push_back(formulas_.decimal(atom.a));
  }
  return marks;
}

bool SchemaPrograms::has_open_goals(uint32_t program_id) const {
  const std::vector<Formula>& formulas = programs_[program_id].formulas;
  return std::any_of(formulas.begin() + 1, formulas.end(), [](Formula f) { return f > FormulaTable::kTrue; });
}

uint32_t SchemaPrograms::item_step(uint32_t frame) {
  if (frame < item_step_memo_.size() && item_step_memo_[frame] != kUnknown) return item_step_memo_[frame];
  const uint32_t step = make_item_step(frame);
  if (frame >= item_step_memo_.size()) item_step_memo_.resize(frames_.size(), kUnknown);
  item_step_memo_[frame] = step;
  return step;
}

uint32_t SchemaPrograms::make_item_step(uint32_t frame_id) {
  Frame frame = frames_[frame_id];
  const Details& details = this->details(frame.program);
  const size_t index = frame.count;  // exact below every bound that matters
  frame.count = std::min(frame.count + 1, details.count_max);
  decide_counts(frame, details);

  std::vector<Decision> decisions;
  std::vector<SchemaId> goals;
  const auto add_goal = [&](SchemaId schema) {
    goals.push_back(schema);
    return static_cast<uint32_t>(goals.size() - 1);
  };
  for (const auto& [variable, id] : details.items) {
    const SchemaNode& node = formulas_.node(id);
    Decision decision;
    decision.variable = variable;
    decision.settled = !node.items && index + 1 >= node.prefix_items.size();
    if (index < node.prefix_items.size()) {
      decision.goals.push_back(add_goal(node.prefix_items[index]));
    } else if (node.items) {
      decision.goals.push_back(add_goal(*node.items));
    }
    if (!decision.goals.empty() || decision.settled) decisions.push_back(std::move(decision));
  }
  for (const auto& [variable, id] : details.contains) {
    Decision decision;
    decision.variable = variable;
    decision.contains = true;
    decision.goals.push_back(add_goal(*formulas_.node(id).contains));
    decisions.push_back(std::move(decision));
  }
  for (const Unevaluated& unevaluated : details.unevaluated) {
    Decision decision;
    decision.variable = unevaluated.variable;
    decision.unevaluated = true;
    bool always = false;
    for (const auto& [guard, covering] : unevaluated.covering) {
      const SchemaNode& cover = formulas_.node(covering);
      const bool itself = covering == unevaluated.node;
      const bool by_place = index < cover.prefix_items.size() || cover.items || (!itself && cover.unevaluated_items);
      if (by_place && itself) always = true;
      if (by_place && !itself) decision.covers.emplace_back(guard, kNone);
      if (!by_place && cover.contains && cover.contains_evaluates) decision.covers.emplace_back(guard, add_goal(*cover.contains));
    }
    if (always) continue;
    decision.goals.push_back(add_goal(*formulas_.node(unevaluated.node).unevaluated_items));
    decisions.push_back(std::move(decision));
  }
  // Where equal items matter, what is generated goes on only with values that can always be made different.
  bool must_differ = false;
  if (mode_ == SchemaMode::kGenerate && has_unique(frame_id)) {
    must_differ = index > 0;
    if (++frame.others > kOthersMax) return kNone;
  }
  const uint32_t next = frames_.id(std::move(frame));
  return make_step(next, std::move(decisions), std::move(goals), must_differ);
}

// `goals` in the order in which the decisions name them; the location has them sorted and once each.
uint32_t SchemaPrograms::make_step(uint32_t frame_id, std::vector<Decision> decisions, std::vector<SchemaId> goals, bool must_differ) {
  const Frame& frame = frames_[frame_id];
  if (frame.formulas[0] == FormulaTable::kFalse) return kNone;
  // Atoms that no formula asks about any more need no goals.
  std::erase_if(decisions, [&](const Decision& decision) {
    return std::none_of(frame.formulas.begin(), frame.formulas.end(), [&](Formula formula) {
      const auto& variables = table().variables(formula);
      return std::binary_search(variables.begin(), variables.end(), decision.variable);
    });
  });
  std::vector<SchemaId> sorted;
  for (const Decision& decision : decisions) {
    for (const uint32_t goal : decision.goals) sorted.push_back(goals[goal]);
    for (const auto& [guard, goal] : decision.covers) {
      if (goal != kNone) sorted.push_back(goals[goal]);
    }
  }
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  const auto renumber = [&](uint32_t& goal) {
    if (goal == kNone) return;
    goal = static_cast<uint32_t>(std::lower_bound(sorted.begin(), sorted.end(), goals[goal]) - sorted.begin());
  };
  for (Decision& decision : decisions) {
    for (uint32_t& goal : decision.goals) renumber(goal);
    for (auto& [guard, goal] : decision.covers) renumber(goal);
  }
  Step step{frame_id, 0, must_differ, std::move(decisions)};
  const Formula requirement = table().possible(frame.formulas[0], [&](uint32_t variable, bool positive) {
    return possible_literal(step, sorted, variable, positive);
  });
  if (requirement == FormulaTable::kFalse) return kNone;
  step.location = location(std::move(sorted), requirement);
  if (!viable(step.location)) return kNone;
  if (must_differ && !is_free(step.location, ValueType::kString) && !is_free(step.location, ValueType::kNumber)) return kNone;
  return steps_.id(std::move(step));
}

// Under which verdict of the value begun can the literal still become true?
Formula SchemaPrograms::possible_literal(const Step& step, const std::vector<SchemaId>& goals, uint32_t variable, bool positive) {
  const auto goal_formula = [&](uint32_t goal) {
    return formulas_.never(goals[goal]) ? FormulaTable::kFalse : table().variable(kGoalVariable | goal);
  };
  for (const Decision& decision : step.decisions) {
    if (decision.variable != variable) continue;
    std::vector<Formula> parts;
    for (const uint32_t goal : decision.goals) parts.push_back(goal_formula(goal));
    const Formula holds = table().all(std::move(parts));
    if (decision.contains) {
      const Frame& frame = frames_[step.frame];
      const Details& details = this->details(frame.program);
      size_t i = 0;
      while (details.contains[i].first != variable) ++i;
      const SchemaNode& node = formulas_.node(details.contains[i].second);
      const bool full = node.max_contains && frame.contained[i] >= *node.max_contains;
      const bool enough = !node.max_contains && frame.contained[i] + 1 >= node.min_contains;
      return (positive ? full : enough) ? table().negate(holds) : FormulaTable::kTrue;
    }
    if (decision.unevaluated) {
      if (!positive) return FormulaTable::kTrue;
      std::vector<Formula> ways{holds};
      for (const auto& [guard, goal] : decision.covers) {
        const Formula open = table().possible(frames_[step.frame].formulas[guard], [&](uint32_t inner, bool sign) {
          return inner == variable ? FormulaTable::kTrue : possible_literal(step, goals, inner, sign);
        });
        ways.push_back(goal == kNone ? open : table().all({open, goal_formula(goal)}));
      }
      return table().any(std::move(ways));
    }
    if (positive) return holds;
    return decision.settled ? table().negate(holds) : FormulaTable::kTrue;
  }
  return FormulaTable::kTrue;
}

uint32_t SchemaPrograms::after(uint32_t step_id, uint32_t verdict_id) {
  const uint64_t key = pair_key(step_id, verdict_id);
  if (const auto found = after_memo_.find(key); found != after_memo_.end()) return found->second;
  const Step& step = steps_[step_id];
  const Verdict& verdict = verdicts_[verdict_id];
  Frame frame = frames_[step.frame];
  const Details& details = this->details(frame.program);
  const auto holds = [&](const Decision& decision) {
    return std::all_of(decision.goals.begin(), decision.goals.end(), [&](uint32_t goal) { return verdict.goals[goal]; });
  };
  std::vector<std::pair<uint32_t, Formula>> values;
  for (const Decision& decision : step.decisions) {
    if (decision.unevaluated) continue;
    if (decision.contains) {
      size_t i = 0;
      while (details.contains[i].first != decision.variable) ++i;
      const SchemaNode& node = formulas_.node(details.contains[i].second);
      if (holds(decision)) ++frame.contained[i];
      if (node.max_contains && frame.contained[i] > *node.max_contains) {
        values.emplace_back(decision.variable, FormulaTable::kFalse);
        frame.contained[i] = 0;
      } else if (!node.max_contains && frame.contained[i] >= node.min_contains) {
        values.emplace_back(decision.variable, FormulaTable::kTrue);
        frame.contained[i] = 0;
      }
    } else if (!holds(decision)) {
      values.emplace_back(decision.variable, FormulaTable::kFalse);
    } else if (decision.settled) {
      values.emplace_back(decision.variable, FormulaTable::kTrue);
    }
  }
  const auto put = [&] {
    if (values.empty()) return;
    substitute(frame.formulas, [&](uint32_t variable) {
      for (const auto& [decided, value] : values) {
        if (decided == variable) return value;
      }
      return table().variable(variable);
    });
  };
  put();
  values.clear();
  for (const Decision& decision : step.decisions) {
    if (!decision.unevaluated || holds(decision)) continue;
    std::vector<Formula> ways;
    for (const auto& [guard, goal] : decision.covers) {
      if (goal == kNone || verdict.goals[goal]) ways.push_back(frame.formulas[guard]);
    }
    values.emplace_back(decision.variable, table().all({table().variable(decision.variable), table().any(std::move(ways))}));
  }
  put();
  const uint32_t result = frame.formulas[0] == FormulaTable::kFalse ? kNone : frames_.id(std::move(frame));
  after_memo_.emplace(key, result);
  return result;
}

}  // namespace cadre::contract
