// SPDX-License-Identifier: Apache-2.0
#include "agent/open_cadre.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "agent/chat_specialist.h"
#include "agent/circuit_breaker.h"
#include "agent/direct_specialist.h"
#include "agent/endpoint_specialist.h"
#include "agent/fingerprint.h"
#include "agent/plan_tier.h"
#include "agent/route_tier.h"
#include "agent/tool_factory.h"
#include "model/router.h"
#include "net/http_client.h"

namespace cadre::agent {
namespace {

class Opener {
 public:
  Opener(const CadreFile& file, const CadreLoaders& loaders, const base::Clock& clock, net::AddressPolicy policy)
      : file_(file),
        loaders_(loaders),
        clock_(clock),
        client_(std::make_shared<const net::HttpClient>(std::move(policy))) {}

  Result<void> open_tool(const ToolEntry& entry) {
    auto tools = TRY(make_tools(entry.options, client_));
    for (auto& tool : tools) {
      const std::string name = tool->definition().name;
      // What waits for others may keep everybody waiting.
      if (tool->waits()) {
        tool = with_breaker(std::move(tool), std::make_shared<CircuitBreaker>(fmt::format("tool {}", name),
                                                                              CircuitBreakerOptions{}, clock_));
      }
      if (!tools_.emplace(name, std::move(tool)).second)
        return Error{ErrorCode::kInvalid, fmt::format("two tools are called \"{}\"", name)};
    }
    return {};
  }

  Result<void> open_endpoint(const engine::ChatEndpointOptions& options) {
    const std::shared_ptr<const engine::ChatModel> model = TRY(engine::ChatEndpoint::make(options, client_, clock_));
    models_[options.name] = with_breaker(
        model,
        std::make_shared<CircuitBreaker>(fmt::format("endpoint {}", options.name), CircuitBreakerOptions{}, clock_));
    return {};
  }

  Result<std::shared_ptr<const engine::ChatModel>> model_of(const std::string& endpoint) const {
    const auto found = models_.find(endpoint);
    if (found == models_.end())
      return Error{ErrorCode::kNotFound,
                   fmt::format("there is no endpoint \"{}\" (or it could not be opened)", endpoint)};
    return found->second;
  }

  // The orchestrator as one who does this specialist's steps.
  Result<CheckedSpecialist> open_orchestrator(const CheckedSpecialist& other) const {
    EndpointSpecialistOptions options{.samples = file_.orchestrator.samples};
    options.policy = other.definition().policy;
    return CheckedSpecialist::make(
        TRY(orchestrator_assignment(other.shared(), TRY(model_of(file_.orchestrator.endpoint)), std::move(options))));
  }

  Result<CheckedSpecialist> open(const SpecialistEntry& entry, std::vector<std::string>& notes) {
    switch (entry.kind) {
      case SpecialistKind::kTable:
        return open_table(entry, notes);
      case SpecialistKind::kCall:
        return CheckedSpecialist::make(TRY(call_of(entry)));
      case SpecialistKind::kTemplate:
        return CheckedSpecialist::make(TRY(make_template_specialist({.name = entry.name,
                                                                     .purpose = entry.purpose,
                                                                     .input_schema = entry.input_schema,
                                                                     .text = entry.text,
                                                                     .policy = policy_of(file_, entry, {})})));
      case SpecialistKind::kEndpoint:
        return CheckedSpecialist::make(TRY(endpoint_of(entry)));
      case SpecialistKind::kChat:
        return CheckedSpecialist::make(TRY(make_chat_specialist({.name = entry.name,
                                                                 .purpose = entry.purpose,
                                                                 .instruction = entry.asked.instruction,
                                                                 .policy = policy_of(file_, entry, {}),
                                                                 .answer_tokens_max = entry.asked.answer_tokens_max,
                                                                 .retrieval = entry.chat_retrieval},
                                                                TRY(model_of(entry.endpoint)))));
    }
    return Error{ErrorCode::kInternal, "a kind of specialist that is none"};
  }

