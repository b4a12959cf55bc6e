// SPDX-License-Identifier: Apache-2.0
#include "tests/crash_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"

namespace cadre::test {
namespace {

constexpr size_t kSectorSizeBytes = 512;
constexpr int kMemoryLocks = SQLITE_SHM_NLOCK;
static_assert(kMemoryLocks == 8);

}  // namespace

// One open file, as SQLite sees it: the C struct first.
struct CrashFile {
  sqlite3_file base;
  CrashDisk* disk;
  std::shared_ptr<CrashDisk::File> file;
  bool sync_folder_next;  // a new log or journal whose first sync is also the folder's
  int lock_level;
  unsigned memory_shared;  // bits: locks on the shared memory
  unsigned memory_exclusive;
  bool uses_memory;

  static CrashFile& of(sqlite3_file* handle) { return *reinterpret_cast<CrashFile*>(handle); }
};

// The C functions. Each takes the disk's mutex, and fails once the power is off.
struct VfsMethods {
  using Lock = std::lock_guard<std::mutex>;

  static CrashDisk& disk(sqlite3_vfs* vfs) { return *static_cast<CrashDisk*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* handle, int flags, int* out_flags) {
    auto& d = disk(vfs);
    const Lock lock(d.mutex_);
    handle->pMethods = nullptr;
    if (d.is_off_) return SQLITE_CANTOPEN;
    std::shared_ptr<CrashDisk::File> file;
    bool is_new = false;
    if (name == nullptr) {
      file = std::make_shared<CrashDisk::File>();
    } else if (const auto known = d.current_.find(name); known != d.current_.end()) {
      file = known->second;
    } else {
      if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      file = std::make_shared<CrashDisk::File>();
      is_new = true;
      d.current_[name] = file;
      d.name_changes_.push_back({name, file});
    }
    auto* opened = new (handle) CrashFile{};
    opened->disk = &d;
    opened->file = std::move(file);
    opened->sync_folder_next =
        is_new && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    opened->base.pMethods = &kIoMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    auto& d = disk(vfs);
    const Lock lock(d.mutex_);
    if (d.is_off_) return SQLITE_IOERR_DELETE;
    if (d.current_.erase(name) == 0) return SQLITE_IOERR_DELETE_NOENT;
    d.name_changes_.push_back({name, nullptr});
    if (sync_folder != 0 && !d.sync_folder()) return SQLITE_IOERR_DIR_FSYNC;
    return SQLITE_OK;
  }

  static int access(sqlite3_vfs* vfs, const char* name, int, int* out) {
    auto& d = disk(vfs);
    const Lock lock(d.mutex_);
    if (d.is_off_) return SQLITE_IOERR_ACCESS;
    *out = d.current_.contains(name) ? 1 : 0;
    return SQLITE_OK;
  }

  static int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
  }

