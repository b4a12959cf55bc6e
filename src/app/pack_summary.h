// A GGUF file's metadata and tensors as one JSON object, for people and programs to read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "tensor/gguf.h"

namespace cadre::app {

// Keys: file_bytes, parameters, tensors (count), types (for each element type: tensors, parameters, bytes), metadata (scalars and
// strings as they are; a string that is a JSON object as that object; an array as its length), contract_errors (what is wrong with the contract, if
// there is one). With `each_tensor` also tensor_list. Tensors of types that cadre does not read count in "tensors" and "unread_tensors" alone.
base::Json pack_summary(const tensor::Gguf& gguf, uint64_t file_size_bytes, bool each_tensor);

// The same for people: the contract's parts under their own headings. `contract`: as it was read; empty: as the metadata have it.
std::string pack_text(const base::Json& summary, const std::string& contract = "");

}  // namespace cadre::app
