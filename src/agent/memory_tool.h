// Memory as tools: one that remembers a fact about a subject, one that recalls it, one that lists what is known.
//
//   remember   {subject, name, value, lasts_ms?}  -> {remembered: true}
//   recall     {subject, name}                    -> {found, value, source, remembered_us}
//   facts      {subject}                          -> {facts: [{name, value, source, remembered_us, expires_us}], is_cut}
//
// A fact's source is the call that remembered it: run, step, number. Remembering twice is remembering once: declare it idempotent.
// The file is store/fact_store.h's; `cadre memory` shows and deletes what is in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

enum class MemoryAction : uint8_t { kRemember, kRecall, kFacts };

struct MemoryToolOptions {
  ToolDefinition definition;
  MemoryAction action = MemoryAction::kRecall;
  std::string file;  // made if it is missing
};

// Keys: those of read_definition, action ("remember", "recall", "facts"), file. Schemas that are not given are those above.
Result<MemoryToolOptions> memory_tool_options(const base::Json& object);
Result<std::unique_ptr<Tool>> make_memory_tool(MemoryToolOptions options);

}  // namespace cadre::agent
