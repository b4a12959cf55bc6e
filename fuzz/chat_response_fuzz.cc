// Any bytes as what an endpoint answers: an error that says what is wrong, or choices with counts that can be counted.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "engine/chat_response.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace engine = cadre::engine;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const std::string message = engine::chat_error_message(body);
  CADRE_CHECK(message.size() <= 300 && cadre::base::is_valid_utf8(message), "an excerpt is short and readable");
  const auto response = engine::read_chat_response(body);
  if (!response.ok()) {
    CADRE_CHECK(!response.error().message.empty(), "an error says what happened");
    return 0;
  }
  CADRE_CHECK(!response->choices.empty(), "a completion has a choice");
  for (const engine::ChatChoice& choice : response->choices) {
    CADRE_CHECK(cadre::base::is_valid_utf8(choice.text), "a text is UTF-8");
    for (const engine::TokenLogprob& token : choice.logprobs) CADRE_CHECK(token.logprob <= 0, "a probability");
  }
  for (const auto& count : {response->tokens_in, response->tokens_out})
    CADRE_CHECK(!count || (*count >= 0 && *count <= engine::kChatTokensMax), "a count");
  return 0;
}
