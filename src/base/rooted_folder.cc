// SPDX-License-Identifier: Apache-2.0
#include "base/rooted_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/random.h"
#include "base/sha256.h"
#include "base/utf8.h"

namespace cadre::base {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t kPermissions = 0777;

ErrorCode code_of(int number) {
  switch (number) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kDenied;
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
      return ErrorCode::kInvalid;
    default:
      return ErrorCode::kIo;
  }
}

Error rooted_error(const char* verb, std::string_view path) {
  const int number = errno;
  return Error{code_of(number), fmt::format("{} \"{}\": {}", verb, path, std::strerror(number))};
}

Error path_error(std::string_view path, std::string_view why) {
  return Error{ErrorCode::kInvalid, fmt::format("the path \"{}\" {}", path, why)};
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

EntryKind kind_of_mode(mode_t mode) {
  if (S_ISREG(mode)) return EntryKind::kFile;
  if (S_ISDIR(mode)) return EntryKind::kFolder;
  return S_ISLNK(mode) ? EntryKind::kLink : EntryKind::kOther;
}

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

// The name at the end of a path, and what is before it.
struct Split {
  std::string_view folder;
  std::string name;
};

Split split(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"", std::string(path)};
  return {path.substr(0, slash), std::string(path.substr(slash + 1))};
}

// What opening `name` failed with, said better where a symbolic link is why.
Error open_error(const Descriptor& folder, const std::string& name, std::string_view path) {
  const int number = errno;
  struct stat info {};
  if (::fstatat(folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode))
    return Error{ErrorCode::kDenied,
                 fmt::format("open \"{}\": \"{}\" is a symbolic link, and none is followed here", path, name)};
  errno = number;
  return rooted_error("open", path);
}

Result<std::string> read_all(const Descriptor& file, const std::string& path, uint64_t size_bytes_max) {
  std::string bytes;
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return rooted_error("read", path);
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<size_t>(got));
    if (bytes.size() > size_bytes_max)
      return Error{ErrorCode::kLimit,
                   fmt::format("read \"{}\": larger than the limit of {} bytes", path, size_bytes_max)};
  }
}

