// SPDX-License-Identifier: Apache-2.0
#include "base/rooted_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"

namespace cadre::base {
namespace {

using Folders = RootedFolder::MissingFolders;

// A root with a file, a folder with a file, and beside the root a file that nobody may reach.
class RootedFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(root_path() + "/sub").ok());
    ASSERT_TRUE(replace_file(outside_path(), "secret").ok());
    ASSERT_TRUE(replace_file(root_path() + "/a.txt", "alpha").ok());
    ASSERT_TRUE(replace_file(root_path() + "/sub/b.txt", "beta").ok());
  }
  std::string root_path() const { return folder_.path() + "/root"; }
  std::string outside_path() const { return folder_.path() + "/outside.txt"; }
  RootedFolder root() const { return RootedFolder::open(root_path()).value(); }

  TemporaryDirectory folder_ = TemporaryDirectory::make().value();
};

TEST_F(RootedFolderTest, PathsThatLeaveAreRefusedUnseen) {
  std::string deep = "a";
  for (size_t i = 0; i < RootedFolder::kPathDepthMax; ++i) deep += "/a";
  for (const std::string& bad :
       {std::string("/etc/passwd"), std::string(".."), std::string("../outside.txt"),
        std::string("sub/../../outside.txt"), std::string("sub/.."), std::string("."), std::string("./a.txt"),
        std::string("sub//b.txt"), std::string("sub/"), std::string("/"), std::string("a\0.txt", 6), std::string("a\n"),
        std::string("\x7f"), std::string("\xff"), deep, std::string(RootedFolder::kPathBytesMax + 1, 'a')}) {
    EXPECT_EQ(root().read(bad, 100).error().code, ErrorCode::kInvalid) << bad;
    EXPECT_EQ(root().list(bad, 100).error().code, ErrorCode::kInvalid) << bad;
    EXPECT_EQ(root().replace(bad, "x", Folders::kMake).error().code, ErrorCode::kInvalid) << bad;
  }
  for (const char* good : {"a.txt", "sub/b.txt", "..a", "...", "a\\b", "ü", ""})
    EXPECT_TRUE(RootedFolder::check_path(good).ok()) << good;
}

TEST_F(RootedFolderTest, NoLinkIsFollowed) {
  std::filesystem::create_symlink(outside_path(), root_path() + "/file_link");
  std::filesystem::create_symlink("..", root_path() + "/up");
  std::filesystem::create_symlink("sub", root_path() + "/inside");
  for (const char* path : {"file_link", "up/outside.txt", "inside/b.txt"}) {
    EXPECT_EQ(root().read(path, 100).error().code, ErrorCode::kDenied) << path;
    EXPECT_EQ(root().replace(path, "x", Folders::kMake).error().code, ErrorCode::kDenied) << path;
  }
  EXPECT_EQ(root().list("up", 100).error().code, ErrorCode::kDenied);
  EXPECT_EQ(root().replace("up/new/x", "x", Folders::kMake).error().code, ErrorCode::kDenied);
  EXPECT_EQ(read_file(outside_path()).value(), "secret");
  EXPECT_EQ(root().kind_of("file_link").value(), EntryKind::kLink);
}

TEST_F(RootedFolderTest, ReadsFilesAndNothingElse) {
  EXPECT_EQ(root().read("sub/b.txt", 4).value(), "beta");
  EXPECT_EQ(root().read("sub/b.txt", 3).error().code, ErrorCode::kLimit);
  EXPECT_EQ(root().read("none", 100).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(root().read("none/x", 100).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(root().read("sub", 100).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(root().read("", 100).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(root().read("a.txt/x", 100).error().code, ErrorCode::kInvalid);
  ASSERT_EQ(::mkfifo((root_path() + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(root().read("pipe", 100).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(root().read("none", 100).error().message.find(folder_.path()), std::string::npos);
}

TEST_F(RootedFolderTest, ListsByNameUpToALimit) {
  std::filesystem::create_symlink("a.txt", root_path() + "/link");
  ASSERT_TRUE(replace_file(root_path() + "/line\nend", "x").ok());
  const FolderList list = root().list("", 10).value();
  ASSERT_EQ(list.entries.size(), 3u);
  EXPECT_EQ(list.entries[0].name, "a.txt");
  EXPECT_EQ(list.entries[0].kind, EntryKind::kFile);
  EXPECT_EQ(list.entries[0].size_bytes, 5u);
  EXPECT_EQ(list.entries[1].kind, EntryKind::kLink);
  EXPECT_EQ(list.entries[2].name, "sub");
  EXPECT_EQ(list.entries[2].kind, EntryKind::kFolder);
  EXPECT_EQ(list.unnamed_count, 1u);
  EXPECT_FALSE(list.is_cut);
  EXPECT_FALSE(root().list("", 3).value().is_cut);
  const FolderList cut = root().list("", 2).value();
  EXPECT_EQ(cut.entries.size(), 2u);
  EXPECT_TRUE(cut.is_cut);
  EXPECT_EQ(root().list("a.txt", 2).error().code, ErrorCode::kInvalid);
}

TEST_F(RootedFolderTest, ReplacesWholeFilesAndKeepsTheirPermissions) {
  ASSERT_EQ(::chmod((root_path() + "/a.txt").c_str(), 0640), 0);
  ASSERT_TRUE(root().replace("a.txt", "new", Folders::kRefuse).ok());
  EXPECT_EQ(root().read("a.txt", 100).value(), "new");
  struct stat info {};
  ASSERT_EQ(::stat((root_path() + "/a.txt").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
  EXPECT_EQ(root().replace("x/y/z", "new", Folders::kRefuse).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(root().replace("x/y/z", std::string("\0\xff", 2), Folders::kMake).ok());
  EXPECT_EQ(root().read("x/y/z", 100).value(), std::string("\0\xff", 2));
  EXPECT_EQ(root().replace("sub", "x", Folders::kMake).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(root().list("", 100).value().entries.size(), 3u) << "no temporary file is left";
}

TEST_F(RootedFolderTest, AHardLinkElsewhereKeepsItsBytes) {
  std::filesystem::create_hard_link(outside_path(), root_path() + "/hard");
  ASSERT_TRUE(root().replace("hard", "mine", Folders::kRefuse).ok());
  EXPECT_EQ(read_file(outside_path()).value(), "secret");
}

TEST_F(RootedFolderTest, StaysInItsFolderWhenThatIsRenamed) {
  const RootedFolder opened = root();
  std::filesystem::rename(root_path(), folder_.path() + "/renamed");
  EXPECT_EQ(opened.read("a.txt", 100).value(), "alpha");
  EXPECT_EQ(RootedFolder::open(root_path()).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(RootedFolder::open(outside_path()).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace cadre::base
