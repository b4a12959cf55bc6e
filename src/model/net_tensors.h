// The tensors of a small net in a pack, written and read with the shapes that its weights say; private to this folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "model/router_limits.h"
#include "model/router_net.h"
#include "tensor/gguf.h"

namespace cadre::model {

// Calls visit(name, values, columns, rows) for every tensor of a net.
template <class Net, class Visit>
void visit_net_tensors(Net& net, Visit&& visit) {
  for (size_t group = 0; group < kNetGroups; ++group)
    visit(kNetTableNames[group], net.tables[group], net.width, net.rows);
  visit("net.table.scale", net.table_scales, net.width, kNetGroups);
  visit("net.hidden.weight", net.hidden_weights, net.hidden, kNetGroups * net.width);
  visit("net.hidden.scale", net.hidden_scales, net.hidden, 1);
  visit("net.hidden.bias", net.hidden_biases, net.hidden, 1);
  visit("net.output.weight", net.output_weights, net.labels, net.hidden);
  visit("net.output.scale", net.output_scales, net.labels, 1);
  visit("net.output.bias", net.output_biases, net.labels, 1);
}

template <class Value>
constexpr tensor::TensorType packed_type_of() {
  return sizeof(Value) == 1 ? tensor::TensorType::kI8 : tensor::TensorType::kF32;
}

template <class Value>
void add_packed_tensor(tensor::GgufBuilder& builder, const char* name, const std::vector<Value>& values,
                       uint64_t columns, uint64_t rows) {
  CADRE_CHECK(values.size() == columns * rows, "arrays have their tensors' shapes");
  const uint64_t dims[2] = {columns, rows};
  builder.add_tensor(name, packed_type_of<Value>(), std::span(dims, rows == 1 ? 1 : 2),
                     {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(Value)});
}

template <class Value>
Result<void> read_packed_tensor(const tensor::Gguf& file, const char* name, std::vector<Value>& values,
                                uint64_t columns, uint64_t rows) {
  const auto* found = TRY(file.tensor(name));
  if (found->type != packed_type_of<Value>() || found->dims[0] != columns || found->dims[1] != rows ||
      found->dims[2] * found->dims[3] != 1) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("tensor {}: must be {} of dims {{{}, {}}}, is {} of {{{}, {}, {}, {}}}", name,
                    tensor::traits(packed_type_of<Value>()).name, columns, rows, tensor::traits(found->type).name,
                    found->dims[0], found->dims[1], found->dims[2], found->dims[3])};
  }
  CADRE_CHECK(found->bytes.size() == columns * rows * sizeof(Value), "the reader checked the size against the dims");
  values.resize(columns * rows);
  std::memcpy(values.data(), found->bytes.data(), found->bytes.size());
  return {};
}

// The sizes of a net from which all its shapes follow, within their limits; labels are the caller's to set.
inline Result<void> read_net_sizes(const tensor::Gguf& file, RouterNetWeights& net) {
  const auto* words = TRY(file.tensor(kNetTableNames[0]));
  const uint64_t width = words->dims[0], rows = words->dims[1], hidden = TRY(file.tensor("net.hidden.weight"))->dims[0];
  TRY(check_router_size("net width", width, kRouterWidthMax));
  TRY(check_router_size("net rows", rows, kRouterRowsMax));
  TRY(check_router_size("net hidden", hidden, kRouterHiddenMax));
  net.width = static_cast<uint32_t>(width);
  net.rows = static_cast<uint32_t>(rows);
  net.hidden = static_cast<uint32_t>(hidden);
  return {};
}

}  // namespace cadre::model
