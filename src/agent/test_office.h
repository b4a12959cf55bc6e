// A cadre from the text of its file to its runs, in a folder of its own, shared by tests; and what must hold of every run that they leave
// behind: the journal is whole, and each local answer is made again with the same bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/runtime.h"
#include "agent/test_parts.h"
#include "agent/test_replay.h"
#include "base/file.h"

namespace cadre::agent {

class OfficeFixture : public testing::Test {
 protected:
  // A table of goals, and a pack that answers one question about it.
  OfficeFixture() {
    EXPECT_TRUE(base::replace_file(path("goals.csv"),
                                   "Player,Venue,Goals,Year\nKane,away,3,2019\nKane,home,5,2019\nSon,away,4,2019\n")
                    .ok());
    EXPECT_TRUE(base::replace_file(path("goals.gguf"), "any file will do").ok());
    loaders_.load_pack = [](const std::string&) -> Result<Pack> {
      return scripted_pack("goals@1", [](ScriptedEngine& engine) { engine.on(kTestQuestion, test_attempt()); });
    };
  }
  void TearDown() override { close(); }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  Result<CadreFile> read(const std::string& text) const {
    return parse_cadre_file(text, path("cadre.yaml"), [](const std::string& file) { return base::file_exists(file); });
  }
  // Closes what was open before.
  void open_text(const std::string& text) {
    close();
    auto file = read(text);
    ASSERT_TRUE(file.ok()) << file.error().message;
    file->journal = path("journal.sqlite");
    RuntimeParts parts;
    parts.loaders = loaders_;
    auto runtime = Runtime::open(*file, parts);
    ASSERT_TRUE(runtime.ok()) << runtime.error().message;
    runtime_ = std::move(*runtime);
    file_ = std::move(*file);
  }
  RunView ask(const RunRequest& request) {
    const auto run = runtime_->start(request);
    EXPECT_TRUE(run.ok()) << run.error().message;
    return run.ok() ? runtime_->wait(*run, 60'000, nullptr).value() : RunView{};
  }
  std::vector<RunEvent> events(const RunView& view) { return runtime_->events(view.run, -1, 100).value(); }

  // Holds the runs since open_text() to what must hold of every run.
  void close() {
    runtime_.reset();
    if (!file_) return;
    const auto journal = store::Journal::open(path("journal.sqlite"), {.read_only = true});
    ASSERT_TRUE(journal.ok()) << journal.error().message;
    const auto cadre = open_cadre(*file_, loaders_);
    ASSERT_TRUE(cadre.ok()) << cadre.error().message;
    expect_replays(*journal, (*cadre)->specialists, *(*cadre)->planner, replayed_);
    file_.reset();
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  CadreLoaders loaders_;
  std::unique_ptr<Runtime> runtime_;

 private:
  std::optional<CadreFile> file_;  // of what is open
  std::set<std::string> replayed_;
};

}  // namespace cadre::agent