Result<void> write_all(const Descriptor& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return rooted_error("write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<std::string> temporary_name() {
  std::array<uint8_t, 8> chance{};
  TRY(secure_random(chance));
  return ".cadre-" + to_hex(chance) + ".tmp";
}

// Permissions of the file that will be replaced; those of a new one where there is none. Error: something that is no file stands there.
Result<mode_t> permissions_for(const Descriptor& folder, const Split& at, const std::string& path) {
  struct stat info {};
  if (::fstatat(folder.get(), at.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return mode_t{0644};
    return rooted_error("write", path);
  }
  if (S_ISREG(info.st_mode)) return info.st_mode & kPermissions;
  const bool is_link = S_ISLNK(info.st_mode);
  return Error{is_link ? ErrorCode::kDenied : ErrorCode::kInvalid,
               fmt::format("write \"{}\": it is {}, and only a file is replaced", path,
                           is_link ? "a symbolic link" : "no file")};
}

Result<void> write_synced(const Descriptor& folder, const std::string& name, std::string_view bytes, mode_t permissions,
                          const std::string& path) {
  const Descriptor file(
      ::openat(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return rooted_error("write", path);
  TRY(write_all(file, bytes, path));
  if (::fchmod(file.get(), permissions) != 0) return rooted_error("write", path);
  if (::fsync(file.get()) != 0) return rooted_error("sync", path);
  return {};
}

}  // namespace

Result<RootedFolder> RootedFolder::open(const std::string& root) {
  Descriptor folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return rooted_error("open folder", root);
  return RootedFolder(std::move(folder));
}

Result<void> RootedFolder::check_path(std::string_view path) {
  if (path.size() > kPathBytesMax)
    return Error{ErrorCode::kInvalid, fmt::format("a path is longer than {} bytes", kPathBytesMax)};
  if (!is_valid_utf8(path)) return Error{ErrorCode::kInvalid, "a path is not UTF-8"};
  if (has_control_character(path)) return Error{ErrorCode::kInvalid, "a path holds a control character"};
  if (path.empty()) return {};
  if (path.starts_with('/')) return path_error(path, "is absolute; give one relative to the root folder");
  for (size_t depth = 1;; ++depth) {
    if (depth > kPathDepthMax) return path_error(path, fmt::format("has more than {} names", kPathDepthMax));
    const size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (name.empty()) return path_error(path, "has an empty name");
    if (name == "." || name == "..") return path_error(path, "holds \".\" or \"..\"");
    if (slash == std::string_view::npos) return {};
    path.remove_prefix(slash + 1);
  }
}

Result<Descriptor> RootedFolder::open_folder(std::string_view path, MissingFolders folders) const {
  Descriptor folder(::openat(root_.get(), ".", kFolderFlags));
  if (!folder.is_open()) return rooted_error("open", path);
  for (std::string_view rest = path; !rest.empty();) {
    const size_t slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    Descriptor next(::openat(folder.get(), name.c_str(), kFolderFlags));
    if (!next.is_open() && errno == ENOENT && folders == MissingFolders::kMake) {
      if (::mkdirat(folder.get(), name.c_str(), 0755) != 0 && errno != EEXIST) return rooted_error("make folder", path);
      if (::fsync(folder.get()) != 0) return rooted_error("sync", path);
      next = Descriptor(::openat(folder.get(), name.c_str(), kFolderFlags));
    }
    if (!next.is_open()) return open_error(folder, name, path);
    folder = std::move(next);
  }
  return folder;
}

Result<FolderList> RootedFolder::list(const std::string& path, size_t entries_max) const {
  TRY(check_path(path));
  Descriptor folder = TRY(open_folder(path, MissingFolders::kRefuse));
  // closedir() closes what it was given.
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0)));
  if (!stream) return rooted_error("list", path);
  FolderList list;
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) return rooted_error("list", path);
    if (entry == nullptr) break;
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() + list.unnamed_count >= kEntriesMax)
      return Error{ErrorCode::kLimit, fmt::format("list \"{}\": more than {} entries", path, kEntriesMax)};
    if (check_path(name).ok()) {
      names.push_back(std::move(name));
    } else {
      ++list.unnamed_count;
    }
  }
  std::sort(names.begin(), names.end());
  for (std::string& name : names) {
    struct stat info {};
    // What has gone meanwhile is not there.
    if (::fstatat(folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    list.is_cut = list.entries.size() == entries_max;
    if (list.is_cut) break;
    const EntryKind kind = kind_of_mode(info.st_mode);
    list.entries.push_back({std::move(name), kind, kind == EntryKind::kFile ? static_cast<uint64_t>(info.st_size) : 0});
  }
  return list;
}

Result<std::string> RootedFolder::read(const std::string& path, uint64_t size_bytes_max) const {
  TRY(check_path(path));
  if (path.empty()) return path_error(path, "names the root folder, a file was expected");
  const Split at = split(path);
  const Descriptor folder = TRY(open_folder(at.folder, MissingFolders::kRefuse));
  // Without O_NONBLOCK a pipe with no writer would hold us up.
  const Descriptor file(::openat(folder.get(), at.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) return open_error(folder, at.name, path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return rooted_error("read", path);
  if (!S_ISREG(info.st_mode)) return path_error(path, "is no file");
  return read_all(file, path, size_bytes_max);
}

Result<EntryKind> RootedFolder::kind_of(const std::string& path) const {
  TRY(check_path(path));
  if (path.empty()) return EntryKind::kFolder;
  const Split at = split(path);
  const Descriptor folder = TRY(open_folder(at.folder, MissingFolders::kRefuse));
  struct stat info {};
  if (::fstatat(folder.get(), at.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return rooted_error("look at", path);
  return kind_of_mode(info.st_mode);
}

Result<void> RootedFolder::replace(const std::string& path, std::string_view bytes, MissingFolders folders) const {
  TRY(check_path(path));
  if (path.empty()) return path_error(path, "names the root folder, a file was expected");
  const Split at = split(path);
  const Descriptor folder = TRY(open_folder(at.folder, folders));
  const mode_t permissions = TRY(permissions_for(folder, at, path));
  const std::string temporary = TRY(temporary_name());
  auto done = write_synced(folder, temporary, bytes, permissions, path);
  if (done.ok() && ::renameat(folder.get(), temporary.c_str(), folder.get(), at.name.c_str()) != 0)
    done = rooted_error("rename into place", path);
  if (!done.ok()) {
    ::unlinkat(folder.get(), temporary.c_str(), 0);
    return done;
  }
  if (::fsync(folder.get()) != 0) return rooted_error("sync the folder of", path);
  return {};
}

}  // namespace cadre::base
