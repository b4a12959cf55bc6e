// llguidance (https://github.com/guidance-ai/llguidance) under bench/peers/driver.h, through its C interface.
//
//     bench_peer_llguidance CASES
//
// Its defaults: any spaces, JSON slices of the vocabulary, refusal of what it does not know. A text begins with reset(),
// which keeps what the matcher has learnt.
// SPDX-License-Identifier: Apache-2.0
#include <llguidance.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "bench/peers/driver.h"

namespace cadre::peers {
namespace {

LlgTokenizer* make_tokenizer(const CaseFile& cases) {
  std::string bytes;
  std::vector<uint32_t> sizes;
  for (const std::string& token : cases.tokens) {
    const std::string text =
        sizes.size() == cases.end_of_text() ? "\xff<|end_of_text|>" : token;  // 0xff marks special tokens
    bytes += text;
    sizes.push_back(static_cast<uint32_t>(text.size()));
  }
  LlgTokenizerInit init = {};
  init.vocab_size = static_cast<uint32_t>(cases.tokens.size());
  init.tok_eos = cases.end_of_text();
  init.token_lens = sizes.data();
  init.token_bytes = reinterpret_cast<const uint8_t*>(bytes.data());
  init.use_approximate_greedy_tokenize_fn = true;  // asked for forced tokens only
  char error[256] = "";
  LlgTokenizer* tokenizer = llg_new_tokenizer(&init, error, sizeof error);
  if (tokenizer == nullptr) std::fprintf(stderr, "bench_peer_llguidance: %s\n", error);
  return tokenizer;
}

class LlguidanceEngine : public Engine {
 public:
  explicit LlguidanceEngine(const LlgTokenizer* tokenizer) {
    llg_constraint_init_set_defaults(&init_, tokenizer);
    init_.log_stderr_level = 0;
    init_.log_buffer_level = 0;
  }

  std::optional<std::string> compile(const Case& schema) override {
    if (schema.kind != "schema") return "not a schema";
    matcher_ = llg_new_matcher(&init_, "json_schema", schema.schema.c_str());
    fresh_ = true;
    if (!llg_matcher_is_error(matcher_)) return std::nullopt;
    return llg_matcher_get_error(matcher_);
  }
  void release() override {
    unfork();
    if (matcher_ != nullptr) llg_free_matcher(matcher_);
    matcher_ = nullptr;
  }
  void begin() override {
    if (!fresh_ && llg_matcher_reset(matcher_) != 0)
      std::fprintf(stderr, "reset: %s\n", llg_matcher_get_error(matcher_));
    fresh_ = false;
  }
  void mask() override { bits_ = llg_matcher_compute_mask(matcher_) == 0 ? llg_matcher_get_mask(matcher_) : nullptr; }
  bool allows(uint32_t token) const override {
    return bits_ != nullptr && ((bits_[token / 32] >> (token % 32)) & 1) != 0;
  }
  bool advance(uint32_t token) override { return llg_matcher_consume_token(matcher_, token) == 0; }
  bool complete() override { return llg_matcher_is_accepting(matcher_); }
  void fork() override { fork_ = llg_clone_matcher(matcher_); }
  void unfork() override {
    if (fork_ != nullptr) llg_free_matcher(fork_);
    fork_ = nullptr;
  }
  void rollback(uint32_t tokens) override {
    if (llg_matcher_rollback(matcher_, tokens) != 0)
      std::fprintf(stderr, "rollback: %s\n", llg_matcher_get_error(matcher_));
  }

 private:
  LlgConstraintInit init_ = {};
  const uint32_t* bits_ = nullptr;  // the matcher's
  LlgMatcher* matcher_ = nullptr;
  LlgMatcher* fork_ = nullptr;
  bool fresh_ = false;
};

}  // namespace
}  // namespace cadre::peers

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "bench_peer_llguidance CASES\n");
    return 2;
  }
  const auto cases = cadre::peers::read_cases(argv[1]);
  LlgTokenizer* tokenizer = cadre::peers::make_tokenizer(cases);
  if (tokenizer == nullptr) return 1;
  cadre::peers::LlguidanceEngine engine(tokenizer);
  const int status = cadre::peers::run_driver(engine, cases);
  llg_free_tokenizer(tokenizer);
  return status;
}
