// Steps: a member or item begun, what its value decides, and the frame after it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "contract/schema_programs.h"
#include "contract/schema_programs_inside.h"

namespace cadre::contract {

std::vector<SchemaId> SchemaPrograms::schemas_for(const Member& member, const Details& details,
                                                  const KeyClass& key_class) const {
  const SchemaNode& node = formulas_.node(member.node);
  std::vector<SchemaId> schemas;
  if (key_class.name != kNone && member.by_name[key_class.name] != kNone)
    schemas.push_back(member.by_name[key_class.name]);
  for (const PatternSchema& pattern : node.pattern_properties) {
    if (matches(details, key_class, pattern)) schemas.push_back(pattern.schema);
  }
  if (schemas.empty() && node.additional_properties) schemas.push_back(*node.additional_properties);
  return schemas;
}

bool SchemaPrograms::matches(const Details& details, const KeyClass& key_class, const PatternSchema& pattern) {
  const auto at = std::lower_bound(details.patterns.begin(), details.patterns.end(), pattern.pattern);
  return key_class.matches[static_cast<size_t>(at - details.patterns.begin())];
}

bool SchemaPrograms::covers_member(SchemaId id, const Details& details, const KeyClass& key_class, bool itself) const {
  const SchemaNode& node = formulas_.node(id);
  // A node's own unevaluatedProperties is what is being decided; it covers nothing for itself.
  if (node.additional_properties || (node.unevaluated_properties && !itself)) return true;
  if (key_class.name != kNone) {
    for (const auto& [name, schema] : node.properties) {
      if (name == details.names[key_class.name]) return true;
    }
  }
  return std::any_of(node.pattern_properties.begin(), node.pattern_properties.end(),
                     [&](const PatternSchema& pattern) { return matches(details, key_class, pattern); });
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
    if (details.has[name] != kNone && details.ranks[name] < reached && !is_seen(frame.seen, name))
      passed.push_back(details.has[name]);
  }
  std::sort(passed.begin(), passed.end());
  substitute(frame.formulas, [&](uint32_t variable) {
    if (variable == has) return FormulaTable::kTrue;
    if (std::binary_search(passed.begin(), passed.end(), variable)) return FormulaTable::kFalse;
    for (size_t i = 0; i < details.name_atoms.size(); ++i) {
      if (details.name_atoms[i].first == variable && !key_class.matches[details.patterns.size() + i])
        return FormulaTable::kFalse;
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
      if (!covers_member(covering, details, key_class, itself)) continue;
      if (itself) {
        always = true;
      } else {
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
  const FormulaTable::Node& requirement = table().node(frame.formulas[0]);
  std::vector<uint32_t> by_rank(details.names.size());
  for (uint32_t name = 0; name < by_rank.size(); ++name) by_rank[details.ranks[name]] = name;
  std::vector<NamedMember> members;
  for (const uint32_t name : by_rank) {
    if (is_seen(frame.seen, name)) continue;
    NamedMember member{details.names[name], name, false, false};
    const uint32_t has = details.has[name];
    member.asked = has != kNone && std::binary_search(asked.begin(), asked.end(), has);
    if (member.asked) {
      const Formula has_formula = table().variable(has);
      member.required = frame.formulas[0] == has_formula ||
                        (requirement.kind == FormulaTable::Kind::kAll &&
                         std::binary_search(requirement.parts.begin(), requirement.parts.end(), has_formula));
    }
    members.push_back(member);
  }
  return members;
}

uint32_t SchemaPrograms::named_step(uint32_t frame, uint32_t name) {
  return member_step(frame, classes_[class_of_name(frames_[frame].program, name)]);
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
      if (!by_place && cover.contains && cover.contains_evaluates)
        decision.covers.emplace_back(guard, add_goal(*cover.contains));
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
uint32_t SchemaPrograms::make_step(uint32_t frame_id, std::vector<Decision> decisions, std::vector<SchemaId> goals,
                                   bool must_differ) {
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
  if (must_differ && !is_free(step.location, ValueType::kString) && !is_free(step.location, ValueType::kNumber))
    return kNone;
  return steps_.id(std::move(step));
}

// Under which verdict of the value begun can the literal still become true?
Formula SchemaPrograms::possible_literal(const Step& step, const std::vector<SchemaId>& goals, uint32_t variable,
                                         bool positive) {
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
    return std::all_of(decision.goals.begin(), decision.goals.end(),
                       [&](uint32_t goal) { return verdict.goals[goal]; });
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
    values.emplace_back(decision.variable,
                        table().all({table().variable(decision.variable), table().any(std::move(ways))}));
  }
  put();
  const uint32_t result = frame.formulas[0] == FormulaTable::kFalse ? kNone : frames_.id(std::move(frame));
  after_memo_.emplace(key, result);
  return result;
}

}  // namespace cadre::contract
