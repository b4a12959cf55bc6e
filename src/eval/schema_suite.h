// The official JSON-Schema-Test-Suite, run against any judge of schemas.
//
// `data` is a checkout (https://github.com/json-schema-org/JSON-Schema-Test-Suite): tests/DRAFT/*.json, each a list of groups
// {description, schema, tests: [{description, data, valid}]}, and remotes/, which stand for http://localhost:1234/. Schemas
// that need a published meta-schema are refused, since nothing is fetched; they count as `refused`, not as right.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/schema_judge.h"

namespace cadre::eval {

struct SchemaSuiteCount {
  size_t tests = 0;
  size_t right = 0;
  size_t wrong_accepts = 0;   // an invalid instance was accepted
  size_t wrong_refusals = 0;  // a valid instance was refused, or a limit was met
  size_t refused = 0;         // tests of schemas that the judge refused to read

  SchemaSuiteCount& operator+=(const SchemaSuiteCount& other);
};

struct SchemaSuiteOptions {
  std::string data;
  std::string folder = "draft2020-12";  // below tests/: a draft, or a draft's "optional" or "optional/format"
  bool assert_formats = false;
};

struct SchemaSuiteReport {
  std::map<std::string, SchemaSuiteCount> files;
  SchemaSuiteCount total;
  std::vector<std::string> complaints;  // "file: group: test: what happened", in order
};

Result<SchemaSuiteReport> run_schema_suite(const SchemaSuiteOptions& options, const SchemaJudge& judge);

}  // namespace cadre::eval
