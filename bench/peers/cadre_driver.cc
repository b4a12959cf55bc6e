// cadre under bench/peers/driver.h.
//
//     bench_peer_cadre CASES [ids]
//
// A mask is a list of intervals of ranks; with `ids` a set of bits by token id is made of each, as a runtime needs
// whose logits stand in that order. Accept mode (any spaces, any order of members), formats asserted.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bench/peers/driver.h"
#include "contract/constraint.h"
#include "contract/schema_contract.h"
#include "contract/tool_set.h"

namespace cadre::peers {
namespace {

using contract::Constraint;
using contract::SchemaContract;
using contract::SchemaMode;

class CadreEngine : public Engine {
 public:
  CadreEngine(std::shared_ptr<const contract::Vocabulary> vocabulary, bool ids)
      : vocabulary_(std::move(vocabulary)), bits_(ids ? (vocabulary_->size() + 63) / 64 : 0) {}

  std::optional<std::string> compile(const Case& schema) override {
    auto compiled = schema.kind == "tools" ? compile_tools(schema.schema) : compile_schema(schema.schema);
    if (!compiled.ok()) return compiled.error().message;
    auto made = Constraint::make(std::move(*compiled), vocabulary_);
    if (!made.ok()) return made.error().message;
    start_ = std::move(*made);
    return std::nullopt;
  }
  void release() override {
    fork_.reset();
    constraint_.reset();
    start_.reset();
  }
  void begin() override { constraint_ = start_; }
  void mask() override {
    mask_ = &constraint_->mask();
    if (!bits_.empty()) fill_ids();
  }
  bool allows(uint32_t token) const override { return mask_->allows(vocabulary_->rank_of(token)); }
  bool advance(uint32_t token) override { return constraint_->advance(token); }
  bool complete() override { return constraint_->complete(); }
  void fork() override { fork_.emplace(*constraint_); }
  void unfork() override { fork_.reset(); }
  void rollback(uint32_t tokens) override { constraint_->rollback(tokens); }

 private:
  static Result<std::shared_ptr<SchemaContract>> compile_schema(const std::string& schema) {
    contract::SchemaOptions options;
    options.assert_formats = true;
    return SchemaContract::compile(schema, SchemaMode::kAccept, options);
  }
  static Result<std::shared_ptr<SchemaContract>> compile_tools(const std::string& json) {
    auto tools = TRY(contract::read_tools(json));
    auto set = TRY(contract::ToolSet::make(std::move(tools), contract::ToolFormat::llama3(),
                                           {.choice = contract::ToolChoice::kRequired, .named = {}, .schema = {}}));
    return SchemaContract::compile(std::move(set), SchemaMode::kAccept);
  }
  // A mask of most ranks is made from what it leaves out.
  void fill_ids() {
    const bool most = mask_->count > vocabulary_->ranks() / 2;
    std::memset(bits_.data(), most ? 0xff : 0, bits_.size() * sizeof(uint64_t));
    uint32_t at = 0;
    for (const auto& interval : mask_->intervals) {
      if (most) {
        flip(at, interval.low);
      } else {
        flip(interval.low, interval.high);
      }
      at = interval.high;
    }
    if (most) flip(at, vocabulary_->ranks());
  }
  void flip(uint32_t low, uint32_t high) {
    for (uint32_t rank = low; rank < high; ++rank) {
      const uint32_t id = vocabulary_->id_of(rank);
      bits_[id / 64] ^= uint64_t{1} << (id % 64);
    }
  }

  std::shared_ptr<const contract::Vocabulary> vocabulary_;
  std::vector<uint64_t> bits_;
  std::optional<Constraint> start_, constraint_, fork_;
  const contract::TokenMask* mask_ = nullptr;
};

}  // namespace
}  // namespace cadre::peers

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "bench_peer_cadre CASES [ids]\n");
    return 2;
  }
  const auto cases = cadre::peers::read_cases(argv[1]);
  const uint32_t end = cases.end_of_text();
  const uint32_t specials[] = {end};
  auto vocabulary = cadre::contract::Vocabulary::build(cases.tokens, end, specials);
  if (!vocabulary.ok()) {
    std::fprintf(stderr, "bench_peer_cadre: %s\n", vocabulary.error().message.c_str());
    return 1;
  }
  cadre::peers::CadreEngine engine(*vocabulary, argc > 2 && std::strcmp(argv[2], "ids") == 0);
  return cadre::peers::run_driver(engine, cases);
}
