// Where cadre looks for its files when the command line does not say: the journal and the specialists.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace cadre::app {

// `given` if it is not empty; else $CADRE_HOME/journal.sqlite, $XDG_STATE_HOME/cadre/journal.sqlite or
// ~/.local/state/cadre/journal.sqlite, the first whose variable is set. Makes the folder.
Result<std::string> journal_path(const std::string& given);

// `given` if it is not empty; else the first that exists of NAME in $CADRE_HOME/specialists, in specialists/ two
// folders above the binary (a build tree), in ../share/cadre/specialists (an installation) and in
// /usr/share/cadre/specialists. Empty: none exists.
std::string find_specialist(const std::string& given, const std::string& file_name);

// The folders that find_specialist looks into, for messages.
std::vector<std::string> specialist_folders();

// Absolute, with links resolved, so that a run can be resumed from another folder; `path` itself where that fails.
std::string absolute_path(const std::string& path);

// The specialist that answers from tables: the given file, or the installed one. kNotFound says where it was looked for.
Result<std::string> specialist_path(const std::string& given);

}  // namespace cadre::app
