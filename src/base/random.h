// The door through which chance enters: a small seeded generator with a fixed, documented sequence on every machine.
//
// Random is xoshiro256** (Blackman and Vigna 2018, prng.di.unimi.it) seeded through splitmix64; the standard library's
// distributions are not used because they differ between implementations. Not for secrets: those come from secure_random().
// Thread safety: one generator belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace cadre::base {

// One step of splitmix64: a good 64-bit mixer, used for seeds and hash finalisation.
uint64_t mix64(uint64_t x);

class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t next_u64();
  uint64_t below(uint64_t bound);  // uniform in [0, bound); bound > 0
  double uniform();                // uniform in [0, 1)
  double normal();                 // mean 0, variance 1
  bool chance(double probability) { return uniform() < probability; }
  // A generator for a sub-task, independent of how much this one is used later.
  Random fork(uint64_t stream) const;

  template <class T>
  void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  // The whole state, for checkpoints.
  std::array<uint64_t, 4> state() const { return state_; }
  void set_state(const std::array<uint64_t, 4>& state) { state_ = state; }

 private:
  std::array<uint64_t, 4> state_;
};

// Fills `out` from the operating system's entropy source.
Result<void> secure_random(std::span<uint8_t> out);

}  // namespace cadre::base
