// SPDX-License-Identifier: Apache-2.0
#include "agent/contract_pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "tensor/gguf.h"
#include "text/yaml.h"

namespace cadre::agent {

using base::Json;

namespace {

std::string string_or(const tensor::Gguf& gguf, const char* key, const std::string& fallback) {
  const auto text = gguf.string(key);
  return text.ok() ? std::string(*text) : fallback;
}

Result<void> check_model_name(const std::string& name) {
  const bool is_plain =
      std::all_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x20 && c != 0x7F; });
  if (!name.empty() && name.size() <= kPackModelNameBytesMax && is_plain && base::is_valid_utf8(name)) return {};
  return Error{
      ErrorCode::kInvalid,
      fmt::format("the name of a model has 1 to {} bytes of UTF-8 without control characters", kPackModelNameBytesMax)};
}

Result<Json> document_of(const PackRequest& request) {
  const size_t first = request.contract_text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || request.contract_text[first] != '{')
    return text::parse_yaml(request.contract_text, request.name);
  auto json = read_contract_json(request.contract_text);
  if (!json.ok()) return std::move(json).error().with_context(request.name);
  return json;
}

// The contract as it is to stand in the file. `fixed`: the contract that the model's weights were trained with.
Result<SpecialistContract> contract_to_write(const PackRequest& request, const std::optional<Json>& fixed) {
  if (fixed) {
    if (!request.instruction.empty())
      return Error{ErrorCode::kInvalid,
                   fmt::format("{}: reads no instruction: its form is fixed by its weights", request.model_path)};
    const Json added = TRY(document_of(request));
    if (!added.is_object())
      return Error{ErrorCode::kInvalid, fmt::format("{}: a map of keys is expected", request.name)};
    return contract_from_json(base::dump_json(TRY(merge_contracts(*fixed, added, request.name))), request.name);
  }
  SpecialistContract contract = TRY(parse_contract(request.contract_text, request.name));
  if (is_fixed(contract.kind))
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}: kind {} is of models that cadre trains; for others say json or text", request.name,
                             contract_kind_name(contract.kind))};
  if (request.instruction.empty()) return contract;
  if (!base::is_valid_utf8(request.instruction))
    return Error{ErrorCode::kInvalid, fmt::format("{}: the instruction is not UTF-8 text", request.name)};
  if (!contract.asked.instruction.empty())
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}: the contract has an instruction of its own; give it there or in a file, not both",
                             request.name)};
  Json with = contract.canonical;
  with["instruction"] = request.instruction;
  return contract_from_json(base::dump_json(with), request.name);
}

// None: the model may do whatever its contract says.
Result<std::optional<Json>> fixed_contract_of(const tensor::Gguf& gguf, const std::string& path) {
  const std::string architecture = string_or(gguf, "general.architecture", "");
  if (!architecture.starts_with("cadre-") || architecture == kContractArchitecture) return std::optional<Json>();
  auto text = gguf.string(kContractKey);
  if (!text.ok()) return std::move(text).error().with_context(path);
  auto json = read_contract_json(*text);
  if (!json.ok()) return std::move(json).error().with_context(fmt::format("{}: {}", path, kContractKey));
  return std::optional<Json>(std::move(*json));
}

// What stands in the file; YAML may be shorter than the JSON it becomes.
Result<std::string> contract_json(const PackRequest& request, const SpecialistContract& contract) {
  if (contract.asked.instruction.empty() && !is_fixed(contract.kind)) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("{}: the contract needs an \"instruction\" (or --system-prompt FILE): what the model is told to do",
                    request.name)};
  }
  std::string json = base::dump_json(contract.canonical);
  if (json.size() > kContractBytesMax)
    return Error{ErrorCode::kLimit, fmt::format("{}: {} bytes of JSON; a pack holds at most {}", request.name,
                                                json.size(), kContractBytesMax)};
  return json;
}

Result<void> write_into_model(const PackRequest& request) {
  const auto file = TRY(tensor::GgufFile::open(request.model_path, tensor::GgufOtherTypes::kPassOver));
  if (string_or(file.gguf, "general.architecture", "") == kContractArchitecture)
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}: holds no model but a contract for one behind an endpoint; give --endpoint-model NAME",
                             request.model_path)};
  const auto fixed = TRY(fixed_contract_of(file.gguf, request.model_path));
  const SpecialistContract contract = TRY(contract_to_write(request, fixed));
  const std::array<std::pair<std::string, std::string>, 1> strings = {
      {{kContractKey, TRY(contract_json(request, contract))}}};
  return tensor::write_gguf_with(file.gguf, strings, request.out_path);
}

Result<void> write_for_endpoint(const PackRequest& request) {
  TRY(check_model_name(request.endpoint_model));
  const SpecialistContract contract = TRY(contract_to_write(request, {}));
  const std::string json = TRY(contract_json(request, contract));
  tensor::GgufBuilder builder;
  builder.add_string("general.architecture", kContractArchitecture);
  builder.add_string("general.name", contract.asked.name);
  builder.add_string("general.version", contract.asked.version);
  builder.add_string(kPackModelKey, request.endpoint_model);
  builder.add_string(kContractKey, json);
  return builder.write(request.out_path);
}

}  // namespace

Result<SpecialistContract> contract_of_gguf(const tensor::Gguf& gguf, const std::string& name) {
  auto text = gguf.string(kContractKey);
  if (!text.ok()) {
    Error error = std::move(text).error().with_context(name);
    if (error.code == ErrorCode::kNotFound) error.message += "; give it one with `cadre pack --contract FILE`";
    return error;
  }
  return contract_from_json(*text, fmt::format("{}: {}", name, kContractKey));
}

Result<ContractPack> open_contract_pack(const std::string& path) {
  const auto file = TRY(tensor::GgufFile::open(path, tensor::GgufOtherTypes::kPassOver));
  ContractPack pack{.contract = TRY(contract_of_gguf(file.gguf, path))};
  pack.architecture = string_or(file.gguf, "general.architecture", "");
  pack.model = string_or(file.gguf, kPackModelKey, "");
  pack.tensor_count = file.gguf.tensor_count();
  const bool has_model = pack.architecture != kContractArchitecture;
  const auto wrong = [&](const char* why) { return Error{ErrorCode::kInvalid, fmt::format("{}: {}", path, why)}; };
  if (!has_model && pack.tensor_count > 0)
    return wrong("a pack of an endpoint's model holds no tensors, and this one does");
  if (!has_model && !check_model_name(pack.model).ok())
    return wrong("a pack of an endpoint's model names the model, and this one does not");
  if (has_model && is_fixed(pack.contract.kind) != pack.architecture.starts_with("cadre-"))
    return wrong("the contract is of another kind of model than the file holds");
  if (!is_fixed(pack.contract.kind) && pack.contract.asked.instruction.empty())
    return wrong("the contract has no \"instruction\": nobody knows what to tell the model");
  pack.sha256 = base::to_hex(base::sha256(file.file.bytes()));
  return pack;
}

Result<ContractPack> write_contract_pack(const PackRequest& request) {
  TRY(request.endpoint_model.empty() ? write_into_model(request) : write_for_endpoint(request));
  return open_contract_pack(request.out_path);
}

}  // namespace cadre::agent
