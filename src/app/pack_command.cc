// SPDX-License-Identifier: Apache-2.0
#include "app/pack_command.h"

#include <fmt/format.h>

#include <utility>

#include "agent/contract_pack.h"
#include "app/exit_codes.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "base/file.h"
#include "base/json.h"

namespace cadre::app {
namespace {

using base::Json;

constexpr size_t kSystemPromptBytesMax = 64 << 10;

Json pack_to_json(const std::string& path, const agent::ContractPack& pack) {
  return {{"ok", true},
          {"file", path},
          {"sha256", pack.sha256},
          {"name", pack.contract.asked.name},
          {"version", pack.contract.asked.version},
          {"kind", agent::contract_kind_name(pack.contract.kind)},
          {"model", pack.model.empty() ? Json(pack.architecture) : Json(pack.model)},
          {"tensors", pack.tensor_count},
          {"self_tests", pack.contract.self_tests.size()},
          {"errors", Json::array()}};
}

int show_pack(const std::string& path, const agent::ContractPack& pack, const char* verb, bool json) {
  if (json) {
    fmt::print("{}\n", base::dump_json(pack_to_json(path, pack)));
    return kExitOk;
  }
  const std::string holds = pack.model.empty()
                                ? fmt::format("{} tensor{} of a {} model", pack.tensor_count,
                                              pack.tensor_count == 1 ? "" : "s", printable(pack.architecture))
                                : fmt::format("for the model {} behind an endpoint", printable(pack.model));
  fmt::print("{} {}: {} (kind {}), {}, {} self-test{}\n  sha256 {}\n", verb, printable(path),
             printable(pack.contract.id()), agent::contract_kind_name(pack.contract.kind), holds,
             pack.contract.self_tests.size(), pack.contract.self_tests.size() == 1 ? "" : "s", pack.sha256);
  if (agent::is_fixed(pack.contract.kind))
    fmt::print("  its form is fixed by its weights{}\n",
               pack.contract.kind == agent::ContractKind::kSql ? "; self_tests, retry and approval may be added" : "");
  return kExitOk;
}

int pack_usage(const char* what) {
  fmt::print(stderr, "cadre pack: {}\n", what);
  return kExitUsage;
}

Result<agent::ContractPack> write_pack(const PackOptions& options) {
  agent::PackRequest request{.name = options.contract,
                             .model_path = options.model,
                             .endpoint_model = options.endpoint_model,
                             .out_path = options.out};
  request.contract_text = TRY(base::read_file(options.contract, agent::kContractBytesMax));
  if (!options.system_prompt.empty()) {
    request.instruction = TRY(base::read_file(options.system_prompt, kSystemPromptBytesMax));
    while (request.instruction.ends_with('\n')) request.instruction.pop_back();
    if (request.instruction.empty())
      return Error{ErrorCode::kInvalid, fmt::format("{}: an empty system prompt", options.system_prompt)};
  }
  if (!options.force && base::file_exists(options.out))
    return Error{ErrorCode::kInvalid, fmt::format("{}: is there already; give --force to replace it", options.out)};
  return agent::write_contract_pack(request);
}

}  // namespace

int run_pack(const PackOptions& options) {
  const bool writes = !options.contract.empty() || !options.out.empty();
  if (!options.check.empty()) {
    if (writes) return pack_usage("--check looks at a pack and writes none; leave --contract and --out out");
    const auto pack = agent::open_contract_pack(options.check);
    return pack.ok() ? show_pack(options.check, *pack, "checked", options.json)
                     : fail_with_lines(pack.error(), options.json);
  }
  if (options.contract.empty() || options.out.empty())
    return pack_usage("needs --contract FILE and --out FILE, or --check PACK");
  if (options.model.empty() == options.endpoint_model.empty())
    return pack_usage("needs one of --model FILE and --endpoint-model NAME");
  const auto pack = write_pack(options);
  return pack.ok() ? show_pack(options.out, *pack, "wrote", options.json) : fail_with_lines(pack.error(), options.json);
}

void add_pack(CommandLine& line, PackOptions& options) {
  Command& command =
      line.command("pack", "Give a contract to a model file or to a model behind an endpoint; check a pack");
  command.text("--contract", options.contract, "the contract, YAML or JSON (docs/packs.md)");
  command.text("--model", options.model, "a GGUF whose tensors are copied as they are");
  command.text("--endpoint-model", options.endpoint_model,
               "the model's name as its endpoint calls it; the pack holds no tensors");
  command.text("--system-prompt", options.system_prompt, "a text file: the contract's instruction");
  command.text("--out", options.out, "the pack to write");
  command.flag("--force", options.force, "replace --out if it is there");
  command.text("--check", options.check, "check this pack instead");
  command.flag("--json", options.json, "one JSON object instead of text");
  command.example("cadre pack --contract amounts.yaml --endpoint-model llama-3.2-3b --out amounts.gguf");
  command.action([&options] { return run_pack(options); });
}

}  // namespace cadre::app
