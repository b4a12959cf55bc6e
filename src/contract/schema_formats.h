// String formats as regular expressions (ECMA-262, anchored), for those who want `format` to assert.
//
// One text serves validator and compiler alike: a format that is asserted is one more pattern. Exact where the format is a
// regular language: date (with leap years), time and date-time (RFC 3339; a leap second where it is 23:59 UTC, by offsets of
// whole hours), duration, ipv4, ipv6, uuid, uri, uri-reference, iri, iri-reference, uri-template, json-pointer,
// relative-json-pointer. hostname is RFC 1123's (the contents of xn-- labels are not decoded); email is RFC 5321's Mailbox.
// Other names (idn-*, ..) are not known here; regex is not regular, SchemaNode::asserts_regex stands for it.
// Sources: RFC 3339 §5.6 and appendix A, RFC 3986 appendix A, RFC 3987 §2.2, RFC 6570 §2, RFC 1123 §2.1, RFC 6901, RFC 9562.
// Thread safety: pure functions; the table is built once, on first use.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cadre::contract {

// Null when the format is not known here.
const std::string* format_pattern(std::string_view format);

}  // namespace cadre::contract
