// A chat with tools of the asker's own, by a model behind an endpoint: what it writes is an assistant message inside its contract, always.
//
// The contract is made of each request: its tools, tool_choice, parallel_tool_calls and response_format become one JSON Schema of what may be
// answered, which the endpoint is asked to heed and the independent validator enforces: a call names one of the tools (the one that was chosen), its
// arguments satisfy that tool's schema, there is at least one where one is required, at most one unless they may be parallel; with response_format
// json_schema the content is a JSON text that satisfies it. An answer outside of it is refused and asked for again with the typed error, never
// with what was written. Works with endpoints that know nothing of tools: they are asked for JSON.
//
// Of more tools than `retrieval.above` the model is shown those that the chat is about (agent/tool_index.h): its latest user messages, the last first. A tool
// that the chat has called already stays, and so does the one that tool_choice names. Contract, prompt and schema are made of these; the attempt's
// record names them with their scores. It depends on the chat alone: a replay shows the same.
//
// Input {"chat": {"messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "seed", "max_tokens", "temperature", "stop"}} in the
// form of OpenAI's API; output {"content", "tool_calls", "finish_reason"}. Thread safety: as Specialist.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/specialist.h"
#include "agent/tool_index.h"
#include "base/result.h"
#include "engine/chat_model.h"

namespace cadre::agent {

inline constexpr int64_t kParallelCallsMax = 16;

struct ChatSpecialistOptions {
  std::string name;
  std::string purpose;
  std::string instruction;  // put in front of every chat; empty: none
  StepPolicy policy;
  int64_t answer_tokens_max = 2'048;  // where the chat does not say
  RetrievalSettings retrieval;
};

Result<std::shared_ptr<const Specialist>> make_chat_specialist(ChatSpecialistOptions options,
                                                               std::shared_ptr<const engine::ChatModel> model);

// The schema of what may be answered to a chat; null: any text. kInvalid, kUnsupported: the chat's tools or formats cannot be held to.
Result<base::Json> chat_answer_schema(const base::Json& chat);

}  // namespace cadre::agent
