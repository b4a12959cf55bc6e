// The packs in specialists/: that they load here, and what the scope router must not get wrong.
//
// recipes/scope_cases.jsonl was written before the templates that the router learned from, and is never trained on.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "model/router_pack.h"

namespace cadre::model {
namespace {

const std::string kSpecialists = std::string(CADRE_SOURCE_DIR) + "/specialists/";
constexpr uint64_t kPackBytesMax = 3'000'000;

TEST(ShippedRouters, LoadAndStayWithinTheirSize) {
  for (const char* name : {"intents.gguf", "scope.gguf"}) {
    const auto router = Router::open(kSpecialists + name);
    ASSERT_TRUE(router.ok()) << router.error().message;
    EXPECT_LT(base::file_size_bytes(kSpecialists + name).value(), kPackBytesMax);
  }
}

TEST(ShippedRouters, CarryContractCalibrationCardAndLicences) {
  for (const char* name : {"intents.gguf", "scope.gguf"}) {
    const auto file = tensor::GgufFile::open(kSpecialists + name).value();
    const auto contract = decode_router_pack(file.gguf)->contract;
    for (const char* key :
         {"name", "version", "purpose", "kind", "calibration", "evaluation", "training", "data", "licence"})
      EXPECT_TRUE(contract.contains(key)) << name << ": " << key;
    EXPECT_FALSE(contract["evaluation"].empty()) << name;
    for (const auto& item : contract["data"])
      EXPECT_TRUE(item.contains("licence") || item.contains("generated")) << name;
  }
}

TEST(ShippedRouters, IntentsAreToldApartAndNonsenseIsDeclined) {
  const auto router = Router::open(kSpecialists + "intents.gguf").value();
  const auto label = [&router](std::string_view text) {
    const auto decision = router.decide(text);
    return decision.abstained ? std::string("oos") : router.labels()[decision.label];
  };
  EXPECT_EQ(label("Please freeze my bank account."), "freeze_account");
  EXPECT_EQ(label("how do you say thank you in spanish"), "translate");
  EXPECT_EQ(label("set an alarm for seven tomorrow"), "alarm");
  EXPECT_EQ(label("who invented the steam engine"), "oos");
  EXPECT_EQ(label("zzz qqq xxyy"), "oos");
  EXPECT_EQ(label(""), "oos");
}

struct ScopeCase {
  std::string text;
  bool in_scope = false;
};

std::vector<ScopeCase> read_scope_cases() {
  const std::string text = base::read_file(std::string(CADRE_SOURCE_DIR) + "/recipes/scope_cases.jsonl").value();
  std::vector<ScopeCase> cases;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const auto line = base::parse_json(std::string_view(text).substr(begin, end - begin)).value();
    cases.push_back({line["text"].get<std::string>(), line["label"] == "table_question"});
    begin = end + 1;
  }
  return cases;
}

TEST(ShippedRouters, TheScopeRouterDeclinesRequestsAndTakesQuestions) {
  const auto router = Router::open(kSpecialists + "scope.gguf").value();
  const auto cases = read_scope_cases();
  size_t questions = 0, taken = 0, requests = 0, declined = 0;
  for (const auto& [text, in_scope] : cases) {
    const bool abstained = router.decide(text).abstained;
    questions += in_scope;
    requests += !in_scope;
    taken += in_scope && !abstained;
    declined += !in_scope && abstained;
  }
  ASSERT_GT(questions, 60u);
  ASSERT_GT(requests, 100u);
  EXPECT_GE(static_cast<double>(taken), 0.96 * static_cast<double>(questions));
  EXPECT_GE(static_cast<double>(declined), 0.95 * static_cast<double>(requests));
}

// The examples of the README and of the help texts.
TEST(ShippedRouters, TheScopeRouterGetsTheAdvertisedExamplesRight) {
  const auto router = Router::open(kSpecialists + "scope.gguf").value();
  for (const char* question :
       {"how many orders over 500 came from Berlin", "how many away goals did Kane score in 2019",
        "How many credit cards does customer 12 have?", "average price by region", "list all orders"})
    EXPECT_FALSE(router.decide(question).abstained) << question;
  for (const char* request : {"write me a poem", "translate this to french", "delete all rows", "drop the table",
                              "hello", "write a poem about the orders from Berlin", "delete the orders from Berlin"})
    EXPECT_TRUE(router.decide(request).abstained) << request;
}

}  // namespace
}  // namespace cadre::model
