// SPDX-License-Identifier: Apache-2.0
#include "base/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/system_error.h"

namespace cadre::base {
namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { ::close(fd_); }

  Result<size_t> read(std::span<char> out) override {
    while (true) {
      const ssize_t count = ::read(fd_, out.data(), out.size());
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return system_error("read", path_);
    }
  }

 private:
  int fd_;
  std::string path_;
};

class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}

  Result<size_t> read(std::span<char> out) override {
    const size_t count = std::min(out.size(), text_.size() - position_);
    std::copy_n(text_.data() + position_, count, out.data());
    position_ += count;
    return count;
  }

 private:
  std::string text_;
  size_t position_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_byte_source(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("open", path);
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(fd, path));
}

std::unique_ptr<ByteSource> text_byte_source(std::string text) {
  return std::make_unique<TextSource>(std::move(text));
}

}  // namespace cadre::base
