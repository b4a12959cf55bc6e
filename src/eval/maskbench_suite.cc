// SPDX-License-Identifier: Apache-2.0
#include "eval/maskbench_suite.h"

#include <fmt/format.h>

#include <utility>

#include "base/file.h"
#include "contract/json_document.h"
#include "eval/json_slices.h"

namespace cadre::eval {
namespace {

// "invalid: required" out of "#/properties/a/required: the value of ..".
std::string reason_of(const Error& error) {
  const auto path = std::string_view(error.message).substr(0, error.message.find(": "));
  const size_t slash = path.rfind('/');
  const auto keyword = path.starts_with('#') && slash != std::string_view::npos ? path.substr(slash + 1) : "schema";
  return fmt::format("{}: {}", base::error_code_name(error.code), keyword);
}

class Bench {
 public:
  Bench(const MaskbenchOptions& options, const SchemaJudge& judge) : options_(options), judge_(judge) {
    schema_options_.assert_formats = options.assert_formats;
  }

  Result<MaskbenchReport> run() {
    const auto files = TRY(json_files(options_.data));
    for (size_t i = 0; i < files.size(); ++i) {
      file_ = files[i];
      const auto text = TRY(base::read_file(options_.data + "/" + file_, kMaskbenchFileSizeBytesMax));
      TRY(run_file(text));
      if (options_.on_progress) options_.on_progress(i + 1, files.size());
    }
    for (const auto& split : report_.splits) report_.total += split.second;
    return std::move(report_);
  }

 private:
  void complain(std::string what) {
    if (report_.complaints.size() < options_.complaints_max)
      report_.complaints.push_back(file_ + ": " + std::move(what));
  }

  Result<void> run_file(std::string_view text) {
    const auto schema = member_slice(text, "schema");
    const auto tests = member_slice(text, "tests");
    if (!schema || !tests) return Error{ErrorCode::kInvalid, fmt::format("{}: no \"schema\" or no \"tests\"", file_)};
    auto& count = report_.splits[maskbench_split(file_)];
    ++count.schemas;
    const auto judged = judge_(*schema, schema_options_);
    if (!judged.ok()) {
      ++count.refused;
      ++report_.refusals[reason_of(judged.error())];
      complain("refused: " + judged.error().message);
    }
    bool passing = judged.ok();
    size_t index = 0;
    for (const auto test : array_slices(*tests)) passing &= run_test(judged, test, index++, count);
    count.passing += passing ? 1 : 0;
    return {};
  }

  bool run_test(const Result<InstanceJudge>& judged, std::string_view test, size_t index, MaskbenchCount& count) {
    const bool expected = member_slice(test, "valid") == "true";
    count.valid += expected ? 1 : 0;
    if (!judged.ok()) return false;
    count.invalid += expected ? 0 : 1;
    const auto verdict = (*judged)(member_slice(test, "data").value_or(""));
    const bool accepted = verdict.ok() && *verdict;
    count.limits += verdict.ok() ? 0 : 1;
    count.valid_accepted += expected && accepted ? 1 : 0;
    count.invalid_refused += !expected && !accepted ? 1 : 0;
    if (verdict.ok() && accepted == expected) return true;
    complain(fmt::format("test {}: {}", index,
                         !verdict.ok() ? verdict.error().message
                         : accepted    ? "wrongly accepted"
                                       : "wrongly refused"));
    return false;
  }

  const MaskbenchOptions& options_;
  const SchemaJudge& judge_;
  contract::SchemaOptions schema_options_;
  std::string file_;
  MaskbenchReport report_;
};

}  // namespace

std::string maskbench_split(const std::string& file) {
  const size_t dashes = file.find("---");
  return file.substr(0, dashes != std::string::npos ? dashes : file.find('_'));
}

MaskbenchCount& MaskbenchCount::operator+=(const MaskbenchCount& other) {
  schemas += other.schemas;
  refused += other.refused;
  passing += other.passing;
  valid += other.valid;
  valid_accepted += other.valid_accepted;
  invalid += other.invalid;
  invalid_refused += other.invalid_refused;
  limits += other.limits;
  return *this;
}

Result<MaskbenchReport> run_maskbench(const MaskbenchOptions& options, const SchemaJudge& judge) {
  return Bench(options, judge).run();
}

}  // namespace cadre::eval
