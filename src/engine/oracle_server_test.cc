// The oracle through its HTTP interface, asked by the client that asks every endpoint.
// SPDX-License-Identifier: Apache-2.0
#include "engine/oracle_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "engine/chat_endpoint.h"

namespace cadre::engine {
namespace {

using base::Json;
using testing::HasSubstr;

const std::vector<OracleAnswer> kAnswers = {
    {"how many", {{"n", 3}}}, {"how many \"orders\"", {{"n", 7}}}, {"who", "nobody"}};

class OracleTest : public testing::Test {
 protected:
  void start(OracleOptions options = {}, std::vector<OracleAnswer> answers = kAnswers) {
    oracle_ = OracleServer::start(std::move(answers), std::move(options)).value();
    auto client = std::make_shared<net::HttpClient>(net::AddressPolicy::parse({"127.0.0.1"}).value());
    model_ = ChatEndpoint::make({.name = "oracle", .url = oracle_->url(), .model = kOracleModel}, client).value();
  }
  ChatOutcome ask(const std::string& text, int64_t samples = 1, int64_t seed = 0, int64_t timeout_ms = 60'000) const {
    return model_->chat(
        {.messages = {{ChatRole::kUser, text}}, .samples = samples, .seed = seed, .timeout_ms = timeout_ms});
  }
  std::string text(const std::string& asked) const {
    const ChatOutcome outcome = ask(asked);
    return outcome.error ? base::error_code_name(outcome.error->code) : outcome.choices.at(0).text;
  }

  std::unique_ptr<OracleServer> oracle_;
  std::unique_ptr<ChatEndpoint> model_;
};

TEST_F(OracleTest, TheLongestMatchAnswers) {
  start();
  EXPECT_EQ(text("how many boxes"), R"({"n":3})");
  EXPECT_EQ(text("say how many \"orders\" there are"), R"({"n":7})");
  EXPECT_EQ(text(base::dump_json({{"question", "how many \"orders\""}})), R"({"n":7})");
  EXPECT_EQ(text("who"), "nobody");
  EXPECT_EQ(text("why"), "not_found");
  EXPECT_EQ(ask("who", 3).choices.size(), 3U);
  EXPECT_EQ(oracle_->stats().wrong, 0);
}

TEST_F(OracleTest, ErrorsComeAtTheirRateAndRepeatWithTheSeed) {
  const auto wrong = [&](uint64_t seed) {
    start({.error_rate = 0.3, .seed = seed});
    std::string said;
    for (int i = 0; i < 200; ++i) said += ask("who", 1, i).choices.at(0).text == "nobody" ? '.' : 'x';
    EXPECT_EQ(oracle_->stats().wrong, std::count(said.begin(), said.end(), 'x'));
    return said;
  };
  const std::string first = wrong(1);
  // 60 are expected, with a standard deviation of 6.5.
  EXPECT_NEAR(static_cast<double>(std::count(first.begin(), first.end(), 'x')), 60, 26);
  EXPECT_EQ(wrong(1), first);
  EXPECT_NE(wrong(2), first);
}

TEST_F(OracleTest, FaultsAreWhatTheySay) {
  const std::tuple<OracleFault, ErrorCode, const char*> cases[] = {
      {OracleFault::kBusy, ErrorCode::kBusy, "429"},
      {OracleFault::kError, ErrorCode::kUnavailable, "500"},
      {OracleFault::kMalformed, ErrorCode::kInvalid, ""},
      {OracleFault::kHang, ErrorCode::kTimeout, ""}};
  for (const auto& [fault, code, says] : cases) {
    start({.faults = {{fault, 1.0}}});
    const ChatOutcome outcome = ask("who", 1, 0, fault == OracleFault::kHang ? 100 : 60'000);
    ASSERT_TRUE(outcome.error) << oracle_fault_name(fault);
    EXPECT_EQ(outcome.error->code, code) << outcome.error->message;
    EXPECT_THAT(outcome.error->message, HasSubstr(says));
    EXPECT_EQ(oracle_->stats().faults, 1);
  }
  start({.faults = {{OracleFault::kUnconstrained, 1.0}}});
  EXPECT_EQ(text("who"), "Well, I would say that it is nobody or so.");
  start({.faults = {{OracleFault::kTruncated, 1.0}}});
  EXPECT_EQ(ask("who").choices.at(0).finish, ChatFinish::kLength);
  EXPECT_EQ(ask("who").choices.at(0).text, "nob");
}

TEST_F(OracleTest, ADelayDelaysAndAPriceIsReported) {
  start({.delay_ms = 30, .price_in_micros = 1'000'000, .price_out_micros = 2'000'000});
  const int64_t start_ns = base::system_clock().monotonic_ns();
  const ChatOutcome outcome = ask("who");
  EXPECT_GE(base::system_clock().monotonic_ns() - start_ns, 30'000'000);
  ASSERT_FALSE(outcome.error);
  EXPECT_NEAR(static_cast<double>(outcome.usage.cost_micros),
              static_cast<double>(outcome.usage.tokens_in + 2 * outcome.usage.tokens_out), 1);
}

TEST_F(OracleTest, WhatIsNoRateOrNoFaultIsRefused) {
  EXPECT_FALSE(OracleServer::start({}, {.error_rate = 1.5}).ok());
  EXPECT_FALSE(OracleServer::start({}, {.error_rate = std::nan("")}).ok());
  EXPECT_FALSE(OracleServer::start({}, {.faults = {{OracleFault::kBusy, 0.6}, {OracleFault::kError, 0.6}}}).ok());
  EXPECT_EQ(oracle_fault_of("hang").value(), OracleFault::kHang);
  EXPECT_FALSE(oracle_fault_of("boredom").ok());
}

TEST(OracleAnswers, AreOneALine) {
  const auto folder = base::TemporaryDirectory::make().value();
  const std::string path = folder.path() + "/answers.jsonl";
  ASSERT_TRUE(base::replace_file(path, "{\"match\":\"a\",\"answer\":[1]}\n\n{\"match\":\"b\",\"answer\":null}\n").ok());
  const auto answers = read_oracle_answers(path).value();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].answer, Json({1}));
  for (const char* bad :
       {"{\"match\":\"a\"}\n", "{\"answer\":1}\n", "{\"match\":\"\",\"answer\":1}\n", "[1]\n", "{\n"}) {
    ASSERT_TRUE(base::replace_file(path, bad).ok());
    const auto refused = read_oracle_answers(path);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_THAT(refused.error().message, HasSubstr("answers.jsonl")) << bad;
  }
}

}  // namespace
}  // namespace cadre::engine
