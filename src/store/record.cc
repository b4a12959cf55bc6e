// SPDX-License-Identifier: Apache-2.0
#include "store/record.h"

#include <fmt/format.h>

#include "base/check.h"

namespace cadre::store {
namespace {

// Appends fixed-width fields; every layout starts with a 16-byte tag so that no two kinds of hash can be confused.
class Layout {
 public:
  explicit Layout(std::string_view tag) : bytes_(tag) { CADRE_CHECK(tag.size() == 16, "every tag has 16 bytes"); }
  void u64(uint64_t value) { big_endian(value, 8); }
  void i64(int64_t value) { big_endian(static_cast<uint64_t>(value), 8); }
  void raw(std::span<const uint8_t> bytes) { bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); }
  void text(std::string_view text) { bytes_ += text; }
  void sized_text(std::string_view text) {
    CADRE_CHECK(text.size() <= kKindSizeBytesMax, "kinds are checked before they are hashed");
    big_endian(text.size(), 2);
    bytes_ += text;
  }
  void reserve(size_t size_bytes) { bytes_.reserve(size_bytes); }
  std::string take() { return std::move(bytes_); }
  Sha256 hash() const { return base::sha256(std::string_view(bytes_)); }

 private:
  void big_endian(uint64_t value, int size_bytes) {
    for (int shift = 8 * (size_bytes - 1); shift >= 0; shift -= 8) bytes_.push_back(static_cast<char>(value >> shift));
  }
  std::string bytes_;
};

}  // namespace

const char* run_state_name(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kDone:
      return "done";
    case RunState::kFailed:
      return "failed";
    case RunState::kDeclined:
      return "declined";
  }
  return "unknown";
}

std::string_view finish_kind(RunState outcome) {
  switch (outcome) {
    case RunState::kRunning:
      break;
    case RunState::kDone:
      return "run.done";
    case RunState::kFailed:
      return "run.failed";
    case RunState::kDeclined:
      return "run.declined";
  }
  CADRE_CHECK(false, "a run ends done, failed or declined");
  return {};
}

std::optional<RunState> finish_outcome(std::string_view kind) {
  for (const auto outcome : {RunState::kDone, RunState::kFailed, RunState::kDeclined}) {
    if (kind == finish_kind(outcome)) return outcome;
  }
  return std::nullopt;
}

Result<void> check_kind(std::string_view kind) {
  bool is_good = !kind.empty() && kind.size() <= kKindSizeBytesMax;
  for (const char c : kind.substr(0, kKindSizeBytesMax))
    is_good = is_good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-');
  if (is_good) return {};
  return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not a kind: 1 to {} characters of a-z 0-9 . _ -",
                                                kind.substr(0, kKindSizeBytesMax), kKindSizeBytesMax)};
}

Sha256 payload_hash(const Salt& salt, std::string_view payload) {
  Layout layout("cadre-payload-1\n");
  layout.reserve(32 + payload.size());
  layout.raw(salt);
  layout.text(payload);
  return layout.hash();
}

Sha256 first_previous_hash(const RunId& run, std::string_view run_kind) {
  Layout layout("cadre-run-v1   \n");
  layout.raw(run.bytes);
  layout.sized_text(run_kind);
  return layout.hash();
}

std::string canonical_bytes(const RecordHeader& record) {
  Layout layout("cadre-record-v1\n");
  layout.raw(record.run.bytes);
  layout.i64(record.sequence);
  layout.i64(record.wall_us);
  layout.sized_text(record.kind);
  layout.raw(record.payload_hash);
  layout.raw(record.previous_hash);
  return layout.take();
}

Sha256 record_hash(const RecordHeader& record) {
  return base::sha256(std::string_view(canonical_bytes(record)));
}

Sha256 heads_hash(std::span<const RunHead> heads) {
  Layout layout("cadre-heads-v1 \n");
  layout.reserve(16 + heads.size() * 56);
  for (const auto& head : heads) {
    layout.raw(head.run.bytes);
    layout.i64(head.records);
    layout.raw(head.hash);
  }
  return layout.hash();
}

Sha256 checkpoint_hash(const CheckpointHeader& checkpoint) {
  Layout layout("cadre-checkpt-1\n");
  layout.i64(checkpoint.number);
  layout.i64(checkpoint.wall_us);
  layout.i64(checkpoint.run_count);
  layout.raw(checkpoint.heads_hash);
  layout.raw(checkpoint.previous_hash);
  return layout.hash();
}

}  // namespace cadre::store
