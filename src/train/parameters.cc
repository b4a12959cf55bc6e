// SPDX-License-Identifier: Apache-2.0
#include "train/parameters.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/check.h"
#include "base/vectorize.h"

namespace cadre::train {
namespace {

constexpr size_t kAlignElements = 16;

void initialize(const model::TensorSpec& spec, float* values, base::Random& random) {
  const size_t count = size_t{spec.rows} * spec.columns;
  if (spec.role == model::TensorRole::kVector) {
    const bool is_norm = spec.name.find("norm") != std::string::npos;
    const bool is_embedding = spec.name.find("embd") != std::string::npos;
    for (size_t i = 0; i < count; ++i) values[i] = is_norm ? 1.0f : is_embedding ? static_cast<float>(random.normal()) * 0.3f : 0.0f;
    return;
  }
  float deviation = 1.0f / std::sqrt(static_cast<float>(spec.columns));
  if (spec.role == model::TensorRole::kEmbedding) deviation = 0.5f;
  // Residual branches start small, so that depth does not blow up the stream.
  if (spec.name.find("attn_output") != std::string::npos || spec.name.find("ffn_down") != std::string::npos) deviation *= 0.5f;
  if (spec.name.find(".output.weight") != std::string::npos && spec.name.find("head") == 0) deviation *= 0.2f;
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(random.normal()) * deviation;
}

CADRE_VECTORIZE
void sum_into(float* __restrict total, const float* __restrict other, size_t count) {
  for (size_t i = 0; i < count; ++i) total[i] += other[i];
}

CADRE_VECTORIZE
double sum_of_squares(const float* __restrict x, size_t count) {
  double lanes[16] = {};
  for (size_t i = 0; i < count; i += 16)
    for (size_t j = 0; j < 16; ++j) lanes[j] += static_cast<double>(x[i + j]) * x[i + j];
  double total = 0;
  for (const double lane : lanes) total += lane;
  return total;
}

struct Update {
  float scale, rate, beta1, beta2, epsilon, decay, correction1, correction2, average_decay;
};

CADRE_VECTORIZE
void adam(float* __restrict w, float* __restrict g, float* __restrict m, float* __restrict v, float* __restrict average,
          size_t count, Update u) {
  for (size_t i = 0; i < count; ++i) {
    const float gradient = g[i] * u.scale;
    g[i] = 0;
    m[i] = u.beta1 * m[i] + (1 - u.beta1) * gradient;
    v[i] = u.beta2 * v[i] + (1 - u.beta2) * gradient * gradient;
    const float step = (m[i] * u.correction1) / (std::sqrt(v[i] * u.correction2) + u.epsilon);
    w[i] -= u.rate * (step + u.decay * w[i]);
    average[i] = u.average_decay * average[i] + (1 - u.average_decay) * w[i];
  }
}

// Runs body(begin, end) over [0, count) in `threads` contiguous parts that start on cache lines.
template <class Body>
void parallel_ranges(size_t count, size_t threads, const Body& body) {
  const size_t part = ((count + threads - 1) / threads + kAlignElements - 1) / kAlignElements * kAlignElements;
  std::vector<std::thread> workers;
  for (size_t t = 1; t < threads; ++t)
    workers.emplace_back([&, t] { body(std::min(count, t * part), std::min(count, (t + 1) * part)); });
  body(0, std::min(count, part));
  for (auto& worker : workers) worker.join();
}

}  // namespace

Parameters::Parameters(const std::vector<model::TensorSpec>& specs, size_t shards, base::Random random) : specs_(specs) {
  size_t size = 0;
  for (const auto& spec : specs_) {
    offsets_.push_back(size);
    decays_.push_back(spec.role == model::TensorRole::kMatrix);
    size += (size_t{spec.rows} * spec.columns + kAlignElements - 1) / kAlignElements * kAlignElements;
  }
  values_.assign(size, 0.0f);
  moment1_.assign(size, 0.0f);
  moment2_.assign(size, 0.0f);
  gradients_.assign(shards, tensor::AlignedVector<float>(size, 0.0f));
  for (size_t tensor = 0; tensor < specs_.size(); ++tensor) {
    base::Random stream = random.fork(tensor);
    initialize(specs_[tensor], value(tensor), stream);
  }
  average_ = values_;
}

size_t Parameters::index(const std::string& name) const {
  for (size_t i = 0; i < specs_.size(); ++i)
    if (specs_[i].name == name) return i;
  CADRE_CHECK(false, "the trainer asks only for tensors of decider_tensors()");
  return 0;
}

float Parameters::step(const AdamOptions& options, size_t threads) {
  float* total = gradients_[0].data();
  parallel_ranges(size(), threads, [&](size_t begin, size_t end) {
    for (size_t shard = 1; shard < gradients_.size(); ++shard) {
      sum_into(total + begin, gradients_[shard].data() + begin, end - begin);
      std::fill(gradients_[shard].begin() + static_cast<ptrdiff_t>(begin), gradients_[shard].begin() + static_cast<ptrdiff_t>(end), 0.0f);
    }
  });
  const auto norm = static_cast<float>(std::sqrt(sum_of_squares(total, size())));
  ++steps_;
  Update update{};
  update.scale = norm > options.clip_norm ? options.clip_norm / norm : 1.0f;
  update.rate = options.learning_rate;
  update.beta1 = options.beta1;
  update.beta2 = options.beta2;
  update.epsilon = options.epsilon;
  update.correction1 = static_cast<float>(1.0 / (1.0 - std::pow(options.beta1, static_cast<double>(steps_))));
  update.correction2 = static_cast<float>(1.0 / (1.0 - std::pow(options.beta2, static_cast<double>(steps_))));
  // A young average would remember the random start; the usual warm-up (1 + t) / (10 + t) forgets it.
  update.average_decay = std::min(options.average_decay, static_cast<float>(1 + steps_) / static_cast<float>(10 + steps_));
  parallel_ranges(size(), threads, [&](size_t begin, size_t end) {
    for (size_t tensor = 0; tensor < specs_.size(); ++tensor) {
      const size_t tensor_end = tensor + 1 < specs_.size() ? offsets_[tensor + 1] : size();
      const size_t from = std::max(begin, offsets_[tensor]), to = std::min(end, tensor_end);
      if (from >= to) continue;
      Update mine = update;
      mine.decay = decays_[tensor] ? options.weight_decay : 0.0f;
      adam(values_.data() + from, total + from, moment1_.data() + from, moment2_.data() + from, average_.data() + from, to - from, mine);
    }
  });
  return norm;
}

}  // namespace cadre::train
