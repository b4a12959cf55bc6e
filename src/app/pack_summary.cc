// SPDX-License-Identifier: Apache-2.0
#include "app/pack_summary.h"

#include <fmt/format.h>

#include <map>

#include "agent/contract_pack.h"
#include "app/printable.h"
#include "tensor/tensor_type.h"

namespace cadre::app {
namespace {

using base::Json;
using tensor::Gguf;
using tensor::GgufTensor;
using tensor::GgufType;

constexpr size_t kTextWidth = 110;

uint64_t element_count(const GgufTensor& tensor) {
  uint64_t count = 1;
  for (const uint64_t dim : tensor.dims) count *= dim;
  return count;
}

// A contract, a shape or a recipe is JSON inside a string.
Json text_to_json(std::string_view text) {
  if (text.empty() || (text.front() != '{' && text.front() != '[')) return std::string(text);
  auto parsed = base::parse_json(text);
  return parsed.ok() ? *parsed : Json(std::string(text));
}

Json value_to_json(const Gguf& gguf, std::string_view key, const tensor::GgufValue& value) {
  switch (value.type) {
    case GgufType::kString: {
      const auto text = gguf.string(key);
      return text.ok() ? text_to_json(*text) : Json();
    }
    case GgufType::kBool: {
      const auto flag = gguf.boolean(key);
      return flag.ok() ? Json(*flag) : Json();
    }
    case GgufType::kFloat32:
    case GgufType::kFloat64: {
      const auto number = gguf.number(key);
      return number.ok() ? Json(*number) : Json();
    }
    case GgufType::kArray:
      return fmt::format("[{} x {}]", value.element_count, tensor::gguf_type_name(value.element_type));
    default: {
      const auto integer = gguf.integer(key);
      return integer.ok() ? Json(*integer) : Json("(over 2^63)");
    }
  }
}

std::string dims_text(const GgufTensor& tensor) {
  std::string text;
  for (uint32_t i = tensor.dim_count; i > 0; --i)
    text += fmt::format("{}{}", text.empty() ? "" : " x ", tensor.dims[i - 1]);
  return text;
}

Json tensor_list(const Gguf& gguf) {
  Json list = Json::array();
  for (const GgufTensor& tensor : gguf.tensors()) {
    list.push_back(
        {{"name", std::string(tensor.name)}, {"type", tensor::traits(tensor.type).name}, {"shape", dims_text(tensor)}});
  }
  return list;
}

Json types_of(const Gguf& gguf) {
  struct Total {
    uint64_t tensors = 0;
    uint64_t parameters = 0;
    uint64_t bytes = 0;
  };
  std::map<std::string, Total> totals;
  for (const GgufTensor& tensor : gguf.tensors()) {
    Total& total = totals[std::string(tensor::traits(tensor.type).name)];
    ++total.tensors;
    total.parameters += element_count(tensor);
    total.bytes += tensor.bytes.size();
  }
  Json types = Json::object();
  for (const auto& [name, total] : totals) {
    types[name] = {{"tensors", total.tensors}, {"parameters", total.parameters}, {"bytes", total.bytes}};
  }
  return types;
}

bool is_short(const Json& value) {
  return base::dump_json(value).size() <= kTextWidth || value.is_primitive();
}

// Nested objects as indented "key: value" lines; short ones on one line.
void append_json(std::string& text, const std::string& key, const Json& value, size_t depth) {
  const std::string indent(depth * 2, ' ');
  if (value.is_string()) {
    text += fmt::format("{}{}: {}\n", indent, printable(key),
                        clipped(printable(value.get<std::string>()), 10 * kTextWidth));
  } else if (is_short(value) || value.is_array()) {
    text +=
        fmt::format("{}{}: {}\n", indent, printable(key), clipped(printable(base::dump_json(value)), 10 * kTextWidth));
  } else {
    text += fmt::format("{}{}:\n", indent, printable(key));
    for (const auto& [name, item] : value.items()) append_json(text, name, item, depth + 1);
  }
}

}  // namespace

Json pack_summary(const Gguf& gguf, uint64_t file_size_bytes, bool each_tensor) {
  uint64_t parameters = 0;
  for (const GgufTensor& tensor : gguf.tensors()) parameters += element_count(tensor);
  Json summary = {{"file_bytes", file_size_bytes},
                  {"parameters", parameters},
                  {"tensors", gguf.tensor_count()},
                  {"types", types_of(gguf)},
                  {"metadata", Json::object()}};
  for (const auto& [key, value] : gguf.metadata())
    summary["metadata"][std::string(key)] = value_to_json(gguf, key, value);
  if (const uint64_t unread = gguf.tensor_count() - gguf.tensors().size(); unread > 0)
    summary["unread_tensors"] = unread;
  if (each_tensor) summary["tensor_list"] = tensor_list(gguf);
  return summary;
}

std::string pack_text(const Json& summary, const std::string& contract) {
  std::string text = fmt::format("{} bytes, {} parameters in {} tensors\n", summary["file_bytes"].get<uint64_t>(),
                                 summary["parameters"].get<uint64_t>(), summary["tensors"].get<uint64_t>());
  for (const auto& [name, total] : summary["types"].items()) {
    text += fmt::format("  {:<6} {} tensors, {} parameters, {} bytes\n", name, total["tensors"].get<uint64_t>(),
                        total["parameters"].get<uint64_t>(), total["bytes"].get<uint64_t>());
  }
  if (summary.contains("unread_tensors"))
    text += fmt::format("  {} tensors of types that cadre does not read\n", summary["unread_tensors"].get<uint64_t>());
  const Json& metadata = summary["metadata"];
  text += "\ncontract\n" + contract;
  if (!metadata.contains(agent::kContractKey)) text += "  none: this file is a model, not a pack\n";
  for (const auto& [key, value] : metadata.items()) {
    if (key != agent::kContractKey || !contract.empty()) continue;
    if (!value.is_object())
      append_json(text, key, value, 1);
    else
      for (const auto& [name, item] : value.items()) append_json(text, name, item, 1);
  }
  if (summary.contains("contract_errors")) {
    text += "\nwhat is wrong with the contract\n";
    for (const Json& error : summary["contract_errors"])
      text += fmt::format("  {}\n", clipped(printable(error.get<std::string>()), 10 * kTextWidth));
  }
  text += "\nother metadata\n";
  for (const auto& [key, value] : metadata.items()) {
    if (key != agent::kContractKey) append_json(text, key, value, 1);
  }
  if (!summary.contains("tensor_list")) return text;
  text += "\ntensors\n";
  for (const Json& tensor : summary["tensor_list"]) {
    text += fmt::format("  {:<48} {:<6} {}\n", printable(tensor["name"].get<std::string>()),
                        tensor["type"].get<std::string>(), tensor["shape"].get<std::string>());
  }
  return text;
}

}  // namespace cadre::app
