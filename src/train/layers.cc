// SPDX-License-Identifier: Apache-2.0
#include "train/layers.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/vectorize.h"
#include "tensor/small_product.h"

namespace cadre::train {
namespace {

constexpr size_t kRelations = 16;

// A row of a power of two bytes maps to few sets of the first-level cache; one more line per row spreads them.
constexpr size_t kRowSkew = 32;

size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

// e^x by splitting off powers of two and a degree-6 polynomial; relative error below 2e-7 on [-87, 88].
inline float fast_exp(float x) {
  x = std::min(std::max(x, -87.0f), 88.0f);
  const float scaled = x * 1.44269504f;
  const float whole = std::nearbyint(scaled);
  const float f = (scaled - whole) * 0.693147181f;
  const float p = 1 + f * (1 + f * (0.5f + f * (0.166666667f + f * (0.0416666667f + f * (0.00833333333f + f * 0.00138888889f)))));
  const auto bits = static_cast<uint32_t>(static_cast<int32_t>(whole) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

inline float lane_sum(const float* lanes) {
  float total = 0;
  for (int i = 0; i < 16; ++i) total += lanes[i];
  return total;
}

}  // namespace

template <class T>
void PackedLinear<T>::pack(tensor::MatmulKernel kernel, const float* weight, size_t rows, size_t columns) {
  n = rows;
  k = columns;
  converted.resize(rows * columns);
  tensor::convert(weight, rows * columns, converted.data());
  tensor::pack_transposed(kernel, converted.data(), columns, columns, rows, forward);
  if (rows % 32 == 0) {
    tensor::pack(kernel, converted.data(), columns, rows, columns, backward);
  } else {  // heads end in 16 outputs; the product's inner dimension must be a multiple of 32
    AlignedVector<T> padded(round_up(rows, 32) * columns);
    std::memcpy(padded.data(), converted.data(), rows * columns * sizeof(T));
    tensor::pack(kernel, padded.data(), columns, round_up(rows, 32), columns, backward);
  }
}

template <class T>
void linear_backward(const PackedLinear<T>& linear, const float* dy, const T* x, size_t rows, float* dx,
                     tensor::Accumulate accumulate_dx, float* dweight, LinearScratch<T>& s) {
  const size_t n_padded = round_up(linear.n, 32), rows_padded = round_up(rows, 32);
  grow(s.dy, rows_padded * n_padded);
  if (n_padded == linear.n) {
    tensor::convert(dy, rows * linear.n, s.dy.data());
  } else {
    for (size_t r = 0; r < rows; ++r) {
      tensor::convert(dy + r * linear.n, linear.n, s.dy.data() + r * n_padded);
      std::fill_n(s.dy.data() + r * n_padded + linear.n, n_padded - linear.n, T{});
    }
  }
  std::fill_n(s.dy.data() + rows * n_padded, (rows_padded - rows) * n_padded, T{});
  if (dx != nullptr) tensor::matmul(s.dy.data(), n_padded, rows, linear.backward, dx, linear.k, accumulate_dx);
  const size_t stride = rows_padded + kRowSkew;
  grow(s.dy_transposed, n_padded * stride);
  tensor::transpose(s.dy.data(), n_padded, rows_padded, n_padded, s.dy_transposed.data(), stride);
  const T* inputs = x;
  if (rows_padded != rows) {  // the tail rows of dy are zero, but a NaN in unused memory times zero is a NaN
    grow(s.x, rows_padded * linear.k);
    std::memcpy(s.x.data(), x, rows * linear.k * sizeof(T));
    std::fill_n(s.x.data() + rows * linear.k, (rows_padded - rows) * linear.k, T{});
    inputs = s.x.data();
  }
  tensor::pack(linear.backward.kernel, inputs, linear.k, rows_padded, linear.k, s.packed);
  tensor::matmul(s.dy_transposed.data(), stride, linear.n, s.packed, dweight, linear.k, tensor::Accumulate::kYes);
}

template struct PackedLinear<float>;
template struct PackedLinear<tensor::BFloat16>;
template void linear_backward(const PackedLinear<float>&, const float*, const float*, size_t, float*, tensor::Accumulate, float*,
                              LinearScratch<float>&);
template void linear_backward(const PackedLinear<tensor::BFloat16>&, const float*, const tensor::BFloat16*, size_t, float*,
                              tensor::Accumulate, float*, LinearScratch<tensor::BFloat16>&);

CADRE_VECTORIZE
void rms_norm_forward(const float* __restrict x, const float* __restrict weight, size_t rows, size_t width, float epsilon,
                      float* __restrict out, float* __restrict inverse_rms) {
  for (size_t r = 0; r < rows; ++r) {
    const float* row = x + r * width;
    float lanes[16] = {};
    for (size_t i = 0; i < width; i += 16)
      for (size_t j = 0; j < 16; ++j) lanes[j] += row[i + j] * row[i + j];
    const float scale = 1.0f / std::sqrt(lane_sum(lanes) / static_cast<float>(width) + epsilon);
    inverse_rms[r] = scale;
    for (size_t i = 0; i < width; ++i) out[r * width + i] = row[i] * scale * weight[i];
  }
}

CADRE_VECTORIZE
void rms_norm_backward(const float* __restrict x, const float* __restrict weight, const float* __restrict inverse_rms,
                       const float* __restrict dout, size_t rows, size_t width, float* __restrict dx, float* __restrict dweight) {
  for (size_t r = 0; r < rows; ++r) {
    const float* row = x + r * width;
    const float* d = dout + r * width;
    const float scale = inverse_rms[r];
    float lanes[16] = {};
    for (size_t i = 0; i < width; i += 16)
      for (size_t j = 0; j < 16; ++j) lanes[j] += d[i + j] * weight[i + j] * row[i + j];
    const float common = lane_sum(lanes) * scale * scale * scale / static_cast<float>(width);
    for (size_t i = 0; i < width; ++i) {
      dweight[i] += d[i] * row[i] * scale;
      dx[r * width + i] += d[i] * weight[i] * scale - row[i] * common;
    }
  }
}

RotaryTable::RotaryTable(size_t positions, size_t head_dim, float base)
    : half(head_dim / 2), cosine(positions * half), sine(positions * half) {
  for (size_t p = 0; p < positions; ++p) {
    for (size_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(p) / std::pow(base, static_cast<double>(i) / static_cast<double>(half));
      cosine[p * half + i] = static_cast<float>(std::cos(angle));
      sine[p * half + i] = static_cast<float>(std::sin(angle));
    }
  }
}

CADRE_VECTORIZE
static void rotate_half(float* __restrict low, float* __restrict high, const float* __restrict cosine, const float* __restrict sine,
                        float direction, size_t half) {
  for (size_t i = 0; i < half; ++i) {
    const float a = low[i], b = high[i], s = sine[i] * direction;
    low[i] = a * cosine[i] - b * s;
    high[i] = a * s + b * cosine[i];
  }
}

void rotate(const RotaryTable& table, const uint16_t* positions, size_t rows, size_t width, size_t head_dim, float direction, float* qkv) {
  for (size_t r = 0; r < rows; ++r) {
    const float* cosine = table.cosine.data() + positions[r] * table.half;
    const float* sine = table.sine.data() + positions[r] * table.half;
    float* row = qkv + r * 3 * width;
    for (size_t offset = 0; offset < 2 * width; offset += head_dim)  // q heads, then k heads
      rotate_half(row + offset, row + offset + table.half, cosine, sine, direction, table.half);
  }
}

CADRE_VECTORIZE
static void softmax_row(float* __restrict scores, const uint8_t* __restrict relations, const float* __restrict bias, float scale,
                        size_t length, size_t padded) {
  for (size_t j = 0; j < length; ++j) scores[j] = scores[j] * scale + bias[relations[j]];
  for (size_t j = length; j < padded; ++j) scores[j] = -1e30f;
  float maxima[16];
  for (size_t j = 0; j < 16; ++j) maxima[j] = scores[j];
  for (size_t i = 16; i < padded; i += 16)
    for (size_t j = 0; j < 16; ++j) maxima[j] = std::max(maxima[j], scores[i + j]);
  float largest = maxima[0];
  for (size_t j = 1; j < 16; ++j) largest = std::max(largest, maxima[j]);
  float lanes[16] = {};
  for (size_t i = 0; i < padded; i += 16)
    for (size_t j = 0; j < 16; ++j) {
      scores[i + j] = fast_exp(scores[i + j] - largest);
      lanes[j] += scores[i + j];
    }
  const float inverse = 1.0f / lane_sum(lanes);
  for (size_t j = 0; j < length; ++j) scores[j] *= inverse;
  for (size_t j = length; j < padded; ++j) scores[j] = 0;
}

// In place: dprobabilities -> dscores = p * (dp - sum(p * dp)).
CADRE_VECTORIZE
static void softmax_backward_row(const float* __restrict probabilities, float* __restrict d, size_t padded) {
  float lanes[16] = {};
  for (size_t i = 0; i < padded; i += 16)
    for (size_t j = 0; j < 16; ++j) lanes[j] += probabilities[i + j] * d[i + j];
  const float mean = lane_sum(lanes);
  for (size_t j = 0; j < padded; ++j) d[j] = probabilities[j] * (d[j] - mean);
}

static void transpose_head(const float* rows, size_t stride, size_t length, size_t padded, size_t head_dim, float* out) {
  for (size_t d = 0; d < head_dim; ++d) {
    for (size_t j = 0; j < length; ++j) out[d * padded + j] = rows[j * stride + d];
    for (size_t j = length; j < padded; ++j) out[d * padded + j] = 0;
  }
}

void attention_forward(const AttentionShape& shape, const float* qkv, const uint8_t* relations, const float* bias, float* probabilities,
                       float* out, AttentionScratch& scratch) {
  const size_t length = shape.length, padded = shape.padded(), head_dim = shape.head_dim(), stride = 3 * shape.width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  scratch.transposed.resize(head_dim * padded);
  for (size_t h = 0; h < shape.heads; ++h) {
    const float* queries = qkv + h * head_dim;
    float* p = probabilities + h * length * padded;
    transpose_head(queries + shape.width, stride, length, padded, head_dim, scratch.transposed.data());
    tensor::small_product(queries, stride, 1, scratch.transposed.data(), padded, length, head_dim, padded, p, padded);
    for (size_t i = 0; i < length; ++i)
      softmax_row(p + i * padded, relations + i * length, bias + h * kRelations, scale, length, padded);
    tensor::small_product(p, padded, 1, queries + 2 * shape.width, stride, length, length, head_dim, out + h * head_dim, shape.width);
  }
}

void attention_backward(const AttentionShape& shape, const float* qkv, const uint8_t* relations, const float* probabilities,
                        const float* dout, float* dqkv, float* dbias, AttentionScratch& scratch) {
  const size_t length = shape.length, padded = shape.padded(), head_dim = shape.head_dim(), width = shape.width, stride = 3 * width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  scratch.transposed.resize(head_dim * padded);
  scratch.dscores.resize(length * padded);
  float* d = scratch.dscores.data();
  for (size_t h = 0; h < shape.heads; ++h) {
    const float* queries = qkv + h * head_dim;
    const float* p = probabilities + h * length * padded;
    const float* dout_head = dout + h * head_dim;
    float* dqueries = dqkv + h * head_dim;
    tensor::small_product(p, 1, padded, dout_head, width, length, length, head_dim, dqueries + 2 * width, stride);  // dv = p^T dout
    transpose_head(queries + 2 * width, stride, length, padded, head_dim, scratch.transposed.data());
    tensor::small_product(dout_head, width, 1, scratch.transposed.data(), padded, length, head_dim, padded, d, padded);  // dp = dout v^T
    for (size_t i = 0; i < length; ++i) {
      softmax_backward_row(p + i * padded, d + i * padded, padded);
      for (size_t j = 0; j < length; ++j) dbias[h * kRelations + relations[i * length + j]] += d[i * padded + j];
      for (size_t j = 0; j < length; ++j) d[i * padded + j] *= scale;
    }
    tensor::small_product(d, padded, 1, queries + width, stride, length, length, head_dim, dqueries, stride);          // dq = ds k
    tensor::small_product(d, 1, padded, queries, stride, length, length, head_dim, dqueries + width, stride);          // dk = ds^T q
  }
}

CADRE_VECTORIZE
void swiglu_forward(const float* __restrict gate_up, size_t rows, size_t width, float* __restrict out) {
  for (size_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * width;
    const float* up = gate + width;
    for (size_t i = 0; i < width; ++i) out[r * width + i] = gate[i] / (1.0f + fast_exp(-gate[i])) * up[i];
  }
}

CADRE_VECTORIZE
void swiglu_backward(const float* __restrict gate_up, const float* __restrict dout, size_t rows, size_t width,
                     float* __restrict dgate_up) {
  for (size_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * width;
    const float* up = gate + width;
    float* dgate = dgate_up + r * 2 * width;
    float* dup = dgate + width;
    const float* d = dout + r * width;
    for (size_t i = 0; i < width; ++i) {
      const float sigmoid = 1.0f / (1.0f + fast_exp(-gate[i]));
      const float silu = gate[i] * sigmoid;
      dup[i] = d[i] * silu;
      dgate[i] = d[i] * up[i] * (sigmoid + silu * (1.0f - sigmoid));
    }
  }
}

CADRE_VECTORIZE
void add_bias(float* __restrict x, const float* __restrict bias, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; ++r)
    for (size_t i = 0; i < width; ++i) x[r * width + i] += bias[i];
}

CADRE_VECTORIZE
void bias_backward(const float* __restrict dx, size_t rows, size_t width, float* __restrict dbias) {
  for (size_t r = 0; r < rows; ++r)
    for (size_t i = 0; i < width; ++i) dbias[i] += dx[r * width + i];
}

CADRE_VECTORIZE
void relu_forward(float* __restrict x, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] = std::max(x[i], 0.0f);
}

CADRE_VECTORIZE
void relu_backward(const float* __restrict activated, float* __restrict dx, size_t count) {
  for (size_t i = 0; i < count; ++i) dx[i] = activated[i] > 0 ? dx[i] : 0.0f;
}

CADRE_VECTORIZE
static void apply_mask(float* __restrict x, const uint8_t* __restrict mask, float scale, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] *= static_cast<float>(mask[i]) * scale;
}

