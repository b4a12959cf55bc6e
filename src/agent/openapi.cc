// SPDX-License-Identifier: Apache-2.0
#include "agent/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/object_schema.h"
#include "agent/openapi_schema.h"
#include "agent/option_reader.h"
#include "agent/url_template.h"
#include "base/file.h"
#include "base/utf8.h"
#include "contract/schema.h"
#include "text/yaml.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr std::array kMethods = {"get", "put", "post", "delete", "patch", "head", "options", "trace"};
constexpr size_t kIdsShownMax = 20;

Error unsupported(const OpenApiPlace& place, const std::string& why) {
  return openapi_error(place, why, ErrorCode::kUnsupported);
}

std::string text_at(const OpenApiPlace& place, const char* key) {
  const OpenApiPlace member = place.at(std::string(key));
  return member && member.value->is_string() ? member.value->get<std::string>() : "";
}

bool flag_at(const OpenApiPlace& place, const char* key) {
  const OpenApiPlace member = place.at(std::string(key));
  return member && member.value->is_boolean() && member.value->get<bool>();
}

Result<Json> parse_document(std::string_view text, const std::string& file) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string_view::npos && text[first] == '{';
  if (!is_json) return text::parse_yaml(text, file);
  if (text.size() > kOpenApiJsonBytesMax)
    return Error{ErrorCode::kLimit, fmt::format("{}: over the limit of {} bytes", file, kOpenApiJsonBytesMax)};
  auto parsed = base::parse_json(text);
  if (!parsed.ok()) return std::move(parsed).error().with_context(file);
  return parsed;
}

Result<OpenApiEra> era_of(const OpenApiPlace& root) {
  if (!root.value->is_object()) return openapi_error(root, "no OpenAPI document: an object was expected");
  const std::string version = text_at(root, "openapi");
  if (version.starts_with("3.0.")) return OpenApiEra::k30;
  if (!version.starts_with("3.1."))
    return unsupported(root, fmt::format("\"openapi\" is \"{}\"; 3.0 and 3.1 are understood", version));
  const std::string dialect = text_at(root, "jsonSchemaDialect");
  if (!dialect.empty() && dialect != "https://spec.openapis.org/oas/3.1/dialect/base" &&
      dialect != "https://json-schema.org/draft/2020-12/schema")
    return unsupported(root.at("jsonSchemaDialect"), "a dialect other than that of OpenAPI 3.1");
  return OpenApiEra::k31;
}

// An operation, and what stands around it.
struct Found {
  std::string path, method;
  OpenApiPlace item, operation;
};

Result<std::vector<Found>> operations_of(const OpenApiReferences& references) {
  std::vector<Found> all;
  const OpenApiPlace paths = references.root().at("paths");
  if (!paths) return all;
  if (!paths.value->is_object()) return openapi_error(paths, "is not a map");
  for (const auto& [path, value] : paths.value->items()) {
    if (path.starts_with("x-") || !value.is_object()) continue;
    const OpenApiPlace item = paths.at(path);
    for (const char* method : kMethods) {
      const OpenApiPlace operation = item.at(std::string(method));
      if (operation && operation.value->is_object()) all.push_back({path, method, item, operation});
    }
  }
  return all;
}

Result<Found> find_operation(const std::vector<Found>& all, const OpenApiReferences& references,
                             const std::string& id) {
  const Found* found = nullptr;
  std::string known;
  size_t shown = 0;
  for (const Found& each : all) {
    const std::string own = text_at(each.operation, "operationId");
    if (!own.empty() && shown++ < kIdsShownMax) known += (known.empty() ? "" : ", ") + own;
    if (own != id) continue;
    if (found != nullptr) return openapi_error(each.operation, fmt::format("a second operation \"{}\"", id));
    found = &each;
  }
  if (found != nullptr) return *found;
  return openapi_error(references.root().at("paths"),
                       fmt::format("no operation has the operationId \"{}\"; there are: {}{}", id, known,
                                   shown > kIdsShownMax ? ", ..." : ""),
                       ErrorCode::kNotFound);
}

ToolEffect effect_of(const std::string& method) {
  if (method == "get" || method == "head") return ToolEffect::kRead;
  return method == "put" || method == "delete" ? ToolEffect::kIdempotent : ToolEffect::kOnce;
}

// One operation on its way to a tool.
class OperationReader {
 public:
  OperationReader(const OpenApiReferences& references, OpenApiEra era, const OpenApiOptions& options, Found found)
      : references_(references),
        options_(options),
        found_(std::move(found)),
        request_schemas_(references, era, OpenApiDirection::kRequest),
        response_schemas_(references, era, OpenApiDirection::kResponse) {}

