// Commands, options and help: the one door to the command-line library (CLI11).
//
//   CommandLine line("cadre", "...");
//   Command& ask = line.command("ask", "Answer a question from a table");
//   ask.text("--table", options.table, "CSV or SQLite file").required();
//   ask.action([&] { return run_ask(options); });
//   return line.run(argc, argv);
//
// An unknown option, a missing value or a number out of its range prints one line and gives kExitUsage. Targets must
// outlive the CommandLine.
// Thread safety: none needed; one thread builds and runs it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cadre::app {

class Command {
 public:
  // Each returns *this, so that `required()` and further options can follow.
  // A name without a dash in front is a positional argument.
  Command& text(const std::string& names, std::string& target, const std::string& help);
  // One value each time the option is given.
  Command& texts(const std::string& names, std::vector<std::string>& target, const std::string& help);
  Command& integer(const std::string& names, int64_t& target, const std::string& help, int64_t low, int64_t high);
  Command& real(const std::string& names, double& target, const std::string& help, double low, double high);
  Command& flag(const std::string& names, bool& target, const std::string& help);
  // The option added last must be given.
  Command& required();
  // Shown at the end of --help, above the exit codes.
  Command& example(const std::string& text);
  // What the command does; its result is the exit status.
  Command& action(std::function<int()> action);
  // A command below this one ("eval wikisql").
  Command& command(const std::string& name, const std::string& description);

  struct Impl;
  explicit Command(std::unique_ptr<Impl> impl);
  ~Command();

 private:
  friend class CommandLine;
  std::unique_ptr<Impl> impl_;
};

class CommandLine {
 public:
  CommandLine(const std::string& program, const std::string& description, const std::string& version);
  ~CommandLine();
  Command& command(const std::string& name, const std::string& description);
  // Parses, prints help or a usage error where due, and runs the chosen command.
  int run(int argc, const char* const* argv);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cadre::app
