// SPDX-License-Identifier: Apache-2.0
#include "eval/schema_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "contract/json_document.h"
#include "contract/schema_validate.h"

namespace cadre::eval {
namespace {

template <class Iterator>
Result<std::vector<std::string>> list_files(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> out;
  for (auto entry = Iterator(folder, error); !error && entry != Iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".json") out.push_back(entry->path().lexically_relative(folder).string());
  }
  if (error) return Error{ErrorCode::kIo, fmt::format("list the files of \"{}\": {}", folder, error.message())};
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

SchemaJudge validator_judge() {
  return [](std::string_view text, const contract::SchemaOptions& options) -> Result<InstanceJudge> {
    const auto schema = std::make_shared<const contract::Schema>(TRY(contract::read_schema(text, options)));
    return InstanceJudge([schema](std::string_view instance) -> Result<bool> {
      const auto document = TRY(contract::parse_document(instance));
      return TRY(contract::validate_document(*schema, document)).valid;
    });
  };
}

Result<std::vector<std::string>> json_files(const std::string& folder) {
  return list_files<std::filesystem::directory_iterator>(folder);
}

Result<std::vector<std::string>> json_files_below(const std::string& folder) {
  return list_files<std::filesystem::recursive_directory_iterator>(folder);
}

}  // namespace cadre::eval
