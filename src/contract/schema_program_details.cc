// What an object's or array's program is about: its atoms, the guards of unevaluated*, the names.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "contract/schema_programs.h"
#include "contract/schema_programs_inside.h"

namespace cadre::contract {

namespace {

constexpr int kGuardDepthMax = 64;  // in-place nesting below an unevaluated* keyword

}  // namespace

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
          details.count_max =
              std::max(details.count_max, static_cast<uint32_t>(formulas_.node(node).prefix_items.size()));
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
void SchemaPrograms::find_guards(Details& details, SchemaId id, const std::vector<Formula>& path,
                                 Unevaluated& unevaluated, ValueType type, int depth) {
  if (depth > kGuardDepthMax) return;
  const SchemaNode& node = formulas_.node(id);
  const Formula guard = table().all(path);
  if (guard == FormulaTable::kFalse) return;
  const bool covers = type == ValueType::kObject
                          ? !node.properties.empty() || !node.pattern_properties.empty() ||
                                node.additional_properties || (depth > 0 && node.unevaluated_properties)
                          : !node.prefix_items.empty() || node.items || (node.contains && node.contains_evaluates) ||
                                (depth > 0 && node.unevaluated_items);
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
  for (const auto& [name, child] : node.dependent_schemas)
    descend(child, {table().variable(formulas_.has_variable(name))});
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
    return static_cast<size_t>(std::lower_bound(details.names.begin(), details.names.end(), name) -
                               details.names.begin());
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

}  // namespace cadre::contract