 private:
  Result<CheckedSpecialist> open_table(const SpecialistEntry& entry, std::vector<std::string>& notes) {
    const Pack pack = TRY(pack_of(entry.pack));
    const std::string fingerprint = TRY(fingerprint_file(entry.table));
    contract::Table table = TRY(contract::Table::open(entry.table, {.table_name = entry.table_name}));
    for (const std::string& note : table.notes()) notes.push_back(fmt::format("specialist {}: {}", entry.name, note));
    StepPolicy own = pack.policy;
    own.work_max = sqlite_steps_for(table.row_count());
    return CheckedSpecialist::make(
        std::make_shared<TableSpecialist>(TableSpecialistOptions{.name = entry.name,
                                                                 .purpose = entry.purpose,
                                                                 .identity = identity_of_table(pack.name, fingerprint),
                                                                 .policy = policy_of(file_, entry, own),
                                                                 .clock = &clock_},
                                          pack, std::move(table)));
  }

  Result<std::shared_ptr<const Specialist>> endpoint_of(const SpecialistEntry& entry) {
    EndpointSpecialistOptions options = entry.asked;
    options.name = entry.name;
    options.purpose = entry.purpose;
    options.policy = policy_of(file_, entry, options.policy);
    if (!entry.input_schema.is_null()) options.input_schema = entry.input_schema;
    std::shared_ptr<Tool> tool;
    if (!entry.tool.empty()) tool = TRY(tool_of(entry.tool));
    return std::shared_ptr<const Specialist>(
        TRY(EndpointSpecialist::make(std::move(options), TRY(model_of(entry.endpoint)), std::move(tool))));
  }

  Result<std::shared_ptr<Tool>> tool_of(const std::string& name) const {
    const auto found = tools_.find(name);
    if (found == tools_.end())
      return Error{ErrorCode::kNotFound, fmt::format("there is no tool \"{}\" (or it could not be opened)", name)};
    return found->second;
  }

  Result<std::shared_ptr<const Specialist>> call_of(const SpecialistEntry& entry) {
    return make_call_specialist({.name = entry.name,
                                 .purpose = entry.purpose,
                                 .input_schema = entry.input_schema,
                                 .before = entry.before,
                                 .after = entry.after,
                                 .say = entry.say,
                                 .policy = policy_of(file_, entry, {})},
                                TRY(tool_of(entry.tool)));
  }

  // Specialists that name one file share its weights.
  Result<Pack> pack_of(const std::string& path) {
    const auto found = packs_.find(path);
    if (found != packs_.end()) return found->second;
    Pack pack = TRY(loaders_.load_pack(path));
    return packs_[path] = std::move(pack);
  }

