// SPDX-License-Identifier: Apache-2.0
#include "agent/cadre_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>

#include "agent/section.h"
#include "agent/tool_factory.h"
#include "base/file.h"
#include "base/json.h"
#include "text/yaml.h"

namespace cadre::agent {

using base::Json;

namespace {

// A scan with two conditions takes 6 to 12 SQLite VM steps a row; a run may need a few scans.
constexpr int64_t kSqliteStepsPerRow = 64;
constexpr int64_t kSqliteStepsMin = 50'000'000;

void read_policy(Reading& reading, const Json& map, const std::string& pointer, PolicyEntry& policy) {
  Section section(reading, map, pointer);
  section.share("confidence_min", policy.confidence_min);
  section.share("answerable_min", policy.answerable_min);
  section.integer("attempts_max", 1, 16, policy.attempts_max);
  section.integer("candidates_max", 1, 64, policy.candidates_max);
  section.integer("retries_max", 0, 16, policy.retries_max);
  section.integer("backoff_ms", 0, 60'000, policy.backoff_ms);
  section.integer("timeout_ms", 1, 3'600'000, policy.timeout_ms);
  std::string approval;
  section.text("approval", approval);
  for (const Approval known : {Approval::kNever, Approval::kUnsure, Approval::kAlways}) {
    if (approval == approval_name(known)) policy.approval = known;
  }
  if (!approval.empty() && !policy.approval)
    section.refuse("approval",
                   fmt::format("\"approval\" must be never, unsure or always, not {}", in_quotes(approval)));
}

void read_table_keys(Section& section, SpecialistEntry& entry) {
  section.required_file("pack", "specialists/sql.gguf", entry.pack);
  section.required_file("table", "sales.csv", entry.table);
  section.text("table_name", entry.table_name);
  section.file("verifier", entry.verifier);
}

void read_call_keys(Section& section, SpecialistEntry& entry) {
  section.file("pack", entry.pack);
  section.required_text("tool", "weather", entry.tool);
  section.texts("before", "[\"call.amount <= 500\"]", entry.before);
  section.texts("after", "[\"result.status == 'ok'\"]", entry.after);
  section.text("say", entry.say);
  section.object("input_schema", entry.input_schema);
}

void read_template_keys(Section& section, SpecialistEntry& entry) {
  section.required_text("text", "\"{count} orders from {city}\"", entry.text);
  section.object("input_schema", entry.input_schema);
}

void read_endpoint_keys(Section& section, SpecialistEntry& entry) {
  EndpointSpecialistOptions& asked = entry.asked;
  section.required_text("endpoint", "local", entry.endpoint);
  section.file("pack", entry.pack);
  if (section.has("pack"))
    section.text("instruction", asked.instruction);
  else
    section.required_text("instruction", "\"Extract the customer and the amount.\"", asked.instruction);
  section.text("tool", entry.tool);
  section.object("input_schema", entry.input_schema);
  section.object("call_schema", asked.call_schema);
  section.object("output_schema", asked.output_schema);
  section.object("known", asked.known);
  section.texts("before", "[\"call.amount <= 500\"]", asked.before);
  section.texts("after", "[\"result.status == 'ok'\"]", asked.after);
  section.text("question_member", asked.question_member);
  section.text("answer_member", asked.answer_member);
  std::string answer = "json";
  section.text("answer", answer);
  if (answer != "json" && answer != "text")
    section.refuse("answer", fmt::format("\"answer\" must be json or text, not {}", in_quotes(answer)));
  asked.answer = answer == "text" ? EndpointAnswer::kText : EndpointAnswer::kJson;
  section.integer("samples", 1, engine::kChatSamplesMax, asked.samples);
  section.amount("temperature", asked.temperature);
  section.integer("seed", 0, std::numeric_limits<int32_t>::max(), asked.seed);
  section.integer("answer_tokens_max", 1, 1'000'000, asked.answer_tokens_max);
  section.pointers("shortened", asked.shortened);
  section.share("single_sample_confidence", asked.single_sample_confidence);
  section.pointers("grounded", asked.grounded);
  section.flag("grounded_quotes", asked.grounding.quotes);
  section.flag("grounded_counts", asked.grounding.counts);
}

// Of more than `above`, the `best` are shown.
void read_retrieval(Section& section, RetrievalSettings& settings) {
  const Json* map = section.find("retrieval");
  if (map == nullptr) return;
  Section inner(section.reading(), *map, section.below("retrieval"));
  inner.integer("above", 1, 4'096, settings.above);
  inner.integer("best", 1, 200, settings.best);
  if (settings.best > settings.above)
    inner.refuse("best", fmt::format("of more than {} (\"above\") the best {} cannot be shown: say \"best\" up to "
                                     "\"above\"",
                                     settings.above, settings.best));
}

void read_chat_keys(Section& section, SpecialistEntry& entry) {
  section.required_text("endpoint", "local", entry.endpoint);
  section.text("instruction", entry.asked.instruction);
  section.integer("answer_tokens_max", 1, 1'000'000, entry.asked.answer_tokens_max);
  read_retrieval(section, entry.chat_retrieval);
}

// Without the key: a table, which was the only kind once.
std::optional<SpecialistKind> read_kind(Section& section) {
  std::string kind = specialist_kind_name(SpecialistKind::kTable);
  section.text("kind", kind);
  for (const SpecialistKind known : {SpecialistKind::kTable, SpecialistKind::kCall, SpecialistKind::kTemplate,
                                     SpecialistKind::kEndpoint, SpecialistKind::kChat}) {
    if (kind == specialist_kind_name(known)) return known;
  }
  section.refuse("kind",
                 fmt::format("\"kind\" must be table, call, template, endpoint or chat, not {}", in_quotes(kind)));
  return std::nullopt;
}

// For what is known only once the pack was read.
void keep_places(const Reading& reading, const Json& map, const std::string& pointer, SpecialistEntry& entry) {
  entry.given = map;
  for (auto place = reading.places->lower_bound(pointer);
       place != reading.places->end() && place->first.starts_with(pointer); ++place) {
    const std::string below = place->first.substr(pointer.size());
    if (below.empty() || below[0] == '/')
      entry.places[below] = fmt::format("{}:{}", place->second.line, place->second.column);
  }
}

SpecialistEntry read_specialist(Reading& reading, const std::string& name, const Json& map,
                                const std::string& pointer) {
  SpecialistEntry entry{.name = name};
  if (!is_entry_name(name)) reading.refuse(pointer, fmt::format("{} is no name: {}", in_quotes(name), kEntryNameRule));
  Section section(reading, map, pointer);
  const auto kind = read_kind(section);
  const bool has_contract = (kind == SpecialistKind::kEndpoint || kind == SpecialistKind::kCall) && section.has("pack");
  if (has_contract)
    section.text("purpose", entry.purpose);
  else
    section.required_text("purpose", "what was sold, to whom, for how much", entry.purpose);
  if (!kind) section.take_all();
  entry.kind = kind.value_or(SpecialistKind::kTable);
  if (kind == SpecialistKind::kTable) read_table_keys(section, entry);
  if (kind == SpecialistKind::kCall) read_call_keys(section, entry);
  if (kind == SpecialistKind::kTemplate) read_template_keys(section, entry);
  if (kind == SpecialistKind::kEndpoint) read_endpoint_keys(section, entry);
  if (kind == SpecialistKind::kChat) read_chat_keys(section, entry);
  if (const Json* policy = section.find("policy")) read_policy(reading, *policy, section.below("policy"), entry.policy);
  if (has_contract) keep_places(reading, map, pointer, entry);
  return entry;
}

void read_specialists(Reading& reading, const Json& map, const std::string& pointer,
                      std::vector<SpecialistEntry>& out) {
  if (!map.is_object() || map.empty()) {
    reading.refuse(pointer,
                   fmt::format("\"specialists\" must be a map from names to specialists, not {}", described(map)));
    return;
  }
  if (map.size() > kCadreSpecialistsMax)
    reading.refuse(pointer, fmt::format("{} specialists; one cadre has at most {}", map.size(), kCadreSpecialistsMax));
  for (const auto& [name, entry] : map.items())
    out.push_back(read_specialist(reading, name, entry, text::yaml_pointer(pointer, name)));
}

void read_budgets(Reading& reading, const Json& map, const std::string& pointer, BudgetEntry& budgets) {
  Section section(reading, map, pointer);
  section.integer("attempts", 1, 10'000, budgets.attempts);
  section.integer("calls", 1, 10'000, budgets.calls);
  section.integer("rows", 1, 10'000, budgets.rows);
  section.integer("sqlite_steps", 1'000, 1'000'000'000'000, budgets.sqlite_steps);
  section.integer("tokens", 1, 1'000'000'000'000, budgets.tokens);
  section.amount("cost", budgets.cost);
  section.integer("time_ms", 1, 3'600'000, budgets.time_ms);
  section.integer("runs_at_once", 1, 64, budgets.runs_at_once);
  section.integer("calls_at_once", 1, 256, budgets.calls_at_once);
  section.integer("runs_waiting", 1, 1'000'000, budgets.runs_waiting);
}

void read_serve(Reading& reading, const Json& map, const std::string& pointer, ServeEntry& serve) {
  Section section(reading, map, pointer);
  section.text("address", serve.address);
  section.integer("port", 0, 65'535, serve.port);
  section.file("keys", serve.keys);
  section.texts("origins", "[\"https://example.org\"]", serve.origins);
  section.integer("body_bytes_max", 1'024, 64 << 20, serve.body_bytes_max);
  section.integer("connections_max", 1, 100'000, serve.connections_max);
  section.integer("requests_per_minute", 0, 1'000'000'000, serve.requests_per_minute);
  section.integer("drain_ms", 0, 3'600'000, serve.drain_ms);
}

// Keys of tools that name a file or folder.
constexpr std::array<const char*, 7> kToolPaths = {"sqlite", "root", "file", "folder", "pins", "journal", "vectors"};

void read_tools(Reading& reading, const Json& map, const std::string& pointer, std::vector<ToolEntry>& out) {
  if (!map.is_object()) {
    reading.refuse(pointer, fmt::format("\"tools\" must be a map from names to tools, not {}", described(map)));
    return;
  }
  for (const auto& [name, options] : map.items()) {
    const std::string below = text::yaml_pointer(pointer, name);
    if (!is_entry_name(name)) reading.refuse(below, fmt::format("{} is no name: {}", in_quotes(name), kEntryNameRule));
    if (!options.is_object() || !options.contains("kind")) {
      reading.refuse(below, fmt::format("tool {} needs a map with a \"kind\": {}", in_quotes(name), kToolKinds));
      continue;
    }
    ToolEntry entry{name, {{"name", name}}};
    entry.options.update(options);
    for (const char* key : kToolPaths) {
      if (entry.options.contains(key) && entry.options[key].is_string())
        entry.options[key] = reading.absolute(entry.options[key].get<std::string>());
    }
    if (auto checked = check_tool_options(entry.options); !checked.ok()) reading.refuse(below, checked.error().message);
    out.push_back(std::move(entry));
  }
}

void read_endpoint(Reading& reading, const std::string& name, const Json& map, const std::string& pointer,
                   std::vector<engine::ChatEndpointOptions>& out) {
  engine::ChatEndpointOptions options{.name = name};
  if (!is_entry_name(name)) reading.refuse(pointer, fmt::format("{} is no name: {}", in_quotes(name), kEntryNameRule));
  Section section(reading, map, pointer);
  section.required_text("url", "http://127.0.0.1:8080/v1", options.url);
  section.required_text("model", "llama-3.2-3b", options.model);
  section.file("key_file", options.key_file);
  section.text("key_variable", options.key_variable);
  section.integer("timeout_ms", 1, 3'600'000, options.timeout_ms);
  section.integer("window_tokens", 256, 100'000'000, options.window_tokens);
  double price_in = 0;
  double price_out = 0;
  section.amount("price_in", price_in);
  section.amount("price_out", price_out);
  options.price_in_micros = std::llround(price_in * 1e6);
  options.price_out_micros = std::llround(price_out * 1e6);
  std::string schema = "json_schema";
  section.text("schema", schema);
  if (schema == "json_object") {
    options.schema_request = engine::SchemaRequest::kJsonObject;
  } else if (schema == "none") {
    options.schema_request = engine::SchemaRequest::kNone;
  } else if (schema != "json_schema") {
    section.refuse("schema",
                   fmt::format("\"schema\" must be json_schema, json_object or none, not {}", in_quotes(schema)));
  }
  out.push_back(std::move(options));
}

void read_endpoints(Reading& reading, const Json& map, const std::string& pointer,
                    std::vector<engine::ChatEndpointOptions>& out) {
  if (!map.is_object()) {
    reading.refuse(pointer, fmt::format("\"endpoints\" must be a map from names to endpoints, not {}", described(map)));
    return;
  }
  for (const auto& [name, options] : map.items())
    read_endpoint(reading, name, options, text::yaml_pointer(pointer, name), out);
}

void read_planner(Section& section, OrchestratorEntry& entry) {
  section.required_text("endpoint", "local", entry.endpoint);
  std::optional<double> confidence;
  section.share("confidence", confidence);
  entry.plans.confidence = confidence.value_or(entry.plans.confidence);
  section.integer("steps_max", 1, static_cast<int64_t>(kPlanStepsMax), entry.plans.steps_max);
  section.integer("timeout_ms", 1, 3'600'000, entry.plans.timeout_ms);
  read_retrieval(section, entry.plans.retrieval);
}

void read_route_step(Reading& reading, const std::string& id, const Json& map, const std::string& pointer,
                     RouteOptions& route) {
  RouteStep step{.id = id};
  Section section(reading, map, pointer);
  if (const Json* specialist = section.find("specialist"); specialist != nullptr && specialist->is_string()) {
    step.specialists = {specialist->get<std::string>()};
  } else if (specialist != nullptr && specialist->is_array()) {
    section.texts("specialist", "[small, large]", step.specialists);
  }
  if (step.specialists.empty())
    section.refuse("", fmt::format("step {} needs a \"specialist\": a name, or a list of names", in_quotes(id)));
  section.text("instruction", step.instruction);
  section.object("input", step.input);
  section.texts("after", "[count]", step.after);
  route.steps.push_back(std::move(step));
}

void read_routes(Reading& reading, const Json& map, const std::string& pointer, std::vector<RouteOptions>& out) {
  if (!map.is_object()) {
    reading.refuse(pointer, fmt::format("\"routes\" must be a map from names to routes, not {}", described(map)));
    return;
  }
  if (map.size() > kRoutesMax) reading.refuse(pointer, fmt::format("{} routes; at most {}", map.size(), kRoutesMax));
  for (const auto& [name, options] : map.items()) {
    const std::string below = text::yaml_pointer(pointer, name);
    RouteOptions route{.name = name};
    if (!is_entry_name(name)) reading.refuse(below, fmt::format("{} is no name: {}", in_quotes(name), kEntryNameRule));
    Section section(reading, options, below);
    section.required_text("match", "\"report for (?P<city>.+)\"", route.match);
    const Json* plan = section.required("plan", "{answer: {specialist: sales, input: {...}}}");
    if (plan != nullptr && !plan->is_object())
      section.refuse("plan", fmt::format("\"plan\" must be a map from ids to steps, not {}", described(*plan)));
    if (plan != nullptr && plan->is_object()) {
      for (const auto& [id, step] : plan->items())
        read_route_step(reading, id, step, text::yaml_pointer(section.below("plan"), id), route);
    }
    out.push_back(std::move(route));
  }
}

void read_format(Section& section) {
  const Json* format = section.required("cadre", "1");
  if (format != nullptr && *format != kCadreFormat)
    section.refuse(
        "cadre", fmt::format("this version reads cadre files of format {}, not {}", kCadreFormat, described(*format)));
}

void read_cadre(Reading& reading, const Json& map, CadreFile& file) {
  Section section(reading, map, "");
  read_format(section);
  section.required_text("name", "office", file.name);
  if (!file.name.empty() && !is_entry_name(file.name))
    section.refuse("name", fmt::format("{} is no name: {}", in_quotes(file.name), kEntryNameRule));
  if (const Json* specialists = section.required("specialists", "{...}"))
    read_specialists(reading, *specialists, section.below("specialists"), file.specialists);
  if (const Json* tools = section.find("tools")) read_tools(reading, *tools, section.below("tools"), file.tools);
  if (const Json* routes = section.find("routes")) read_routes(reading, *routes, section.below("routes"), file.routes);
  if (const Json* endpoints = section.find("endpoints"))
    read_endpoints(reading, *endpoints, section.below("endpoints"), file.endpoints);
  if (const Json* planner = section.find("planner")) {
    Section inner(reading, *planner, section.below("planner"));
    file.planner.plans.name = "planner";
    read_planner(inner, file.planner);
  }
  if (const Json* orchestrator = section.find("orchestrator")) {
    Section inner(reading, *orchestrator, section.below("orchestrator"));
    file.orchestrator.plans.name = "orchestrator";
    read_planner(inner, file.orchestrator);
    inner.flag("makes_plans", file.orchestrator.makes_plans);
    inner.texts("steps", "[countries]", file.orchestrator.steps);
    inner.integer("samples", 1, engine::kChatSamplesMax, file.orchestrator.samples);
  }
  section.texts("addresses", "[\"127.0.0.1:8080\"]", file.addresses);
  section.file("router", file.router);
  if (const Json* budgets = section.find("budgets"))
    read_budgets(reading, *budgets, section.below("budgets"), file.budgets);
  section.path_to_be_made("journal", file.journal);
  if (const Json* serve = section.find("serve")) read_serve(reading, *serve, section.below("serve"), file.serve);
}

}  // namespace

const char* specialist_kind_name(SpecialistKind kind) {
  switch (kind) {
    case SpecialistKind::kTable:
      return "table";
    case SpecialistKind::kCall:
      return "call";
    case SpecialistKind::kTemplate:
      return "template";
    case SpecialistKind::kEndpoint:
      return "endpoint";
    case SpecialistKind::kChat:
      return "chat";
  }
  return "table";
}

Result<CadreFile> parse_cadre_file(std::string_view text, const std::string& path,
                                   const std::function<bool(const std::string&)>& exists) {
  const text::YamlDocument document = TRY(text::parse_yaml_document(text, path));
  std::error_code code;
  const std::filesystem::path folder = std::filesystem::absolute(std::filesystem::path(path), code).parent_path();
  Reading reading{&document.places, path, folder.string(), exists, {}};
  CadreFile file{.path = path};
  read_cadre(reading, document.value, file);
  if (!reading.problems.empty()) return reading.error();
  return file;
}

Result<CadreFile> load_cadre_file(const std::string& path) {
  const std::string text = TRY(base::read_file(path, text::kYamlBytesMax));
  return parse_cadre_file(text, path, [](const std::string& file) { return base::file_exists(file); });
}

Budget budget_of(const CadreFile& file) {
  Budget budget;
  budget.attempts_max = file.budgets.attempts;
  budget.calls_max = file.budgets.calls;
  budget.tokens_max = file.budgets.tokens;
  budget.cost_micros_max = std::llround(file.budgets.cost * 1e6);
  budget.time_ms_max = file.budgets.time_ms;
  return budget;
}

StepPolicy policy_of(const CadreFile& file, const SpecialistEntry& specialist, const StepPolicy& own) {
  StepPolicy policy = own;
  policy.confidence_min = specialist.policy.confidence_min.value_or(own.confidence_min);
  policy.answerable_min = specialist.policy.answerable_min.value_or(own.answerable_min);
  policy.attempts_max = specialist.policy.attempts_max.value_or(own.attempts_max);
  policy.candidates_max = specialist.policy.candidates_max.value_or(own.candidates_max);
  policy.retries_max = specialist.policy.retries_max.value_or(own.retries_max);
  policy.backoff_ms = specialist.policy.backoff_ms.value_or(own.backoff_ms);
  policy.timeout_ms = specialist.policy.timeout_ms.value_or(own.timeout_ms);
  policy.approval = specialist.policy.approval.value_or(own.approval);
  policy.rows_max = file.budgets.rows;
  if (file.budgets.sqlite_steps > 0) policy.work_max = file.budgets.sqlite_steps;
  return policy;
}

int64_t sqlite_steps_for(uint64_t row_count) {
  return std::max(kSqliteStepsMin, kSqliteStepsPerRow * static_cast<int64_t>(row_count));
}

}  // namespace cadre::agent
