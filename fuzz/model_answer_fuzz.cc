// Any bytes as what a model wrote: an error, or a JSON value that is kept exactly. And as a text whose figures are looked up in another.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/grounding.h"
#include "agent/model_answer.h"
#include "base/check.h"
#include "contract/json_document.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace agent = cadre::agent;
  using cadre::base::Json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto answer = agent::read_model_answer(text);
  if (answer.ok())
    CADRE_CHECK(cadre::contract::parse_document(cadre::base::dump_json(*answer)).ok(), "what is taken is JSON");
  const std::string whole(text);
  const agent::Verdict itself = agent::grounding_verdict(Json(whole), Json(whole));
  CADRE_CHECK(itself.passed, "every figure of a text stands in it");
  (void)agent::grounding_verdict(Json(whole.substr(0, size / 2)), Json(whole.substr(size / 2)), {.quotes = true});
  return 0;
}
