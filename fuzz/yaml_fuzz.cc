// Any bytes as a YAML recipe: an Error that says why, or JSON that a recipe reader takes or refuses.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "train/router_recipe.h"
#include "text/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto yaml =
      cadre::text::parse_yaml(std::string_view(reinterpret_cast<const char*>(data), size), "recipe.yaml");
  if (!yaml.ok()) {
    CADRE_CHECK(!yaml.error().message.empty(), "an error says what happened");
    return 0;
  }
  (void)cadre::train::router_recipe_from_json(*yaml);
  return 0;
}
