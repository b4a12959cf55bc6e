// SPDX-License-Identifier: Apache-2.0
#include "agent/process_owner.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cadre::agent {
namespace {

// The owner string of a child that has exited and been reaped.
std::string dead_process() {
  int channel[2];
  EXPECT_EQ(pipe(channel), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string owner = this_process();
    const ssize_t written = write(channel[1], owner.data(), owner.size());
    _exit(written == static_cast<ssize_t>(owner.size()) ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  char buffer[512];
  const ssize_t size = read(channel[0], buffer, sizeof(buffer));
  close(channel[0]);
  close(channel[1]);
  return std::string(buffer, size > 0 ? static_cast<size_t>(size) : 0);
}

TEST(ProcessOwner, ThisProcessIsAlive) {
  EXPECT_TRUE(may_be_alive(this_process()));
}

TEST(ProcessOwner, AProcessThatExitedIsNot) {
  EXPECT_FALSE(may_be_alive(dead_process()));
}

TEST(ProcessOwner, TheSameProcessIdWithAnotherStartTimeIsNot) {
  EXPECT_FALSE(may_be_alive(this_process() + "1"));
}

TEST(ProcessOwner, WhatCannotBeJudgedCountsAsAlive) {
  EXPECT_TRUE(may_be_alive(""));
  EXPECT_TRUE(may_be_alive("elsewhere/boot/1/1"));
  EXPECT_TRUE(may_be_alive("a/b/../../etc/c"));
}

}  // namespace
}  // namespace cadre::agent
