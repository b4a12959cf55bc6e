// SPDX-License-Identifier: Apache-2.0
#include "agent/model_answer.h"

#include "contract/json_document.h"
#include "text/trimmed.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr std::string_view kFence = "```";

// What stands in the only fenced block; the whole text where there is none or more than one.
std::string_view fenced(std::string_view text) {
  const size_t opens = text.find(kFence);
  if (opens == std::string_view::npos || text.starts_with('{') || text.starts_with('[')) return text;
  const size_t line_end = text.find('\n', opens);
  if (line_end == std::string_view::npos) return text;
  const size_t closes = text.find(kFence, line_end);
  if (closes == std::string_view::npos || text.find(kFence, closes + kFence.size()) != std::string_view::npos)
    return text;
  return text::trimmed(text.substr(line_end, closes - line_end));
}

}  // namespace

std::string_view without_thoughts(std::string_view text) {
  static constexpr std::string_view kOpens = "<think>", kCloses = "</think>";
  text = text::trimmed(text);
  if (!text.starts_with(kOpens)) return text;
  const size_t end = text.find(kCloses);
  return end == std::string_view::npos ? text : text::trimmed(text.substr(end + kCloses.size()));
}

Result<Json> read_model_answer(std::string_view text) {
  const std::string_view value = fenced(without_thoughts(text));
  auto document = contract::parse_document(value, kModelAnswerDepthMax);
  if (!document.ok()) return std::move(document).error().with_context("parse");
  auto json = base::parse_json(value);
  if (!json.ok()) return std::move(json).error().with_context("parse");
  const auto kept = contract::parse_document(base::dump_json(*json), kModelAnswerDepthMax);
  if (!kept.ok() || !contract::same_value(*document, *kept))
    return Error{ErrorCode::kInvalid, "parse: it has a number that cannot be kept exactly; write fewer digits"};
  return json;
}

}  // namespace cadre::agent
