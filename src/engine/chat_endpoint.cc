// SPDX-License-Identifier: Apache-2.0
#include "engine/chat_endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/file.h"
#include "engine/chat_response.h"

namespace cadre::engine {
namespace {

using base::Json;

constexpr uint64_t kKeyFileBytesMax = 64 << 10;
constexpr size_t kBytesPerToken = 4;              // where nobody counted; English text in common vocabularies
constexpr int64_t kPriceMax = 1'000'000'000'000;  // a million of the currency for a million tokens
constexpr double kMicrosPerUnit = 1e6;

int64_t estimated_tokens(size_t bytes) {
  return static_cast<int64_t>((bytes + kBytesPerToken - 1) / kBytesPerToken);
}

std::string first_line(std::string text) {
  text = text.substr(0, text.find('\n'));
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

Result<std::string> key_of(const ChatEndpointOptions& options) {
  if (!options.key_file.empty() && !options.key_variable.empty())
    return Error{ErrorCode::kInvalid, "a key file and a key variable exclude each other"};
  std::string key;
  if (!options.key_file.empty()) {
    key = first_line(TRY(base::read_file(options.key_file, kKeyFileBytesMax)));
    if (key.empty())
      return Error{ErrorCode::kInvalid, options.key_file + ": the first line is empty; put the key there"};
  } else if (!options.key_variable.empty()) {
    const char* value = std::getenv(options.key_variable.c_str());
    if (value == nullptr || *value == 0)
      return Error{ErrorCode::kNotFound, fmt::format("the environment variable {} is not set", options.key_variable)};
    key = value;
  }
  if (!net::is_header_value(key)) return Error{ErrorCode::kInvalid, "the key holds control characters"};
  return key;
}

Result<void> check_options(const ChatEndpointOptions& options) {
  TRY(net::destination_of(options.url));
  if (options.url.find_first_of("?#") != std::string::npos)
    return Error{ErrorCode::kInvalid,
                 "the URL has a query or fragment; write the API's base, like http://127.0.0.1:8080/v1"};
  if (options.model.empty()) return Error{ErrorCode::kInvalid, "it names no model"};
  for (const int64_t price : {options.price_in_micros, options.price_out_micros}) {
    if (price < 0 || price > kPriceMax)
      return Error{ErrorCode::kInvalid, fmt::format("a price of {} micros per million tokens", price)};
  }
  return {};
}

Json messages_of(const ChatRequest& request) {
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages)
    messages.push_back({{"role", chat_role_name(message.role)}, {"content", message.text}});
  return messages;
}

Json response_format(const ChatEndpointOptions& options, const Json& schema) {
  if (options.schema_request == SchemaRequest::kJsonObject) return {{"type", "json_object"}};
  Json format = {{"name", "answer"}, {"schema", schema}};
  if (options.is_strict) format["strict"] = true;
  return {{"type", "json_schema"}, {"json_schema", std::move(format)}};
}

ErrorCode code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::kDenied;
    case 404:
      return ErrorCode::kNotFound;
    case 408:
    case 504:
      return ErrorCode::kTimeout;
    case 413:
      return ErrorCode::kLimit;
    case 429:
      return ErrorCode::kBusy;
    case 425:
    case 500:
    case 502:
    case 503:
    case 529:  // overloaded, at some hosted ones
      return ErrorCode::kUnavailable;
    default:
      return status >= 300 && status < 400 ? ErrorCode::kUnsupported : ErrorCode::kInvalid;
  }
}

// Some endpoints quote the key that they refuse.
std::string without(std::string text, const std::string& secret) {
  if (secret.empty()) return text;
  for (size_t at = 0; (at = text.find(secret)) != std::string::npos;) text.replace(at, secret.size(), "[key]");
  return text;
}

}  // namespace

Result<std::unique_ptr<ChatEndpoint>> ChatEndpoint::make(ChatEndpointOptions options,
                                                         std::shared_ptr<const net::HttpClient> client,
                                                         const base::Clock& clock) {
  const std::string what = fmt::format("endpoint \"{}\"", options.name);
  while (options.url.ends_with('/')) options.url.pop_back();
  if (auto checked = check_options(options); !checked.ok()) return std::move(checked).error().with_context(what);
  auto key = key_of(options);
  if (!key.ok()) return std::move(key).error().with_context(what);
  return std::unique_ptr<ChatEndpoint>(new ChatEndpoint(std::move(options), std::move(*key), std::move(client), clock));
}

ChatEndpoint::ChatEndpoint(ChatEndpointOptions options, std::string key, std::shared_ptr<const net::HttpClient> client,
                           const base::Clock& clock)
    : options_(std::move(options)), key_(std::move(key)), client_(std::move(client)), clock_(clock) {}

std::string ChatEndpoint::identity() const {
  return fmt::format("{} at {}", options_.model, options_.url);
}

Result<void> ChatEndpoint::check_allowed() const {
  return client_->policy().check_name(TRY(net::destination_of(options_.url)));
}

Json ChatEndpoint::body_of(const ChatRequest& request, int64_t samples, int64_t first_sample) const {
  Json body = {{"model", options_.model},
               {"messages", messages_of(request)},
               {"max_tokens", request.answer_tokens_max},
               {"temperature", request.temperature},
               {"stream", false}};
  if (samples > 1) body["n"] = samples;
  if (request.seed) body["seed"] = *request.seed + first_sample;
  if (request.wants_logprobs) body["logprobs"] = true;
  if (!request.schema.is_null() && options_.schema_request != SchemaRequest::kNone)
    body["response_format"] = response_format(options_, request.schema);
  return body;
}

