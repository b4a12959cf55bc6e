// String formats as regular expressions over ASCII (ECMA-262, anchored), for those who want `format` to assert.
//
// One text serves validator and compiler alike: a format that is asserted is one more pattern. Exact where the format is a
// regular language: date (with leap years), time and date-time (RFC 3339; a leap second where it is 23:59 UTC, by offsets of
// whole hours), duration, ipv4, ipv6, uuid, hostname, uri and uri-reference, json-pointer, relative-json-pointer. email is
// RFC 5321's Mailbox with a dot-string or quoted local part. Other names (iri, regex, idn-*, ..) are not known here.
// Sources: RFC 3339 §5.6, RFC 3339 appendix A, RFC 3986 appendix A, RFC 4291 §2.2, RFC 1123 §2.1, RFC 6901, RFC 9562.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cadre::contract {

// Null when the format is not known here.
const std::string* format_pattern(std::string_view format);

}  // namespace cadre::contract