  const CadreFile& file_;
  const CadreLoaders& loaders_;
  const base::Clock& clock_;
  std::shared_ptr<const net::HttpClient> client_;
  std::map<std::string, Pack> packs_;
  std::map<std::string, std::shared_ptr<Tool>> tools_;
  std::map<std::string, std::shared_ptr<const engine::ChatModel>> models_;
};

}  // namespace

Result<DecideScope> load_scope_router(const std::string& path) {
  auto router = TRY(model::Router::open(path));
  return scope_of_router(std::make_shared<const model::Router>(std::move(router)));
}

std::string identity_of_table(const std::string& pack_name, const std::string& table_fingerprint) {
  return fmt::format("{} over {}", pack_name, table_fingerprint);
}

std::unique_ptr<Planner> make_planner(const Specialists& specialists, const base::Clock& clock, DecideScope scope,
                                      std::unique_ptr<Tier> routes, std::vector<std::unique_ptr<Tier>> planners) {
  std::vector<std::unique_ptr<Tier>> tiers;
  tiers.push_back(std::make_unique<NamedTier>(specialists));
  if (routes) tiers.push_back(std::move(routes));
  tiers.push_back(std::make_unique<SplitTier>(specialists));
  // What the router declines a planner may still know how to do.
  if (scope && planners.empty()) tiers.push_back(std::make_unique<ScopeTier>(specialists, std::move(scope)));
  // Without a planner the surest specialist is asked, which abstains by itself; with one, only a specialist that is sure.
  tiers.push_back(std::make_unique<AttemptsTier>(
      specialists, planners.empty() ? AttemptsTier::Unsure::kAccept : AttemptsTier::Unsure::kPassOn));
  for (auto& planner : planners) tiers.push_back(std::move(planner));
  return std::make_unique<Planner>(specialists, clock, std::move(tiers));
}

Result<std::unique_ptr<Cadre>> open_cadre(const CadreFile& file, const CadreLoaders& loaders,
                                          const base::Clock& clock) {
  auto cadre = std::make_unique<Cadre>();
  cadre->budget = budget_of(file);
  std::string problems;
  ErrorCode code = ErrorCode::kInvalid;
  const auto note = [&](const std::string& what, const Error& error) {
    if (problems.empty()) code = error.code;
    problems += fmt::format("{}{}: {}: {}", problems.empty() ? "" : "\n", file.path, what, error.message);
  };
  auto policy = net::AddressPolicy::parse(file.addresses);
  if (!policy.ok()) note("addresses", policy.error());
  Opener opener(file, loaders, clock, policy.ok() ? std::move(*policy) : net::AddressPolicy());
  for (const ToolEntry& entry : file.tools) {
    if (auto opened = opener.open_tool(entry); !opened.ok()) note(fmt::format("tool {}", entry.name), opened.error());
  }
  for (const engine::ChatEndpointOptions& options : file.endpoints) {
    if (auto opened = opener.open_endpoint(options); !opened.ok())
      note(fmt::format("endpoint {}", options.name), opened.error());
  }
  for (const SpecialistEntry& entry : file.specialists) {
    auto specialist = opener.open(entry, cadre->notes);
    if (specialist.ok())
      cadre->specialists.push_back(std::move(*specialist));
    else
      note(fmt::format("specialist {}", entry.name), specialist.error());
  }
  DecideScope scope;
  if (!file.router.empty()) {
    auto loaded = loaders.load_scope(file.router);
    if (loaded.ok())
      scope = std::move(*loaded);
    else
      note("router", loaded.error());
  }
  for (const std::string& name : file.orchestrator.steps) {
    const CheckedSpecialist* other = find_specialist(cadre->specialists, name);
    auto made = other != nullptr ? opener.open_orchestrator(*other)
                                 : Result<CheckedSpecialist>(
                                       Error{ErrorCode::kNotFound, fmt::format("there is no specialist \"{}\"", name)});
    if (made.ok())
      cadre->specialists.push_back(std::move(*made));
    else
      note("orchestrator", made.error());
  }
  if (!problems.empty()) return Error{code, std::move(problems)};
  std::vector<std::unique_ptr<Tier>> planners;
  for (const OrchestratorEntry* entry : {&file.planner, &file.orchestrator}) {
    if (entry->endpoint.empty() || !entry->makes_plans) continue;
    auto model = opener.model_of(entry->endpoint);
    auto tier = model.ok() ? PlannerTier::make(cadre->specialists, *model, entry->plans)
                           : Result<std::unique_ptr<PlannerTier>>(model.error());
    if (!tier.ok()) return std::move(tier).error().with_context(fmt::format("{}: {}", file.path, entry->plans.name));
    planners.push_back(std::move(*tier));
  }
  auto routes = RouteTier::make(file.routes, cadre->specialists);
  if (!routes.ok()) return std::move(routes).error().with_context(file.path);
  cadre->planner = make_planner(cadre->specialists, clock, std::move(scope), std::move(*routes), std::move(planners));
  return cadre;
}

}  // namespace cadre::agent