int64_t ChatEndpoint::cost_of(int64_t tokens_in, int64_t tokens_out) const {
  const double micros = (static_cast<double>(tokens_in) * static_cast<double>(options_.price_in_micros) +
                         static_cast<double>(tokens_out) * static_cast<double>(options_.price_out_micros)) /
                        1e6;  // prices are per million tokens
  return static_cast<int64_t>(std::min(std::ceil(micros), 9e18));
}

Error ChatEndpoint::status_error(const net::HttpResponse& response) const {
  std::string message = fmt::format("status {}", response.status);
  if (const std::string why = without(chat_error_message(response.body), key_); !why.empty()) message += ": " + why;
  return Error{code_of(response.status), std::move(message)};
}

net::HttpRequest ChatEndpoint::http_request(const ChatRequest& request, std::string body, int64_t timeout_ms) const {
  net::HttpRequest http{.method = "POST", .url = options_.url + "/chat/completions"};
  http.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (!key_.empty()) http.headers.push_back({"Authorization", "Bearer " + key_});
  http.body = std::move(body);
  http.repeatable = net::Repeatable::kYes;
  http.timeout_ms = timeout_ms;
  http.body_size_bytes_max = options_.response_size_bytes_max;
  http.cancel = request.cancel;
  return http;
}

void ChatEndpoint::spend(const ChatUsage& usage, std::optional<double> told, ChatOutcome& outcome) const {
  const bool has_price = options_.price_in_micros > 0 || options_.price_out_micros > 0;
  outcome.usage.tokens_in += usage.tokens_in;
  outcome.usage.tokens_out += usage.tokens_out;
  outcome.usage.is_estimated = outcome.usage.is_estimated || usage.is_estimated;
  outcome.usage.cost_micros += has_price || !told ? cost_of(usage.tokens_in, usage.tokens_out)
                                                  : static_cast<int64_t>(std::ceil(*told * kMicrosPerUnit));
}

ChatEndpoint::Asked ChatEndpoint::ask(const ChatRequest& request, int64_t samples, int64_t timeout_ms,
                                      ChatOutcome& outcome) const {
  const auto first_sample = static_cast<int64_t>(outcome.choices.size());
  std::string body = base::dump_json(body_of(request, samples, first_sample));
  if (body.size() > options_.request_size_bytes_max) {
    outcome.error = Error{ErrorCode::kLimit, fmt::format("a request of {} bytes, of {} at most", body.size(),
                                                         options_.request_size_bytes_max)};
    return Asked::kFailed;
  }
  const int64_t tokens_in = estimated_tokens(body.size());
  net::HttpExchange exchange = client_->exchange(http_request(request, std::move(body), timeout_ms));
  if (exchange.error) {
    if (exchange.may_have_arrived) spend({.tokens_in = tokens_in, .is_estimated = true}, std::nullopt, outcome);
    outcome.error = std::move(exchange.error);
    return Asked::kFailed;
  }
  const int status = exchange.response.status;
  if (status < 200 || status > 299) {
    outcome.error = status_error(exchange.response);
    if (const auto header = exchange.response.header("retry-after")) outcome.retry_after_ms = retry_after_ms(*header);
    return status == 400 || status == 422 ? Asked::kRefused : Asked::kFailed;
  }
  auto response = read_chat_response(exchange.response.body);
  if (!response.ok()) {
    spend({tokens_in, estimated_tokens(exchange.response.body.size()), 0, true}, std::nullopt, outcome);
    outcome.error = std::move(response).error();
    return Asked::kFailed;
  }
  size_t bytes_out = 0;
  for (const ChatChoice& choice : response->choices) bytes_out += choice.text.size();
  spend({response->tokens_in.value_or(tokens_in), response->tokens_out.value_or(estimated_tokens(bytes_out)), 0,
         !response->tokens_in || !response->tokens_out},
        response->cost, outcome);
  if (std::cmp_greater(response->choices.size(), samples)) response->choices.resize(static_cast<size_t>(samples));
  for (ChatChoice& choice : response->choices) outcome.choices.push_back(std::move(choice));
  return Asked::kAnswered;
}

ChatOutcome ChatEndpoint::chat(const ChatRequest& request) const {
  ChatOutcome outcome;
  const int64_t start_ns = clock_.monotonic_ns();
  const int64_t timeout_ms = std::min(request.timeout_ms, options_.timeout_ms);
  const int64_t samples = std::clamp<int64_t>(request.samples, 1, kChatSamplesMax);
  int64_t together = samples;  // one at a time, once it is known that the endpoint does no more
  while (std::cmp_less(outcome.choices.size(), samples)) {
    const int64_t left_ms = timeout_ms - (clock_.monotonic_ns() - start_ns) / 1'000'000;
    if (left_ms <= 0) {
      outcome.error = Error{ErrorCode::kTimeout,
                            fmt::format("{} of {} samples within {} ms", outcome.choices.size(), samples, timeout_ms)};
    } else if (ask(request, together, left_ms, outcome) == Asked::kRefused && together > 1) {
      outcome.error.reset();  // perhaps for asking for several at once
    }
    if (outcome.error) break;
    together = 1;
  }
  if (!outcome.error) return outcome;
  outcome.choices.clear();
  outcome.error = std::move(*outcome.error).with_context(fmt::format("endpoint \"{}\"", options_.name));
  return outcome;
}

}  // namespace cadre::engine
