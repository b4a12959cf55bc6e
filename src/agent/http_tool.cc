// SPDX-License-Identifier: Apache-2.0
#include "agent/http_tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "agent/http_status.h"
#include "agent/object_schema.h"
#include "agent/option_reader.h"
#include "agent/url_template.h"
#include "base/sha256.h"

namespace cadre::agent {
namespace {

using base::Json;
using net::HttpHeader;

constexpr int64_t kDryRunMs = 10'000;
constexpr size_t kKeyBytesMax = 200;

bool is_json_type(std::string type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type == "application/json" || type.ends_with("+json");
}

Result<Json> result_of(const net::HttpResponse& response) {
  if (response.body.empty()) return Json();
  if (is_json_type(response.header("content-type").value_or(""))) {
    auto parsed = base::parse_json(response.body);
    if (!parsed.ok()) return std::move(parsed).error().with_context("the response");
    return parsed;
  }
  return Json(response.body);
}

class HttpTool final : public Tool {
 public:
  HttpTool(HttpToolOptions options, UrlTemplate url, std::optional<UrlTemplate> dry_run,
           std::vector<HttpHeader> secrets, std::shared_ptr<const net::HttpClient> client)
      : options_(std::move(options)),
        url_(std::move(url)),
        dry_run_(std::move(dry_run)),
        secrets_(std::move(secrets)),
        client_(std::move(client)) {}

  const ToolDefinition& definition() const override { return options_.definition; }

  Result<void> check(const Json& arguments) override {
    const net::HttpRequest request = TRY(request_for(url_, arguments));
    TRY(client_->policy().check_name(TRY(net::destination_of(request.url))));
    if (!dry_run_) return {};
    net::HttpRequest dry = TRY(request_for(*dry_run_, arguments));
    dry.timeout_ms = kDryRunMs;
    const net::HttpResponse response = TRY(client_->send(dry));
    if (is_expected(response.status)) return {};
    return http_status_error(response).with_context("the dry run");
  }

  ToolReturn call(const ToolCall& call) override {
    ToolReturn returned;
    auto request = request_for(url_, call.arguments);
    if (!request.ok()) {
      returned.error = std::move(request).error();
      return returned;
    }
    prepare(*request, call);
    const bool has_effect = options_.definition.effect != ToolEffect::kRead;
    net::HttpExchange exchange = client_->exchange(*request);
    if (exchange.error) {
      returned.error = std::move(exchange.error);
      returned.is_uncertain = has_effect && exchange.may_have_arrived;
    } else if (!is_expected(exchange.response.status)) {
      returned.error = http_status_error(exchange.response);
      returned.retry_after_ms = http_retry_after_ms(exchange.response);
      returned.is_uncertain = has_effect && http_may_have_happened(exchange.response.status);
    } else {
      auto result = result_of(exchange.response);
      if (result.ok()) {
        returned.result = std::move(result).value();
      } else {
        returned.error = std::move(result).error();  // it happened, but nobody knows with what result
        returned.is_uncertain = has_effect;
      }
    }
    if (returned.error)
      returned.error = std::move(*returned.error).with_context(fmt::format("tool \"{}\"", options_.definition.name));
    return returned;
  }

 private:
  bool is_expected(int status) const {
    if (options_.expect.empty()) return status >= 200 && status < 300;
    return std::find(options_.expect.begin(), options_.expect.end(), status) != options_.expect.end();
  }

  void prepare(net::HttpRequest& request, const ToolCall& call) const {
    const ToolDefinition& definition = options_.definition;
    request.timeout_ms = call.timeout_ms;
    request.body_size_bytes_max = static_cast<size_t>(call.result_size_bytes_max);
    request.cancel = call.cancel;
    request.repeatable = definition.effect == ToolEffect::kOnce ? net::Repeatable::kNo : net::Repeatable::kYes;
    if (!definition.is_fenced) return;
    const bool is_plain = net::is_header_value(call.key) && call.key.size() <= kKeyBytesMax;
    request.headers.push_back({"Idempotency-Key", is_plain ? call.key : base::to_hex(base::sha256(call.key))});
  }

  Result<net::HttpRequest> request_for(const UrlTemplate& url, const Json& arguments) const {
    if (!arguments.is_object()) return Error{ErrorCode::kInvalid, "the arguments are not an object"};
    net::HttpRequest request{.method = options_.method, .url = TRY(url.fill(arguments))};
    for (const std::string& name : options_.query) TRY(append_query(request.url, name, arguments));
    for (const auto& [name, value] : options_.headers) request.headers.push_back({name, value});
    for (const auto& [name, argument] : options_.header_arguments) {
      if (is_given(arguments, argument))
        request.headers.push_back({name, TRY(argument_text(argument, arguments[argument]))});
    }
    request.headers.insert(request.headers.end(), secrets_.begin(), secrets_.end());
    add_body(request, arguments);
    return request;
  }

  static bool is_given(const Json& arguments, const std::string& name) {
    return arguments.contains(name) && !arguments[name].is_null();
  }

  static Result<void> append_query(std::string& url, const std::string& name, const Json& arguments) {
    if (!is_given(arguments, name)) return {};
    const Json& value = arguments[name];
    const Json items = value.is_array() ? value : Json::array({value});
    for (const Json& item : items) {
      const char separator = url.find('?') == std::string::npos ? '?' : '&';
      url += separator + net::percent_encoded(name) + '=' + net::percent_encoded(TRY(argument_text(name, item)));
    }
    return {};
  }