  Result<OpenApiTool> read(const OpenApiOperation& wanted) {
    TRY(read_definition_parts(wanted));
    TRY(read_parameters());
    TRY(read_url());
    TRY(read_body());
    TRY(read_responses());
    ToolDefinition& definition = tool_.http.definition;
    definition.input_schema = object_schema(properties_, required_);
    TRY(request_schemas_.add_definitions(definition.input_schema));
    TRY(check_schema(definition.input_schema, "the input schema"));
    TRY(check_schema(definition.output_schema, "the output schema"));
    return std::move(tool_);
  }

 private:
  Result<void> read_definition_parts(const OpenApiOperation& wanted) {
    if (found_.method == "options" || found_.method == "trace")
      return unsupported(found_.operation, "its method is not GET, HEAD, POST, PUT, PATCH or DELETE");
    if (found_.item.at("$ref")) return unsupported(found_.item.at("$ref"), "a path that stands elsewhere");
    HttpToolOptions& http = tool_.http;
    http.definition.name = wanted.name.empty() ? wanted.id : wanted.name;
    if (!is_tool_name(http.definition.name))
      return openapi_error(found_.operation,
                           fmt::format("\"{}\" cannot name a tool (1 to 64 letters, digits, \"_\", \".\" or \"-\"); "
                                       "give it a \"name\"",
                                       http.definition.name));
    http.definition.description = description();
    http.definition.effect = wanted.effect.value_or(effect_of(found_.method));
    http.definition.is_fenced = wanted.is_fenced;
    if (wanted.is_fenced && http.definition.effect == ToolEffect::kRead)
      return openapi_error(found_.operation, "fenced means nothing for a tool that only reads");
    for (const char c : found_.method) http.method.push_back(static_cast<char>(c - 'a' + 'A'));
    http.headers = options_.headers;
    http.header_variables = options_.header_variables;
    for (const auto* list : {&http.headers, &http.header_variables}) {
      for (const auto& [name, value] : *list)
        if (!net::is_header_name(name))
          return Error{ErrorCode::kInvalid, fmt::format("\"{}\" cannot be a header's name", name)};
    }
    return {};
  }

  std::string description() const {
    std::string text = text_at(found_.operation, "summary");
    const std::string more = text_at(found_.operation, "description");
    if (!text.empty() && !more.empty()) text += "\n\n";
    text += more;
    if (text.size() <= kOpenApiDescriptionBytesMax) return text;
    text.resize(kOpenApiDescriptionBytesMax);
    while (!text.empty() && base::is_continuation(static_cast<uint8_t>(text.back()))) text.pop_back();
    if (!text.empty() && static_cast<uint8_t>(text.back()) >= 0x80) text.pop_back();
    return text + "...";
  }

  // Those of the path, unless the operation has one of the same name and place.
  Result<std::vector<OpenApiPlace>> parameters() const {
    std::vector<OpenApiPlace> list;
    for (const OpenApiPlace& owner : {found_.item, found_.operation}) {
      const OpenApiPlace parameters = owner.at("parameters");
      if (!parameters) continue;
      if (!parameters.value->is_array()) return openapi_error(parameters, "is not a list");
      for (size_t i = 0; i < parameters.value->size(); ++i) {
        const OpenApiPlace parameter = TRY(references_.resolve(parameters.at(i)));
        std::erase_if(list, [&](const OpenApiPlace& each) {
          return text_at(each, "name") == text_at(parameter, "name") && text_at(each, "in") == text_at(parameter, "in");
        });
        list.push_back(parameter);
        if (list.size() > kOpenApiParametersMax)
          return openapi_error(parameters, fmt::format("more than {} parameters", kOpenApiParametersMax),
                               ErrorCode::kLimit);
      }
    }
    return list;
  }

  Result<void> read_parameters() {
    const auto list = TRY(parameters());
    // The query's names are what is sent; the others can be called otherwise.
    for (const char* where : {"query", "path", "header", "cookie"}) {
      for (const OpenApiPlace& parameter : list)
        if (text_at(parameter, "in") == where) TRY(read_parameter(parameter, where));
    }
    for (const OpenApiPlace& parameter : list) {
      const std::string where = text_at(parameter, "in");
      if (where != "query" && where != "path" && where != "header" && where != "cookie")
        return openapi_error(parameter, "\"in\" is not query, path, header or cookie");
    }
    return {};
  }

