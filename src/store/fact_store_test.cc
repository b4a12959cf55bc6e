// SPDX-License-Identifier: Apache-2.0
#include "store/fact_store.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace cadre::store {
namespace {

using base::Json;

class FactStoreTest : public testing::Test {
 protected:
  FactStore open() { return FactStore::open(path(), clock_).value(); }
  std::string path() const { return folder_.path() + "/memory.sqlite"; }
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  base::ManualClock clock_{1'000'000'000};
};

TEST_F(FactStoreTest, WhatWasRememberedIsRecalledWithItsSource) {
  {
    FactStore facts = open();
    ASSERT_TRUE(facts.remember("p-1", "allergy", {{"to", "latex"}}, "run 7, step look", 0).ok());
    ASSERT_TRUE(facts.remember("p-2", "allergy", "none", "run 8", 0).ok());
  }
  const FactStore facts = open();
  const auto fact = facts.recall("p-1", "allergy").value();
  ASSERT_TRUE(fact.has_value());
  EXPECT_EQ(fact->value, Json({{"to", "latex"}}));
  EXPECT_EQ(fact->source, "run 7, step look");
  EXPECT_EQ(fact->remembered_us, clock_.wall_us());
  EXPECT_FALSE(facts.recall("p-1", "weight")->has_value());
  EXPECT_EQ(facts.facts("", 10)->size(), 2U);
  EXPECT_EQ(facts.facts("p-2", 10)->size(), 1U);
}

TEST_F(FactStoreTest, TheLatestValueHolds) {
  FactStore facts = open();
  ASSERT_TRUE(facts.remember("p-1", "ward", "A", "run 1", 0).ok());
  ASSERT_TRUE(facts.remember("p-1", "ward", "B", "run 2", 0).ok());
  EXPECT_EQ((*facts.recall("p-1", "ward"))->value, "B");
  EXPECT_EQ(facts.facts("p-1", 10)->size(), 1U);
}

TEST_F(FactStoreTest, WhatHasExpiredIsNeverGiven) {
  FactStore facts = open();
  ASSERT_TRUE(facts.remember("p-1", "fever", true, "run 1", 1'000).ok());
  clock_.advance_us(999'000);
  EXPECT_TRUE(facts.recall("p-1", "fever")->has_value());
  clock_.advance_us(1'000);
  EXPECT_FALSE(facts.recall("p-1", "fever")->has_value());
  EXPECT_TRUE(facts.facts("p-1", 10)->empty());
}

TEST_F(FactStoreTest, WhatIsForgottenIsGoneFromTheFiles) {
  const std::string secret = "a-very-secret-value-that-stands-nowhere-else";
  {
    FactStore facts = open();
    ASSERT_TRUE(facts.remember("p-1", "secret", secret, "run 1", 0).ok());
    ASSERT_TRUE(facts.remember("p-1", "other", 1, "run 1", 0).ok());
    EXPECT_EQ(facts.forget("p-1", "secret").value(), 1);
    EXPECT_EQ(facts.forget("p-1", "secret").value(), 0);
    for (const char* file : {"", "-wal"}) {
      const auto bytes = base::read_file(path() + file);
      EXPECT_TRUE(!bytes.ok() || bytes->find(secret) == std::string::npos) << file;
    }
    EXPECT_EQ(facts.forget("p-1", "").value(), 1);
  }
  EXPECT_TRUE(open().facts("", 10)->empty());
}

TEST_F(FactStoreTest, LimitsAreNamed) {
  FactStore facts = open();
  EXPECT_EQ(facts.remember("", "n", 1, "", 0).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(facts.remember("s", std::string(257, 'n'), 1, "", 0).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(facts.remember("s", "n", std::string(kFactSizeMax, 'x'), "", 0).error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace cadre::store
