// Specialists without a model.
//
//   call       its input is the call: what a plan, a form or another program already decided goes to a tool, with conditions before and after
//   template   its input becomes a sentence; every figure in it stands in the input
//
// Both are certain: their one candidate has probability 1. Thread safety: as Specialist.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/specialist.h"
#include "base/result.h"

namespace cadre::agent {

struct CallSpecialistOptions {
  std::string name;
  std::string purpose;
  base::Json input_schema;          // null: the tool's
  std::vector<std::string> before;  // conditions over "call"
  std::vector<std::string> after;   // conditions over "call" and "result"
  std::string say;                  // a template over {"call", "result"}; empty: the result as JSON
  StepPolicy policy;
};

// kInvalid: a condition or template that cannot be read, or that names what the schemas do not have.
Result<std::shared_ptr<const Specialist>> make_call_specialist(CallSpecialistOptions options,
                                                               std::shared_ptr<Tool> tool);

struct TemplateSpecialistOptions {
  std::string name;
  std::string purpose;
  base::Json input_schema;  // null: any object
  std::string text;         // the template
  StepPolicy policy;
};

// Output {"text"}. kInvalid likewise.
Result<std::shared_ptr<const Specialist>> make_template_specialist(TemplateSpecialistOptions options);

}  // namespace cadre::agent