  Result<void> read_parameter(const OpenApiPlace& parameter, const std::string& where) {
    const std::string name = text_at(parameter, "name");
    if (name.empty()) return openapi_error(parameter, "has no name");
    if (where == "header" && is_ignored_header(name)) return {};
    const bool is_required = flag_at(parameter, "required") || where == "path";
    if (const std::string why = TRY(why_not(parameter, where, name)); !why.empty()) {
      if (is_required) return unsupported(parameter, why);
      tool_.left_out.push_back(fmt::format("{}: {}", parameter.pointer, why));
      return {};
    }
    const bool is_taken = properties_.contains(name);
    const std::string argument = is_taken ? where + "_" + name : name;
    if (properties_.contains(argument))
      return unsupported(parameter, fmt::format("a second argument \"{}\"", argument));
    if (where == "query") tool_.http.query.push_back(name);
    if (where == "header") tool_.http.header_arguments.emplace_back(name, argument);
    if (where == "path") path_arguments_.emplace_back(name, argument);
    Json schema = TRY(request_schemas_.convert(parameter.at("schema")));
    const std::string about = text_at(parameter, "description");
    if (schema.is_object() && !schema.contains("description") && !about.empty()) schema["description"] = about;
    add_argument(argument, std::move(schema), is_required);
    return {};
  }

  void add_argument(const std::string& name, Json schema, bool is_required) {
    properties_[name] = std::move(schema);
    if (is_required) required_.push_back(name);
  }

  // The standard says that these are described elsewhere.
  static bool is_ignored_header(const std::string& name) {
    std::string lower = name;
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return lower == "accept" || lower == "content-type" || lower == "authorization";
  }

  // Why a parameter cannot be given; empty: it can.
  Result<std::string> why_not(const OpenApiPlace& parameter, const std::string& where, const std::string& name) const {
    if (where == "cookie") return std::string("a cookie");
    if (where == "header" && !net::is_header_name(name)) return std::string("no header can have this name");
    if (where == "path" && name.find_first_of("{}") != std::string::npos)
      return std::string("no place can have this name");
    if (!parameter.at("schema")) return std::string("it has no schema of its own");
    const std::string style = text_at(parameter, "style");
    if (!style.empty() && style != (where == "query" ? "form" : "simple")) return fmt::format("the style {}", style);
    const bool is_exploded = !parameter.at("explode") || flag_at(parameter, "explode");
    const std::string type = TRY(type_of(parameter.at("schema")));
    if (type == "object") return std::string("its value is an object");
    if (type == "array" && (where != "query" || !is_exploded)) return std::string("its value is a list");
    return std::string();
  }

  // The one that a schema names, "null" not counted; empty: none or several.
  Result<std::string> type_of(const OpenApiPlace& schema) const {
    if (!schema.value->is_object()) return std::string();
    const OpenApiPlace type = TRY(references_.resolve(schema)).at("type");
    if (!type) return std::string();
    if (type.value->is_string()) return type.value->get<std::string>();
    std::string only;
    if (!type.value->is_array()) return only;
    for (const Json& each : *type.value) {
      if (!each.is_string() || each == "null") continue;
      if (!only.empty()) return std::string();
      only = each.get<std::string>();
    }
    return only;
  }

  Result<std::string> server() const {
    if (!options_.server.empty()) return options_.server;
    for (const OpenApiPlace& owner : {found_.operation, found_.item, references_.root()}) {
      const OpenApiPlace servers = owner.at("servers");
      if (!servers || !servers.value->is_array() || servers.value->empty()) continue;
      if (servers.value->size() > 1) return openapi_error(servers, "there are several; choose one with \"server\"");
      return with_variables(servers.at(size_t{0}));
    }
    return openapi_error(references_.root(), "no server is named; name one with \"server\"");
  }

  // The address with the defaults of its variables.
  static Result<std::string> with_variables(const OpenApiPlace& server) {
    std::string url = text_at(server, "url");
    const OpenApiPlace variables = server.at("variables");
    if (variables && variables.value->is_object()) {
      for (const auto& [name, value] : variables.value->items()) {
        const std::string place = "{" + name + "}";
        const size_t at = url.find(place);
        if (at != std::string::npos) url.replace(at, place.size(), text_at(variables.at(name), "default"));
      }
    }
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      return openapi_error(server, fmt::format("\"{}\" is no whole address; name one with \"server\"", url));
    if (url.find('{') != std::string::npos)
      return openapi_error(server, fmt::format("\"{}\" has a variable without a default", url));
    return url;
  }

