// SPDX-License-Identifier: Apache-2.0
#include "agent/model_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

using base::Json;
using testing::StartsWith;

TEST(ModelAnswer, FormsThatAreTaken) {
  for (const char* text : {
           R"({"n":1})",
           " \n{\"n\":1}\n ",
           "```json\n{\"n\":1}\n```",
           "```\n{\"n\":1}\n```",
           "Here it is:\n```json\n{\"n\":1}\n```\nI hope this helps.",
           "<think>perhaps {\"n\":2}?</think>{\"n\":1}",
           "<think>\n```json\n{\"n\":2}\n```</think>\n```json\n{\"n\":1}\n```",
       })
    EXPECT_EQ(read_model_answer(text).value(), Json({{"n", 1}})) << text;
  EXPECT_EQ(read_model_answer(R"({"text":"a ```b\nc``` d"})").value()["text"], "a ```b\nc``` d");
}

TEST(ModelAnswer, FormsThatAreNot) {
  for (const std::string& text :
       {std::string(), std::string("I would say {\"n\":1}"), std::string("{\"n\":1} or {\"n\":2}"),
        std::string("{\"n\":1"), std::string("{\"n\":1,\"n\":2}"), std::string("{\"n\":\"\xFF\"}"),
        std::string("```json\n{}\n```\n```json\n{}\n```"), std::string("```json\n{}"), std::string("<think>{}"),
        std::string("{\"n\":12345678901234567890123}"), std::string("{\"n\":1e999}"), std::string("{'n':1}"),
        std::string("{\"n\":NaN}")}) {
    const auto refused = read_model_answer(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_THAT(refused.error().message, StartsWith("parse: ")) << text;
  }
  EXPECT_FALSE(read_model_answer(std::string(10'000, '[') + std::string(10'000, ']')).ok());
}

}  // namespace
}  // namespace cadre::agent
