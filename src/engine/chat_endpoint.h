// One OpenAI-compatible endpoint (llama-server, Ollama, vLLM, a hosted one) as a chat model.
//
// Promises: nothing leaves the machine unless the client's address policy names the address; the key is in the Authorization header and
// nowhere else, neither in messages nor in the identity; request, response, time and samples have limits. A schema is asked for with
// response_format json_schema; whether the endpoint heeds it is for whoever reads the answer to find out.
//
// Several samples are asked for with "n". Endpoints that send fewer, or refuse to hear of it (400, 422), are asked again for the rest,
// one at a time, each with the next seed. A request is repeated only on a kept connection that turned out dead: a completion changes nothing.
//
// Prices are in micros (millionths of a currency unit) per million tokens. Without a price, a cost that the endpoint itself reports counts.
// A request that may have arrived and got no usable answer is counted by estimate: whoever pays may be charged for it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "engine/chat_model.h"
#include "net/http_client.h"

namespace cadre::engine {

// How an endpoint is asked for JSON.
enum class SchemaRequest : uint8_t {
  kJsonSchema,  // response_format {"type": "json_schema", ...}
  kJsonObject,  // response_format {"type": "json_object"}: it knows no schemas
  kNone,        // no response_format: it knows neither
};

struct ChatEndpointOptions {
  std::string name;          // for messages: "planner", "local"
  std::string url;           // of the API: "http://127.0.0.1:8080/v1"; "/chat/completions" is appended
  std::string model;         // as the endpoint calls it
  std::string key_file;      // its first line is the key; or
  std::string key_variable;  // the environment variable that holds it; both empty: no key is sent
  SchemaRequest schema_request = SchemaRequest::kJsonSchema;
  bool is_strict = false;  // asks for OpenAI's strict mode, which refuses schemas with optional members
  int64_t timeout_ms = 60'000;
  size_t request_size_bytes_max = 4 << 20;
  size_t response_size_bytes_max = 4 << 20;
  int64_t window_tokens = 0;     // that it was started with, prompt and answer together; 0: not known
  int64_t price_in_micros = 0;   // per million tokens read
  int64_t price_out_micros = 0;  // per million tokens written
};

class ChatEndpoint final : public ChatModel {
 public:
  // The client's policy decides; clients may be shared. `clock` outlives the endpoint. kInvalid: URL, model or key cannot be used; kNotFound: no
  // such key. No byte is sent.
  static Result<std::unique_ptr<ChatEndpoint>> make(ChatEndpointOptions options,
                                                    std::shared_ptr<const net::HttpClient> client,
                                                    const base::Clock& clock = base::system_clock());

  std::string identity() const override;
  int64_t window_tokens() const override { return options_.window_tokens; }
  ChatOutcome chat(const ChatRequest& request) const override;
  // Does the policy allow its address? kDenied says which entry would.
  Result<void> check_allowed() const;
  const ChatEndpointOptions& options() const { return options_; }

 private:
  ChatEndpoint(ChatEndpointOptions options, std::string key, std::shared_ptr<const net::HttpClient> client,
               const base::Clock& clock);
  enum class Asked : uint8_t { kAnswered, kRefused, kFailed };  // refused: the request itself (400, 422)
  // One HTTP exchange; adds to `outcome`, which has the error unless it was answered.
  Asked ask(const ChatRequest& request, int64_t samples, int64_t timeout_ms, ChatOutcome& outcome) const;
  void spend(const ChatUsage& usage, std::optional<double> told, ChatOutcome& outcome) const;
  net::HttpRequest http_request(const ChatRequest& request, std::string body, int64_t timeout_ms) const;
  base::Json body_of(const ChatRequest& request, int64_t samples, int64_t first_sample) const;
  Error status_error(const net::HttpResponse& response) const;
  int64_t cost_of(int64_t tokens_in, int64_t tokens_out) const;

  ChatEndpointOptions options_;
  std::string key_;
  std::shared_ptr<const net::HttpClient> client_;
  const base::Clock& clock_;
};

}  // namespace cadre::engine
