// SPDX-License-Identifier: Apache-2.0
#include "eval/mask_times.h"

#include <ctime>

#include "base/file.h"
#include "contract/schema_contract.h"
#include "eval/json_slices.h"
#include "eval/maskbench_suite.h"
#include "eval/schema_judge.h"

namespace cadre::eval {

namespace {

double thread_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

// The longest token that the rest of the text begins with.
uint32_t longest_token(const contract::Vocabulary& vocabulary, std::string_view rest) {
  uint32_t best = contract::kNoToken;
  const auto nodes = vocabulary.nodes();
  uint32_t at = 0;
  for (const char c : rest) {
    uint32_t child = at + 1;
    while (child < nodes[at].end && nodes[child].byte != static_cast<uint8_t>(c)) child = nodes[child].end;
    if (child >= nodes[at].end) break;
    at = child;
    if (nodes[at].own_tokens > 0) best = vocabulary.id_of(nodes[at].rank_low);
  }
  return best;
}

void follow(contract::Constraint constraint, std::string_view text, const contract::Vocabulary& vocabulary,
            MaskTimes& times) {
  ++times.documents;
  while (!text.empty()) {
    const double begin = thread_us();
    const contract::TokenMask& mask = constraint.mask();
    times.mask_us.push_back(thread_us() - begin);
    const uint32_t token = longest_token(vocabulary, text);
    ++times.steps;
    times.steps_forced += mask.count == 1;
    if (token == contract::kNoToken || !mask.allows(vocabulary.rank_of(token)) || !constraint.advance(token)) {
      ++times.documents_refused;
      return;
    }
    text.remove_prefix(vocabulary.text(token).size());
  }
  times.documents_refused += !constraint.complete();
}

}  // namespace

Result<MaskTimes> measure_masks(const MaskTimesOptions& options,
                                std::shared_ptr<const contract::Vocabulary> vocabulary) {
  const auto files = TRY(json_files(options.data));
  MaskTimes times;
  contract::SchemaOptions schema_options;
  schema_options.assert_formats = options.assert_formats;
  for (size_t i = 0; i < files.size(); i += options.every) {
    const auto text = TRY(base::read_file(options.data + "/" + files[i], kMaskbenchFileSizeBytesMax));
    const auto schema = member_slice(text, "schema");
    const auto tests = member_slice(text, "tests");
    if (!schema || !tests) return Error{ErrorCode::kInvalid, files[i] + ": no \"schema\" or no \"tests\""};
    const double begin = thread_us();
    auto contract = contract::SchemaContract::compile(*schema, options.mode, schema_options);
    if (!contract.ok()) continue;
    auto constraint = TRY(contract::Constraint::make(*contract, vocabulary));
    constraint.mask();
    times.first_mask_us.push_back(thread_us() - begin);
    for (const auto test : array_slices(*tests)) {
      if (member_slice(test, "valid") != "true") continue;
      follow(constraint, member_slice(test, "data").value_or(""), *vocabulary, times);
    }
    if (options.on_progress) options.on_progress(i + 1, files.size());
  }
  return times;
}

}  // namespace cadre::eval
