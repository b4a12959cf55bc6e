// The dispatcher's first tier of its own: routes of the cadre file, a pattern over the request's text and the plan that it stands for.
//
// A pattern is an RE2 (linear time whatever the text is) over the whole text, capitals and small letters alike, spaces at the ends left out. Its named groups fill places
// in the strings of the plan: "how many orders came from {city}". A string that is one place and nothing else becomes the captured text;
// what was captured is never read as a reference. The first route that matches decides; a route is certain.
// Thread safety: as Tier.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/planner.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr size_t kRoutesMax = 1'000;

struct RouteStep {
  std::string id;
  std::vector<std::string> specialists;  // the first does it; the next where that one could not
  std::string instruction;
  base::Json input = base::Json::object();
  std::vector<std::string> after;
};

struct RouteOptions {
  std::string name;
  std::string match;
  std::vector<RouteStep> steps;
};

class RouteTier final : public Tier {
 public:
  // kInvalid names the route: a pattern that is none, a place that no group fills, a specialist that is not there, a plan that cannot be
  // carried out whatever is captured.
  static Result<std::unique_ptr<RouteTier>> make(const std::vector<RouteOptions>& routes,
                                                 const Specialists& specialists);
  ~RouteTier() override;

  std::string name() const override { return "rules"; }
  Result<TierDecision> decide(const base::Json& request, const base::Cancel* cancel) const override;

 private:
  struct Route;
  explicit RouteTier(std::vector<std::unique_ptr<Route>> routes);
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace cadre::agent
