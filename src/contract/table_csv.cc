// SPDX-License-Identifier: Apache-2.0
#include "contract/table_data.h"

namespace cadre::contract {

Result<TableData> import_csv(const std::string& path, const OpenOptions&) {
  return Error{ErrorCode::kUnsupported, path + ": CSV files are not read yet"};
}

}  // namespace cadre::contract
