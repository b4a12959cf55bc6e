// XGrammar (https://github.com/mlc-ai/xgrammar) under bench/peers/driver.h.
//
//     bench_peer_xgrammar CASES fixed|strict|open
//
// fixed: strict, and ", " and ": " as the only spaces. strict: the defaults of its interface: any spaces, nothing but
// the members and items that the schema names. open: any spaces, and other members and items as the standard says. One
// thread, no cache across schemas.
// SPDX-License-Identifier: Apache-2.0
#include <dlpack/dlpack.h>
#include <xgrammar/xgrammar.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/peers/driver.h"

namespace cadre::peers {
namespace {

class XGrammarEngine : public Engine {
 public:
  XGrammarEngine(const CaseFile& cases, std::string mode)
      : mode_(std::move(mode)),
        vocabulary_(cases.tokens, xgrammar::VocabType::RAW, static_cast<int>(cases.tokens.size()),
                    std::vector<int32_t>{static_cast<int32_t>(cases.end_of_text())}),
        compiler_(vocabulary_, 1, false),
        bits_((cases.tokens.size() + 31) / 32),
        shape_(static_cast<int64_t>(bits_.size())) {
    tensor_.data = bits_.data();
    tensor_.device = {kDLCPU, 0};
    tensor_.ndim = 1;
    tensor_.dtype = {kDLInt, 32, 1};
    tensor_.shape = &shape_;
    tensor_.strides = nullptr;
    tensor_.byte_offset = 0;
  }

  std::optional<std::string> compile(const Case& schema) override {
    if (schema.kind != "schema") return "not a schema";
    std::optional<std::pair<std::string, std::string>> separators;
    if (mode_ == "fixed") separators.emplace(", ", ": ");
    try {
      compiled_.emplace(
          compiler_.CompileJSONSchema(schema.schema, mode_ != "fixed", std::nullopt, separators, mode_ != "open"));
    } catch (const std::exception& error) {
      return error.what();
    }
    return std::nullopt;
  }
  void release() override {
    fork_.reset();
    matcher_.reset();
    compiled_.reset();
  }
  void begin() override { matcher_.emplace(*compiled_); }
  void mask() override { matcher_->FillNextTokenBitmask(&tensor_); }  // writes whatever it answers
  bool allows(uint32_t token) const override {
    return ((static_cast<uint32_t>(bits_[token / 32]) >> (token % 32)) & 1) != 0;
  }
  bool advance(uint32_t token) override { return matcher_->AcceptToken(static_cast<int32_t>(token)); }
  bool complete() override { return matcher_->IsCompleted(); }
  void fork() override { fork_.emplace(matcher_->Fork()); }
  void unfork() override { fork_.reset(); }
  void rollback(uint32_t tokens) override { matcher_->Rollback(static_cast<int>(tokens)); }

 private:
  std::string mode_;
  xgrammar::TokenizerInfo vocabulary_;
  xgrammar::GrammarCompiler compiler_;
  std::vector<int32_t> bits_;
  int64_t shape_;
  DLTensor tensor_{};
  std::optional<xgrammar::CompiledGrammar> compiled_;
  std::optional<xgrammar::GrammarMatcher> matcher_, fork_;
};

}  // namespace
}  // namespace cadre::peers

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[2] : "";
  if (mode != "fixed" && mode != "strict" && mode != "open") {
    std::fprintf(stderr, "bench_peer_xgrammar CASES fixed|strict|open\n");
    return 2;
  }
  const auto cases = cadre::peers::read_cases(argv[1]);
  cadre::peers::XGrammarEngine engine(cases, mode);
  return cadre::peers::run_driver(engine, cases);
}
