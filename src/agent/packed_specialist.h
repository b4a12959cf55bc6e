// A specialist of a cadre file whose contract comes from a pack: the contract's terms, narrowed by what the file says beside it.
//
// The contract fixes what the specialist does. The file may hold it tighter: fewer attempts, samples, tokens and milliseconds, more confidence, a stricter
// approval, further conditions and figures to be grounded, an input schema that holds besides the contract's. Whatever would loosen or change the
// contract is refused at its line. `purpose` is the deployment's own. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/cadre_file.h"
#include "agent/contract_pack.h"
#include "agent/endpoint_specialist.h"
#include "base/result.h"

namespace cadre::agent {

// Also checks that the endpoint's model is the pack's, where the pack names one, and of a specialist of kind call, which asks no model, that its input can hold
// the contract's calls. kInvalid: every problem, one a line, each with file, line and column.
Result<EndpointSpecialistOptions> packed_options(const CadreFile& file, const SpecialistEntry& entry,
                                                 const ContractPack& pack);

}  // namespace cadre::agent