  Result<void> read_url() {
    std::string url = TRY(server());
    while (url.ends_with('/')) url.pop_back();
    if (url.find_first_of("{}?#") != std::string::npos)
      return Error{ErrorCode::kInvalid, fmt::format("the server \"{}\" holds one of {{ }} ? #", url)};
    if (!found_.path.starts_with('/')) return openapi_error(found_.item, "a path begins with \"/\"");
    std::string path = found_.path;
    if (path.find_first_of("?#") != std::string::npos)
      return unsupported(found_.item, "a path with a query or a fragment");
    for (const auto& [name, argument] : path_arguments_) {
      const std::string place = "{" + name + "}";
      const size_t at = path.find(place);
      if (at == std::string::npos) return openapi_error(found_.item, fmt::format("has no place {}", place));
      path.replace(at, place.size(), "{" + argument + "}");
    }
    auto parsed = UrlTemplate::parse(url + path);
    if (!parsed.ok()) return openapi_error(found_.item, parsed.error().message, parsed.error().code);
    for (const std::string& name : parsed->names()) {
      const bool is_known = std::any_of(path_arguments_.begin(), path_arguments_.end(),
                                        [&](const auto& each) { return each.second == name; });
      if (!is_known) return openapi_error(found_.item, fmt::format("no parameter fills the place {{{}}}", name));
    }
    tool_.http.url = url + path;
    return {};
  }

  // The media type's place that is JSON; nothing: there is none.
  static OpenApiPlace json_content(const OpenApiPlace& content) {
    if (!content || !content.value->is_object()) return {};
    for (const auto& [type, value] : content.value->items()) {
      const std::string_view essence = std::string_view(type).substr(0, type.find(';'));
      if (essence == "application/json" || essence == "application/json ") return content.at(type);
    }
    return {};
  }

  Result<void> read_body() {
    const OpenApiPlace stated = found_.operation.at("requestBody");
    if (!stated) return {};
    const OpenApiPlace body = TRY(references_.resolve(stated));
    const bool is_required = flag_at(body, "required");
    const OpenApiPlace json = json_content(body.at("content"));
    const bool can_be_sent = json && found_.method != "get" && found_.method != "head";
    if (!can_be_sent) {
      const std::string why = json ? "a body with this method" : "a body that is not application/json";
      if (is_required) return unsupported(body, why);
      tool_.left_out.push_back(fmt::format("{}: {}", body.pointer, why));
      return {};
    }
    const std::string argument = properties_.contains("body") ? "request_body" : "body";
    if (properties_.contains(argument)) return unsupported(body, fmt::format("a second argument \"{}\"", argument));
    const OpenApiPlace schema = json.at("schema");
    add_argument(argument, schema ? TRY(request_schemas_.convert(schema)) : Json::object(), is_required);
    tool_.http.body_argument = argument;
    return {};
  }

  // Every 2xx that is named is expected; where none is, any is.
  Result<void> read_responses() {
    const OpenApiPlace responses = found_.operation.at("responses");
    Json alternatives = Json::array();
    bool is_known = true;
    bool is_any = false;
    if (responses && responses.value->is_object()) {
      for (const auto& [status, value] : responses.value->items()) {
        if (status.size() != 3 || status[0] != '2') continue;
        const bool is_number = status[1] >= '0' && status[1] <= '9' && status[2] >= '0' && status[2] <= '9';
        is_any = is_any || !is_number;
        if (is_number) tool_.http.expect.push_back(std::stoi(status));
        const Json schema = TRY(response_schema(TRY(references_.resolve(responses.at(status)))));
        is_known = is_known && !schema.is_null();
        if (std::find(alternatives.begin(), alternatives.end(), schema) == alternatives.end())
          alternatives.push_back(schema);
      }
    }
    if (is_any) tool_.http.expect.clear();
    if (alternatives.empty() || !is_known) return {};
    Json& schema = tool_.http.definition.output_schema;
    schema = alternatives.size() == 1 ? alternatives[0] : Json{{"anyOf", alternatives}};
    if (!schema.is_object()) schema = {{"allOf", Json::array({schema})}};
    return response_schemas_.add_definitions(schema);
  }

  // What the tool's result looks like; null: nobody says.
  Result<Json> response_schema(const OpenApiPlace& response) {
    const OpenApiPlace content = response.at("content");
    if (found_.method == "head" || !content || content.value->empty()) return Json{{"type", "null"}};
    const OpenApiPlace json = json_content(content);
    if (!json) return Json();
    const OpenApiPlace schema = json.at("schema");
    return schema ? response_schemas_.convert(schema) : Result<Json>(Json());
  }

