// A router as one GGUF file that carries its contract.
//
// Keys: general.architecture ("cadre-router"), general.name, general.version; cadre.router.features (the n-gram scheme),
// cadre.router.labels (strings); cadre.contract (JSON of kind "decision", its calibration among it).
// Tensors, I8 unless said, dims fastest first: linear.weight {labels, buckets}, linear.scale and linear.bias {labels} F32,
// net.words.weight, net.pairs.weight, net.pieces.weight {width, rows}, net.table.scale {width, 3} F32,
// net.hidden.weight {hidden, 3 width}, net.hidden.scale and .bias {hidden} F32, net.output.weight {labels, hidden},
// net.output.scale and .bias {labels} F32. Column scales cannot be expressed in Q8_0, whose blocks run along rows: hence I8.
// Whatever the bytes are, decoding returns an Error that names what is wrong, or weights of which Router::make accepts the shapes.
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "model/router.h"
#include "tensor/gguf.h"

namespace cadre::model {

struct RouterPack {
  RouterWeights weights;
  base::Json contract;  // an object; its "calibration" is that of the weights
};

// The bytes of the file. The contract's "calibration" is replaced by that of the weights.
std::string encode_router_pack(const RouterWeights& weights, base::Json contract);

Result<RouterPack> decode_router_pack(const tensor::Gguf& file);

}  // namespace cadre::model
