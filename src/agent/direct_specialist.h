// Specialists without a model.
//
//   call       its input is the call: what a plan, a form or another program already decided goes to a tool, with conditions before and after
//   template   its input becomes a sentence; every figure in it stands in the input
//
// A call under a contract (docs/packs.md) is a part of its input: the members that the call schema names. The others are what it was made from: where the
// contract says that a value comes from the input, it comes from them, never from the call itself.
// Both are certain: their one candidate has probability 1, or what the contract's calibration makes of it. Thread safety: as Specialist.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/call_terms.h"
#include "agent/specialist.h"
#include "base/result.h"

namespace cadre::agent {

struct CallSpecialistOptions {
  std::string name;
  std::string version = "call";
  std::string purpose;
  base::Json input_schema;   // null: the tool's
  base::Json call_schema;    // null: the whole input is the call
  base::Json output_schema;  // null: the tool's
  base::Json lists;          // that the call schema chooses from by name; null: none
  CallTermsOptions terms;
  double probability = 1;     // that a call is right
  std::string pack_identity;  // of the file that the contract came from; empty: there is none
  std::string say;            // a template over {"call", "result"}; empty:
  std::string answer_member;  // the member of the output that is said to people; empty: the output as JSON
  StepPolicy policy;
};

// Does the call schema say which members of an input are the call, and can an input have those that it needs? kInvalid: what is missing, or never fits.
Result<void> check_input_has_call(const base::Json& input_schema, const base::Json& call_schema);

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
