// SPDX-License-Identifier: Apache-2.0
#include "tensor/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "base/random.h"

namespace cadre::tensor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Result<Gguf> parse(std::string_view text) {
  return Gguf::parse(as_bytes(text));
}

// A file put together field by field, independently of the builder, so that each field can be wrong.
class Raw {
 public:
  Raw& u8(uint8_t value) { return number(value); }
  Raw& u32(uint32_t value) { return number(value); }
  Raw& u64(uint64_t value) { return number(value); }
  Raw& text(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  Raw& string(std::string_view value) { return u64(value.size()).text(value); }
  Raw& header(uint64_t tensor_count, uint64_t metadata_count) {
    return text("GGUF").u32(3).u64(tensor_count).u64(metadata_count);
  }
  Raw& tensor(std::string_view name, std::vector<uint64_t> dims, uint32_t type, uint64_t offset) {
    string(name).u32(static_cast<uint32_t>(dims.size()));
    for (const uint64_t dim : dims) u64(dim);
    return u32(type).u64(offset);
  }
  // Zeros up to the tensor data, then so many bytes of it.
  Raw& data(size_t size_bytes) {
    bytes_.resize((bytes_.size() + 31) / 32 * 32);
    bytes_.resize(bytes_.size() + size_bytes, 'x');
    return *this;
  }
  Raw& zeros(size_t size_bytes) { return text(std::string(size_bytes, '\0')); }
  const std::string& bytes() const { return bytes_; }

 private:
  template <class T>
  Raw& number(T value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
    return *this;
  }
  std::string bytes_;
};

constexpr uint32_t kU8 = 0, kU32 = 4, kF32 = 6, kBool = 7, kString = 8, kArray = 9, kU64 = 10;

struct Example {
  std::vector<uint8_t> matrix = std::vector<uint8_t>(3 * 2 * 4, 1);
  std::vector<uint8_t> blocks = std::vector<uint8_t>(2 * 34, 2);

