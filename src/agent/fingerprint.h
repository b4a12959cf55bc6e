// A name for the bytes of a table's file, so that a run that is resumed or replayed can tell whether it is still the
// same table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace cadre::agent {

// SHA-256 in hexadecimal over the whole file, and over its SQLite write-ahead log if one with content lies beside it.
// Reads every byte: about 1 ms per MB without and 0.5 ms with SHA instructions, little next to importing the table.
Result<std::string> fingerprint_file(const std::string& path);

}  // namespace cadre::agent
