// Writes cases (bench/peers/cases.h) from a folder of MaskBench files and a vocabulary.
//
//     bench_peer_prepare DATA VOCABULARY OUT [EVERY [FIRST]]
//
// Instances are written as Python's json.dumps(.., ensure_ascii=False) spaces and escapes them, numbers and members as
// they stand in the file, and cut into tokens as Llama 3's tokenizer does. A file with "tools" in place of "schema" holds
// an array as in the OpenAI API.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "bench/peers/cases.h"
#include "contract/vocabulary_file.h"
#include "eval/json_slices.h"
#include "eval/schema_judge.h"
#include "eval/tiktoken_bpe.h"

namespace cadre::peers {
namespace {

constexpr uint64_t kFileSizeBytesMax = 64 << 20;

// The size of the string that begins here, quotes included.
size_t string_size(std::string_view text) {
  size_t at = 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return at + 1;
}

std::string respaced(std::string_view json) {
  std::string out;
  for (size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (c == '"') {
      const size_t size = string_size(json.substr(at));
      const auto parsed = base::parse_json(json.substr(at, size));
      out += parsed.ok() ? base::dump_json(*parsed) : std::string(json.substr(at, size));
      at += size;
      continue;
    }
    ++at;
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') continue;
    out += c;
    if (c == ',' || c == ':') out += ' ';
  }
  return out;
}

Result<Case> read_file(const std::string& folder, const std::string& file, eval::TiktokenBpe& tokenizer) {
  const auto text = TRY(base::read_file(folder + "/" + file, kFileSizeBytesMax));
  const auto schema = eval::member_slice(text, "schema");
  const auto tools = eval::member_slice(text, "tools");
  if (!schema && !tools) return Error{ErrorCode::kInvalid, file + ": neither \"schema\" nor \"tools\""};
  Case made{file, schema ? "schema" : "tools", std::string(schema ? *schema : *tools), {}};
  for (const auto test : eval::array_slices(eval::member_slice(text, "tests").value_or("[]"))) {
    made.tests.push_back({eval::member_slice(test, "valid") == "true",
                          tokenizer.encode(respaced(eval::member_slice(test, "data").value_or("")))});
  }
  return made;
}

Result<void> prepare(const std::string& folder, const std::string& vocabulary, const std::string& out, size_t every,
                     size_t first) {
  CaseFile cases;
  cases.tokens = TRY(contract::read_vocabulary_file(vocabulary));
  auto tokenizer = TRY(eval::TiktokenBpe::create(cases.tokens));
  cases.tokens.emplace_back();
  const auto files = TRY(eval::json_files(folder));
  for (size_t i = first; i < files.size(); i += every)
    cases.cases.push_back(TRY(read_file(folder, files[i], tokenizer)));
  write_cases(cases, out);
  return {};
}

}  // namespace
}  // namespace cadre::peers

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "bench_peer_prepare DATA VOCABULARY OUT [EVERY [FIRST]]\n");
    return 2;
  }
  const size_t every = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 1;
  const size_t first = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 0;
  const auto done = cadre::peers::prepare(argv[1], argv[2], argv[3], every == 0 ? 1 : every, first);
  if (done.ok()) return 0;
  std::fprintf(stderr, "bench_peer_prepare: %s\n", done.error().message.c_str());
  return 1;
}
