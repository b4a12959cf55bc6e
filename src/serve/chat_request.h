// Reads the body of POST /v1/chat/completions, in the form of OpenAI's API.
//
// What cadre does not do is refused by its name, never ignored: a client learns at once that a field has no effect here. Fields whose
// value asks for nothing (n: 1, logprobs: false, store: false, penalties of 0, top_p: 1) pass. Thread safety: pure functions.
// Idea: platform.openai.com/docs/api-reference/chat.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "serve/replies.h"

namespace cadre::serve {

inline constexpr size_t kMessagesMax = 2'000;
inline constexpr size_t kToolsMax = 4'096;

struct ChatRequest {
  std::string model;
  // Normalised: content is a string (or null beside tool_calls), roles are system, user, assistant, tool.
  base::Json messages;
  base::Json tools;            // null: none
  base::Json tool_choice;      // null: not given
  bool is_parallel = true;     // parallel_tool_calls
  base::Json response_format;  // null: not given, or text
  std::optional<int64_t> seed;
  std::optional<int64_t> tokens_max;
  std::optional<double> temperature;
  base::Json stop;  // null, or an array of strings
  bool is_stream = false;
  bool has_usage_chunk = false;  // stream_options.include_usage
  std::string user;

  // As agent::RunRequest::chat wants it.
  base::Json for_run() const;
  // The text of the last message, if a user sent it; empty: none.
  std::string last_user_text() const;
};

struct ChatRead {
  ChatRequest request;
  std::optional<ApiError> error;
};
ChatRead read_chat_request(const base::Json& body);

}  // namespace cadre::serve