  void add_body(net::HttpRequest& request, const Json& arguments) const {
    Json body;
    if (!options_.body_argument.empty()) {
      if (!arguments.contains(options_.body_argument)) return;
      body = arguments[options_.body_argument];
    } else if (!options_.body.empty()) {
      body = Json::object();
      for (const std::string& name : options_.body)
        if (arguments.contains(name)) body[name] = arguments[name];
    } else {
      return;
    }
    request.body = base::dump_json(body);
    request.headers.push_back({"Content-Type", "application/json"});
  }

  HttpToolOptions options_;
  UrlTemplate url_;
  std::optional<UrlTemplate> dry_run_;
  std::vector<HttpHeader> secrets_;
  std::shared_ptr<const net::HttpClient> client_;
};

Result<std::vector<HttpHeader>> secrets_of(const HttpToolOptions& options) {
  std::vector<HttpHeader> secrets;
  for (const auto& [name, variable] : options.header_variables) {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr)
      return Error{ErrorCode::kNotFound,
                   fmt::format("tool \"{}\": the environment variable {} for the header {} is not set",
                               options.definition.name, variable, name)};
    if (!net::is_header_value(value))
      return Error{ErrorCode::kInvalid, fmt::format("tool \"{}\": the environment variable {} holds control characters",
                                                    options.definition.name, variable)};
    secrets.push_back({name, value});
  }
  return secrets;
}

Json input_schema_of(const HttpToolOptions& options, const UrlTemplate& url) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const std::string& name : url.names()) {
    properties[name] = {{"type", {"string", "number", "boolean"}}};
    if (std::find(required.begin(), required.end(), name) == required.end()) required.push_back(name);
  }
  for (const std::string& name : options.query)
    properties[name] = {{"type", {"string", "number", "boolean", "array", "null"}}};
  for (const auto& [header, name] : options.header_arguments)
    properties[name] = {{"type", {"string", "number", "boolean", "null"}}};
  for (const std::string& name : options.body) properties[name] = Json::object();
  if (!options.body_argument.empty()) properties[options.body_argument] = Json::object();
  return object_schema(properties, required);
}

Result<std::vector<int>> statuses_of(OptionReader& reader) {
  std::vector<int> statuses;
  const Json list = TRY(reader.array_or_null("expect"));
  for (const Json& item : list) {
    if (!item.is_number_integer() || item.get<int64_t>() < 200 || item.get<int64_t>() > 599)
      return reader.error("expect", "is not a list of HTTP statuses");
    statuses.push_back(item.get<int>());
  }
  return statuses;
}

Result<void> check_options(const OptionReader& reader, const HttpToolOptions& options) {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}) {
    if (options.method != method) continue;
    const bool has_body = !options.body.empty() || !options.body_argument.empty();
    if (has_body && (options.method == "GET" || options.method == "HEAD"))
      return reader.error("body", "cannot be sent with " + options.method);
    if (!options.body.empty() && !options.body_argument.empty())
      return reader.error("body", "and \"body_argument\" exclude each other");
    for (const auto* list : {&options.headers, &options.header_arguments, &options.header_variables}) {
      for (const auto& [name, value] : *list)
        if (!net::is_header_name(name))
          return reader.error("headers", fmt::format("has \"{}\", which cannot be a header's name", name));
    }
    return {};
  }
  return reader.error("method", "is not GET, HEAD, POST, PUT, PATCH or DELETE");
}

}  // namespace

Result<HttpToolOptions> http_tool_options(const Json& object) {
  OptionReader reader(object);
  HttpToolOptions options{.definition = TRY(read_definition(reader)),
                          .method = TRY(reader.text_or("method", "GET")),
                          .url = TRY(reader.text("url")),
                          .query = TRY(reader.texts_or_none("query")),
                          .body = TRY(reader.texts_or_none("body")),
                          .body_argument = TRY(reader.text_or("body_argument", "")),
                          .headers = TRY(reader.text_map_or_none("headers")),
                          .header_arguments = TRY(reader.text_map_or_none("header_arguments")),
                          .header_variables = TRY(reader.text_map_or_none("header_variables")),
                          .expect = TRY(statuses_of(reader)),
                          .dry_run_url = TRY(reader.text_or("dry_run_url", ""))};
  TRY(reader.finish());
  TRY(check_options(reader, options));
  auto url = UrlTemplate::parse(options.url);
  if (!url.ok()) return reader.error("url", "cannot be used: " + url.error().message);
  if (options.definition.input_schema.is_null()) options.definition.input_schema = input_schema_of(options, *url);
  return options;
}

Result<std::unique_ptr<Tool>> make_http_tool(HttpToolOptions options, std::shared_ptr<const net::HttpClient> client) {
  auto url = TRY(UrlTemplate::parse(options.url));
  std::optional<UrlTemplate> dry_run;
  if (!options.dry_run_url.empty()) dry_run = TRY(UrlTemplate::parse(options.dry_run_url));
  auto secrets = TRY(secrets_of(options));
  return std::unique_ptr<Tool>(std::make_unique<HttpTool>(std::move(options), std::move(url), std::move(dry_run),
                                                          std::move(secrets), std::move(client)));
}

}  // namespace cadre::agent
