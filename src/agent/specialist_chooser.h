// The dispatcher of a cadre: the router first; among several specialists then the one that is surest of its own attempt.
//
// Every specialist makes one attempt at the question (well under a millisecond each). The run goes to the highest answerable x
// probability of the best candidate. A specialist that would decline, because the question names a value that its table does not hold
// or because it is not answerable there, stands behind all that would not; the first in the cadre file wins a tie.
// Thread safety: as Dispatcher.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/dispatcher.h"

namespace cadre::agent {

class SpecialistChooser final : public Dispatcher {
 public:
  // `scope` may be null: no router. It and what the choices point to outlive this object; there is at least one choice.
  SpecialistChooser(Dispatcher* scope, std::vector<Chosen> choices);
  Result<DispatchDecision> dispatch(std::string_view question) override;

 private:
  Dispatcher* scope_;
  std::vector<Chosen> choices_;
};

}  // namespace cadre::agent
