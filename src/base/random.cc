// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <sys/random.h>

#include <cmath>
#include <numbers>

namespace cadre::base {
namespace {

uint64_t rotate_left(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

}  // namespace

uint64_t mix64(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

Random::Random(uint64_t seed) {
  for (auto& word : state_) {
    word = mix64(seed);
    seed += 0x9E3779B97F4A7C15ull;
  }
}

uint64_t Random::next_u64() {
  const uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotate_left(state_[3], 45);
  return result;
}

uint64_t Random::below(uint64_t bound) {
  CADRE_CHECK(bound > 0, "an empty range has no member");
  // Rejection keeps the result uniform; at most one retry is expected even for the worst bound.
  const uint64_t limit = bound * (UINT64_MAX / bound);
  uint64_t x = next_u64();
  while (x >= limit) x = next_u64();
  return x % bound;
}

double Random::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

Random Random::fork(uint64_t stream) const { return Random(mix64(state_[0] ^ mix64(state_[3] + mix64(stream)))); }

Result<void> secure_random(std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = getrandom(out.data() + done, out.size() - done, 0);
    if (got < 0) return Error{ErrorCode::kIo, "read random bytes: getrandom failed"};
    done += static_cast<size_t>(got);
  }
  return {};
}

}  // namespace cadre::base
