// SPDX-License-Identifier: Apache-2.0
#include "agent/open_cadre.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "agent/chat_specialist.h"
#include "agent/circuit_breaker.h"
#include "agent/contract_pack.h"
#include "agent/direct_specialist.h"
#include "agent/endpoint_specialist.h"
#include "agent/fingerprint.h"
#include "agent/packed_specialist.h"
#include "agent/plan_tier.h"
#include "agent/route_tier.h"
#include "agent/tool_factory.h"
#include "base/file.h"
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
      tool_kinds_[name] = entry.options["kind"].get<std::string>();
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

  Result<CheckedSpecialist> open(const SpecialistEntry& entry, Cadre& cadre) {
    switch (entry.kind) {
      case SpecialistKind::kTable:
        return open_table(entry, cadre);
      case SpecialistKind::kCall:
        return open_call(entry, cadre);
      case SpecialistKind::kTemplate:
        return CheckedSpecialist::make(TRY(make_template_specialist({.name = entry.name,
                                                                     .purpose = entry.purpose,
                                                                     .input_schema = entry.input_schema,
                                                                     .text = entry.text,
                                                                     .policy = policy_of(file_, entry, {})})));
      case SpecialistKind::kEndpoint:
        return open_endpoint_specialist(entry, cadre);
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
  Result<CheckedSpecialist> open_table(const SpecialistEntry& entry, Cadre& cadre) {
    const auto& [pack, pack_sha256] = *TRY(pack_of(entry.pack));
    const std::string fingerprint = TRY(fingerprint_file(entry.table));
    contract::Table table = TRY(contract::Table::open(entry.table, {.table_name = entry.table_name}));
    for (const std::string& note : table.notes())
      cadre.notes.push_back(fmt::format("specialist {}: {}", entry.name, note));
    const auto verifier = TRY(verifier_of(entry.verifier));
    if (verifier && !is_fitted_to(*verifier, pack.name))
      cadre.notes.push_back(fmt::format("specialist {}: verifier {} was not fitted to the confidence of {}", entry.name,
                                        verifier->name(), pack.name));
    const auto more = TRY(more_of_contract(entry, pack));
    CheckedSpecialist made =
        TRY(table_specialist(entry, pack, more, identity_of_table(pack.name, fingerprint, pack_sha256, verifier.get()),
                             verifier, std::move(table)));
    if (!more) return made;
    for (const SelfTest& test : more->self_tests) {
      auto subject = table_of_test(entry, pack, more, verifier, test);
      if (!subject.ok()) return std::move(subject).error().with_context(fmt::format("self-test \"{}\"", test.name));
      cadre.self_tests.push_back({entry.name, test, std::move(*subject)});
    }
    return made;
  }

  Result<CheckedSpecialist> table_specialist(const SpecialistEntry& entry, const Pack& pack,
                                             const std::optional<SpecialistContract>& more, std::string identity,
                                             std::shared_ptr<const model::Verifier> verifier,
                                             contract::Table table) const {
    StepPolicy own = more ? policy_under(more->terms, pack.policy) : pack.policy;
    own.work_max = sqlite_steps_for(table.row_count());
    return CheckedSpecialist::make(
        std::make_shared<TableSpecialist>(TableSpecialistOptions{.name = entry.name,
                                                                 .purpose = entry.purpose,
                                                                 .identity = std::move(identity),
                                                                 .policy = policy_of(file_, entry, own),
                                                                 .verifier = std::move(verifier),
                                                                 .clock = &clock_},
                                          pack, std::move(table)));
  }

  // What a pack's contract has beyond what its weights were trained with.
  static Result<std::optional<SpecialistContract>> more_of_contract(const SpecialistEntry& entry, const Pack& pack) {
    const base::Json& contract = pack.contract;
    const bool has_more = contract.is_object() && (contract.contains("self_tests") || contract.contains("retry") ||
                                                   contract.contains("approval"));
    if (!has_more) return std::optional<SpecialistContract>();
    auto read = contract_from_json(base::dump_json(contract), fmt::format("{}: {}", entry.pack, kContractKey));
    if (!read.ok()) return std::move(read).error();
    return std::optional<SpecialistContract>(std::move(*read));
  }

  Result<CheckedSpecialist> table_of_test(const SpecialistEntry& entry, const Pack& pack,
                                          const std::optional<SpecialistContract>& more,
                                          const std::shared_ptr<const model::Verifier>& verifier,
                                          const SelfTest& test) const {
    const auto folder = TRY(base::TemporaryDirectory::make());
    const std::string path = folder.path() + "/table.csv";
    TRY(base::replace_file(path, test.table));
    return table_specialist(entry, pack, more, "self-test", verifier, TRY(contract::Table::open(path)));
  }

  Result<CheckedSpecialist> open_endpoint_specialist(const SpecialistEntry& entry, Cadre& cadre) {
    if (entry.pack.empty()) return CheckedSpecialist::make(TRY(endpoint_of(entry, asked_of(entry))));
    const ContractPack& pack = *TRY(contract_of(entry.pack));
    EndpointSpecialistOptions options = TRY(contract_options(entry, pack));
    CheckedSpecialist made = TRY(CheckedSpecialist::make(TRY(endpoint_of(entry, std::move(options)))));
    for (const SelfTest& test : pack.contract.self_tests) cadre.self_tests.push_back({entry.name, test, made});
    return made;
  }

  // What the pack's contract asks for, narrowed by the file and held against the tool.
  Result<EndpointSpecialistOptions> contract_options(const SpecialistEntry& entry, const ContractPack& pack) const {
    EndpointSpecialistOptions options = TRY(packed_options(file_, entry, pack));
    if (!pack.contract.tool) return options;
    const std::shared_ptr<Tool> tool = TRY(tool_of(entry.tool));
    TRY(check_tool_binding(*pack.contract.tool, options.call_schema, tool_kinds_.at(entry.tool), tool->definition()));
    return options;
  }

  EndpointSpecialistOptions asked_of(const SpecialistEntry& entry) const {
    EndpointSpecialistOptions options = entry.asked;
    options.name = entry.name;
    options.purpose = entry.purpose;
    options.policy = policy_of(file_, entry, options.policy);
    if (!entry.input_schema.is_null()) options.input_schema = entry.input_schema;
    return options;
  }

  Result<std::shared_ptr<const Specialist>> endpoint_of(const SpecialistEntry& entry,
                                                        EndpointSpecialistOptions options) {
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

  Result<CheckedSpecialist> open_call(const SpecialistEntry& entry, Cadre& cadre) {
    const std::shared_ptr<Tool> tool = TRY(tool_of(entry.tool));
    if (entry.pack.empty())
      return CheckedSpecialist::make(TRY(make_call_specialist({.name = entry.name,
                                                               .purpose = entry.purpose,
                                                               .input_schema = entry.input_schema,
                                                               .terms = {.before = entry.before, .after = entry.after},
                                                               .say = entry.say,
                                                               .policy = policy_of(file_, entry, {})},
                                                              tool)));
    const ContractPack& pack = *TRY(contract_of(entry.pack));
    const EndpointSpecialistOptions options = TRY(contract_options(entry, pack));
    CheckedSpecialist made =
        TRY(CheckedSpecialist::make(TRY(make_call_specialist(call_options(options, entry.say), tool))));
    add_direct_tests(pack.contract, made, cadre);
    return made;
  }

  static CallSpecialistOptions call_options(const EndpointSpecialistOptions& options, const std::string& say) {
    return {.name = options.name,
            .version = options.version,
            .purpose = options.purpose,
            .input_schema = options.input_schema,
            .call_schema = options.call_schema,
            .output_schema = options.output_schema,
            .lists = options.known,
            .terms = {options.before, options.after, options.excluded, options.grounded, options.grounding},
            .probability = calibrated(options.calibration, 1),
            .pack_identity = options.pack_identity,
            .say = say,
            .answer_member = options.answer_member,
            .policy = options.policy};
  }

  // Those whose input holds a call; the others are put to the contract's model.
  static void add_direct_tests(const SpecialistContract& contract, const CheckedSpecialist& made, Cadre& cadre) {
    const base::Json needed = contract.asked.call_schema.value("required", base::Json::array());
    size_t left_out = 0;
    for (const SelfTest& test : contract.self_tests) {
      const bool holds_call = std::all_of(needed.begin(), needed.end(), [&](const base::Json& name) {
        return test.input.contains(name.get<std::string>());
      });
      if (holds_call)
        cadre.self_tests.push_back({made.definition().name, test, made});
      else
        ++left_out;
    }
    if (left_out > 0)
      cadre.notes.push_back(
          fmt::format("specialist {}: {} of the self-tests of {} ask its model for the call, which this "
                      "specialist is given; they are not run",
                      made.definition().name, left_out, contract.id()));
  }

  struct OpenedPack {
    Pack pack;
    std::string sha256;  // empty: it comes from no file
  };

  // Specialists that name one file share its weights; it is read and hashed once.
  Result<const OpenedPack*> pack_of(const std::string& path) {
    if (const auto found = packs_.find(path); found != packs_.end()) return &found->second;
    OpenedPack opened{TRY(loaders_.load_pack(path)), ""};
    if (opened.pack.sha256) opened.sha256 = opened.pack.sha256();
    opened.pack.sha256 = nullptr;  // it held the file
    return &packs_.emplace(path, std::move(opened)).first->second;
  }

  // As pack_of, of a contract's pack.
  Result<const ContractPack*> contract_of(const std::string& path) {
    const auto found = contracts_.find(path);
    if (found != contracts_.end()) return &found->second;
    return &contracts_.emplace(path, TRY(open_contract_pack(path))).first->second;
  }

  // As pack_of; null where none is named.
  Result<std::shared_ptr<const model::Verifier>> verifier_of(const std::string& path) {
    if (path.empty()) return std::shared_ptr<const model::Verifier>();
    auto& verifier = verifiers_[path];
    if (!verifier) verifier = std::make_shared<const model::Verifier>(TRY(model::Verifier::open(path)));
    return verifier;
  }

  const CadreFile& file_;
  const CadreLoaders& loaders_;
  const base::Clock& clock_;
  std::shared_ptr<const net::HttpClient> client_;
  std::map<std::string, OpenedPack> packs_;
  std::map<std::string, ContractPack> contracts_;
  std::map<std::string, std::shared_ptr<const model::Verifier>> verifiers_;
  std::map<std::string, std::shared_ptr<Tool>> tools_;
  std::map<std::string, std::string> tool_kinds_;  // by the tool's name
  std::map<std::string, std::shared_ptr<const engine::ChatModel>> models_;
};

}  // namespace

Result<DecideScope> load_scope_router(const std::string& path) {
  auto router = TRY(model::Router::open(path));
  return scope_of_router(std::make_shared<const model::Router>(std::move(router)));
}

std::string identity_of_table(const std::string& pack_name, const std::string& table_fingerprint,
                              const std::string& pack_sha256, const model::Verifier* verifier) {
  return fmt::format("{}{}{}{}{} over {}", pack_name, pack_sha256.empty() ? "" : " ", pack_sha256,
                     verifier == nullptr ? "" : " verified by ", verifier == nullptr ? "" : verifier->name(),
                     table_fingerprint);
}

bool is_fitted_to(const model::Verifier& verifier, const std::string& pack_name) {
  const auto training = base::json_object(verifier.contract(), "training");
  return training.ok() && (*training)->value("specialist", std::string()) == pack_name;
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
    // What is wrong with a line of the file says so itself.
    const bool has_place = error.message.starts_with(file.path + ":");
    problems += problems.empty() ? "" : "\n";
    problems += has_place ? error.message : fmt::format("{}: {}: {}", file.path, what, error.message);
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
    auto specialist = opener.open(entry, *cadre);
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
