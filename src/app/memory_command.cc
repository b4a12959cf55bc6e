// SPDX-License-Identifier: Apache-2.0
#include "app/memory_command.h"

#include <fmt/format.h>

#include "app/exit_codes.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "app/trace_text.h"
#include "base/file.h"
#include "base/json.h"
#include "store/fact_store.h"

namespace cadre::app {
namespace {

using base::Json;
using store::Fact;

constexpr size_t kValueWidth = 120;

// Looking makes no file.
Result<store::FactStore> open_facts(const std::string& file) {
  if (!base::file_exists(file)) return Error{ErrorCode::kNotFound, fmt::format("there is no memory file \"{}\"", file)};
  return store::FactStore::open(file);
}

Json fact_to_json(const Fact& fact) {
  return {{"subject", fact.subject},
          {"name", fact.name},
          {"value", fact.value},
          {"source", fact.source},
          {"remembered", utc_time(fact.remembered_us)},
          {"expires", fact.expires_us == 0 ? Json() : Json(utc_time(fact.expires_us))}};
}

int list(const MemoryOptions& options) {
  const auto store = open_facts(options.file);
  if (!store.ok()) return fail("memory", store.error());
  const auto facts = store->facts(options.subject, store::kFactsGivenMax);
  if (!facts.ok()) return fail("memory", facts.error());
  for (const Fact& fact : *facts) {
    if (options.json) {
      fmt::print("{}\n", base::dump_json(fact_to_json(fact)));
      continue;
    }
    fmt::print("{}  {}  {}\n  from {}, {}{}\n", printable(fact.subject), printable(fact.name),
               clipped(printable(base::dump_json(fact.value)), kValueWidth), printable(fact.source),
               utc_time(fact.remembered_us),
               fact.expires_us == 0 ? std::string() : fmt::format(", until {}", utc_time(fact.expires_us)));
  }
  if (facts->empty() && !options.json) fmt::print("nothing is known\n");
  return kExitOk;
}

int forget(const MemoryOptions& options) {
  auto store = open_facts(options.file);
  if (!store.ok()) return fail("memory", store.error());
  const auto count = store->forget(options.subject, options.name);
  if (!count.ok()) return fail("memory", count.error());
  fmt::print("{} facts forgotten\n", *count);
  return kExitOk;
}

}  // namespace

void add_memory(CommandLine& line, MemoryOptions& options) {
  Command& command = line.command("memory", "See and delete what a cadre remembers about whom");
  Command& shown = command.command("list", "Facts with where they come from, by subject");
  shown.text("file", options.file, "the memory file").required();
  shown.text("--subject", options.subject, "of this one only");
  shown.flag("--json", options.json, "one JSON object a line");
  shown.example("cadre memory list memory.sqlite --subject p-17");
  shown.action([&options] { return list(options); });
  Command& forgotten = command.command("forget", "Delete facts; the bytes are gone from the file");
  forgotten.text("file", options.file, "the memory file").required();
  forgotten.text("--subject", options.subject, "about whom").required();
  forgotten.text("--name", options.name, "one fact; without it all");
  forgotten.example("cadre memory forget memory.sqlite --subject p-17");
  forgotten.action([&options] { return forget(options); });
}

}  // namespace cadre::app
