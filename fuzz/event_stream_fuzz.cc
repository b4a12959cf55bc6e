// Any bytes as server-sent events, cut anywhere: the same events as in one piece, or the same refusal.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/event_stream.h"

namespace {

constexpr size_t kEventBytesMax = 64;

// Empty after a refusal: an event over the limit ends the stream, and what came before it depends on the cut.
std::string events_of(std::string_view bytes, size_t cut) {
  cadre::net::EventStreamReader reader(kEventBytesMax);
  std::string text;
  while (true) {
    const auto events = reader.push(bytes.substr(0, cut));
    if (!events.ok()) return "";
    for (const auto& event : *events) text += event.type + '\0' + event.data + '\0' + event.id + '\1';
    if (bytes.size() <= cut) return text;
    bytes.remove_prefix(cut);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  CADRE_CHECK(events_of(bytes, 1 + data[0] % 16) == events_of(bytes, bytes.size() + 1), "cuts make no difference");
  return 0;
}