  static sqlite3_vfs* system() { return sqlite3_vfs_find(nullptr); }
  static int randomness(sqlite3_vfs*, int size, char* out) { return system()->xRandomness(system(), size, out); }
  static int sleep(sqlite3_vfs*, int us) { return system()->xSleep(system(), us); }
  static int current_time(sqlite3_vfs*, double* out) { return system()->xCurrentTime(system(), out); }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }

  static int close(sqlite3_file* handle) {
    auto& f = CrashFile::of(handle);
    {
      const Lock lock(f.disk->mutex_);
      release_memory(f);
      set_lock_level(f, SQLITE_LOCK_NONE);
    }
    f.~CrashFile();
    return SQLITE_OK;
  }

  static int read(sqlite3_file* handle, void* out, int size, sqlite3_int64 offset) {
    auto& f = CrashFile::of(handle);
    const Lock lock(f.disk->mutex_);
    if (f.disk->is_off_) return SQLITE_IOERR_READ;
    const auto& image = f.file->current;
    const auto begin = std::min<size_t>(static_cast<size_t>(offset), image.size());
    const auto got = std::min<size_t>(static_cast<size_t>(size), image.size() - begin);
    std::memcpy(out, image.data() + begin, got);
    std::memset(static_cast<char*>(out) + got, 0, static_cast<size_t>(size) - got);
    return got == static_cast<size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }

  static int write(sqlite3_file* handle, const void* data, int size, sqlite3_int64 offset) {
    auto& f = CrashFile::of(handle);
    const Lock lock(f.disk->mutex_);
    auto& d = *f.disk;
    if (d.is_off_) return SQLITE_IOERR_WRITE;
    const auto end = static_cast<uint64_t>(offset) + static_cast<uint64_t>(size);
    const uint64_t growth = end > f.file->current.size() ? end - f.file->current.size() : 0;
    if (d.capacity_bytes_ > 0 && growth > 0 && d.used_bytes() + growth > d.capacity_bytes_) return SQLITE_FULL;
    d.change(*f.file, {.offset = static_cast<uint64_t>(offset),
                       .bytes = std::string(static_cast<const char*>(data), static_cast<size_t>(size))});
    return SQLITE_OK;
  }

  static int truncate(sqlite3_file* handle, sqlite3_int64 size) {
    auto& f = CrashFile::of(handle);
    const Lock lock(f.disk->mutex_);
    if (f.disk->is_off_) return SQLITE_IOERR_TRUNCATE;
    f.disk->change(*f.file, {.is_truncation = true, .offset = static_cast<uint64_t>(size)});
    return SQLITE_OK;
  }

  static int sync(sqlite3_file* handle, int) {
    auto& f = CrashFile::of(handle);
    const Lock lock(f.disk->mutex_);
    if (f.disk->is_off_ || !f.disk->sync_file(*f.file)) return SQLITE_IOERR_FSYNC;
    if (f.sync_folder_next && !f.disk->sync_folder()) return SQLITE_IOERR_DIR_FSYNC;
    f.sync_folder_next = false;
    return SQLITE_OK;
  }

  static int file_size(sqlite3_file* handle, sqlite3_int64* out) {
    auto& f = CrashFile::of(handle);
    const Lock lock(f.disk->mutex_);
    if (f.disk->is_off_) return SQLITE_IOERR_FSTAT;
    *out = static_cast<sqlite3_int64>(f.file->current.size());
    return SQLITE_OK;
  }

  // Locks on the database file, as sqlite.org/lockingv3.html describes them.

  static void set_lock_level(CrashFile& f, int level) {
    auto& file = *f.file;
    if (level < SQLITE_LOCK_EXCLUSIVE && file.exclusive == &f) file.exclusive = nullptr;
    if (level < SQLITE_LOCK_PENDING && file.pending == &f) file.pending = nullptr;
    if (level < SQLITE_LOCK_RESERVED && file.reserved == &f) file.reserved = nullptr;
    if (level < SQLITE_LOCK_SHARED && f.lock_level >= SQLITE_LOCK_SHARED) file.shared_locks -= 1;
    f.lock_level = level;
  }

  static int lock(sqlite3_file* handle, int level) {
    auto& f = CrashFile::of(handle);
    const Lock guard(f.disk->mutex_);
    if (f.disk->is_off_) return SQLITE_IOERR_LOCK;
    auto& file = *f.file;
    if (level <= f.lock_level) return SQLITE_OK;
    const auto is_others = [&](const void* holder) { return holder != nullptr && holder != &f; };
    if (is_others(file.pending) || is_others(file.exclusive)) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_SHARED) {
      file.shared_locks += 1;
    } else {
      if (is_others(file.reserved)) return SQLITE_BUSY;
      file.reserved = &f;
      if (level == SQLITE_LOCK_EXCLUSIVE) {
        file.pending = &f;
        if (file.shared_locks > 1) return SQLITE_BUSY;
        file.exclusive = &f;
      }
    }
    f.lock_level = level;
    return SQLITE_OK;
  }

  static int unlock(sqlite3_file* handle, int level) {
    auto& f = CrashFile::of(handle);
    const Lock guard(f.disk->mutex_);
    if (level < f.lock_level || f.file->pending == &f) set_lock_level(f, level);
    return SQLITE_OK;
  }

  static int check_reserved(sqlite3_file* handle, int* out) {
    auto& f = CrashFile::of(handle);
    const Lock guard(f.disk->mutex_);
    *out = f.file->reserved != nullptr ? 1 : 0;
    return f.disk->is_off_ ? SQLITE_IOERR_CHECKRESERVEDLOCK : SQLITE_OK;
  }

  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 4096; }
  static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  // The index of the log, shared between the connections of one database.

  static int memory_map(sqlite3_file* handle, int region, int size, int extend, void volatile** out) {
    auto& f = CrashFile::of(handle);
    const Lock guard(f.disk->mutex_);
    *out = nullptr;
    if (f.disk->is_off_) return SQLITE_IOERR_SHMMAP;
    auto& memory = f.file->memory;
    if (!f.uses_memory) memory.users += 1;
    f.uses_memory = true;
    const auto count = static_cast<size_t>(region) + 1;
    if (memory.regions.size() < count && extend == 0) return SQLITE_OK;
    while (memory.regions.size() < count) memory.regions.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));
    *out = memory.regions[static_cast<size_t>(region)].get();
    return SQLITE_OK;
  }

  static int memory_lock(sqlite3_file* handle, int offset, int count, int flags) {
    auto& f = CrashFile::of(handle);
    const Lock guard(f.disk->mutex_);
    auto& memory = f.file->memory;
    const bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      for (int i = offset; i < offset + count; ++i) memory_unlock(f, i);
      return SQLITE_OK;
    }
    if (f.disk->is_off_) return SQLITE_IOERR_SHMLOCK;
    for (int i = offset; i < offset + count; ++i) {
      const bool has_shared = (f.memory_shared >> i & 1) != 0;
      const bool is_taken = memory.exclusive[i] != nullptr && memory.exclusive[i] != &f;
      if (is_taken || (is_exclusive && memory.shared[i] > (has_shared ? 1 : 0))) return SQLITE_BUSY;
    }
    for (int i = offset; i < offset + count; ++i) {
      if (is_exclusive) {
        memory.exclusive[i] = &f;
        f.memory_exclusive |= 1u << i;
      } else if ((f.memory_shared >> i & 1) == 0) {
        memory.shared[i] += 1;
        f.memory_shared |= 1u << i;
      }
    }
    return SQLITE_OK;
  }

  static void memory_unlock(CrashFile& f, int index) {
    auto& memory = f.file->memory;
    if ((f.memory_exclusive >> index & 1) != 0) memory.exclusive[index] = nullptr;
    if ((f.memory_shared >> index & 1) != 0) memory.shared[index] -= 1;
    f.memory_exclusive &= ~(1u << index);
    f.memory_shared &= ~(1u << index);
  }

  static void memory_barrier(sqlite3_file* handle) { const Lock guard(CrashFile::of(handle).disk->mutex_); }

  static void release_memory(CrashFile& f) {
    if (!f.uses_memory) return;
    for (int i = 0; i < kMemoryLocks; ++i) memory_unlock(f, i);
    f.uses_memory = false;
    if (--f.file->memory.users == 0) f.file->memory.regions.clear();
  }

  static int memory_unmap(sqlite3_file* handle, int) {
    auto& f = CrashFile::of(handle);
    const Lock guard(f.disk->mutex_);
    release_memory(f);
    return SQLITE_OK;
  }

  static const sqlite3_io_methods kIoMethods;
};

