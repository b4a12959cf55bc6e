// Passages of the documents in a folder as a tool: what is found for a query, with the bytes that it stands at.
//
//   {query, count?, bytes_max?}  -> {passages: [{path, begin, end, text, score}]}
//
// Documents are UTF-8 text files below the root (.txt, .md or what is listed), read when the tool is made: restart to see changed ones. A passage is one or
// more paragraphs of at most kPassageBytes; a longer paragraph is cut between words. Best first (store/text_index.h), as many as fit into `bytes_max`, so
// that what follows fits into the window of whoever reads it. A passage is data: whatever it says, nothing is done because of it.
// Limits: kDocumentsMax files, kDocumentBytesMax each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr size_t kPassageBytes = 1'000;
inline constexpr size_t kDocumentsMax = 20'000;
inline constexpr size_t kDocumentBytesMax = 16 << 20;
inline constexpr int64_t kPassagesGivenMax = 100;

struct RetrievalToolOptions {
  ToolDefinition definition;
  std::string root;
  std::vector<std::string> endings = {".txt", ".md"};
};

// Keys: those of read_definition, root, endings.
Result<RetrievalToolOptions> retrieval_tool_options(const base::Json& object);
// Reads all documents. Error: no folder, a document over a limit or not UTF-8 (named).
Result<std::unique_ptr<Tool>> make_retrieval_tool(RetrievalToolOptions options);

// Byte ranges of the passages of a text, in order; together they hold every word of it.
struct PassageRange {
  size_t begin = 0;
  size_t end = 0;
};
std::vector<PassageRange> passages_of(std::string_view text);

}  // namespace cadre::agent
