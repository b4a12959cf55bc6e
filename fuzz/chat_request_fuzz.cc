// Any bytes as the body of a chat completion: an error that names what is wrong, or a request that a run can be made from.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "serve/chat_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto body = cadre::base::parse_json(std::string_view(reinterpret_cast<const char*>(data), size), 64);
  if (!body.ok()) return 0;
  const auto read = cadre::serve::read_chat_request(*body);
  if (read.error) {
    CADRE_CHECK(read.error->status == 400 && !read.error->message.empty(), "an error says what happened");
    return 0;
  }
  CADRE_CHECK(!read.request.model.empty() && !read.request.messages.empty(), "a request has a model and messages");
  (void)read.request.last_user_text();
  const auto chat = read.request.for_run();
  CADRE_CHECK(cadre::base::parse_json(cadre::base::dump_json(chat)).ok(), "what a run gets is JSON");
  return 0;
}