  Result<void> check_schema(const Json& schema, const char* which) const {
    if (schema.is_null()) return {};
    auto read = contract::read_schema(base::dump_json(schema));
    if (read.ok()) return {};
    return openapi_error(found_.operation, fmt::format("{}: {}", which, read.error().message), read.error().code);
  }

  const OpenApiReferences& references_;
  const OpenApiOptions& options_;
  Found found_;
  OpenApiSchemas request_schemas_, response_schemas_;
  OpenApiTool tool_{.http = {.method = ""}};
  Json properties_ = Json::object();
  Json required_ = Json::array();
  std::vector<std::pair<std::string, std::string>> path_arguments_;  // name in the document, argument
};

Result<OpenApiOperation> operation_of(const OptionReader& group, const Json& item) {
  OpenApiOperation operation;
  if (item.is_string()) {
    operation.id = item.get<std::string>();
    return operation;
  }
  if (!item.is_object()) return group.error("operations", "is not a list of operationIds or maps");
  OptionReader reader(item);
  operation.id = TRY(reader.text("id"));
  operation.name = TRY(reader.text_or("name", ""));
  if (reader.has("effect")) operation.effect = TRY(tool_effect_of(TRY(reader.text("effect"))));
  operation.is_fenced = TRY(reader.flag_or("fenced", false));
  TRY(reader.finish());
  return operation;
}

}  // namespace

Result<OpenApiOptions> openapi_options(const Json& object) {
  OptionReader reader(object);
  TRY(reader.text_or("name", ""));
  TRY(reader.text_or("kind", ""));
  OpenApiOptions options{.file = TRY(reader.text("file")), .server = TRY(reader.text_or("server", ""))};
  const Json operations = TRY(reader.array_or_null("operations"));
  for (const Json& item : operations) options.operations.push_back(TRY(operation_of(reader, item)));
  options.headers = TRY(reader.text_map_or_none("headers"));
  options.header_variables = TRY(reader.text_map_or_none("header_variables"));
  TRY(reader.finish());
  if (options.operations.empty()) return reader.error("operations", "names no operationId");
  return options;
}

Result<std::vector<OpenApiTool>> read_openapi(std::string_view text, const OpenApiOptions& options) {
  const Json document = TRY(parse_document(text, options.file));
  const OpenApiReferences references(document);
  const auto in_file = [&](Error error) { return std::move(error).with_context(options.file); };
  auto era = era_of(references.root());
  if (!era.ok()) return in_file(std::move(era).error());
  auto all = operations_of(references);
  if (!all.ok()) return in_file(std::move(all).error());
  std::vector<OpenApiTool> tools;
  for (const OpenApiOperation& wanted : options.operations) {
    auto found = find_operation(*all, references, wanted.id);
    if (!found.ok()) return in_file(std::move(found).error());
    auto tool = OperationReader(references, *era, options, *found).read(wanted);
    if (!tool.ok()) return in_file(std::move(tool).error().with_context(fmt::format("operation \"{}\"", wanted.id)));
    const bool is_taken = std::any_of(tools.begin(), tools.end(), [&](const OpenApiTool& each) {
      return each.http.definition.name == tool->http.definition.name;
    });
    if (is_taken)
      return in_file(Error{ErrorCode::kInvalid,
                           fmt::format("two tools are named \"{}\"; give one a \"name\"", tool->http.definition.name)});
    tools.push_back(std::move(tool).value());
  }
  return tools;
}

Result<std::vector<std::string>> openapi_operation_ids(std::string_view text, const std::string& file) {
  const Json document = TRY(parse_document(text, file));
  const OpenApiReferences references(document);
  const std::vector<Found> all = TRY(operations_of(references));
  std::vector<std::string> ids;
  for (const Found& found : all) {
    std::string id = text_at(found.operation, "operationId");
    if (!id.empty()) ids.push_back(std::move(id));
  }
  return ids;
}

Result<std::vector<std::unique_ptr<Tool>>> make_openapi_tools(const OpenApiOptions& options,
                                                              std::shared_ptr<const net::HttpClient> client) {
  const std::string text = TRY(base::read_file(options.file, kOpenApiJsonBytesMax));
  const std::vector<OpenApiTool> read = TRY(read_openapi(text, options));
  std::vector<std::unique_ptr<Tool>> tools;
  for (const OpenApiTool& tool : read) tools.push_back(TRY(make_http_tool(tool.http, client)));
  return tools;
}

}  // namespace cadre::agent
