// One object of the cadre file, read key by key: what a tool's options are made from.
//
// Errors name the tool and the key and say what was expected; finish() refuses the keys that nobody asked for, so that a misspelt one is not
// silently without effect. The object must outlive the reader. Thread safety: one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

class OptionReader {
 public:
  explicit OptionReader(const base::Json& object);

  bool has(const char* key) const;
  Result<std::string> text(const char* key);
  Result<std::string> text_or(const char* key, std::string fallback);
  Result<bool> flag_or(const char* key, bool fallback);
  Result<int64_t> whole_number_or(const char* key, int64_t fallback, int64_t min, int64_t max);
  Result<std::vector<std::string>> texts_or_none(const char* key);
  // An object whose values are all strings, in order.
  Result<std::vector<std::pair<std::string, std::string>>> text_map_or_none(const char* key);
  // Null where the key is missing.
  Result<base::Json> object_or_null(const char* key);
  Result<base::Json> array_or_null(const char* key);
  Result<void> finish() const;

  Error error(const char* key, const std::string& why) const;

 private:
  const base::Json* find(const char* key);

  const base::Json& object_;
  std::string tool_name_;
  std::set<std::string> read_;
};

// The keys that every tool has: name, kind (whoever reads the file chose by it), description, input_schema, output_schema, effect, fenced.
Result<ToolDefinition> read_definition(OptionReader& reader);

bool is_tool_name(const std::string& name);

}  // namespace cadre::agent