  GgufBuilder builder() const {
    GgufBuilder builder;
    builder.add_string("general.name", "caf\u00e9");
    builder.add_bool("flag", true);
    builder.add_uint32("u32", 7);
    builder.add_uint64("u64", ~uint64_t{0});
    builder.add_int32("i32", -7);
    builder.add_int64("i64", -7000000000);
    builder.add_float32("f32", 1.5f);
    builder.add_float64("f64", 2.5);
    builder.add_strings("tokens", std::vector<std::string>{"a", "", "\xff raw"});
    builder.add_int32s("types", std::vector<int32_t>{1, -1, 3});
    builder.add_float32s("scores", std::vector<float>{.5f, 2});
    builder.add_tensor("matrix", TensorType::kF32, std::vector<uint64_t>{3, 2}, matrix);
    builder.add_tensor("blocks", TensorType::kQ8_0, std::vector<uint64_t>{32, 1, 2}, blocks);
    return builder;
  }
};

TEST(Gguf, WhatTheBuilderWritesIsRead) {
  const Example example;
  const std::string bytes = example.builder().bytes();
  const auto gguf = parse(bytes).value();
  EXPECT_EQ(gguf.string("general.name").value(), "caf\u00e9");
  EXPECT_EQ(gguf.boolean("flag").value(), true);
  EXPECT_EQ(gguf.integer("u32").value(), 7);
  EXPECT_EQ(gguf.integer("i32").value(), -7);
  EXPECT_EQ(gguf.integer("i64").value(), -7000000000);
  EXPECT_EQ(gguf.number("f32").value(), 1.5);
  EXPECT_EQ(gguf.number("f64").value(), 2.5);
  EXPECT_EQ(gguf.number("i32").value(), -7);
  EXPECT_EQ(gguf.number("u64").value(), 18446744073709551616.0);
  EXPECT_THAT(gguf.strings("tokens").value(), ElementsAre("a", "", "\xff raw"));
  EXPECT_THAT(gguf.integers("types").value(), ElementsAre(1, -1, 3));
  EXPECT_THAT(gguf.numbers("scores").value(), ElementsAre(.5, 2));
  EXPECT_EQ(gguf.metadata().size(), 11u);
  EXPECT_EQ(gguf.metadata()[1].first, "flag");

  ASSERT_EQ(gguf.tensors().size(), 2u);
  const GgufTensor* matrix = gguf.tensor("matrix").value();
  EXPECT_EQ(matrix->type, TensorType::kF32);
  EXPECT_EQ(matrix->dim_count, 2u);
  EXPECT_THAT(matrix->dims, ElementsAre(3, 2, 1, 1));
  EXPECT_TRUE(std::equal(matrix->bytes.begin(), matrix->bytes.end(), example.matrix.begin(), example.matrix.end()));
  const GgufTensor* blocks = gguf.tensor("blocks").value();
  EXPECT_TRUE(std::equal(blocks->bytes.begin(), blocks->bytes.end(), example.blocks.begin(), example.blocks.end()));
  EXPECT_EQ((blocks->bytes.data() - as_bytes(bytes).data()) % 32, 0);
}

TEST(Gguf, TheBytesOfASmallFileAreTheSpecifiedOnes) {
  GgufBuilder builder;
  builder.add_string("k", "v");
  const std::vector<uint8_t> data = {0xAA, 0xBB, 0xCC, 0xDD};
  builder.add_tensor("t", TensorType::kF32, std::vector<uint64_t>{1}, data);
  using namespace std::string_literals;
  const std::string expected =
      "GGUF"s
      "\3\0\0\0"
      "\1\0\0\0\0\0\0\0"       // tensors
      "\1\0\0\0\0\0\0\0"       // metadata keys
      "\1\0\0\0\0\0\0\0k"      // key
      "\x8\0\0\0"              // string
      "\1\0\0\0\0\0\0\0v"      // value
      "\1\0\0\0\0\0\0\0t"      // name
      "\1\0\0\0"               // dimensions
      "\1\0\0\0\0\0\0\0"       // of 1 element
      "\0\0\0\0"               // F32
      "\0\0\0\0\0\0\0\0"s +    // offset
      std::string(17, '\0') +  // 79 bytes so far, the data begins at 96
      "\xAA\xBB\xCC\xDD" +
      std::string(28, '\0');
  EXPECT_EQ(builder.bytes(), expected);
  EXPECT_EQ(builder.bytes().size() % 32, 0u);
}

TEST(Gguf, AWrittenFileIsOpenedAndErrorsNameIt) {
  const auto folder = base::TemporaryDirectory::make().value();
  const std::string path = folder.path() + "/small.gguf";
  const Example example;
  ASSERT_TRUE(example.builder().write(path).ok());
  auto opened = GgufFile::open(path).value();
  const GgufFile moved = std::move(opened);  // views follow the mapping
  EXPECT_EQ(moved.gguf.string("general.name").value(), "caf\u00e9");
  EXPECT_EQ(moved.gguf.tensor("blocks").value()->bytes[0], 2);

  ASSERT_TRUE(base::replace_file(path, "GGML").ok());
  EXPECT_THAT(GgufFile::open(path).error().message, HasSubstr(path));
  EXPECT_EQ(GgufFile::open(folder.path() + "/absent").error().code, ErrorCode::kNotFound);
}

TEST(Gguf, LookUpsNameTheKeyAndWhatStandsThere) {
  const Example example;
  const std::string bytes = example.builder().bytes();
  const auto gguf = parse(bytes).value();
  EXPECT_EQ(gguf.string("absent").error().message, "key \"absent\" is missing");
  EXPECT_EQ(gguf.string("absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(gguf.string("u32").error().message, "key \"u32\" is UINT32, not a string");
  EXPECT_EQ(gguf.integer("f32").error().message, "key \"f32\" is FLOAT32, not an integer below 2^63");
  EXPECT_EQ(gguf.integer("u64").error().message, "key \"u64\" is UINT64, not an integer below 2^63");
  EXPECT_EQ(gguf.number("tokens").error().message, "key \"tokens\" is ARRAY of STRING, not a number");
  EXPECT_FALSE(gguf.boolean("u32").ok());
  EXPECT_FALSE(gguf.strings("types").ok());
  EXPECT_FALSE(gguf.strings("general.name").ok());
  EXPECT_FALSE(gguf.integers("scores").ok());
  EXPECT_FALSE(gguf.integers("tokens").ok());
  EXPECT_FALSE(gguf.numbers("f32").ok());
  EXPECT_EQ(gguf.tensor("absent").error().message, "tensor \"absent\" is missing");
}

TEST(Gguf, AllScalarTypesNestedArraysAndOtherAlignmentsAreRead) {
  Raw raw;
  raw.header(1, 8);
  raw.string("u8").u32(0).u8(200);
  raw.string("i8").u32(1).u8(200);
  raw.string("u16").u32(2).text("\x34\x12");
  raw.string("i16").u32(3).text("\xff\xff");
  raw.string("bools").u32(kArray).u32(kBool).u64(2).u8(0).u8(1);
  raw.string("nested").u32(kArray).u32(kArray).u64(2).u32(kU8).u64(1).u8(5).u32(kString).u64(1).string("x");
  raw.string("empty").u32(kArray).u32(kString).u64(0);
  raw.string("general.alignment").u32(kU32).u32(8);
  raw.tensor("t", {2}, 24, 8);
  raw.zeros((8 - raw.bytes().size() % 8) % 8 + 10);
  const auto gguf = parse(raw.bytes());
  ASSERT_TRUE(gguf.ok()) << gguf.error().message;
  EXPECT_EQ(gguf->integer("u8").value(), 200);
  EXPECT_EQ(gguf->integer("i8").value(), -56);
  EXPECT_EQ(gguf->integer("u16").value(), 0x1234);
  EXPECT_EQ(gguf->integer("i16").value(), -1);
  EXPECT_EQ(gguf->strings("empty").value().size(), 0u);
  EXPECT_EQ(gguf->find("nested")->element_count, 2u);
  EXPECT_EQ(gguf->find("nested")->bytes.size(), 13u + 12 + 9);
  EXPECT_EQ(gguf->alignment(), 8u);
  EXPECT_EQ(gguf->tensors()[0].bytes.size(), 2u);
}

TEST(Gguf, AFileWithoutTensorsMayEndWithItsMetadata) {
  Raw raw;
  raw.header(0, 1).string("k").u32(kString).string("v");
  EXPECT_TRUE(parse(raw.bytes()).ok());
  EXPECT_TRUE(parse(Raw().header(0, 0).bytes()).ok());
}

TEST(Gguf, HostileFilesAreRefusedWithAReason) {
  constexpr uint64_t kHuge = ~uint64_t{0};
  struct Case {
    std::string bytes;
    const char* message;
    ErrorCode code = ErrorCode::kInvalid;
  };
  const auto key = [](uint32_t type) { return Raw().header(0, 1).string("k").u32(type); };
  const auto array = [&](uint32_t element_type, uint64_t count) { return key(kArray).u32(element_type).u64(count); };
  const auto one = [](std::vector<uint64_t> dims, uint32_t type, uint64_t offset, size_t data) {
    return Raw().header(1, 0).tensor("t", std::move(dims), type, offset).data(data).bytes();
  };
  const auto alignment = [](uint32_t value) {
    return Raw().header(0, 1).string("general.alignment").u32(kU32).u32(value).bytes();
  };
  const auto nested = [&](int depth) {
    Raw raw = key(kArray);
    for (int i = 1; i < depth; ++i) raw.u32(kArray).u64(1);
    return raw.u32(kU8).u64(0).bytes();
  };
  const Case kTable[] = {
      // header
      {"", "the file is empty"},
      {"GGU", "does not begin with \"GGUF\""},
      {"SQLite format 3", "does not begin with \"GGUF\""},
      {"GGUF", "header: 4 bytes needed at offset 4, 0 left (truncated download?)"},
      {Raw().text("GGUF").u32(3).u64(0).bytes(), "header: 8 bytes needed"},
      {Raw().text("GGUF").u32(1).zeros(16).bytes(), "GGUF version 1; cadre reads version 3", ErrorCode::kUnsupported},
      {Raw().text("GGUF").u32(2).zeros(16).bytes(), "GGUF version 2", ErrorCode::kUnsupported},
      {Raw().text("GGUF").u32(4).zeros(16).bytes(), "GGUF version 4", ErrorCode::kUnsupported},
      {Raw().text("GGUF").u32(0x03000000).zeros(16).bytes(), "big-endian", ErrorCode::kUnsupported},
      {Raw().header(kHuge, 0).bytes(), "18446744073709551615 tensors do not fit in 24 bytes (truncated download?)"},
      {Raw().header(0, kHuge).bytes(), "metadata keys do not fit"},
      {Raw().header(1, 0).zeros(32).bytes(), "1 tensors do not fit"},
      {Raw().header(0, 70000).zeros(70000 * 14).bytes(), "70000 metadata keys; the limit is 65536", ErrorCode::kLimit},
      {Raw().header(70000, 0).zeros(70000 * 37).bytes(), "70000 tensors; the limit is 65536", ErrorCode::kLimit},
      // metadata
      {Raw().header(0, 1).u64(kHuge).zeros(20).bytes(),
       "metadata key 0: 18446744073709551615 bytes needed at offset 32, 20 left (truncated download?)"},
      {Raw().header(0, 1).u64(0).zeros(20).bytes(), "metadata key 0 is empty"},
      {Raw().header(0, 1).string(std::string(65536, 'k')).zeros(20).bytes(), "has 65536 bytes; the limit is 65535"},
      {Raw().header(0, 1).string("k\xff").u32(kU8).u8(0).bytes(), "metadata key 0 is not UTF-8"},
      {Raw().header(0, 1).string(std::string_view("k\0", 2)).u32(kU8).u8(0).bytes(), "metadata key 0 is not UTF-8"},
      {Raw().header(0, 2).string("k").u32(kU8).u8(0).string("k").u32(kU8).u8(0).bytes(), "key \"k\" stands twice"},
      {key(13).zeros(8).bytes(), "key \"k\": value type 13 does not exist"},
      {key(kU64).zeros(7).bytes(), "key \"k\": 8 bytes needed at offset 37, 7 left (truncated download?)"},
      {key(kBool).u8(2).bytes(), "key \"k\": BOOL of value 2"},
      {key(kString).u64(kHuge).text("v").bytes(), "key \"k\": 18446744073709551615 bytes needed"},
      {key(kString).u64(2).text("v").bytes(), "key \"k\": 2 bytes needed at offset 45, 1 left"},
      {array(13, 0).bytes(), "element type 13 does not exist"},
      {array(kU64, kHuge).bytes(), "array of 18446744073709551615 UINT64 does not fit in the 0 bytes left"},
      {array(kU64, kHuge / 8 + 1).zeros(8).bytes(), "does not fit in the 8 bytes left"},  // times 8 it wraps to 0
      {array(kF32, 3).zeros(11).bytes(), "array of 3 FLOAT32 does not fit"},
      {array(kString, kHuge).zeros(16).bytes(), "array of 18446744073709551615 STRING does not fit"},
      {array(kString, 2).string("abcd").u64(9).text("abcd").bytes(), "element 1: 9 bytes needed"},
      {array(kBool, 2).u8(1).u8(7).bytes(), "BOOL of value 7"},
      {array(kArray, kHuge).zeros(24).bytes(), "array of 18446744073709551615 ARRAY does not fit"},
      {nested(5), "arrays nested deeper than 4", ErrorCode::kLimit},
      {nested(20000), "arrays nested deeper than 4", ErrorCode::kLimit},
      {alignment(0), "alignment 0 is not a power of two"},
      {alignment(24), "alignment 24 is not a power of two"},
      {alignment(4), "alignment 4 is not a power of two from 8"},
      {alignment(1u << 31), "is not a power of two from 8 to 65536"},
      {Raw().header(0, 1).string("general.alignment").u32(kU64).u64(32).bytes(),
       "key \"general.alignment\" is UINT64, not UINT32"},
      // tensors
      {Raw().header(1, 0).u64(kHuge).zeros(40).bytes(), "tensor name 0: 18446744073709551615 bytes needed"},
      {Raw().header(1, 0).u64(0).zeros(40).bytes(), "tensor name 0 is empty"},
      {Raw().header(1, 0).tensor(std::string(65, 't'), {1}, 0, 0).data(4).bytes(),
       "tensor name 0 has 65 bytes; the limit is 64"},
      {Raw().header(1, 0).tensor("t\xc3", {1}, 0, 0).data(4).bytes(), "tensor name 0 is not UTF-8"},
      {Raw().header(2, 0).tensor("t", {1}, 0, 0).tensor("t", {1}, 0, 32).data(36).bytes(), "tensor \"t\" stands twice"},
      {Raw().header(1, 0).string("t").u32(0).zeros(40).bytes(), "tensor \"t\": 0 dimensions"},
      {one({1, 1, 1, 1, 1}, 0, 0, 4), "tensor \"t\": 5 dimensions; 1 to 4 are possible"},
      {Raw().header(1, 0).string("t").u32(0xFFFFFFFF).zeros(40).bytes(), "4294967295 dimensions"},
      {one({2, 0}, 0, 0, 4), "tensor \"t\": dimension 1 is 0"},
      {one({uint64_t{1} << 32, uint64_t{1} << 32}, 0, 0, 4),
       "tensor \"t\": its dimensions multiply to more than 64 bits"},
      {one({uint64_t{1} << 62}, 0, 0, 4), "tensor \"t\": its size is more than 64 bits"},
      {one({1}, 99, 0, 4), "tensor \"t\": element type 99; cadre reads F32", ErrorCode::kUnsupported},
      {one({33}, 8, 0, 68), "tensor \"t\": rows of 33 elements are not whole Q8_0 blocks of 32"},
      {one({1}, 0, 16, 64), "tensor \"t\": offset 16 is not a multiple of the alignment 32"},
      {one({2}, 0, 0, 7), "tensor \"t\": 1 bytes past the end of the file (truncated download?)"},
      {one({1}, 0, 32, 32), "tensor \"t\": 4 bytes past the end of the file"},
      {one({1}, 0, kHuge - 31, 32), "past the end of the file"},
      {one({uint64_t{1} << 61}, 0, 0, 32), "past the end of the file"},
      {Raw().header(1, 0).tensor("t", {1}, 0, 0).bytes(),
       "tensor \"t\": 4 bytes past the end of the file"},  // no data at all
      {Raw().header(2, 0).tensor("a", {9}, 0, 0).tensor("b", {1}, 0, 32).data(64).bytes(),
       "tensors \"a\" and \"b\" overlap"},
      {Raw().header(2, 0).tensor("a", {1}, 0, 0).tensor("b", {1}, 0, 0).data(64).bytes(), "overlap"},
      {Raw().header(1, 0).string("a\nb").u32(0).zeros(40).bytes(),
       "tensor \"a?b\": 0 dimensions"},  // no line breaks from outside
  };
  for (const Case& test : kTable) {
    const auto gguf = parse(test.bytes);
    ASSERT_FALSE(gguf.ok()) << test.message;
    EXPECT_THAT(gguf.error().message, HasSubstr(test.message));
    EXPECT_EQ(gguf.error().code, test.code) << test.message;
  }
  EXPECT_TRUE(parse(nested(4)).ok());
}

TEST(Gguf, EveryTruncationOfAFileIsRefused) {
  const Example example;
  std::string bytes = example.builder().bytes();
  bytes.resize(bytes.size() - 28);  // the padding after the last tensor may be absent
  ASSERT_TRUE(parse(bytes).ok());
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);  // its own allocation, so that a sanitizer sees reads past it
    ASSERT_FALSE(parse(cut).ok()) << size;
  }
}

