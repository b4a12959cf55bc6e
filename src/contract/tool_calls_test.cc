// Answers with tool calls: tables of what each format reads, and the machine against the parser on random sets, walks
// and mutations.
// CADRE_TOOL_WALKS sets how many walks (2,000 if not).
// SPDX-License-Identifier: Apache-2.0
#include "contract/tool_calls.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "contract/constraint.h"
#include "contract/schema_contract.h"
#include "contract/schema_merge.h"
#include "contract/test_tools.h"
#include "contract/test_vocabularies.h"

namespace cadre::contract {
namespace {

constexpr const char* kWeather =
    R"({"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"],"additionalProperties":false})";

std::vector<Tool> two_tools() {
  return {{"get_weather", "", kWeather}, {"get", "", ""}};
}

std::shared_ptr<const ToolSet> make_set(const ToolFormat& format, std::string_view choice, uint32_t calls_max = 1,
                                        uint32_t text_chars_max = kUnlimited) {
  ToolSetOptions options;
  set_choice(options, choice);
  options.calls_max = calls_max;
  options.text_chars_max = text_chars_max;
  auto set = ToolSet::make(two_tools(), format, options);
  EXPECT_TRUE(set.ok()) << set.error().message;
  return *set;
}

bool machine_accepts(const std::shared_ptr<const ToolSet>& set, std::string_view text) {
  auto machine = SchemaMachine::compile(set, SchemaMode::kAccept);
  EXPECT_TRUE(machine.ok());
  DocumentCursor cursor(**machine);
  return cursor.read(text) && cursor.complete();
}

// Machine and parser agree that the text is an answer; what it says as "content|name(arguments)|...".
std::string reading(const std::shared_ptr<const ToolSet>& set, const std::string& text) {
  const bool accepted = machine_accepts(set, text);
  const Result<ToolAnswer> answer = parse_tool_calls(text, *set);
  EXPECT_EQ(accepted, answer.ok()) << text << (answer.ok() ? "" : ": " + answer.error().message);
  if (!answer.ok()) return "refused";
  std::string said = answer->content;
  for (const ToolCall& call : answer->calls) said += "|" + call.name + "(" + call.arguments + ")";
  return said;
}

TEST(ToolCalls, EachPresetReadsWhatItsModelsWrite) {
  const auto two = [](const ToolFormat& format, const std::string& text) {
    return reading(make_set(format, "auto", 2), text);
  };
  const std::string both = R"(|get({})|get_weather({"city": "Oslo"}))";
  EXPECT_EQ(two(ToolFormat::hermes(),
                "Let me see.\n<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call>\n"
                "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>"),
            "Let me see.\n" + both);
  EXPECT_EQ(two(ToolFormat::llama3(),
                R"({"name": "get", "parameters": {}}; {"name": "get_weather", "parameters": {"city": "Oslo"}})"),
            both);
  EXPECT_EQ(
      two(ToolFormat::mistral(),
          R"(Hm.[TOOL_CALLS] [{"name": "get", "arguments": {}}, {"name": "get_weather", "arguments": {"city": "Oslo"}}])"),
      "Hm." + both);
  EXPECT_EQ(two(ToolFormat::openai(),
                R"([{"type":"function","function":{"name":"get","arguments":{}}},)"
                R"({"type":"function","function":{"name":"get_weather","arguments":{"city": "Oslo"}}}])"),
            both);
  EXPECT_EQ(two(ToolFormat::functions(),
                R"(Both.<function=get>{}</function><function=get_weather>{"city": "Oslo"}</function>)"),
            "Both." + both);
  EXPECT_EQ(
      two(test::act_format(), "So:Act:- do get  with {};- do get_weather with\n{\"city\": \"Oslo\"} ;\n\n- end\n"),
      "So:" + both);
}

TEST(ToolCalls, ChoiceBinds) {
  const ToolFormat hermes = ToolFormat::hermes();
  const std::string get = "<tool_call>\n{\"name\": \"get\", \"arguments\": {}}\n</tool_call>";
  EXPECT_EQ(reading(make_set(hermes, "none"), "I <tool_cal"), "I <tool_cal");
  EXPECT_EQ(reading(make_set(hermes, "none"), "I <tool_call> "), "refused");
  EXPECT_EQ(reading(make_set(hermes, "auto"), ""), "");
  EXPECT_EQ(reading(make_set(hermes, "auto"), "a" + get + " \n"), "a|get({})");
  EXPECT_EQ(reading(make_set(hermes, "auto"), "<tool_<tool_call" + get), "<tool_<tool_call|get({})");
  EXPECT_EQ(reading(make_set(hermes, "auto"), get + "b"), "refused");
  EXPECT_EQ(reading(make_set(hermes, "auto"), "a<tool_call>b"), "refused");
  EXPECT_EQ(reading(make_set(hermes, "required"), get), "|get({})");
  EXPECT_EQ(reading(make_set(hermes, "required"), "a" + get), "refused");
  EXPECT_EQ(reading(make_set(hermes, "required"), ""), "refused");
  EXPECT_EQ(reading(make_set(hermes, "get"), get), "|get({})");
  EXPECT_EQ(reading(make_set(hermes, "get_weather"), get), "refused");
}

TEST(ToolCalls, ParallelCallsAreCounted) {
  const std::string get = R"(<function=get>{}</function>)";
  for (const char* choice : {"auto", "required", "get"}) {
    EXPECT_EQ(reading(make_set(ToolFormat::functions(), choice, 1), get + get), "refused");
    EXPECT_EQ(reading(make_set(ToolFormat::functions(), choice, 2), get + get), "|get({})|get({})");
    EXPECT_EQ(reading(make_set(ToolFormat::functions(), choice, 2), get + get + get), "refused");
    EXPECT_NE(reading(make_set(ToolFormat::functions(), choice, kUnlimited), get + get + get), "refused");
  }
}

TEST(ToolCalls, ArgumentsFollowTheSchemaOfTheirTool) {
  const auto set = make_set(ToolFormat::functions(), "auto");
  EXPECT_EQ(reading(set, R"(<function=get_weather>{"days":1,"city":"</function>"}</function>)"),
            R"(|get_weather({"days":1,"city":"</function>"}))");
  for (const char* arguments :
       {"{}", R"({"city":1})", R"({"city":"a","x":1})", R"("a")", "[]", "{", R"({"city":"a","city":"b"})", ""})
    EXPECT_EQ(reading(set, std::string("<function=get_weather>") + arguments + "</function>"), "refused") << arguments;
  EXPECT_EQ(reading(set, R"(<function=get_weathe>{"city":"a"}</function>)"), "refused");
  const Result<ToolAnswer> refused = parse_tool_calls(R"(<function=get_weather>{"city":1}</function>)", *set);
  EXPECT_EQ(refused.error().message.find("at byte 22 of the answer: arguments of get_weather: /city: "), 0u)
      << refused.error().message;
}

TEST(ToolCalls, SpacesStandWhereJsonHasThem) {
  const auto hermes = make_set(ToolFormat::hermes(), "auto");
  EXPECT_NE(reading(hermes, "<tool_call>{ \"name\":\n\"get\" ,\"arguments\" :{ } }</tool_call>"), "refused");
  EXPECT_EQ(reading(hermes, "<tool_call>{\"name\": \" get\", \"arguments\": {}}</tool_call>"), "refused");
  EXPECT_EQ(reading(hermes, "<tool _call>{\"name\": \"get\", \"arguments\": {}}</tool_call>"),
            "<tool _call>{\"name\": \"get\", \"arguments\": {}}</tool_call>");
  EXPECT_EQ(reading(hermes, "<tool_call>{\"arguments\": {}, \"name\": \"get\"}</tool_call>"), "refused");
  const auto act = make_set(test::act_format(), "required");
  EXPECT_EQ(reading(act, "Act: - do get with{}; - end"), "|get({})");
  EXPECT_EQ(reading(act, "Act: - do getwith {}; - end"), "refused");
}

TEST(ToolCalls, CallsThatBeginTheAnswerDoNotStandInText) {
  const auto set = make_set(ToolFormat::llama3(), "auto");
  EXPECT_EQ(reading(set, R"(Look: {"name": 1})"), R"(Look: {"name": 1})");
  EXPECT_EQ(reading(set, R"(  {"name": "get", "parameters": {}} )"), "|get({})");
  EXPECT_EQ(reading(set, R"( {"name": 1})"), "refused");
  EXPECT_EQ(reading(make_set(ToolFormat::llama3(), "none"), R"({"name": "get", "parameters": {}})"), "refused");
}

TEST(ToolCalls, FreeTextIsBoundedInCharacters) {
  const auto set = make_set(ToolFormat::functions(), "auto", 1, 3);
  EXPECT_EQ(reading(set, "\xC3\xA4\xC3\xA4\xC3\xA4<function=get>{}</function>"), "\xC3\xA4\xC3\xA4\xC3\xA4|get({})");
  EXPECT_EQ(reading(set, "abcd"), "refused");
  EXPECT_EQ(reading(set, "ab<f"), "refused");
  EXPECT_EQ(reading(set, "a<f"), "a<f");
  EXPECT_EQ(reading(set, "abcd<function=get>{}</function>"), "refused");
  EXPECT_EQ(reading(set, "a\xC3"), "refused");
  EXPECT_NE(reading(make_set(ToolFormat::llama3(), "auto", 1, 0), "    {\"name\": \"get\", \"parameters\": {}}"),
            "refused");
}

size_t walks() {
  const char* set = std::getenv("CADRE_TOOL_WALKS");
  return set == nullptr ? 2'000 : std::strtoull(set, nullptr, 10);
}

TEST(ToolCalls, MachineAndParserAgreeOnRandomAnswersAndTheirMutations) {
  constexpr size_t kWalksPerSet = 20;
  size_t with_calls = 0, refused = 0, accepted = 0;
  for (size_t seed = 0; seed * kWalksPerSet < walks(); ++seed) {
    base::Random random(seed);
    const auto set = test::random_tool_set(random);
    auto generating = SchemaMachine::compile(set, SchemaMode::kGenerate);
    ASSERT_TRUE(generating.ok()) << generating.error().message;
    auto accepting = SchemaMachine::compile(set, SchemaMode::kAccept).value();
    const uint32_t least = (*generating)->distance((*generating)->start());
    for (size_t walk = 0; walk < kWalksPerSet; ++walk) {
      bool stuck = false;
      const auto budget = static_cast<uint32_t>(least + random.below(120));
      const std::string text = test::random_answer(**generating, random, budget, stuck);
      ASSERT_FALSE(stuck) << "seed " << seed << ": " << text;
      const Result<ToolAnswer> answer = parse_tool_calls(text, *set);
      ASSERT_TRUE(answer.ok()) << "seed " << seed << ": " << text << ": " << answer.error().message;
      with_calls += !answer->calls.empty();
      for (size_t mutation = 0; mutation < 4; ++mutation) {
        const std::string other = mutation == 0 ? text : test::mutated(text, random);
        DocumentCursor cursor(*accepting);
        const bool taken = cursor.read(other) && cursor.complete();
        const Result<ToolAnswer> parsed = parse_tool_calls(other, *set);
        ASSERT_EQ(taken, parsed.ok()) << "seed " << seed << ": " << other
                                      << (parsed.ok() ? "" : ": " + parsed.error().message);
        ++(taken ? accepted : refused);
      }
    }
  }
  EXPECT_GT(with_calls, walks() / 3);
  EXPECT_GT(refused, walks() / 2);
  EXPECT_GT(accepted, walks());
}

// Every byte, and pieces of texts like this one, whole parts of calls among them.
std::shared_ptr<const Vocabulary> vocabulary_for(const std::string& text, base::Random& random) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (size_t i = 0; i < 200; ++i) {
    const std::string other = test::mutated(text, random);
    tokens.push_back(other.substr(random.below(other.size() + 1), 1 + random.below(12)));
  }
  tokens.emplace_back("<end>");
  return Vocabulary::build(tokens, static_cast<uint32_t>(tokens.size() - 1)).value();
}

TEST(ToolCalls, MasksAreWhatTryingEveryTokenFinds) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    base::Random random(seed);
    const auto set = test::random_tool_set(random);
    const SchemaMode mode = seed % 2 == 0 ? SchemaMode::kGenerate : SchemaMode::kAccept;
    auto generating = SchemaMachine::compile(set, SchemaMode::kGenerate).value();
    bool stuck = false;
    const std::string text =
        test::random_answer(*generating, random, generating->distance(generating->start()) + 80, stuck);
    const auto vocabulary = vocabulary_for(text, random);
    auto machine = SchemaMachine::compile(set, mode).value();
    SchemaMachine::State state = machine->start();
    for (const char c : text) {
      EXPECT_EQ(token_mask(*vocabulary, *machine, state), test::mask_by_trying(*vocabulary, *machine, state))
          << "seed " << seed << ": " << text;
      state = machine->next(state, static_cast<uint8_t>(c));
      ASSERT_FALSE(machine->dead(state));
    }
  }
}

