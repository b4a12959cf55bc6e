// SPDX-License-Identifier: Apache-2.0
#include "store/owner_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace cadre::store {
namespace {

struct flock byte_lock(int64_t number) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = number;
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<OwnerLock> OwnerLock::acquire(const std::string& path, int64_t number) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error{ErrorCode::kIo,
                 fmt::format("open lock file \"{}\": {}; the folder must be writable", path, std::strerror(errno))};
  OwnerLock owner(fd, number);
  struct flock lock = byte_lock(number);
  // Open-file-description locks belong to this descriptor, not to the process: two journals of one process are two owners.
  if (::fcntl(fd, F_OFD_SETLK, &lock) != 0)
    return Error{ErrorCode::kIo,
                 fmt::format("lock \"{}\": {}; the file system must support locks", path, std::strerror(errno))};
  return owner;
}

OwnerLock OwnerLock::observer(const std::string& path) {
  return OwnerLock(::open(path.c_str(), O_RDONLY | O_CLOEXEC), 0);
}

OwnerLock::OwnerLock(OwnerLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)), number_(other.number_) {}

OwnerLock::~OwnerLock() {
  if (fd_ >= 0) ::close(fd_);
}

bool OwnerLock::is_alive(int64_t number) const {
  if (number == number_) return true;
  if (fd_ < 0) return false;
  struct flock lock = byte_lock(number);
  // When the question fails, the safe answer is "alive": nobody then takes a run away from its owner.
  return ::fcntl(fd_, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

}  // namespace cadre::store
