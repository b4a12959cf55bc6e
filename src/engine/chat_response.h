// What an OpenAI-compatible endpoint sends back for a chat completion, read as the outside input that it is.
//
// Format: https://platform.openai.com/docs/api-reference/chat/object, with what llama-server, Ollama and vLLM make of it: content as a
// string or a list of text parts, null beside a refusal or tool calls (an empty text then), usage left out. Members that are not needed
// are not looked at. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/chat_model.h"

namespace cadre::engine {

inline constexpr int kChatResponseDepthMax = 64;
inline constexpr int64_t kChatTokensMax = 1'000'000'000;  // that a usage may say; more is no count

struct ChatResponse {
  std::vector<ChatChoice> choices;    // at least one, at most kChatSamplesMax
  std::optional<int64_t> tokens_in;   // as the endpoint says
  std::optional<int64_t> tokens_out;  // as the endpoint says
  std::optional<double> cost;         // the same, in units of its currency ("usage": {"cost": 0.002})
};

// kInvalid: it is no chat completion; the message names the member. kLimit: too deep.
Result<ChatResponse> read_chat_response(std::string_view body);

// The message of an error body ({"error": {"message"}}, {"error": "..."} or plain text), at most 300 bytes of valid UTF-8 without
// control characters. Empty: there is none.
std::string chat_error_message(std::string_view body);

// Of a Retry-After header: seconds, at most a day. A date is not read.
std::optional<int64_t> retry_after_ms(std::string_view header);

}  // namespace cadre::engine
