// Any bytes as a router's pack: an Error that says why, or a router whose decisions are probabilities.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <span>

#include "base/check.h"
#include "model/router_pack.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = cadre::tensor::Gguf::parse(std::span(data, size));
  if (!file.ok()) return 0;
  const auto pack = cadre::model::decode_router_pack(*file);
  if (!pack.ok()) {
    CADRE_CHECK(!pack.error().message.empty(), "an error says what happened");
    return 0;
  }
  const auto router = cadre::model::Router::make(pack->weights);
  if (!router.ok()) return 0;
  const auto decision = router->decide("how many orders over 500 came from Berlin");
  CADRE_CHECK(decision.label < router->labels().size(), "the likeliest label is one of the labels");
  CADRE_CHECK(decision.probability >= 0.0f && decision.probability <= 1.0f, "a probability");
  return 0;
}
