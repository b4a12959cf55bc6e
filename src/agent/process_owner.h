// Which process a run belongs to, written into its first record, so that another process can tell a run in progress
// from one whose process died.
//
// An owner names the host, the boot, the process id and the process's start time, so a recycled process id is not
// mistaken for the owner. Linux only (/proc). Thread safety: pure functions over the operating system's state.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace cadre::agent {

std::string this_process();

// False only when the owner is certainly gone; an owner on another host or an unreadable /proc counts as alive.
bool may_be_alive(const std::string& owner);

}  // namespace cadre::agent
