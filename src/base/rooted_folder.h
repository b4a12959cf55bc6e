// The files inside one folder, and no others: for paths that somebody else chose.
//
// A path is relative, of names between single slashes ("a/b.txt"); "" is the folder itself. Refused before anything is looked at: "." and "..", empty
// names, a leading slash, control characters, text that is not UTF-8, more than kPathDepthMax names or kPathBytesMax bytes. Each name is then looked up in
// the folder that the one before it led to, and a symbolic link is never followed, the last name included: nothing that happens below the root, not even
// while we are at it, leads outside of it. Only regular files are read and written. A hard link is a file like any other.
// The root itself is opened once, with whatever links its own path has, and stays that folder if it is renamed.
// Errors: kInvalid the path, or what is there is of the wrong kind; kNotFound; kDenied a symbolic link, or no permission; kLimit; kIo. They name the path
// below the root, not the root. Thread safety: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace cadre::base {

enum class EntryKind : uint8_t { kFile, kFolder, kLink, kOther };

struct FolderEntry {
  std::string name;
  EntryKind kind = EntryKind::kOther;
  uint64_t size_bytes = 0;  // of a file
};

struct FolderList {
  std::vector<FolderEntry> entries;  // by name, byte by byte
  bool is_cut = false;               // there are more
  size_t unnamed_count = 0;          // left out: a name that no path can hold (not UTF-8, a control character)
};

class RootedFolder {
 public:
  static constexpr size_t kPathBytesMax = 4096;
  static constexpr size_t kPathDepthMax = 64;

  static Result<RootedFolder> open(const std::string& root);
  static Result<void> check_path(std::string_view path);

  // The first `entries_max` by name. kLimit: more than kEntriesMax are there.
  static constexpr size_t kEntriesMax = 100'000;
  Result<FolderList> list(const std::string& path, size_t entries_max) const;
  Result<std::string> read(const std::string& path, uint64_t size_bytes_max) const;
  // What a path is, by itself.
  Result<EntryKind> kind_of(const std::string& path) const;

  // Replaces or creates a file atomically: a temporary file beside it (".cadre-….tmp") is written, synced and renamed, then the folder is synced.
  // After a crash the file has its old bytes or all the new ones, and the temporary file may be left. It keeps the permissions of the file it replaces.
  // After kIo the new bytes may be there.
  enum class MissingFolders : uint8_t { kRefuse, kMake };
  Result<void> replace(const std::string& path, std::string_view bytes, MissingFolders folders) const;

 private:
  explicit RootedFolder(Descriptor root) : root_(std::move(root)) {}
  Result<Descriptor> open_folder(std::string_view path, MissingFolders folders) const;

  Descriptor root_;
};

}  // namespace cadre::base
