// A contract in a model's file, or in a file of its own for a model that somebody serves.
//
//   key cadre.contract      the contract, canonical JSON (agent/specialist_contract.h)
//   key cadre.model         of a pack without tensors: the model's name as its endpoint calls it
//   general.architecture    "cadre-contract" where the file holds no model
//
// Tensors and all other metadata of a model are copied byte for byte, whatever their types. A file whose contract is fixed by its weights
// (kind sql, decision or verifier) keeps it: what is added may not contradict it. Files are written whole or not at all.
// Thread safety: values; functions may be called from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/specialist_contract.h"
#include "base/result.h"
#include "tensor/gguf.h"

namespace cadre::agent {

inline constexpr const char* kContractKey = "cadre.contract";
inline constexpr const char* kPackModelKey = "cadre.model";
inline constexpr const char* kContractArchitecture = "cadre-contract";
inline constexpr size_t kPackModelNameBytesMax = 256;

struct ContractPack {
  SpecialistContract contract;
  std::string architecture;  // of the model; kContractArchitecture: there is none
  std::string model;         // as an endpoint calls it; empty where the file holds one
  uint64_t tensor_count = 0;
  std::string sha256;  // of the whole file, hexadecimal
};

// kInvalid, kUnsupported: what is wrong with file or contract, one problem a line. kNotFound: no file, or no contract in it.
Result<ContractPack> open_contract_pack(const std::string& path);

// The bytes as open_contract_pack reads them; `name` stands before problems.
Result<SpecialistContract> contract_of_gguf(const tensor::Gguf& gguf, const std::string& name);

// Writes the model file with this contract. `contract_text` is YAML or JSON, `name` stands before its problems; `instruction`, if not empty, becomes
// the contract's, which then must have none of its own. Says what was written.
struct PackRequest {
  std::string contract_text;
  std::string name;
  std::string instruction;
  std::string model_path;      // a GGUF; or
  std::string endpoint_model;  // the name of a model behind an endpoint
  std::string out_path;
};
Result<ContractPack> write_contract_pack(const PackRequest& request);

}  // namespace cadre::agent
