// The layers of a decider, forward and backward side by side, over the rows of one shard.
//
// Rows are tokens of several examples one after the other, without padding. Activations are f32; operands of matrix products are T
// (BFloat16 for speed, float for gradient checks). Backward functions add to gradients and overwrite dx unless said otherwise.
// Shapes stand on every parameter. Thread safety: pure functions over the caller's buffers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "tensor/aligned.h"
#include "tensor/matmul.h"

namespace cadre::train {

using tensor::AlignedVector;

// y = x W^T. The weight is [n, k] row-major, packed once per step for both directions.
template <class T>
struct PackedLinear {
  size_t n = 0, k = 0;
  tensor::PackedMatrix<T> forward;   // [k, n]
  tensor::PackedMatrix<T> backward;  // [n, k]
  AlignedVector<T> converted;
  void pack(tensor::MatmulKernel kernel, const float* weight, size_t rows, size_t columns);
};

// Scratch of backward products, one per shard.
template <class T>
struct LinearScratch {
  AlignedVector<T> dy, dy_transposed, x;
  tensor::PackedMatrix<T> packed;
};

// Scratch is shared by products of many shapes: it never shrinks, since growing back would fill with zeros first.
template <class V>
void grow(V& vector, size_t count) {
  if (vector.size() < count) vector.resize(count);
}

template <class T>
void linear_forward(const PackedLinear<T>& linear, const T* x, size_t rows, float* y) {
  tensor::matmul(x, linear.k, rows, linear.forward, y, linear.n, tensor::Accumulate::kNo);
}
// dy [rows, n] f32, x [rows, k]; dx [rows, k] = or += dy W; dweight [n, k] += dy^T x. `rows` buffers must hold rows rounded up to 32.
template <class T>
void linear_backward(const PackedLinear<T>& linear, const float* dy, const T* x, size_t rows, float* dx,
                     tensor::Accumulate accumulate_dx, float* dweight, LinearScratch<T>& scratch);

// out [rows, width] = x / rms(x) * weight; keeps 1 / rms per row.
void rms_norm_forward(const float* x, const float* weight, size_t rows, size_t width, float epsilon, float* out, float* inverse_rms);
// dx [rows, width] += ...; dweight [width] += ...
void rms_norm_backward(const float* x, const float* weight, const float* inverse_rms, const float* dout, size_t rows, size_t width,
                       float* dx, float* dweight);

// Rotates pairs (i, i + head_dim / 2) of every head of q and k in qkv [rows, 3 * width]; direction -1 is the inverse (backward).
struct RotaryTable {
  RotaryTable(size_t positions, size_t head_dim, float base);
  size_t half = 0;
  AlignedVector<float> cosine, sine;  // [positions, half]
};
void rotate(const RotaryTable& table, const uint16_t* positions, size_t rows, size_t width, size_t head_dim, float direction, float* qkv);

// Attention within one example of `length` rows: out = softmax(q k^T / sqrt(head_dim) + bias[relation]) v, per head.
struct AttentionShape {
  size_t length = 0, width = 0, heads = 0;
  size_t head_dim() const { return width / heads; }
  size_t padded() const { return (length + 15) / 16 * 16; }
};
// Scratch for one example at a time.
struct AttentionScratch {
  AlignedVector<float> transposed, dscores;
};
// qkv [length, 3 width]; relations [length, length]; bias [heads, 16]; probabilities [heads, length, padded] kept for backward.
void attention_forward(const AttentionShape& shape, const float* qkv, const uint8_t* relations, const float* bias, float* probabilities,
                       float* out, AttentionScratch& scratch);
void attention_backward(const AttentionShape& shape, const float* qkv, const uint8_t* relations, const float* probabilities,
                        const float* dout, float* dqkv, float* dbias, AttentionScratch& scratch);

// out [rows, width] = silu(gate) * up, from gate_up [rows, 2 width] (gate first).
void swiglu_forward(const float* gate_up, size_t rows, size_t width, float* out);
void swiglu_backward(const float* gate_up, const float* dout, size_t rows, size_t width, float* dgate_up);

// Adds b to every row / sums rows into db.
void add_bias(float* x, const float* bias, size_t rows, size_t width);
void bias_backward(const float* dx, size_t rows, size_t width, float* dbias);
void relu_forward(float* x, size_t count);
void relu_backward(const float* activated, float* dx, size_t count);  // activated is the output of relu_forward

// Dropout with a stored mask (0 or 1 per element); keeps expectation by scaling. rate 0 does nothing.
void dropout_forward(float* x, size_t count, float rate, base::Random& random, uint8_t* mask);
void dropout_backward(float* dx, size_t count, float rate, const uint8_t* mask);

// y += x.
void add(float* y, const float* x, size_t count);

// Cross-entropy of one row over `count` logits with the target index; writes weight * (softmax - onehot) to dlogits, returns weight * loss.
// Entries with allowed[i] == 0 take no part (allowed may be null).
double cross_entropy(const float* logits, size_t count, size_t target, float weight, const uint8_t* allowed, float* dlogits);
// Sum over two logits' binary cross-entropies is the caller's; this is one. dlogit is written.
double binary_cross_entropy(float logit, bool target, float weight, float* dlogit);

}  // namespace cadre::train
