// SPDX-License-Identifier: Apache-2.0
#include "engine/chat_response.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/utf8.h"

namespace cadre::engine {
namespace {

using base::Json;

constexpr size_t kExcerptBytes = 300;
constexpr int64_t kRetryAfterSecondsMax = 86'400;

Error malformed(const std::string& what) {
  return Error{ErrorCode::kInvalid, "no chat completion: " + what};
}

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::string> text_of_parts(const Json& parts, size_t choice) {
  std::string text;
  for (const Json& part : parts) {
    const Json* piece = member(part, "text");
    if (piece == nullptr || !piece->is_string())
      return malformed(fmt::format("choices[{}].message.content has a part without text", choice));
    text += piece->get_ref<const std::string&>();
  }
  return text;
}

Result<std::string> content_of(const Json& message, size_t choice) {
  const Json* content = member(message, "content");
  if (content == nullptr) return std::string();
  if (content->is_string()) return content->get<std::string>();
  if (content->is_array()) return text_of_parts(*content, choice);
  return malformed(fmt::format("choices[{}].message.content is neither text nor a list of parts", choice));
}

ChatFinish finish_of(const Json& choice) {
  const Json* reason = member(choice, "finish_reason");
  if (reason == nullptr || !reason->is_string()) return ChatFinish::kOther;
  const auto& name = reason->get_ref<const std::string&>();
  if (name == "stop") return ChatFinish::kStop;
  if (name == "length") return ChatFinish::kLength;
  if (name == "content_filter") return ChatFinish::kFiltered;
  return ChatFinish::kOther;
}

// A list with one entry that cannot be understood says nothing about the whole: none then.
std::vector<TokenLogprob> logprobs_of(const Json& choice) {
  const Json* logprobs = member(choice, "logprobs");
  const Json* content = logprobs == nullptr ? nullptr : member(*logprobs, "content");
  if (content == nullptr || !content->is_array()) return {};
  std::vector<TokenLogprob> tokens;
  for (const Json& entry : *content) {
    const Json* token = member(entry, "token");
    const Json* logprob = member(entry, "logprob");
    if (token == nullptr || !token->is_string() || logprob == nullptr || !logprob->is_number()) return {};
    const double value = logprob->get<double>();
    if (!std::isfinite(value) || value > 0) return {};
    tokens.push_back({token->get<std::string>(), value});
  }
  return tokens;
}

Result<ChatChoice> choice_of(const Json& json, size_t index) {
  const Json* message = member(json, "message");
  if (message == nullptr || !message->is_object()) return malformed(fmt::format("choices[{}] has no message", index));
  ChatChoice choice;
  choice.text = TRY(content_of(*message, index));
  choice.finish = member(*message, "refusal") != nullptr ? ChatFinish::kFiltered : finish_of(json);
  choice.logprobs = logprobs_of(json);
  return choice;
}

std::optional<int64_t> count_of(const Json& usage, const char* key) {
  const Json* count = member(usage, key);
  if (count == nullptr || !count->is_number_integer()) return std::nullopt;
  // A count beyond int64 is stored as unsigned.
  if (count->is_number_unsigned() && count->get<uint64_t>() > static_cast<uint64_t>(kChatTokensMax))
    return std::nullopt;
  const int64_t value = count->get<int64_t>();
  if (value < 0 || value > kChatTokensMax) return std::nullopt;
  return value;
}

void read_usage(const Json& body, ChatResponse& response) {
  const Json* usage = member(body, "usage");
  if (usage == nullptr) return;
  response.tokens_in = count_of(*usage, "prompt_tokens");
  response.tokens_out = count_of(*usage, "completion_tokens");
  const Json* cost = member(*usage, "cost");
  if (cost == nullptr || !cost->is_number()) return;
  const double value = cost->get<double>();
  if (value >= 0 && value <= static_cast<double>(kChatTokensMax)) response.cost = value;
}

// Cut between characters, control characters as spaces.
std::string excerpt(std::string text) {
  if (!base::is_valid_utf8(text)) return "";
  text.resize(base::utf8_cut(text, kExcerptBytes));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

}  // namespace

const char* chat_role_name(ChatRole role) {
  switch (role) {
    case ChatRole::kSystem:
      return "system";
    case ChatRole::kUser:
      return "user";
    case ChatRole::kAssistant:
      return "assistant";
  }
  return "user";
}

const char* chat_finish_name(ChatFinish finish) {
  switch (finish) {
    case ChatFinish::kStop:
      return "stop";
    case ChatFinish::kLength:
      return "length";
    case ChatFinish::kFiltered:
      return "filtered";
    case ChatFinish::kOther:
      return "other";
  }
  return "other";
}

Result<ChatResponse> read_chat_response(std::string_view body) {
  const Json json = TRY(base::parse_json(body, kChatResponseDepthMax));
  const Json* choices = member(json, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty()) return malformed("it has no choices");
  if (std::cmp_greater(choices->size(), kChatSamplesMax))
    return malformed(fmt::format("{} choices, of {} at most", choices->size(), kChatSamplesMax));
  ChatResponse response;
  for (size_t i = 0; i < choices->size(); ++i) response.choices.push_back(TRY(choice_of((*choices)[i], i)));
  read_usage(json, response);
  return response;
}

std::string chat_error_message(std::string_view body) {
  const auto json = base::parse_json(body, kChatResponseDepthMax);
  if (!json.ok()) return excerpt(std::string(body.substr(0, 2 * kExcerptBytes)));
  const Json* error = member(*json, "error");
  if (error == nullptr) error = &*json;
  const Json* message = member(*error, "message");
  if (message == nullptr) message = error;
  return message->is_string() ? excerpt(message->get<std::string>()) : "";
}

std::optional<int64_t> retry_after_ms(std::string_view header) {
  int64_t seconds = 0;
  if (header.empty() || header.size() > 9) return std::nullopt;
  for (const char c : header) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = seconds * 10 + (c - '0');
  }
  return std::min(seconds, kRetryAfterSecondsMax) * 1'000;
}

}  // namespace cadre::engine
