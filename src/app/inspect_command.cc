// SPDX-License-Identifier: Apache-2.0
#include "app/inspect_command.h"

#include <fmt/format.h>

#include "app/exit_codes.h"
#include "app/pack_summary.h"
#include "app/printable.h"
#include "base/json.h"
#include "tensor/gguf.h"

namespace cadre::app {

int run_inspect(const InspectOptions& options) {
  const auto file = tensor::GgufFile::open(options.pack);
  if (!file.ok()) {
    fmt::print(stderr, "cadre inspect: {}\n", printable(file.error().message));
    return kExitBadInput;
  }
  const base::Json summary = pack_summary(file->gguf, file->file.bytes().size(), options.tensors);
  fmt::print("{}", options.json ? base::dump_json(summary) + "\n" : pack_text(summary));
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
