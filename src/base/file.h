// The door to files: reading, memory-mapping and replacing whole files. The journal's database goes through store/.
//
// Every failure is an Error that names the path and what the system said. Thread safety: functions may be called from any
// thread; a MappedFile is immutable and may be read from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre::base {

// Reads a whole file of at most `size_bytes_max` bytes.
Result<std::string> read_file(const std::string& path, uint64_t size_bytes_max = uint64_t{1} << 31);

// Replaces `path` atomically: a temporary file beside it is written, synced and renamed, then the folder is synced.
// After a crash the file has either its old bytes or all the new ones.
Result<void> replace_file(const std::string& path, std::string_view bytes);
// The same with parts that are written one after the other; one of them may be the mapped file that is replaced.
Result<void> replace_file(const std::string& path, std::span<const std::string_view> parts);

// Makes the names in the folder of `path` durable: that a file was created, renamed or removed there.
Result<void> sync_folder_of(const std::string& path);

bool file_exists(const std::string& path);
Result<uint64_t> file_size_bytes(const std::string& path);
Result<void> make_directories(const std::string& path);

// A fresh directory below the system's temporary folder; removed with its content when this object dies.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> make();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// A file mapped read-only. An empty file maps to an empty span.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  std::span<const uint8_t> bytes() const { return {data_, size_bytes_}; }

 private:
  MappedFile(const uint8_t* data, size_t size_bytes) : data_(data), size_bytes_(size_bytes) {}
  const uint8_t* data_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace cadre::base