TEST(Gguf, RandomChangesOfAFileGiveAnErrorOrViewsInsideIt) {
  const Example example;
  const std::string bytes = example.builder().bytes();
  base::Random random(40);
  size_t accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string changed = bytes;
    for (uint64_t i = 1 + random.below(3); i > 0; --i)
      changed[random.below(changed.size())] = static_cast<char>(random.below(256));
    const auto gguf = parse(changed);
    if (!gguf.ok()) continue;
    ++accepted;
    for (const auto& tensor : gguf->tensors()) {
      ASSERT_GE(tensor.bytes.data(), as_bytes(changed).data());
      ASSERT_LE(tensor.bytes.data() + tensor.bytes.size(), as_bytes(changed).data() + changed.size());
    }
    for (const auto& [key, value] : gguf->metadata()) {
      (void)gguf->strings(key);
      (void)gguf->numbers(key);
    }
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_LT(accepted, 19900u);
}

TEST(GgufBuilderDeath, MisuseIsABug) {
  GgufBuilder builder;
  builder.add_bool("k", true);
  EXPECT_DEATH(builder.add_bool("k", true), "added once");
  EXPECT_DEATH(builder.add_tensor("t", TensorType::kF32, std::vector<uint64_t>{2}, as_bytes("1234")),
               "all of the tensor's elements");
  EXPECT_DEATH(builder.add_tensor("t", TensorType::kQ8_0, std::vector<uint64_t>{31}, as_bytes("1234")), "whole blocks");
}

}  // namespace
}  // namespace cadre::tensor
