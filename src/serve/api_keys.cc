// SPDX-License-Identifier: Apache-2.0
#include "serve/api_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/file.h"
#include "base/json.h"

namespace cadre::serve {
namespace {

constexpr uint64_t kFileSizeBytesMax = 1 << 20;
constexpr std::array kScopes = {Scope::kRunsRead, Scope::kRunsWrite, Scope::kApprove, Scope::kChat,
                                Scope::kMcp,      Scope::kMetrics,   Scope::kAdmin};

Result<base::Sha256> parse_hash(const std::string& text) {
  base::Sha256 hash{};
  if (text.size() != 2 * hash.size() || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Error{ErrorCode::kInvalid, "sha256 must be 64 lower-case hexadecimal digits (printf %s KEY | sha256sum)"};
  }
  for (size_t i = 0; i < hash.size(); ++i)
    hash[i] = static_cast<uint8_t>(std::stoi(text.substr(2 * i, 2), nullptr, 16));
  return hash;
}

Result<uint32_t> parse_scopes(const base::Json& list) {
  uint32_t scopes = 0;
  for (const auto& item : list) {
    const auto* found = std::find_if(kScopes.begin(), kScopes.end(), [&](Scope scope) {
      return item.is_string() && item.get<std::string>() == scope_name(scope);
    });
    if (found == kScopes.end()) {
      return Error{ErrorCode::kInvalid, "scopes: " + base::dump_json(item) +
                                            " is none of runs:read, runs:write, approve, chat, mcp, metrics, admin"};
    }
    scopes |= static_cast<uint32_t>(*found);
  }
  if (scopes == 0) return Error{ErrorCode::kInvalid, "scopes: name at least one"};
  return scopes;
}

Result<double> optional_rate(const base::Json& item, const char* name) {
  if (!item.contains(name)) return 0.0;
  const double rate = TRY(base::json_number(item, name));
  if (!(rate > 0) || rate > 1e6) return Error{ErrorCode::kInvalid, fmt::format("{} must be over 0", name)};
  return rate;
}

Result<ApiKey> parse_key(const base::Json& item) {
  static const std::set<std::string> kFields = {"name", "sha256", "scopes", "requests_per_second", "burst"};
  if (!item.is_object()) return Error{ErrorCode::kInvalid, "it must be an object"};
  for (const auto& [field, value] : item.items()) {
    if (!kFields.contains(field)) return Error{ErrorCode::kInvalid, fmt::format("field \"{}\" is unknown", field)};
  }
  ApiKey key;
  key.name = TRY(base::json_string(item, "name"));
  if (key.name.empty() || key.name.size() > 100) return Error{ErrorCode::kInvalid, "name must have 1 to 100 bytes"};
  key.sha256 = TRY(parse_hash(TRY(base::json_string(item, "sha256"))));
  key.scopes = TRY(parse_scopes(*TRY(base::json_array(item, "scopes"))));
  key.requests_per_second = TRY(optional_rate(item, "requests_per_second"));
  key.burst = std::max({1.0, key.requests_per_second, TRY(optional_rate(item, "burst"))});
  return key;
}

}  // namespace

const char* scope_name(Scope scope) {
  switch (scope) {
    case Scope::kRunsRead:
      return "runs:read";
    case Scope::kRunsWrite:
      return "runs:write";
    case Scope::kApprove:
      return "approve";
    case Scope::kChat:
      return "chat";
    case Scope::kMcp:
      return "mcp";
    case Scope::kMetrics:
      return "metrics";
    case Scope::kAdmin:
      return "admin";
  }
  return "admin";
}

bool ApiKey::may(Scope scope) const {
  return (scopes & (static_cast<uint32_t>(scope) | static_cast<uint32_t>(Scope::kAdmin))) != 0;
}

Result<ApiKeys> ApiKeys::parse(std::string_view text) {
  const auto file = TRY(base::parse_json(text));
  if (!file.is_object() || file.size() != 1) {
    return Error{ErrorCode::kInvalid, "it must be {\"keys\": [...]} and nothing else"};
  }
  ApiKeys keys;
  std::set<std::string> names;
  std::set<base::Sha256> hashes;
  for (const auto& item : *TRY(base::json_array(file, "keys"))) {
    auto key = parse_key(item);
    if (!key.ok()) return std::move(key).error().with_context(fmt::format("key {}", keys.keys_.size() + 1));
    if (!names.insert(key->name).second || !hashes.insert(key->sha256).second) {
      return Error{ErrorCode::kInvalid, fmt::format("key {}: its name or hash is there twice", keys.keys_.size() + 1)};
    }
    keys.keys_.push_back(std::move(*key));
  }
  if (keys.keys_.empty()) return Error{ErrorCode::kInvalid, "it names no key"};
  return keys;
}

Result<ApiKeys> ApiKeys::load(const std::string& path) {
  auto keys = parse(TRY(base::read_file(path, kFileSizeBytesMax)));
  if (!keys.ok()) return std::move(keys).error().with_context(path);
  return keys;
}

const ApiKey* ApiKeys::find(std::string_view secret) const {
  const auto hash = base::sha256(secret);
  const ApiKey* found = nullptr;
  for (const auto& key : keys_) {
    uint8_t difference = 0;
    for (size_t i = 0; i < hash.size(); ++i) difference |= static_cast<uint8_t>(hash[i] ^ key.sha256[i]);
    found = difference == 0 ? &key : found;
  }
  return found;
}

int64_t RateLimits::take(const ApiKey& key) {
  const bool has_own = key.requests_per_second > 0;
  const double rate = has_own ? key.requests_per_second : requests_per_second_default_;
  if (rate <= 0) return 0;
  const double burst = has_own ? key.burst : std::max(1.0, rate);
  const int64_t now_ns = clock_.monotonic_ns();
  const std::lock_guard lock(mutex_);
  auto [it, is_new] = buckets_.try_emplace(key.name, Bucket{burst, now_ns});
  auto& bucket = it->second;
  bucket.tokens = std::min(burst, bucket.tokens + static_cast<double>(now_ns - bucket.at_ns) * 1e-9 * rate);
  bucket.at_ns = now_ns;
  if (bucket.tokens < 1)
    return std::max<int64_t>(1, static_cast<int64_t>(std::ceil((1 - bucket.tokens) / rate * 1000)));
  bucket.tokens -= 1;
  return 0;
}

}  // namespace cadre::serve
