// The SQL tool's statements on a SQLite file. A connection per call: the file may be replaced between calls.
//
// Read-only statements run on a read-only connection under an authorizer that allows SELECT alone. Writing ones run in one transaction under one that
// allows rows to be read and written, and neither schema, pragmas nor other files. Work is counted in virtual-machine steps; time and Cancel are
// looked at every thousand of them. What fails was rolled back, so that no error is uncertain.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "agent/sql_backend.h"

namespace cadre::agent {

std::unique_ptr<SqlBackend> make_sqlite_backend(std::string path);

}  // namespace cadre::agent
