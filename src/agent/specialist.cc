// SPDX-License-Identifier: Apache-2.0
#include "agent/specialist.h"

namespace cadre::agent {

std::string orchestrator_name(const std::string& specialist) {
  return "orchestrator:" + specialist;
}

bool is_orchestrator(const SpecialistDefinition& definition) {
  return definition.name.starts_with(orchestrator_name(""));
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
