// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/system_error.h"

namespace cadre::base {
namespace {

// Closes on every path out of a function.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<void> write_synced(const std::string& path, std::span<const std::string_view> parts) {
  const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (fd.get() < 0) return system_error("create", path);
  for (const std::string_view part : parts) TRY(write_all(fd.get(), part, path));
  if (::fsync(fd.get()) != 0) return system_error("sync", path);
  return {};
}

Result<uint64_t> regular_size(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return system_error("stat", path);
  if (S_ISDIR(info.st_mode))
    return Error{ErrorCode::kInvalid, fmt::format("open \"{}\": it is a folder, a file was expected", path)};
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace

Result<std::string> read_file(const std::string& path, uint64_t size_bytes_max) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return system_error("open", path);
  TRY(regular_size(fd.get(), path));
  std::string bytes;
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", path);
    if (got == 0) return bytes;
    if (bytes.size() + static_cast<size_t>(got) > size_bytes_max)
      return Error{ErrorCode::kLimit,
                   fmt::format("read \"{}\": larger than the limit of {} bytes", path, size_bytes_max)};
    bytes.append(buffer, static_cast<size_t>(got));
  }
}

Result<void> sync_folder_of(const std::string& path) {
  auto folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return system_error("open folder", folder);
  if (::fsync(fd.get()) != 0) return system_error("sync folder", folder);
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view bytes) {
  return replace_file(path, std::span(&bytes, 1));
}

Result<void> replace_file(const std::string& path, std::span<const std::string_view> parts) {
  const std::string temporary = fmt::format("{}.tmp.{}", path, ::getpid());
  if (auto written = write_synced(temporary, parts); !written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = system_error("rename into place", path);
    ::unlink(temporary.c_str());
    return error;
  }
  return sync_folder_of(path);
}

bool file_exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

Result<uint64_t> file_size_bytes(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return system_error("stat", path);
  return static_cast<uint64_t>(info.st_size);
}

Result<void> make_directories(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) return Error{ErrorCode::kIo, fmt::format("create folder \"{}\": {}", path, code.message())};
  return {};
}

Result<TemporaryDirectory> TemporaryDirectory::make() {
  std::error_code code;
  const auto root = std::filesystem::temp_directory_path(code);
  std::string pattern = (code ? std::filesystem::path("/tmp") : root).string() + "/cadre-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return system_error("create temporary folder", pattern);
  return TemporaryDirectory(std::move(pattern));
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return system_error("open", path);
  const uint64_t size_bytes = TRY(regular_size(fd.get(), path));
  if (size_bytes == 0) return MappedFile(nullptr, 0);
  void* data = ::mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return system_error("map", path);
  return MappedFile(static_cast<const uint8_t*>(data), size_bytes);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_bytes_);
}

}  // namespace cadre::base
