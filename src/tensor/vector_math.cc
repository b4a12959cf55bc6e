// Choosing the vector math of this machine. Since all versions give the same bits, there is nothing to choose for a
// caller.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/vector_math.h"

#include "base/cpu.h"
#include "tensor/vector_math_kernels.h"

namespace cadre::tensor {
namespace {

const internal::VectorMathFunctions& choose() {
  const base::CpuFeatures& cpu = base::cpu_features();
  if (cpu.avx512) return internal::kVectorMathAvx512;
  if (cpu.avx2) return internal::kVectorMathAvx2;
  return internal::kVectorMathScalar;
}

const internal::VectorMathFunctions& functions() {
  static const internal::VectorMathFunctions& chosen = choose();
  return chosen;
}

}  // namespace

void exponential(const float* x, size_t count, float* out) {
  functions().exponential(x, count, out);
}
void softmax(float* x, size_t count) {
  functions().softmax(x, count);
}
void softmax_rows(float* x, size_t stride, size_t rows, size_t count, float scale, const uint8_t* kinds,
                  const float* bias) {
  functions().softmax_rows(x, stride, rows, count, scale, kinds, bias);
}
void rms_norm(const float* x, const float* weight, size_t count, float epsilon, float* out) {
  functions().rms_norm(x, weight, count, epsilon, out);
}
void swiglu(const float* gate, const float* up, size_t count, float* out) {
  functions().swiglu(gate, up, count, out);
}
float dot(const float* a, const float* b, size_t count) {
  return functions().dot(a, b, count);
}
void axpy(float a, const float* x, float* y, size_t count) {
  functions().axpy(a, x, y, count);
}

}  // namespace cadre::tensor
