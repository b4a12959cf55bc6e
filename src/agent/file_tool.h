// Files inside one folder as a tool: one that lists, one that reads, or one that writes.
//
// Paths are relative to the root and cannot lead out of it: no "..", no symbolic link is followed (base/rooted_folder.h). Content is UTF-8 text, or any bytes
// as Base64 where the argument "encoding" says "base64".
//
//   list   {path?}                      -> {entries: [{name, kind, size_bytes}], is_cut, unnamed_count}   kind: file, folder, link, other
//   read   {path, encoding?}            -> {content, size_bytes}
//   write  {path, content, encoding?}   -> {size_bytes, sha256}
//
// A list is cut at the call's rows. A file that is written is replaced whole and atomically, so that writing the same twice is writing it once: a tool that
// writes must be declared idempotent, one that lists or reads read. Errors are the folder's; kInvalid also for content that is not in its encoding.
// After kIo while writing the new content may be there: uncertain. check() looks at the path and, to read, at what is there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/tool.h"

namespace cadre::agent {

enum class FileAction : uint8_t { kList, kRead, kWrite };

struct FileToolOptions {
  ToolDefinition definition;
  FileAction action = FileAction::kRead;
  std::string root;                       // an existing folder
  int64_t file_size_bytes_max = 1 << 20;  // read or written
  bool makes_folders = false;             // of a path that is written
};

// Keys: those of read_definition, action ("list", "read", "write"), root, file_bytes_max, make_folders. Schemas that are not given are those above.
Result<FileToolOptions> file_tool_options(const base::Json& object);

// Error: the root is no folder.
Result<std::unique_ptr<Tool>> make_file_tool(FileToolOptions options);

}  // namespace cadre::agent