// Whoever follows the masks writes an answer of the set, within the budget; and they are what advance() takes.
TEST(ToolCalls, TokensEndWithinTheirBudget) {
  size_t with_calls = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    base::Random random(seed);
    const auto set = test::random_tool_set(random);
    const auto contract = SchemaContract::compile(set, SchemaMode::kGenerate).value();
    auto machine = SchemaMachine::compile(set, SchemaMode::kGenerate).value();
    bool stuck = false;
    const std::string text = test::random_answer(*machine, random, contract->bytes_min() + 60, stuck);
    const auto vocabulary = vocabulary_for(text, random);
    for (int walk = 0; walk < 4; ++walk) {
      auto constraint =
          Constraint::make(contract, vocabulary, contract->bytes_min() + static_cast<uint32_t>(random.below(30)))
              .value();
      while (!constraint.ended()) {
        const TokenMask mask = constraint.mask();
        const bool may_end = constraint.complete();
        ASSERT_TRUE(mask.count > 0 || may_end) << "seed " << seed << ": " << constraint.text();
        if (mask.count == 0 || (may_end && random.below(6) == 0)) {
          ASSERT_TRUE(constraint.advance(vocabulary->end_of_sequence()));
          break;
        }
        for (int i = 0; i < 10; ++i) {
          const auto token = static_cast<uint32_t>(random.below(vocabulary->size() - 1));
          Constraint fork = constraint;
          ASSERT_EQ(fork.advance(token), mask.allows(vocabulary->rank_of(token)))
              << "seed " << seed << ": " << constraint.text() << " + " << vocabulary->text(token);
        }
        const RankInterval interval = mask.intervals[random.below(mask.intervals.size())];
        const auto rank = interval.low + static_cast<uint32_t>(random.below(interval.high - interval.low));
        ASSERT_TRUE(constraint.advance(vocabulary->id_of(rank)));
      }
      const Result<ToolAnswer> answer = parse_tool_calls(constraint.text(), *set);
      ASSERT_TRUE(answer.ok()) << "seed " << seed << ": " << constraint.text() << ": " << answer.error().message;
      with_calls += !answer->calls.empty();
    }
  }
  EXPECT_GT(with_calls, 100u);
}

