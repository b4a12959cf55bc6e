// A GGUF file's metadata and tensors as one JSON object, for people and programs to read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "tensor/gguf.h"

namespace cadre::app {

// Keys: file_bytes, parameters, tensors (count), types (for each element type: tensors, parameters, bytes), metadata (scalars and
// strings as they are; a string that is a JSON object as that object; an array as its length). With `each_tensor` also tensor_list.
base::Json pack_summary(const tensor::Gguf& gguf, uint64_t file_size_bytes, bool each_tensor);

// The same for people: the contract's parts under their own headings.
std::string pack_text(const base::Json& summary);

}  // namespace cadre::app
