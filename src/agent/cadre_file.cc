// SPDX-License-Identifier: Apache-2.0
#include "agent/cadre_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <tuple>

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

// Texts of the file in messages: quoted, control characters escaped, so that a problem stays one line.
std::string in_quotes(std::string_view text) {
  return base::dump_json(Json(std::string(text)));
}

std::string kind_of(const Json& value) {
  if (value.is_null()) return "nothing";
  if (value.is_object()) return "a map";
  if (value.is_array()) return "a list";
  if (value.is_string()) return fmt::format("the text {}", in_quotes(value.get_ref<const std::string&>()));
  return base::dump_json(value);
}

// The document, and what was found wrong with it so far.
struct Reading {
  const text::YamlPlaces& places;
  std::string path;
  std::string folder;
  const std::function<bool(const std::string&)>& exists;
  std::vector<std::tuple<int, int, std::string>> problems;  // line, column, what

  void refuse(const std::string& pointer, std::string what) {
    const auto found = places.find(pointer);
    const text::YamlPlace place = found == places.end() ? text::YamlPlace{} : found->second;
    problems.emplace_back(place.line, place.column, std::move(what));
  }

  std::string absolute(const std::string& given) const {
    return (std::filesystem::path(folder) / given).lexically_normal().string();
  }

  Error error() {
    std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
      return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
    });
    std::string message;
    for (const auto& [line, column, what] : problems)
      message += fmt::format("{}{}:{}:{}: {}", message.empty() ? "" : "\n", path, line, column, what);
    return Error{ErrorCode::kInvalid, std::move(message)};
  }
};

// One map of the file: reads the keys it is asked for, and refuses the others at the end.
class Section {
 public:
  Section(Reading& reading, const Json& map, std::string pointer)
      : reading_(reading), map_(map), pointer_(std::move(pointer)) {
    if (!map_.is_object())
      reading_.refuse(pointer_, fmt::format("a map of keys is expected here, not {}", kind_of(map_)));
  }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;
  ~Section() { refuse_the_others(); }

  Reading& reading() { return reading_; }

  // Null: the key is missing, or stands there without a value.
  const Json* find(const char* key) {
    known_.emplace_back(key);
    if (!map_.is_object()) return nullptr;
    const auto found = map_.find(key);
    return found == map_.end() || found->is_null() ? nullptr : &*found;
  }

  const Json* required(const char* key, const char* example) {
    const Json* value = find(key);
    if (value == nullptr && map_.is_object())
      refuse(map_.contains(key) ? key : "",
             fmt::format("key \"{}\" needs a value, like \"{}: {}\"", key, key, example));
    return value;
  }

  void text(const char* key, std::string& out) { take_text(key, find(key), out); }
  void required_text(const char* key, const char* example, std::string& out) {
    take_text(key, required(key, example), out);
  }

  // A file that must exist; made absolute.
  void file(const char* key, std::string& out) { take_file(key, find(key), out); }
  void required_file(const char* key, const char* example, std::string& out) {
    take_file(key, required(key, example), out);
  }
  void path_to_be_made(const char* key, std::string& out) {
    text(key, out);
    if (!out.empty()) out = reading_.absolute(out);
  }

  bool integer(const char* key, int64_t low, int64_t high, int64_t& out) {
    const Json* value = find(key);
    if (value == nullptr) return false;
    const bool fits = value->is_number_integer() && value->get<int64_t>() >= low && value->get<int64_t>() <= high;
    if (fits)
      out = value->get<int64_t>();
    else
      refuse(key, fmt::format("\"{}\" must be a whole number from {} to {}, not {}", key, low, high, kind_of(*value)));
    return fits;
  }
  void integer(const char* key, int64_t low, int64_t high, std::optional<int64_t>& out) {
    int64_t value = 0;
    if (integer(key, low, high, value)) out = value;
  }

  void share(const char* key, std::optional<double>& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    const double number = value->is_number() ? value->get<double>() : -1;
    if (number >= 0 && number <= 1)
      out = number;
    else
      refuse(key, fmt::format("\"{}\" must be a probability from 0 to 1, not {}", key, kind_of(*value)));
  }

