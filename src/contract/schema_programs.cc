// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_programs.h"

#include <algorithm>

#include "contract/schema_programs_inside.h"

namespace cadre::contract {

uint64_t hash_of(const Step& step) {
  uint64_t hash = mix_hash(step.frame, step.location * 2ull + step.must_differ);
  for (const Decision& decision : step.decisions) {
    const uint64_t flags = decision.settled | decision.unevaluated << 1 | decision.contains << 2;
    hash = hash_range(mix_hash(mix_hash(hash, decision.variable), flags), decision.goals);
    for (const auto& [guard, goal] : decision.covers) hash = mix_hash(hash, pair_key(guard, goal));
  }
  return hash;
}

Result<SchemaPrograms> SchemaPrograms::make(const Schema& schema, SchemaMode mode,
                                            std::shared_ptr<const Bindings> bindings) {
  SchemaPrograms result(TRY(SchemaFormulas::make(schema, mode == SchemaMode::kGenerate, std::move(bindings))), mode);
  result.root_ = result.location_of(schema.root);
  result.has_tokens_max_ = std::any_of(schema.nodes.begin(), schema.nodes.end(),
                                       [](const SchemaNode& node) { return node.max_tokens.has_value(); });
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
  const Formula requirement = table().substitute(
      location.requirement, [&](uint32_t variable) { return goal_formulas[variable & ~kGoalVariable]; });
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
    for (size_t type = kValueTypes; type-- > 0 && !viable;)
      viable = program(location_id, static_cast<ValueType>(type)) != kNone;
  }
  viable_[location_id] = viable;
  return viable;
}

// Can the requirement hold only if the goal does?
bool SchemaPrograms::is_implied(const Location& location, uint32_t goal) {
  const Formula formula = table().variable(kGoalVariable | goal);
  const FormulaTable::Node& node = table().node(location.requirement);
  return location.requirement == formula ||
         (node.kind == FormulaTable::Kind::kAll &&
          std::find(node.parts.begin(), node.parts.end(), formula) != node.parts.end());
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

uint32_t SchemaPrograms::tokens_max(uint32_t location_id) {
  if (!has_tokens_max_) return kNone;
  const auto [entry, is_new] = tokens_max_memo_.try_emplace(location_id, kNone);
  if (!is_new) return entry->second;
  const Location& location = locations_[location_id];
  for (uint32_t goal = 0; goal < location.goals.size(); ++goal) {
    if (is_implied(location, goal)) entry->second = std::min(entry->second, tokens_max_of(location.goals[goal], 0));
  }
  return entry->second;
}

uint32_t SchemaPrograms::tokens_max_of(SchemaId id, int depth) const {
  constexpr int kDepthMax = 64;  // of allOf and $ref; what is deeper has no say
  const SchemaNode& node = formulas_.node(id);
  uint32_t least = node.max_tokens.value_or(kNone);
  if (depth == kDepthMax) return least;
  for (const SchemaId part : node.all_of) least = std::min(least, tokens_max_of(part, depth + 1));
  return least;
}

// ---- scalars ----------------------------------------------------------------------------------------------------------------

std::optional<Verdict> SchemaPrograms::final_verdict(const std::vector<Formula>& formulas, size_t goals,
                                                     const std::function<Formula(uint32_t)>& value_of) {
  if (table().substitute(formulas[0], value_of) != FormulaTable::kTrue) return std::nullopt;
  Verdict verdict{std::vector<bool>(goals)};
  for (size_t i = 0; i < goals; ++i)
    verdict.goals[i] = table().substitute(formulas[i + 1], value_of) == FormulaTable::kTrue;
  return verdict;
}

bool SchemaPrograms::is_plain(uint32_t program_id) const {
  const Program& program = programs_[program_id];
  return std::all_of(program.formulas.begin(), program.formulas.end(),
                     [](Formula f) { return f <= FormulaTable::kTrue; });
}

uint32_t SchemaPrograms::plain_verdict(uint32_t program_id) {
  const Program& program = programs_[program_id];
  auto verdict =
      final_verdict(program.formulas, program.formulas.size() - 1, [](uint32_t) { return FormulaTable::kFalse; });
  return verdict ? verdicts_.id(std::move(*verdict)) : kNone;
}

bool SchemaPrograms::text_alive(const TextState& text) {
  if (text.languages[0] == LanguageTable::kNothing) return false;
  if (text.languages[0] == LanguageTable::kEverything) return true;
  LanguageTable& languages = formulas_.languages();
  if (const auto by_form = languages.nonempty(text.languages[0], 0)) return *by_form;
  // Far from a limit as without it, so that masks need not tell the two apart.
  if (const auto unlimited = languages.unlimited(text.languages[0]))
    return languages.nonempty(unlimited->language).value_or(true);
  return languages.nonempty(text.languages[0], kNonemptyStepsMax).value_or(true);
}

const SchemaPrograms::UnlimitedText& SchemaPrograms::unlimited_text(uint32_t text_id) {
  const auto [entry, is_new] = unlimited_texts_.try_emplace(text_id);
  if (!is_new) return entry->second;
  TextState text = texts_[text_id];
  const bool fixed = std::all_of(text.languages.begin() + 1, text.languages.end(), [](Language language) {
    return language == LanguageTable::kEverything || language == LanguageTable::kNothing;
  });
  const auto unlimited = fixed && !text.is_regex ? formulas_.languages().unlimited(text.languages[0]) : std::nullopt;
  if (!unlimited) return entry->second;
  text.languages[0] = unlimited->language;
  text.only_counts &= unlimited->language != LanguageTable::kEverything;
  entry->second = {texts_.id(std::move(text)), unlimited->spare_chars, unlimited->agrees_chars};
  return entry->second;
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
    const Formula otherwise = table().substitute(formulas[0], [&](uint32_t variable) {
      return variable == regex ? FormulaTable::kFalse : table().variable(variable);
    });
    if (otherwise != FormulaTable::kFalse) {
      problem_ =
          "format \"regex\" below anyOf, oneOf, not or if cannot be asserted; read the schema without asserting "
          "formats";
      return kNone;
    }
    if (mode_ == SchemaMode::kAccept) {
      text.is_regex = true;
    } else {
      text.languages[0] = formulas_.languages().intersect({text.languages[0], harmless_texts()});
    }
  }
  return text_alive(text) ? texts_.id(std::move(text)) : kNone;
}