void dropout_forward(float* x, size_t count, float rate, base::Random& random, uint8_t* mask) {
  if (rate <= 0) return;
  const auto threshold = static_cast<uint8_t>(std::lround(rate * 256.0f));
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {  // one byte of chance per element
    uint64_t word = random.next_u64();
    for (size_t j = 0; j < 8; ++j, word >>= 8) mask[i + j] = static_cast<uint8_t>(word) >= threshold;
  }
  for (; i < count; ++i) mask[i] = static_cast<uint8_t>(random.next_u64()) >= threshold;
  apply_mask(x, mask, 256.0f / (256.0f - static_cast<float>(threshold)), count);
}

void dropout_backward(float* dx, size_t count, float rate, const uint8_t* mask) {
  if (rate <= 0) return;
  const auto threshold = static_cast<float>(std::lround(rate * 256.0f));
  apply_mask(dx, mask, 256.0f / (256.0f - threshold), count);
}

CADRE_VECTORIZE
void add(float* __restrict y, const float* __restrict x, size_t count) {
  for (size_t i = 0; i < count; ++i) y[i] += x[i];
}

double cross_entropy(const float* logits, size_t count, size_t target, float weight, const uint8_t* allowed, float* dlogits) {
  float largest = logits[target];
  for (size_t i = 0; i < count; ++i)
    if (allowed == nullptr || allowed[i]) largest = std::max(largest, logits[i]);
  double total = 0;
  for (size_t i = 0; i < count; ++i) {
    const double e = allowed == nullptr || allowed[i] ? std::exp(static_cast<double>(logits[i]) - largest) : 0.0;
    dlogits[i] = static_cast<float>(e);
    total += e;
  }
  const double loss = std::log(total) - (static_cast<double>(logits[target]) - largest);
  for (size_t i = 0; i < count; ++i) dlogits[i] = static_cast<float>(dlogits[i] / total) * weight;
  dlogits[target] -= weight;
  return loss * weight;
}

double binary_cross_entropy(float logit, bool target, float weight, float* dlogit) {
  const double probability = 1.0 / (1.0 + std::exp(-static_cast<double>(logit)));
  *dlogit = static_cast<float>((probability - (target ? 1.0 : 0.0)) * weight);
  const double margin = target ? -logit : logit;
  return weight * (std::max(margin, 0.0) + std::log1p(std::exp(-std::abs(margin))));
}

}  // namespace cadre::train