// A set of plain tools is not compiled before one is called; what its arguments cost is reckoned beforehand and must be
// what is found then.
TEST(ToolCalls, PlainArgumentsCostWhatTheirSearchFinds) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    base::Random random(seed);
    std::string members, required;
    for (uint64_t i = random.below(6); i > 0; --i) {
      static const char* const kTypes[] = {"{}",
                                           "true",
                                           R"({"type":"string"})",
                                           R"({"type":"integer","title":"x"})",
                                           R"({"type":["null","boolean"]})",
                                           R"({"type":"array"})",
                                           R"({"type":"boolean"})"};
      const std::string name = fmt::format(R"("{}{}")", i % 2 == 0 ? "caf\u00e9\\n" : "b", i);
      members += fmt::format("{}{}:{}", members.empty() ? "" : ",", name, kTypes[random.below(std::size(kTypes))]);
      if (random.below(3) != 0) required += (required.empty() ? "" : ",") + name;
    }
    const std::string schema = fmt::format(R"({{"type":"object","properties":{{{}}},"required":[{}]{}}})", members,
                                           required, random.below(2) == 0 ? R"(,"additionalProperties":false)" : "");
    const Schema kept = read_schema(schema).value();
    const auto size = plain_object_size_bytes(kept);
    ASSERT_TRUE(size.has_value()) << schema;
    auto machine = SchemaMachine::compile(kept, SchemaMode::kGenerate).value();
    EXPECT_EQ(*size, machine->distance(machine->start())) << schema;
  }
}

}  // namespace
}  // namespace cadre::contract
