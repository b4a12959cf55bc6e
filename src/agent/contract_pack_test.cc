// Contracts in model files: what goes in comes out, tensors stay as they were, and hostile files are refused.
// SPDX-License-Identifier: Apache-2.0
#include "agent/contract_pack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "agent/open_cadre.h"
#include "agent/specialist_pack.h"
#include "base/file.h"
#include "base/sha256.h"
#include "tensor/gguf.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

constexpr const char* kPackedContract =
    "name: amounts\nversion: \"1\"\npurpose: finds amounts\n"
    "input_schema: {type: object, properties: {letter: {type: string}}}\n"
    "output_schema: {type: object, properties: {amount: {type: number}}, required: [amount]}\n";
const std::string kSql = std::string(CADRE_SOURCE_DIR) + "/specialists/sql.gguf";

class ContractPackFiles : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  PackRequest request(const std::string& more = "instruction: Find it.\n") const {
    return {.contract_text = kPackedContract + more, .name = "c.yaml", .out_path = path("out.gguf")};
  }
  // A model with a tensor of a type that cadre does not read: its bytes are not even a whole number of blocks.
  std::string model_of_unknown_type() const {
    tensor::GgufBuilder builder;
    builder.add_string("general.architecture", "llama");
    builder.add_uint32("llama.block_count", 16);
    builder.add_strings("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b"});
    const std::vector<uint8_t> bytes = {1, 2, 3, 4, 5, 6, 7, 8};
    const uint64_t dims[] = {8};
    builder.add_tensor("blk.0.weight", tensor::TensorType::kI8, dims, bytes);
    std::string file = builder.bytes();
    const size_t at = file.find("blk.0.weight") + 12 + 4 + 8;  // dimensions, one dimension
    const uint32_t q4_k = 12;
    std::memcpy(file.data() + at, &q4_k, sizeof q4_k);
    EXPECT_TRUE(base::replace_file(path("model.gguf"), file).ok());
    return path("model.gguf");
  }
  std::string error_of(const std::string& bytes) const {
    EXPECT_TRUE(base::replace_file(path("bad.gguf"), bytes).ok());
    const auto pack = open_contract_pack(path("bad.gguf"));
    return pack.ok() ? "accepted" : pack.error().message;
  }
  std::string pack_with(const std::string& contract) const {
    tensor::GgufBuilder builder;
    builder.add_string("general.architecture", kContractArchitecture);
    builder.add_string(kPackModelKey, "m");
    builder.add_string(kContractKey, contract);
    return builder.bytes();
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

TEST_F(ContractPackFiles, AContractForAnEndpointComesOutAsItWentIn) {
  PackRequest given = request();
  given.endpoint_model = "llama-3.2-3b";
  const auto written = write_contract_pack(given);
  ASSERT_TRUE(written.ok()) << written.error().message;
  const auto pack = open_contract_pack(path("out.gguf"));
  ASSERT_TRUE(pack.ok()) << pack.error().message;
  EXPECT_EQ(pack->model, "llama-3.2-3b");
  EXPECT_EQ(pack->tensor_count, 0U);
  EXPECT_EQ(pack->contract.canonical, parse_contract(given.contract_text, "c.yaml")->canonical);
  EXPECT_EQ(pack->sha256, base::to_hex(base::sha256(base::read_file(path("out.gguf")).value())));
  given.contract_text += "licence: MIT\n";
  EXPECT_NE(write_contract_pack(given)->sha256, pack->sha256);
}

TEST_F(ContractPackFiles, AModelKeepsEveryByteOfItsTensorsAndMetadataWhateverTheirTypes) {
  PackRequest given = request();
  given.model_path = model_of_unknown_type();
  EXPECT_THAT(tensor::GgufFile::open(given.model_path).error().message, HasSubstr("element type 12"));
  const auto written = write_contract_pack(given);
  ASSERT_TRUE(written.ok()) << written.error().message;
  const auto before = tensor::GgufFile::open(given.model_path, tensor::GgufOtherTypes::kPassOver).value();
  const auto after = tensor::GgufFile::open(path("out.gguf"), tensor::GgufOtherTypes::kPassOver).value();
  EXPECT_EQ(after.gguf.tensor_count(), 1U);
  const auto same = [](std::span<const uint8_t> a, std::span<const uint8_t> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  EXPECT_TRUE(same(before.gguf.tensor_infos(), after.gguf.tensor_infos()));
  EXPECT_TRUE(same(before.gguf.tensor_data(), after.gguf.tensor_data()));
  EXPECT_FALSE(after.gguf.tensor_data().empty());
  EXPECT_EQ(after.gguf.integer("llama.block_count").value(), 16);
  EXPECT_EQ(after.gguf.strings("tokenizer.ggml.tokens")->size(), 2U);
  // A second contract takes the place of the first, in the very file.
  given.model_path = path("out.gguf");
  given.contract_text += "licence: MIT\n";
  const auto again = write_contract_pack(given);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->contract.canonical["licence"], "MIT");
  EXPECT_EQ(again->architecture, "llama");
}

TEST_F(ContractPackFiles, WithoutAnInstructionNothingIsWritten) {
  PackRequest given = request("");
  given.endpoint_model = "m";
  EXPECT_THAT(write_contract_pack(given).error().message, HasSubstr("--system-prompt"));
  EXPECT_FALSE(base::file_exists(path("out.gguf")));
  given.instruction = "Find it.";
  EXPECT_EQ(write_contract_pack(given)->contract.asked.instruction, "Find it.");
  given.contract_text += "instruction: Another.\n";
  EXPECT_THAT(write_contract_pack(given).error().message, HasSubstr("not both"));
  given.contract_text = kPackedContract;
  given.instruction = "Find \xff it.";
  EXPECT_THAT(write_contract_pack(given).error().message, HasSubstr("UTF-8"));
  given.instruction = "Find it.";
  given.model_path = path("out.gguf");
  given.endpoint_model = "";
  EXPECT_THAT(write_contract_pack(given).error().message, HasSubstr("holds no model"));
  given.endpoint_model = "a\nb";
  EXPECT_THAT(write_contract_pack(given).error().message, HasSubstr("the name of a model"));
}

TEST_F(ContractPackFiles, ADeciderKeepsWhatItsWeightsFix) {
  PackRequest given{
      .contract_text =
          "self_tests:\n- {name: t, table: \"a,b\\n1,2\\n\", input: {question: how many a}, expect: {refusal: \"\"}}\n",
      .name = "c.yaml",
      .model_path = kSql,
      .out_path = path("sql.gguf")};
  const auto written = write_contract_pack(given);
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(written->contract.kind, ContractKind::kSql);
  EXPECT_EQ(written->contract.self_tests.size(), 1U);
  EXPECT_EQ(written->contract.canonical["calibration"], open_contract_pack(kSql)->contract.canonical["calibration"]);
  EXPECT_EQ(load_decider_pack(path("sql.gguf"))->name, load_decider_pack(kSql)->name);
  given.contract_text = "tool: http\nform: anything\nname: sql\n";
  EXPECT_THAT(write_contract_pack(given).error().message,
              testing::AllOf(HasSubstr("c.yaml: /tool: the pack's own contract fixes it"), HasSubstr("/form: "),
                             testing::Not(HasSubstr("/name"))));
  given.contract_text = "retry: {attempts: 1}\n";
  given.instruction = "Do it.";
  EXPECT_THAT(write_contract_pack(given).error().message, HasSubstr("reads no instruction"));
}

// A pack whose file was gone or another one by the time it was hashed had no hash, or that of the other, in its specialist's identity.
TEST_F(ContractPackFiles, APackIsHashedFromTheBytesThatItWasLoadedFrom) {
  const std::string bytes = base::read_file(kSql).value();
  ASSERT_TRUE(base::replace_file(path("p.gguf"), bytes).ok());
  ASSERT_TRUE(base::replace_file(path("t.csv"), "city,people\nUlm,126000\n").ok());
  const std::string specialist = "{purpose: towns, pack: p.gguf, table: t.csv}\n";
  const auto file =
      parse_cadre_file("cadre: 1\nname: c\nspecialists:\n  a: " + specialist + "  b: " + specialist, path("cadre.yaml"),
                       [](const std::string& name) { return base::file_exists(name); });
  ASSERT_TRUE(file.ok()) << file.error().message;
  int loads = 0;
  const auto cadre = open_cadre(*file, {.load_pack = [&](const std::string& pack) {
    auto loaded = load_decider_pack(pack);
    ++loads;
    EXPECT_TRUE(base::replace_file(pack, "another").ok());
    return loaded;
  }});
  ASSERT_TRUE(cadre.ok()) << cadre.error().message;
  EXPECT_EQ(loads, 1);
  for (const CheckedSpecialist& each : (*cadre)->specialists)
    EXPECT_THAT(each.definition().identity, HasSubstr(base::to_hex(base::sha256(bytes))));
}

TEST_F(ContractPackFiles, TheShippedPacksAreValid) {
  for (const auto& entry : std::filesystem::directory_iterator(std::string(CADRE_SOURCE_DIR) + "/specialists")) {
    if (entry.path().extension() != ".gguf") continue;
    const auto pack = open_contract_pack(entry.path().string());
    EXPECT_TRUE(pack.ok()) << pack.error().message;
  }
}

TEST_F(ContractPackFiles, HostileMetadataAreRefusedWithAMessageOfBoundedSize) {
  std::string deep;
  for (int i = 0; i < 500'000; ++i) deep += "[";
  EXPECT_THAT(error_of(pack_with("{\"name\":" + deep)), HasSubstr("cadre.contract"));
  EXPECT_THAT(error_of(pack_with(std::string(10 << 20, 'x'))), HasSubstr("at most 1048576 are read"));
  EXPECT_THAT(error_of(pack_with("{\"name\":\"\xc3\x28\"}")), HasSubstr("UTF-8"));
  EXPECT_THAT(error_of(pack_with("{\"name\":\"a\",\"name\":\"b\"}")), HasSubstr("name"));
  EXPECT_THAT(error_of(pack_with("7")), HasSubstr("a map of keys is expected here"));
  EXPECT_LT(error_of(pack_with("{\"" + std::string(900'000, 'k') + "\":1}")).size(), 4'000U);
  EXPECT_LT(error_of(pack_with("{\"name\":\"" + std::string(900'000, 'n') + "\"}")).size(), 4'000U);
  tensor::GgufBuilder number;
  number.add_uint32(kContractKey, 7);
  EXPECT_THAT(error_of(number.bytes()), HasSubstr("not a string"));
  EXPECT_THAT(error_of(tensor::GgufBuilder().bytes()), HasSubstr("give it one with `cadre pack"));
  EXPECT_THAT(error_of("GGUF"), HasSubstr("truncated"));
}

}  // namespace
}  // namespace cadre::agent
