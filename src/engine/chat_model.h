// A generator that is asked in messages and answers in text: all that the agent sees of a model behind an endpoint.
//
// What comes back is text by a stranger: nothing here says that it is JSON, satisfies a schema or is true, whatever was asked for. Usage
// is counted also where the answer could not be used: it was paid for.
// Thread safety: chat() may be called from several threads at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::engine {

inline constexpr int64_t kChatSamplesMax = 64;

enum class ChatRole : uint8_t { kSystem, kUser, kAssistant };
const char* chat_role_name(ChatRole role);  // "system", "user", "assistant"

struct ChatMessage {
  ChatRole role = ChatRole::kUser;
  std::string text;
};

struct ChatRequest {
  std::vector<ChatMessage> messages;
  base::Json schema;  // the answer is asked to satisfy it; null: free text
  int64_t samples = 1;
  int64_t answer_tokens_max = 1024;  // of each sample
  double temperature = 0;
  std::optional<int64_t> seed;
  bool wants_logprobs = false;
  int64_t timeout_ms = 60'000;           // of all samples together
  const base::Cancel* cancel = nullptr;  // may be null
};

// Why a text ends where it ends.
enum class ChatFinish : uint8_t { kStop, kLength, kFiltered, kOther };
const char* chat_finish_name(ChatFinish finish);  // "stop", "length", "filtered", "other"

struct TokenLogprob {
  std::string token;
  double logprob = 0;  // natural logarithm, at most 0
};

struct ChatChoice {
  std::string text;
  ChatFinish finish = ChatFinish::kStop;
  std::vector<TokenLogprob> logprobs;  // empty where the model gave none
};

struct ChatUsage {
  int64_t tokens_in = 0;
  int64_t tokens_out = 0;
  int64_t cost_micros = 0;    // millionths of the currency of the prices, rounded up
  bool is_estimated = false;  // the model did not say; a token for every four bytes
};

struct ChatOutcome {
  // kDenied       the policy, or the endpoint refuses this key
  // kBusy         too many requests; retry_after_ms if it was told
  // kUnavailable, kTimeout   not there, broken off, too slow
  // kNotFound     no such model or path
  // kInvalid      the request is refused, or the answer is no chat completion
  // kLimit        the request or the answer is too large
  // kCancelled    asked to stop
  std::optional<Error> error;
  std::optional<int64_t> retry_after_ms;
  std::vector<ChatChoice> choices;  // as many as samples were asked for, unless there is an error
  ChatUsage usage;                  // also of what failed
};

class ChatModel {
 public:
  virtual ~ChatModel() = default;
  // What stands behind it: another model or address has another identity. No secrets.
  virtual std::string identity() const = 0;
  // Tokens that it can read and write together; 0: not known.
  virtual int64_t window_tokens() const { return 0; }
  virtual ChatOutcome chat(const ChatRequest& request) const = 0;
};

}  // namespace cadre::engine
