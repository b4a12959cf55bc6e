// A disk in memory that forgets, behind SQLite's file layer: what was not synced when the power is cut may be lost, in whole, in
// part, or torn.
//
// The model. A file has a durable image and a list of writes and truncations since its last sync; a folder has durable names and a
// list of creations and deletions since its last sync. xSync makes one file durable. As SQLite's Unix layer does, the first sync
// of a newly created log or rollback journal then syncs the folder too, as does a deletion that asks for it. Each of these is a
// *sync point*, numbered from 1. The power can be cut just before or just after any of them takes effect; from then on every
// operation fails, so that nothing more can be acknowledged.
// restore_power() decides what survived: nothing un-synced, each write or name by the toss of a coin (so in any order), or writes torn
// as well: each 512-byte sector by itself, some cut off in the middle. Bytes outside a write are never harmed (SQLite assumes
// "powersafe overwrite", as its Unix layer does).
// A killed process is another case: the system's cache survives it; see kill() and restart().
// Planted faults: syncs that do nothing, syncs that fail and lose what they were to write, a disk that is full.
//
// Does not model: a disk that lies after it has synced, bits that rot. Thread safety: all calls, and SQLite's, from any thread.
// Idea: SQLite's own test_journal.c and crash tests ("How SQLite is tested", §3.3); ALICE, Pillai et al. 2014 (OSDI).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"

struct sqlite3_vfs;

namespace cadre::test {

enum class CutMoment : uint8_t { kBefore, kAfter };

enum class Survival : uint8_t {
  kNothing,     // of what was not synced
  kSomeWrites,  // each write, truncation, creation and deletion with probability 1/2
  kTornWrites,  // likewise, but of a write each sector, some only up to a byte in their middle
};

class CrashDisk {
 public:
  // Registers a file layer of this name; a name is used by one disk at a time.
  explicit CrashDisk(std::string vfs_name);
  ~CrashDisk();
  CrashDisk(const CrashDisk&) = delete;

  const std::string& vfs_name() const { return vfs_name_; }

  // The power will be cut at the `sync_point`th sync point from now on.
  void cut_power_at(int64_t sync_point, CutMoment moment);
  void cut_power();  // now
  // Every operation fails from now on, as if the process had died; what it wrote stays in the system's cache, un-synced.
  void kill();
  bool is_off() const;
  int64_t sync_points() const;  // since construction

  // Both want every connection closed. After a power cut / after a kill.
  void restore_power(Survival survival, uint64_t seed);
  void restart();

  // Syncs report success and do nothing.
  void ignore_syncs(bool ignore);
  // The next `count` syncs fail and what they were to write will never reach the disk, though the cache still shows it (as Linux
  // does after a failed fsync).
  void fail_syncs(int count);
  // Writes that would make all files together larger than this fail; 0 = no limit.
  void set_capacity_bytes(uint64_t capacity);

  // The names of all files become durable. A sync point.
  Result<void> sync_names();

  // The whole content of a file as a reader would see it, empty if it does not exist.
  std::string content(const std::string& name) const;
  void flip_bit(const std::string& name, uint64_t bit);

 private:
  friend struct CrashFile;
  friend struct VfsMethods;

  struct Change {
    bool is_truncation = false;
    uint64_t offset = 0;  // or the new size
    std::string bytes;
  };
  struct SharedMemory {
    std::vector<std::unique_ptr<char[]>> regions;
    int shared[8] = {};
    const void* exclusive[8] = {};
    int users = 0;
  };
  struct File {
    std::string durable;
    std::string current;
    std::vector<Change> changes;  // durable + changes = current, unless syncs were lost
    int shared_locks = 0;
    const void* reserved = nullptr;
    const void* pending = nullptr;
    const void* exclusive = nullptr;
    SharedMemory memory;
  };
  using Folder = std::map<std::string, std::shared_ptr<File>>;
  struct NameChange {
    std::string name;
    std::shared_ptr<File> file;  // null: deleted
  };

  // All below with mutex_ held.
  bool pass_sync_point(CutMoment moment);  // true: the power went off
  bool sync_file(File& file);              // false: failed
  bool sync_folder();
  void change(File& file, Change change);
  uint64_t used_bytes() const;
  static void apply(std::string& image, const Change& change);
  static void apply_torn(std::string& image, const Change& change, base::Random& random);
  void forget_processes();

  const std::string vfs_name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  mutable std::mutex mutex_;
  Folder current_;
  Folder durable_;
  std::vector<NameChange> name_changes_;
  bool is_off_ = false;
  int64_t sync_points_ = 0;
  int64_t cut_at_ = 0;
  CutMoment cut_moment_ = CutMoment::kBefore;
  bool ignore_syncs_ = false;
  int fail_syncs_ = 0;
  uint64_t capacity_bytes_ = 0;
};

}  // namespace cadre::test
