// What outlives runs: facts about subjects, each with where it comes from and until when it holds. A SQLite file.
//
// A fact is named within its subject; remembering a name again replaces its value. Expired facts
// are never given, and are removed by the next write. Forgetting deletes: rows are gone from the file (secure_delete), not marked.
// Every write is synced before it returns. Several processes may use one file.
// Errors: kLimit, kIo, kBusy, kCorrupt. Thread safety: every method may be called from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::store {

inline constexpr size_t kFactSizeMax = 64 << 10;  // bytes of a value as JSON
inline constexpr size_t kFactNameSizeMax = 256;   // bytes of a subject, of a name
inline constexpr size_t kFactsGivenMax = 1'000;

struct Fact {
  std::string subject;
  std::string name;
  base::Json value;
  std::string source;         // the run and step that it comes from
  int64_t remembered_us = 0;  // wall clock
  int64_t expires_us = 0;     // 0: never
};

class FactStore {
 public:
  static Result<FactStore> open(const std::string& path, const base::Clock& clock = base::system_clock());
  FactStore(FactStore&&) noexcept;
  FactStore& operator=(FactStore&&) noexcept;
  ~FactStore();

  // `lasts_ms` 0: for ever.
  Result<void> remember(const std::string& subject, const std::string& name, const base::Json& value,
                        const std::string& source, int64_t lasts_ms);
  // Nothing: it is not known, or has expired.
  Result<std::optional<Fact>> recall(const std::string& subject, const std::string& name) const;
  // All that is known of a subject (empty: of everybody), by name; at most `count_max`.
  Result<std::vector<Fact>> facts(const std::string& subject, size_t count_max) const;
  // One fact (name empty: all of the subject). How many there were.
  Result<int64_t> forget(const std::string& subject, const std::string& name);

 private:
  struct Impl;
  explicit FactStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cadre::store
