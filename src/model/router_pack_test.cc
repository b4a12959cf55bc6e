// SPDX-License-Identifier: Apache-2.0
#include "model/router_pack.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "model/router_test_models.h"

namespace cadre::model {
namespace {

base::Json test_contract() {
  return {{"name", "test"}, {"version", "1.2.3"}, {"kind", "decision"}};
}

// Decoding and building, as Router::open does it from a file.
Result<Router> open_bytes(const std::string& bytes) {
  const tensor::AlignedVector<uint8_t> aligned(bytes.begin(), bytes.end());
  const auto file = TRY(tensor::Gguf::parse(aligned));
  const auto pack = TRY(decode_router_pack(file));
  return Router::make(pack.weights);
}

TEST(RouterPack, WhatIsWrittenIsReadBack) {
  auto weights = random_router(7, 1);
  weights.calibration.threshold = 0.3f;
  weights.calibration.linear_accept = 0.8f;
  const std::string bytes = encode_router_pack(weights, test_contract());
  const tensor::AlignedVector<uint8_t> aligned(bytes.begin(), bytes.end());
  const auto file = tensor::Gguf::parse(aligned).value();
  const auto pack = decode_router_pack(file).value();
  EXPECT_EQ(pack.weights.labels, weights.labels);
  EXPECT_EQ(pack.weights.linear.weights, weights.linear.weights);
  EXPECT_EQ(pack.weights.linear.biases, weights.linear.biases);
  EXPECT_EQ(pack.weights.net.tables, weights.net.tables);
  EXPECT_EQ(pack.weights.net.output_scales, weights.net.output_scales);
  EXPECT_EQ(pack.weights.calibration.threshold, 0.3f);
  EXPECT_EQ(pack.contract["name"], "test");
  EXPECT_EQ(encode_router_pack(pack.weights, pack.contract), bytes);
}

TEST(RouterPack, AReadRouterDecidesAsTheWrittenOne) {
  const auto weights = random_router(7, 2);
  const auto made = Router::make(weights).value();
  const auto read = open_bytes(encode_router_pack(weights, test_contract())).value();
  for (const char* text : {"hello", "what is the time", ""})
    EXPECT_EQ(made.decide(text).probability, read.decide(text).probability);
}

TEST(RouterPack, OneLabelMakesAYesOrNoRouter) {
  const auto read = open_bytes(encode_router_pack(random_router(1, 3), test_contract()));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->decide("x").label, 0u);
}

TEST(RouterPack, OpenNamesTheFileAndWhatIsWrong) {
  const auto directory = base::TemporaryDirectory::make().value();
  const std::string path = directory.path() + "/broken.gguf";
  EXPECT_NE(Router::open(path).error().message.find("broken.gguf"), std::string::npos);
  ASSERT_TRUE(base::replace_file(path, "GGUFxxxx").ok());
  EXPECT_NE(Router::open(path).error().message.find("broken.gguf"), std::string::npos);
  ASSERT_TRUE(base::replace_file(path, encode_router_pack(random_router(3, 4), test_contract())).ok());
  EXPECT_TRUE(Router::open(path).ok());
}

// A file with one part replaced: what a forger or an older build would hand us.
tensor::GgufBuilder forged(const std::string& architecture, const std::string& scheme, const std::string& contract,
                           const std::vector<std::string>& labels) {
  tensor::GgufBuilder builder;
  builder.add_string("general.architecture", architecture);
  builder.add_string("cadre.router.features", scheme);
  builder.add_strings("cadre.router.labels", labels);
  builder.add_string("cadre.contract", contract);
  return builder;
}

TEST(RouterPack, OtherArchitecturesSchemesAndMissingTensorsAreRefused) {
  const auto message = [](const tensor::GgufBuilder& builder) { return open_bytes(builder.bytes()).error().message; };
  EXPECT_NE(message(forged("llama", kNgramScheme, "{}", {"a"})).find("llama"), std::string::npos);
  EXPECT_NE(message(forged(kRouterArchitecture, "ngram-0", "{}", {"a"})).find("ngram-0"), std::string::npos);
  EXPECT_NE(message(forged(kRouterArchitecture, kNgramScheme, "{}", {"a"})).find("linear.weight"), std::string::npos);
}

TEST(RouterPack, ATruncatedFileIsAnErrorAtEveryLength) {
  const std::string bytes = encode_router_pack(random_router(3, 5), test_contract());
  for (size_t size = 0; size < bytes.size(); size += size < 2000 ? 7 : 97)
    EXPECT_FALSE(open_bytes(bytes.substr(0, size)).ok()) << size;
}

TEST(RouterPack, AFlippedByteIsAnErrorOrARouterThatStillRuns) {
  const std::string bytes = encode_router_pack(random_router(3, 6), test_contract());
  size_t refused = 0;
  for (size_t at = 0; at < bytes.size(); at += at < 2500 ? 1 : 61) {
    std::string spoiled = bytes;
    spoiled[at] = static_cast<char>(spoiled[at] ^ 0x41);
    const auto router = open_bytes(spoiled);
    refused += router.ok() ? 0 : 1;
    if (!router.ok()) continue;
    const float probability = router->decide("how many orders came from Berlin").probability;
    EXPECT_TRUE(probability >= 0.0f && probability <= 1.0f) << at;
  }
  EXPECT_GT(refused, 100u);
}

}  // namespace
}  // namespace cadre::model
