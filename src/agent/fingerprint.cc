// SPDX-License-Identifier: Apache-2.0
#include "agent/fingerprint.h"

#include "base/file.h"
#include "base/sha256.h"

namespace cadre::agent {
namespace {

Result<std::string> hash_of(const std::string& path) {
  const auto file = TRY(base::MappedFile::open(path));
  return base::to_hex(base::sha256(file.bytes()));
}

}  // namespace

Result<std::string> fingerprint_file(const std::string& path) {
  std::string fingerprint = TRY(hash_of(path));
  const std::string log_path = path + "-wal";
  if (!base::file_exists(log_path)) return fingerprint;
  const uint64_t log_size_bytes = TRY(base::file_size_bytes(log_path));
  if (log_size_bytes == 0) return fingerprint;
  const std::string log_hash = TRY(hash_of(log_path));
  return base::to_hex(base::sha256(fingerprint + log_hash));
}

}  // namespace cadre::agent