  void amount(const char* key, double& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    const double number = value->is_number() ? value->get<double>() : -1;
    if (number >= 0 && number <= 1e9)
      out = number;
    else
      refuse(key, fmt::format("\"{}\" must be a number from 0 to a billion, not {}", key, kind_of(*value)));
  }

  void texts(const char* key, const char* example, std::vector<std::string>& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) {
      refuse(key, fmt::format("\"{}\" must be a list of texts, like {}, not {}", key, example, kind_of(*value)));
      return;
    }
    for (size_t i = 0; i < value->size(); ++i) {
      const Json& item = (*value)[i];
      if (item.is_string() && !item.get_ref<const std::string&>().empty())
        out.push_back(item.get<std::string>());
      else
        reading_.refuse(text::yaml_pointer(below(key), std::to_string(i)),
                        fmt::format("\"{}\" lists texts, like {}, not {}", key, example, kind_of(item)));
    }
  }

  // An object of whatever the file says; null where the key is missing.
  void object(const char* key, Json& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (value->is_object())
      out = *value;
    else
      refuse(key, fmt::format("\"{}\" must be a map, not {}", key, kind_of(*value)));
  }

  void flag(const char* key, bool& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    if (value->is_boolean())
      out = value->get<bool>();
    else
      refuse(key, fmt::format("\"{}\" must be true or false, not {}", key, kind_of(*value)));
  }

  // JSON pointers; the empty one is the whole value.
  void pointers(const char* key, std::vector<std::string>& out) {
    const Json* value = find(key);
    if (value == nullptr) return;
    for (const Json& item : *value) {
      const bool is_pointer = item.is_string() && (item.get_ref<const std::string&>().empty() ||
                                                   item.get_ref<const std::string&>().starts_with("/"));
      if (is_pointer) out.push_back(item.get<std::string>());
    }
    if (!value->is_array() || out.size() != value->size())
      refuse(key, fmt::format("\"{}\" must be a list of JSON pointers, like [\"/text\"] or [\"\"] for all, not {}", key,
                              kind_of(*value)));
  }

  // What is known here depends on something that was wrong: the other keys are left for later.
  void take_all() {
    if (!map_.is_object()) return;
    for (const auto& [key, value] : map_.items()) known_.push_back(key);
  }

  void refuse(std::string_view key, std::string what) {
    reading_.refuse(key.empty() ? pointer_ : below(key), std::move(what));
  }
  std::string below(std::string_view key) const { return text::yaml_pointer(pointer_, key); }

 private:
  void take_text(const char* key, const Json* value, std::string& out) {
    if (value == nullptr) return;
    if (value->is_string() && !value->get_ref<const std::string&>().empty())
      out = value->get<std::string>();
    else
      refuse(key, fmt::format("\"{}\" must be a text, not {}; put it in quotes if it is one", key, kind_of(*value)));
  }

  void take_file(const char* key, const Json* value, std::string& out) {
    std::string given;
    take_text(key, value, given);
    if (given.empty()) return;
    if (given.find('\0') != std::string::npos) {
      refuse(key, fmt::format("\"{}\": {} is no path", key, in_quotes(given)));
      return;
    }
    out = reading_.absolute(given);
    if (!reading_.exists(out))
      refuse(key,
             fmt::format("\"{}\": there is no file {}; paths are relative to the cadre file", key, in_quotes(out)));
  }

  void refuse_the_others() {
    if (!map_.is_object()) return;
    for (const auto& [key, value] : map_.items()) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      refuse(key, fmt::format("unknown key {}; known here: {}", in_quotes(key), fmt::join(known_, ", ")));
    }
  }

  Reading& reading_;
  const Json& map_;
  std::string pointer_;
  std::vector<std::string> known_;
};

bool is_name(std::string_view text) {
  const auto is_legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  return !text.empty() && text.size() <= kCadreNameBytesMax && std::all_of(text.begin(), text.end(), is_legal);
}

constexpr const char* kNameRule = "a name has 1 to 64 of the characters A-Z a-z 0-9 _ . -";

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
}