uint32_t SchemaPrograms::text_next(uint32_t text_id, uint8_t byte) {
  TextState next = texts_[text_id];
  for (Language& language : next.languages) language = formulas_.languages().derivative(language, byte);
  if (next == texts_[text_id]) return text_id;
  return text_alive(next) ? texts_.id(std::move(next)) : kNone;
}

std::optional<std::pair<uint32_t, uint32_t>> SchemaPrograms::bound_end(uint32_t text_id) {
  const TextState& text = texts_[text_id];
  Verdict verdict;
  for (size_t i = 1; i < text.languages.size(); ++i) {
    if (text.languages[i] > LanguageTable::kEverything) return std::nullopt;
    verdict.goals.push_back(text.languages[i] == LanguageTable::kEverything);
    if (text.languages[i] == LanguageTable::kEmptyString) return std::nullopt;
  }
  if (!formulas_.languages().is_bound(text.languages[0]) || text.is_regex) return std::nullopt;
  const auto size = formulas_.languages().cheapest_size(text.languages[0]);
  if (!size) return std::pair{kNone, 0u};
  return std::pair{verdicts_.id(std::move(verdict)), *size};
}

ByteSet SchemaPrograms::text_bytes_alike(uint32_t text_id, uint8_t byte) {
  ByteSet alike = ByteSet().set();
  for (const Language language : texts_[text_id].languages) alike &= formulas_.languages().bytes_alike(language, byte);
  return alike;
}

bool SchemaPrograms::text_is_free(uint32_t text_id) const {
  const TextState& text = texts_[text_id];
  return text.languages[0] == LanguageTable::kEverything &&
         std::all_of(text.languages.begin() + 1, text.languages.end(), [](Language language) {
           return language == LanguageTable::kEverything || language == LanguageTable::kNothing;
         });
}

FreeText SchemaPrograms::free_text(uint32_t text_id) {
  const TextState& text = texts_[text_id];
  FreeText free = formulas_.languages().free_text(text.languages[0]);
  const bool fixed = std::all_of(text.languages.begin() + 1, text.languages.end(), [](Language language) {
    return language == LanguageTable::kEverything || language == LanguageTable::kNothing;
  });
  free.stays &= fixed;
  // What is generated must have a way to its end that was found, for the verdicts as well.
  if (mode_ == SchemaMode::kGenerate && !free.stays && !text.only_counts) return {};
  return free;
}

// Letters, digits, spaces: as a regular expression such a text means itself. What is generated need not be cleverer.
Language SchemaPrograms::harmless_texts() {
  CodePointSet plain;
  for (const auto& [low, high] :
       {std::pair{U' ', U' '}, std::pair{U'0', U'9'}, std::pair{U'A', U'Z'}, std::pair{U'a', U'z'}})
    plain.push_back({low, high});
  return formulas_.languages().repeat(formulas_.languages().code_points(plain), 0, kUnbounded);
}

uint32_t SchemaPrograms::text_verdict(uint32_t text_id) {
  const TextState& text = texts_[text_id];
  if (!formulas_.languages().nullable(text.languages[0])) return kNone;
  Verdict verdict;
  for (size_t i = 1; i < text.languages.size(); ++i)
    verdict.goals.push_back(formulas_.languages().nullable(text.languages[i]));
  return verdicts_.id(std::move(verdict));
}

}  // namespace cadre::contract
