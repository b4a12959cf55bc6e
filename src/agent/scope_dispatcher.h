// The dispatcher with a router: two tiers decide whether a text is a question to a table before any specialist runs.
// Thread safety: as Dispatcher; the router itself may be shared.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "agent/dispatcher.h"
#include "model/router.h"

namespace cadre::agent {

class ScopeDispatcher final : public Dispatcher {
 public:
  explicit ScopeDispatcher(std::shared_ptr<const model::Router> router) : router_(std::move(router)) {}
  Result<DispatchDecision> dispatch(std::string_view question) override;

 private:
  std::shared_ptr<const model::Router> router_;
};

}  // namespace cadre::agent