void read_call_keys(Section& section, SpecialistEntry& entry) {
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
  section.required_text("instruction", "\"Extract the customer and the amount.\"", asked.instruction);
  section.text("tool", entry.tool);
  section.object("input_schema", entry.input_schema);
  section.object("call_schema", asked.call_schema);
  section.object("output_schema", asked.output_schema);
  section.object("known", asked.known);
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

SpecialistEntry read_specialist(Reading& reading, const std::string& name, const Json& map,
                                const std::string& pointer) {
  SpecialistEntry entry{.name = name};
  if (!is_name(name)) reading.refuse(pointer, fmt::format("{} is no name: {}", in_quotes(name), kNameRule));
  Section section(reading, map, pointer);
  const auto kind = read_kind(section);
  section.required_text("purpose", "what was sold, to whom, for how much", entry.purpose);
  if (!kind) section.take_all();
  entry.kind = kind.value_or(SpecialistKind::kTable);
  if (kind == SpecialistKind::kTable) read_table_keys(section, entry);
  if (kind == SpecialistKind::kCall) read_call_keys(section, entry);
  if (kind == SpecialistKind::kTemplate) read_template_keys(section, entry);
  if (kind == SpecialistKind::kEndpoint) read_endpoint_keys(section, entry);
  if (kind == SpecialistKind::kChat) read_chat_keys(section, entry);
  if (const Json* policy = section.find("policy")) read_policy(reading, *policy, section.below("policy"), entry.policy);
  return entry;
}

void read_specialists(Reading& reading, const Json& map, const std::string& pointer,
                      std::vector<SpecialistEntry>& out) {
  if (!map.is_object() || map.empty()) {
    reading.refuse(pointer,
                   fmt::format("\"specialists\" must be a map from names to specialists, not {}", kind_of(map)));
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
constexpr std::array<const char*, 5> kToolPaths = {"sqlite", "root", "file", "folder", "pins"};

void read_tools(Reading& reading, const Json& map, const std::string& pointer, std::vector<ToolEntry>& out) {
  if (!map.is_object()) {
    reading.refuse(pointer, fmt::format("\"tools\" must be a map from names to tools, not {}", kind_of(map)));
    return;
  }
  for (const auto& [name, options] : map.items()) {
    const std::string below = text::yaml_pointer(pointer, name);
    if (!is_name(name)) reading.refuse(below, fmt::format("{} is no name: {}", in_quotes(name), kNameRule));
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
  if (!is_name(name)) reading.refuse(pointer, fmt::format("{} is no name: {}", in_quotes(name), kNameRule));
  Section section(reading, map, pointer);
  section.required_text("url", "http://127.0.0.1:8080/v1", options.url);
  section.required_text("model", "llama-3.2-3b", options.model);
  section.file("key_file", options.key_file);
  section.text("key_variable", options.key_variable);
  section.integer("timeout_ms", 1, 3'600'000, options.timeout_ms);
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
    reading.refuse(pointer, fmt::format("\"endpoints\" must be a map from names to endpoints, not {}", kind_of(map)));
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
    reading.refuse(pointer, fmt::format("\"routes\" must be a map from names to routes, not {}", kind_of(map)));
    return;
  }
  if (map.size() > kRoutesMax) reading.refuse(pointer, fmt::format("{} routes; at most {}", map.size(), kRoutesMax));
  for (const auto& [name, options] : map.items()) {
    const std::string below = text::yaml_pointer(pointer, name);
    RouteOptions route{.name = name};
    if (!is_name(name)) reading.refuse(below, fmt::format("{} is no name: {}", in_quotes(name), kNameRule));
    Section section(reading, options, below);
    section.required_text("match", "\"report for (?P<city>.+)\"", route.match);
    const Json* plan = section.required("plan", "{answer: {specialist: sales, input: {...}}}");
    if (plan != nullptr && !plan->is_object())
      section.refuse("plan", fmt::format("\"plan\" must be a map from ids to steps, not {}", kind_of(*plan)));
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
    section.refuse("cadre",
                   fmt::format("this version reads cadre files of format {}, not {}", kCadreFormat, kind_of(*format)));
}

void read_cadre(Reading& reading, const Json& map, CadreFile& file) {
  Section section(reading, map, "");
  read_format(section);
  section.required_text("name", "office", file.name);
  if (!file.name.empty() && !is_name(file.name))
    section.refuse("name", fmt::format("{} is no name: {}", in_quotes(file.name), kNameRule));
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
  Reading reading{document.places, path, folder.string(), exists, {}};
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