const sqlite3_io_methods VfsMethods::kIoMethods = {
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = memory_map,
    .xShmLock = memory_lock,
    .xShmBarrier = memory_barrier,
    .xShmUnmap = memory_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

CrashDisk::CrashDisk(std::string vfs_name) : vfs_name_(std::move(vfs_name)), vfs_(std::make_unique<sqlite3_vfs>()) {
  CADRE_CHECK(sqlite3_initialize() == SQLITE_OK, "the library starts");
  CADRE_CHECK(sqlite3_vfs_find(vfs_name_.c_str()) == nullptr, "a name belongs to one disk");
  *vfs_ = {};
  vfs_->iVersion = 1;
  vfs_->szOsFile = sizeof(CrashFile);
  vfs_->mxPathname = 512;
  vfs_->zName = vfs_name_.c_str();
  vfs_->pAppData = this;
  vfs_->xOpen = VfsMethods::open;
  vfs_->xDelete = VfsMethods::remove;
  vfs_->xAccess = VfsMethods::access;
  vfs_->xFullPathname = VfsMethods::full_path;
  vfs_->xRandomness = VfsMethods::randomness;
  vfs_->xSleep = VfsMethods::sleep;
  vfs_->xCurrentTime = VfsMethods::current_time;
  vfs_->xGetLastError = VfsMethods::last_error;
  sqlite3_vfs_register(vfs_.get(), 0);
}

CrashDisk::~CrashDisk() {
  sqlite3_vfs_unregister(vfs_.get());
}

// Power

void CrashDisk::cut_power_at(int64_t sync_point, CutMoment moment) {
  const std::lock_guard lock(mutex_);
  cut_at_ = sync_points_ + sync_point;
  cut_moment_ = moment;
}

void CrashDisk::cut_power() {
  const std::lock_guard lock(mutex_);
  is_off_ = true;
}

void CrashDisk::kill() {
  cut_power();
}

bool CrashDisk::is_off() const {
  const std::lock_guard lock(mutex_);
  return is_off_;
}

int64_t CrashDisk::sync_points() const {
  const std::lock_guard lock(mutex_);
  return sync_points_;
}

void CrashDisk::restore_power(Survival survival, uint64_t seed) {
  const std::lock_guard lock(mutex_);
  base::Random random(seed);
  const auto survives = [&] { return survival != Survival::kNothing && random.chance(.5); };
  for (const auto& [name, file] : name_changes_) {
    if (!survives()) continue;
    durable_.erase(name);
    if (file != nullptr) durable_[name] = file;
  }
  current_ = durable_;
  for (auto& [name, file] : current_) {
    std::string image = file->durable;
    for (const auto& change : file->changes) {
      if (survival == Survival::kTornWrites && !change.is_truncation) {
        apply_torn(image, change, random);
      } else if (survives()) {
        apply(image, change);
      }
    }
    file->durable = file->current = std::move(image);
    file->changes.clear();
  }
  forget_processes();
  name_changes_.clear();
}

void CrashDisk::restart() {
  const std::lock_guard lock(mutex_);
  forget_processes();
}

void CrashDisk::forget_processes() {
  for (auto& [name, file] : current_)
    CADRE_CHECK(file->memory.users == 0 && file->shared_locks == 0, "connections are closed before the disk goes on");
  is_off_ = false;
  cut_at_ = 0;
}

// Faults

void CrashDisk::ignore_syncs(bool ignore) {
  const std::lock_guard lock(mutex_);
  ignore_syncs_ = ignore;
}

void CrashDisk::fail_syncs(int count) {
  const std::lock_guard lock(mutex_);
  fail_syncs_ = count;
}

void CrashDisk::set_capacity_bytes(uint64_t capacity) {
  const std::lock_guard lock(mutex_);
  capacity_bytes_ = capacity;
}

// Content

std::string CrashDisk::content(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto file = current_.find(name);
  return file == current_.end() ? std::string() : file->second->current;
}

void CrashDisk::flip_bit(const std::string& name, uint64_t bit) {
  const std::lock_guard lock(mutex_);
  auto& file = *current_.at(name);
  file.current[bit / 8] = static_cast<char>(file.current[bit / 8] ^ (1 << bit % 8));
}

bool CrashDisk::pass_sync_point(CutMoment moment) {
  if (sync_points_ == cut_at_ && cut_moment_ == moment) is_off_ = true;
  return is_off_;
}

bool CrashDisk::sync_file(File& file) {
  sync_points_ += 1;
  if (pass_sync_point(CutMoment::kBefore)) return false;
  if (fail_syncs_ > 0) {
    fail_syncs_ -= 1;
    file.changes.clear();
    return false;
  }
  if (!ignore_syncs_) {
    for (const auto& change : file.changes) apply(file.durable, change);
    file.changes.clear();
  }
  return !pass_sync_point(CutMoment::kAfter);
}

Result<void> CrashDisk::sync_names() {
  const std::lock_guard lock(mutex_);
  if (is_off_ || !sync_folder()) return Error{ErrorCode::kIo, "sync folder: the disk is off"};
  return {};
}

bool CrashDisk::sync_folder() {
  sync_points_ += 1;
  if (pass_sync_point(CutMoment::kBefore)) return false;
  if (!ignore_syncs_) {
    durable_ = current_;
    name_changes_.clear();
  }
  return !pass_sync_point(CutMoment::kAfter);
}

void CrashDisk::change(File& file, Change change) {
  apply(file.current, change);
  file.changes.push_back(std::move(change));
}

uint64_t CrashDisk::used_bytes() const {
  uint64_t used = 0;
  for (const auto& [name, file] : current_) used += file->current.size();
  return used;
}

void CrashDisk::apply(std::string& image, const Change& change) {
  if (change.is_truncation) {
    image.resize(change.offset, '\0');
    return;
  }
  image.resize(std::max<size_t>(image.size(), change.offset + change.bytes.size()), '\0');
  image.replace(change.offset, change.bytes.size(), change.bytes);
}

void CrashDisk::apply_torn(std::string& image, const Change& change, base::Random& random) {
  size_t begin = 0;
  while (begin < change.bytes.size()) {
    const size_t in_sector = kSectorSizeBytes - (change.offset + begin) % kSectorSizeBytes;
    const size_t whole = std::min(in_sector, change.bytes.size() - begin);
    size_t survives = random.chance(.5) ? whole : 0;
    if (random.chance(.1)) survives = random.below(whole + 1);
    if (survives > 0) apply(image, {.offset = change.offset + begin, .bytes = change.bytes.substr(begin, survives)});
    begin += whole;
  }
}

}  // namespace cadre::test
