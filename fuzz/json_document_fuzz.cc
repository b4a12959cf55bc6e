// Any bytes as a JSON text: an Error, or a document that is written, read back and hashed as the same value, and that the JSON
// library accepts as well. What the library accepts is refused here only for a repeated name, a number's size or depth.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "contract/json_document.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cadre::contract;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = parse_document(text, 100);
  const auto expected = cadre::base::parse_json(text, 100);
  if (!document.ok()) {
    const auto& error = document.error();
    const bool is_stricter = error.code == cadre::ErrorCode::kLimit ||
                             error.message.find("twice") != std::string::npos ||
                             text.starts_with("\xEF\xBB\xBF") ||         // a byte order mark is no JSON
                             text.find('\0') != std::string_view::npos;  // the library takes a zero byte for the end
    CADRE_CHECK(is_stricter || !expected.ok(), "both readers refuse malformed text");
    return 0;
  }
  // A number over a double's range is refused by the library only.
  CADRE_CHECK(expected.ok() || text.find_first_of("eE0123456789") != std::string_view::npos,
              "both readers accept well-formed text");
  const auto written = write_document(*document);
  const auto again = parse_document(written, 100);
  CADRE_CHECK(again.ok() && same_value(*again, *document), "what is written is read back");
  CADRE_CHECK(hash_value(*again) == hash_value(*document), "equal values have equal hashes");
  CADRE_CHECK(write_document(*again) == written, "writing is canonical");
  return 0;
}
