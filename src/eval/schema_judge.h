// Whatever decides whether an instance satisfies a schema: the validator, or a compiled contract. The suites of schemas measure either.
//
// A judge reads a schema once (an Error: it refuses the schema) and answers for any number of instances, each a JSON text.
// An Error for an instance means no answer (a limit), which the suites count as wrong. Thread safety: as the judge's own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/schema.h"

namespace cadre::eval {

using InstanceJudge = std::function<Result<bool>(std::string_view instance)>;
using SchemaJudge =
    std::function<Result<InstanceJudge>(std::string_view schema, const contract::SchemaOptions& options)>;

// contract::read_schema and contract::validate_document.
SchemaJudge validator_judge();

// The *.json files of a folder by name, not of its sub-folders.
Result<std::vector<std::string>> json_files(const std::string& folder);
// The same, with those of all sub-folders, as paths relative to the folder.
Result<std::vector<std::string>> json_files_below(const std::string& folder);

}  // namespace cadre::eval
