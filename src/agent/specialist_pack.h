// A pack as the agent uses it: its name, the thresholds it was calibrated to, and an engine for every thread.
//
// Thread safety: values; make_engine may be called from any thread, each engine belongs to one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/plan.h"
#include "base/json.h"
#include "base/result.h"
#include "engine/specialist_engine.h"

namespace cadre::agent {

struct Pack {
  std::string name;  // with version: "sql@3"
  StepPolicy policy;
  std::function<std::unique_ptr<engine::SpecialistEngine>()> make_engine;  // all share the weights
  base::Json contract;  // as it stands in the file; null: there is none
  // SHA-256 of the bytes that it was loaded from, hexadecimal; reads them all. Null: it comes from no file.
  std::function<std::string()> sha256;
};

using LoadPack = std::function<Result<Pack>(const std::string& path)>;

// A decider's pack, with the best kernel of this machine.
Result<Pack> load_decider_pack(const std::string& path);

// The terms of a decider over a table, with the thresholds that its contract's calibration names.
StepPolicy policy_of_contract(const base::Json& contract);

}  // namespace cadre::agent
