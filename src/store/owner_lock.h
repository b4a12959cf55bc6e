// Tells a process that still lives from one that died: who owns a run of a journal.
//
// Every writer of a journal draws a random number and holds a lock on the byte of that number in the file beside the journal
// (JOURNAL-owners; it stays empty, locks may lie past the end). The kernel drops the lock when the process dies, however it
// dies, so an owner whose byte is free is dead. Works between containers that share the folder; not over network file systems
// without locks. Thread safety: is_alive() may be called from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace cadre::store {

class OwnerLock {
 public:
  // `number` is in [1, 2^62).
  static Result<OwnerLock> acquire(const std::string& path, int64_t number);
  // Asks only, and holds nothing; for those who read a journal.
  static OwnerLock observer(const std::string& path);
  // Knows no other owner; for journals that are not files of this system.
  static OwnerLock alone(int64_t number) { return OwnerLock(-1, number); }
  OwnerLock(OwnerLock&& other) noexcept;
  OwnerLock& operator=(OwnerLock&&) = delete;
  ~OwnerLock();

  int64_t number() const { return number_; }
  // Whether some process holds `number`.
  bool is_alive(int64_t number) const;

 private:
  OwnerLock(int fd, int64_t number) : fd_(fd), number_(number) {}
  int fd_;
  int64_t number_;
};

}  // namespace cadre::store
