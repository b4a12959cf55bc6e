// SPDX-License-Identifier: Apache-2.0
#include "agent/specialist.h"

namespace cadre::agent {

std::string orchestrator_name(const std::string& specialist) {
  return "orchestrator:" + specialist;
}

bool is_orchestrator(const SpecialistDefinition& definition) {
  return definition.name.starts_with(orchestrator_name(""));
}

std::optional<base::Json> sources_in(const base::Json& input, const SpecialistDefinition& definition) {
  if (definition.call_members.empty() || !input.is_object()) return std::nullopt;
  base::Json sources = base::Json::object();
  for (const auto& [name, value] : input.items())
    if (!definition.call_members.contains(name)) sources[name] = value;
  return sources;
}

Assignment assignment_to(const Specialist& specialist) {
  const SpecialistDefinition& definition = specialist.definition();
  Assignment assignment{.specialist = definition.name, .identity = definition.identity, .policy = definition.policy};
  if (const Tool* tool = specialist.tool()) {
    assignment.tool = tool->definition().name;
    assignment.effect = tool->definition().effect;
    assignment.is_fenced = tool->definition().is_fenced;
  }
  return assignment;
}

}  // namespace cadre::agent
