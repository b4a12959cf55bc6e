// SPDX-License-Identifier: Apache-2.0
#include "model/router_pack.h"

#include <fmt/format.h>

#include "model/net_tensors.h"
#include "model/router_limits.h"

namespace cadre::model {

using base::Json;
namespace {

// Calls visit(name, values, columns, rows) for every tensor, with what the weights say of their shapes.
template <class Weights, class Visit>
void visit_tensors(Weights& w, Visit&& visit) {
  const uint64_t labels = w.linear.labels;
  visit("linear.weight", w.linear.weights, labels, w.linear.buckets);
  visit("linear.scale", w.linear.scales, labels, 1);
  visit("linear.bias", w.linear.biases, labels, 1);
  visit_net_tensors(w.net, visit);
}

// The sizes from which all shapes follow, within their limits.
Result<void> read_sizes(const tensor::Gguf& file, RouterWeights& w) {
  const uint64_t labels = w.labels.size(), buckets = TRY(file.tensor("linear.weight"))->dims[1];
  TRY(check_router_size("labels", labels, kRouterLabelsMax));
  TRY(check_router_size("linear buckets", buckets, kRouterRowsMax));
  w.linear.labels = w.net.labels = static_cast<uint32_t>(labels);
  w.linear.buckets = static_cast<uint32_t>(buckets);
  return read_net_sizes(file, w.net);
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
    add_packed_tensor(builder, name, values, columns, rows);
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
    if (outcome.ok()) outcome = read_packed_tensor(file, name, values, columns, rows);
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
