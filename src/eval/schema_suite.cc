// SPDX-License-Identifier: Apache-2.0
#include "eval/schema_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "contract/json_document.h"
#include "eval/json_slices.h"

namespace cadre::eval {
namespace {

constexpr const char* kRemoteHost = "http://localhost:1234/";
constexpr uint64_t kSuiteFileSizeBytesMax = 16 << 20;

Result<std::string> dialect_of(const std::string& folder) {
  const std::string draft = folder.substr(0, folder.find('/'));
  if (draft == "draft4" || draft == "draft6" || draft == "draft7")
    return fmt::format("http://json-schema.org/draft-0{}/schema", draft.substr(5));
  if (draft == "draft2019-09" || draft == "draft2020-12")
    return fmt::format("https://json-schema.org/draft/{}/schema", draft.substr(5));
  return Error{ErrorCode::kInvalid,
               fmt::format("folder \"{}\": expected draft4, draft6, draft7, draft2019-09 or draft2020-12", folder)};
}

std::string description_of(std::string_view object) {
  const auto text = member_slice(object, "description");
  if (!text) return "";
  const auto value = contract::parse_document(*text);
  return value.ok() ? value->text : std::string(*text);
}

class Suite {
 public:
  Suite(const SchemaSuiteOptions& options, const SchemaJudge& judge) : options_(options), judge_(judge) {}

  Result<SchemaSuiteReport> run() {
    schema_options_.default_dialect = TRY(dialect_of(options_.folder));
    schema_options_.assert_formats = options_.assert_formats;
    TRY(read_remotes());
    const std::string folder = options_.data + "/tests/" + options_.folder;
    for (const auto& file : TRY(json_files(folder))) {
      file_ = file;
      const auto text = TRY(base::read_file(folder + "/" + file, kSuiteFileSizeBytesMax));
      if (const auto document = contract::parse_document(text); !document.ok())
        return Error(document.error()).with_context(file);
      for (const auto group : array_slices(text)) run_group(group);
      report_.total += report_.files[file];
    }
    return std::move(report_);
  }

 private:
  Result<void> read_remotes() {
    const std::string folder = options_.data + "/remotes";
    for (const auto& file : TRY(json_files_below(folder)))
      schema_options_.documents[kRemoteHost + file] = TRY(base::read_file(folder + "/" + file, kSuiteFileSizeBytesMax));
    return {};
  }

  void run_group(std::string_view group) {
    const auto schema = member_slice(group, "schema");
    const auto tests = member_slice(group, "tests");
    if (!schema || !tests) return;
    const auto name = description_of(group);
    const auto judged = judge_(*schema, schema_options_);
    auto& count = report_.files[file_];
    for (const auto test : array_slices(*tests)) {
      ++count.tests;
      if (judged.ok()) {
        run_test(*judged, test, name, count);
      } else {
        ++count.refused;
      }
    }
    if (!judged.ok())
      report_.complaints.push_back(fmt::format("{}: {}: refused: {}", file_, name, judged.error().message));
  }

  void run_test(const InstanceJudge& judge, std::string_view test, const std::string& group, SchemaSuiteCount& count) {
    const auto data = member_slice(test, "data");
    const bool expected = member_slice(test, "valid") == "true";
    const auto verdict = judge(data.value_or(""));
    if (verdict.ok() && *verdict == expected) {
      ++count.right;
      return;
    }
    const bool wrong_accept = verdict.ok() && *verdict;
    ++(wrong_accept ? count.wrong_accepts : count.wrong_refusals);
    report_.complaints.push_back(fmt::format("{}: {}: {}: {}", file_, group, description_of(test),
                                             wrong_accept   ? "wrongly accepted"
                                             : verdict.ok() ? "wrongly refused"
                                                            : verdict.error().message));
  }

  const SchemaSuiteOptions& options_;
  const SchemaJudge& judge_;
  contract::SchemaOptions schema_options_;
  std::string file_;
  SchemaSuiteReport report_;
};

}  // namespace

SchemaSuiteCount& SchemaSuiteCount::operator+=(const SchemaSuiteCount& other) {
  tests += other.tests;
  right += other.right;
  wrong_accepts += other.wrong_accepts;
  wrong_refusals += other.wrong_refusals;
  refused += other.refused;
  return *this;
}

Result<SchemaSuiteReport> run_schema_suite(const SchemaSuiteOptions& options, const SchemaJudge& judge) {
  return Suite(options, judge).run();
}

}  // namespace cadre::eval
