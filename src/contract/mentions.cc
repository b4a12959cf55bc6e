// SPDX-License-Identifier: Apache-2.0
#include "contract/mentions.h"

#include <fmt/format.h>

#include "contract/mention_readers.h"

namespace cadre::contract {

Result<std::vector<Mention>> find_mentions(NormalKind kind, std::string_view text, const BindingOptions& options) {
  const MentionText words(text);
  std::vector<Mention> mentions;
  for (size_t at = 0; at < words.size(); ++at) {
    switch (kind) {
      case NormalKind::kDate:
        read_date(words, at, options, mentions);
        break;
      case NormalKind::kNumber:
        read_number(words, at, options, mentions);
        break;
      case NormalKind::kPhone:
        read_phone(words, at, options, mentions);
        break;
    }
    if (mentions.size() > kMentionsMax)
      return Error{ErrorCode::kLimit, fmt::format("over {} mentions of a {}", kMentionsMax, normal_kind_name(kind))};
  }
  return mentions;
}

}  // namespace cadre::contract
