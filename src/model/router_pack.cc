// SPDX-License-Identifier: Apache-2.0
#include "model/router_pack.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <span>

#include "base/check.h"
#include "model/router_limits.h"

namespace cadre::model {

using base::Json;
using tensor::TensorType;

namespace {

std::span<const uint8_t> bytes_of(const std::vector<int8_t>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size()};
}

std::span<const uint8_t> bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
}

// Calls visit(name, values, columns, rows) for every tensor, with what the weights say of their shapes.
template <class Weights, class Visit>
void visit_tensors(Weights& w, Visit&& visit) {
  const uint64_t labels = w.linear.labels;
  visit("linear.weight", w.linear.weights, labels, w.linear.buckets);
  visit("linear.scale", w.linear.scales, labels, 1);
  visit("linear.bias", w.linear.biases, labels, 1);
  for (size_t group = 0; group < kNetGroups; ++group)
    visit(kNetTableNames[group], w.net.tables[group], w.net.width, w.net.rows);
  visit("net.table.scale", w.net.table_scales, w.net.width, kNetGroups);
  visit("net.hidden.weight", w.net.hidden_weights, w.net.hidden, kNetGroups * w.net.width);
  visit("net.hidden.scale", w.net.hidden_scales, w.net.hidden, 1);
  visit("net.hidden.bias", w.net.hidden_biases, w.net.hidden, 1);
  visit("net.output.weight", w.net.output_weights, labels, w.net.hidden);
  visit("net.output.scale", w.net.output_scales, labels, 1);
  visit("net.output.bias", w.net.output_biases, labels, 1);
}

template <class Value>
constexpr TensorType type_of() {
  return sizeof(Value) == 1 ? TensorType::kI8 : TensorType::kF32;
}

template <class Value>
Result<void> read_tensor(const tensor::Gguf& file, const char* name, std::vector<Value>& values, uint64_t columns,
                         uint64_t rows) {
  const auto* found = TRY(file.tensor(name));
  if (found->type != type_of<Value>() || found->dims[0] != columns || found->dims[1] != rows ||
      found->dims[2] * found->dims[3] != 1) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("tensor {}: must be {} of dims {{{}, {}}}, is {} of {{{}, {}, {}, {}}}", name,
                             tensor::traits(type_of<Value>()).name, columns, rows, tensor::traits(found->type).name,
                             found->dims[0], found->dims[1], found->dims[2], found->dims[3])};
  }
  CADRE_CHECK(found->bytes.size() == columns * rows * sizeof(Value), "the reader checked the size against the dims");
  values.resize(columns * rows);
  std::memcpy(values.data(), found->bytes.data(), found->bytes.size());
  return {};
}

// The sizes from which all shapes follow, within their limits.
Result<void> read_sizes(const tensor::Gguf& file, RouterWeights& w) {
  const uint64_t labels = w.labels.size(), buckets = TRY(file.tensor("linear.weight"))->dims[1];
  const auto* words = TRY(file.tensor(kNetTableNames[0]));
  const uint64_t width = words->dims[0], rows = words->dims[1], hidden = TRY(file.tensor("net.hidden.weight"))->dims[0];
  TRY(check_router_size("labels", labels, kRouterLabelsMax));
  TRY(check_router_size("linear buckets", buckets, kRouterRowsMax));
  TRY(check_router_size("net width", width, kRouterWidthMax));
  TRY(check_router_size("net rows", rows, kRouterRowsMax));
  TRY(check_router_size("net hidden", hidden, kRouterHiddenMax));
  w.linear.labels = w.net.labels = static_cast<uint32_t>(labels);
  w.linear.buckets = static_cast<uint32_t>(buckets);
  w.net.width = static_cast<uint32_t>(width);
  w.net.rows = static_cast<uint32_t>(rows);
  w.net.hidden = static_cast<uint32_t>(hidden);
  return {};
}

Result<void> read_identity(const tensor::Gguf& file, RouterWeights& weights) {
  const auto architecture = TRY(file.string("general.architecture"));
  if (architecture != kRouterArchitecture)
    return Error{ErrorCode::kUnsupported,
                 fmt::format("architecture \"{}\", a router is \"{}\"", architecture, kRouterArchitecture)};
  const auto scheme = TRY(file.string("cadre.router.features"));
  if (scheme != kNgramScheme)
    return Error{
        ErrorCode::kUnsupported,
        fmt::format("n-gram scheme \"{}\", this build has \"{}\": train the pack again", scheme, kNgramScheme)};
  for (const auto label : TRY(file.strings("cadre.router.labels"))) weights.labels.emplace_back(label);
  return {};
}

}  // namespace

std::string encode_router_pack(const RouterWeights& weights, Json contract) {
  contract["calibration"].update(to_json(weights.calibration));
  tensor::GgufBuilder builder;
  builder.add_string("general.architecture", kRouterArchitecture);
  builder.add_string("general.name", contract.value("name", "router"));
  builder.add_string("general.version", contract.value("version", "0"));
  builder.add_string("cadre.router.features", kNgramScheme);
  builder.add_strings("cadre.router.labels", weights.labels);
  builder.add_string("cadre.contract", base::dump_json(contract));
  visit_tensors(weights, [&builder](const char* name, const auto& values, uint64_t columns, uint64_t rows) {
    CADRE_CHECK(values.size() == columns * rows, "arrays have their tensors' shapes");
    const uint64_t dims[2] = {columns, rows};
    using Value = typename std::decay_t<decltype(values)>::value_type;
    builder.add_tensor(name, type_of<Value>(), std::span(dims, rows == 1 ? 1 : 2), bytes_of(values));
  });
  return builder.bytes();
}

Result<RouterPack> decode_router_pack(const tensor::Gguf& file) {
  RouterPack pack;
  TRY(read_identity(file, pack.weights));
  TRY(read_sizes(file, pack.weights));
  pack.contract = TRY(base::parse_json(TRY(file.string("cadre.contract"))));
  pack.weights.calibration = TRY(router_calibration_from_json(*TRY(base::json_object(pack.contract, "calibration"))));
  Result<void> outcome;
  visit_tensors(pack.weights, [&](const char* name, auto& values, uint64_t columns, uint64_t rows) {
    if (outcome.ok()) outcome = read_tensor(file, name, values, columns, rows);
  });
  TRY(std::move(outcome));
  return pack;
}

Result<Router> Router::open(const std::string& path) {
  const auto load = [&path]() -> Result<Router> {
    const auto file = TRY(tensor::GgufFile::open(path));
    const auto pack = TRY(decode_router_pack(file.gguf));
    return Router::make(pack.weights);
  };
  auto router = load();
  if (!router.ok()) return std::move(router).error().with_context(fmt::format("load router \"{}\"", path));
  return router;
}

}  // namespace cadre::model
