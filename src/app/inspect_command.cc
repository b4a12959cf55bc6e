// SPDX-License-Identifier: Apache-2.0
#include "app/inspect_command.h"

#include <fmt/format.h>

#include <string>

#include "agent/contract_pack.h"
#include "app/contract_text.h"
#include "app/exit_codes.h"
#include "app/pack_summary.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "base/json.h"
#include "tensor/gguf.h"

namespace cadre::app {

// A contract that is no contract is shown as it stands, with what is wrong with it: inspecting is how one finds out.
int run_inspect(const InspectOptions& options) {
  const auto file = tensor::GgufFile::open(options.pack, tensor::GgufOtherTypes::kPassOver);
  if (!file.ok()) {
    fmt::print(stderr, "cadre inspect: {}\n", printable(file.error().message));
    return kExitBadInput;
  }
  base::Json summary = pack_summary(file->gguf, file->file.bytes().size(), options.tensors);
  std::string text;
  if (file->gguf.find(agent::kContractKey) != nullptr) {
    const auto contract = agent::contract_of_gguf(file->gguf, options.pack);
    if (!contract.ok()) summary["contract_errors"] = lines_of_error(contract.error());
    if (contract.ok() && !agent::is_fixed(contract->kind)) text = contract_text(*contract);
  }
  fmt::print("{}", options.json ? base::dump_json(summary) + "\n" : pack_text(summary, text));
  return kExitOk;
}

void add_inspect(CommandLine& line, InspectOptions& options) {
  Command& command =
      line.command("inspect", "Print a pack: contract, size, quantisation, evaluation card, recipe, data licence");
  command.text("pack", options.pack, "a GGUF file").required();
  command.flag("--json", options.json, "one JSON object instead of text");
  command.flag("--tensors", options.tensors, "list every tensor");
  command.example("cadre inspect specialists/sql.gguf");
  command.action([&options] { return run_inspect(options); });
}

}  // namespace cadre::app
