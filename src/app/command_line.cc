// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>

#include "app/exit_codes.h"
#include "base/check.h"

namespace cadre::app {

struct Command::Impl {
  CLI::App* app = nullptr;  // owned by the CommandLine
  CLI::Option* last_option = nullptr;
  std::function<int()> action;
  std::string examples;
  std::vector<std::unique_ptr<Command>> commands;
};

namespace {

std::string footer_of(const std::string& examples) {
  std::string footer = examples.empty() ? "" : "\nExample:\n" + examples + "\n";
  return footer + "\n" + kExitCodesHelp;
}

}  // namespace

Command::Command(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Command::~Command() = default;

Command& Command::text(const std::string& names, std::string& target, const std::string& help) {
  impl_->last_option = impl_->app->add_option(names, target, help);
  return *this;
}

Command& Command::texts(const std::string& names, std::vector<std::string>& target, const std::string& help) {
  impl_->last_option = impl_->app->add_option(names, target, help)->allow_extra_args(false);
  return *this;
}

Command& Command::integer(const std::string& names, int64_t& target, const std::string& help, int64_t low,
                          int64_t high) {
  impl_->last_option = impl_->app->add_option(names, target, help)->check(CLI::Range(low, high))->capture_default_str();
  return *this;
}

Command& Command::real(const std::string& names, double& target, const std::string& help, double low, double high) {
  impl_->last_option = impl_->app->add_option(names, target, help)->check(CLI::Range(low, high))->capture_default_str();
  return *this;
}

Command& Command::flag(const std::string& names, bool& target, const std::string& help) {
  impl_->last_option = impl_->app->add_flag(names, target, help);
  return *this;
}

Command& Command::required() {
  CADRE_CHECK(impl_->last_option != nullptr, "required() follows an option");
  impl_->last_option->required();
  return *this;
}

Command& Command::example(const std::string& text) {
  impl_->examples += "  " + text + "\n";
  impl_->app->footer(footer_of(impl_->examples));
  return *this;
}

Command& Command::action(std::function<int()> action) {
  impl_->action = std::move(action);
  return *this;
}

Command& Command::command(const std::string& name, const std::string& description) {
  auto impl = std::make_unique<Impl>();
  impl->app = impl_->app->add_subcommand(name, description);
  impl->app->footer(footer_of(""));
  impl_->app->require_subcommand(1);
  impl_->commands.push_back(std::make_unique<Command>(std::move(impl)));
  return *impl_->commands.back();
}

struct CommandLine::Impl {
  CLI::App app;
  std::vector<std::unique_ptr<Command>> commands;

  // The innermost command that was given.
  static Command* chosen(const std::vector<std::unique_ptr<Command>>& commands) {
    for (const auto& command : commands) {
      if (!command->impl_->app->parsed()) continue;
      Command* below = chosen(command->impl_->commands);
      return below != nullptr ? below : command.get();
    }
    return nullptr;
  }
};

CommandLine::CommandLine(const std::string& program, const std::string& description, const std::string& version)
    : impl_(std::make_unique<Impl>()) {
  impl_->app.name(program);
  impl_->app.description(description);
  impl_->app.set_version_flag("--version", version);
  impl_->app.footer(std::string("\n") + kExitCodesHelp);
}
CommandLine::~CommandLine() = default;

Command& CommandLine::command(const std::string& name, const std::string& description) {
  auto impl = std::make_unique<Command::Impl>();
  impl->app = impl_->app.add_subcommand(name, description);
  impl->app->footer(footer_of(""));
  impl_->commands.push_back(std::make_unique<Command>(std::move(impl)));
  return *impl_->commands.back();
}

int CommandLine::run(int argc, const char* const* argv) {
  try {
    impl_->app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_help = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    impl_->app.exit(error);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)
      std::fputs("A text with blanks in it goes in quotes.\n", stderr);
    return is_help ? kExitOk : kExitUsage;
  }
  Command* command = Impl::chosen(impl_->commands);
  if (command == nullptr || !command->impl_->action) {
    std::fputs(impl_->app.help().c_str(), stderr);
    return kExitUsage;
  }
  return command->impl_->action();
}

}  // namespace cadre::app
