// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_formats.h"

#include <fmt/format.h>

#include <map>

namespace cadre::contract {
namespace {

using Formats = std::map<std::string, std::string, std::less<>>;

std::string group(const std::string& inner) {
  return "(?:" + inner + ")";
}
std::string whole(const std::string& inner) {
  return "^(?:" + inner + ")$";
}

std::string date() {
  const std::string long_months = "(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])";
  const std::string short_months = "(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)";
  const std::string february = "02-(?:0[1-9]|1\\d|2[0-8])";
  // Divisible by four and not by a hundred, or by four hundred.
  const std::string leap_year = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
  return group("\\d{4}-" + group(long_months + "|" + short_months + "|" + february) + "|" + leap_year + "-02-29");
}

// 23:59:60 UTC as it reads on clocks that are whole hours away.
std::string leap_second_by_hours() {
  std::string out = "23:59:60(?:\\.\\d+)?(?:[Zz]|[+-]00:00)";
  for (int hours = 1; hours < 24; ++hours) {
    out += fmt::format("|{:02}:59:60(?:\\.\\d+)?(?:\\+{:02}:00|-{:02}:00)", hours - 1, hours, 24 - hours);
  }
  return group(out);
}

// The same on all other clocks. There the minutes carry nothing over, so hours and minutes are two demands of 24 and 59 cases, not one of 1,416.
std::string leap_second_by_minutes() {
  std::string hours, minutes;
  for (int hour = 0; hour < 24; ++hour)
    hours += fmt::format("{}{:02}:\\d\\d:60[.\\d]*(?:\\+{:02}|-{:02})", hour == 0 ? "" : "|", hour, hour, 23 - hour);
  for (int minute = 0; minute < 59; ++minute) {
    minutes += fmt::format("{}{:02}:60(?:\\.\\d+)?(?:\\+\\d\\d:{:02}|-\\d\\d:{:02})", minute == 0 ? "" : "|", minute,
                           minute + 1, 59 - minute);
  }
  return "(?=" + hours + ")\\d\\d:" + group(minutes);
}

std::string time() {
  const std::string offset = "(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
  return group("(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?" + offset + "|" + leap_second_by_hours() + "|" +
               leap_second_by_minutes());
}

// ISO 8601 as RFC 3339 appendix A writes it: units in order, none left out in between; weeks stand alone.
std::string duration() {
  const std::string time_part = "T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)";
  const std::string date_part = "(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)";
  return "P(?:" + date_part + "(?:" + time_part + ")?|" + time_part + "|\\d+W)";
}

std::string ipv4() {
  const std::string octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  return octet + "(?:\\." + octet + "){3}";
}

// The nine productions of IPv6address in RFC 3986.
std::string ipv6() {
  const std::string word = "[0-9A-Fa-f]{1,4}";
  const std::string pair = group(word + ":" + word + "|" + ipv4());  // the last 32 bits
  std::string out = "(?:" + word + ":){6}" + pair + "|::(?:" + word + ":){5}" + pair;
  for (int before = 0; before < 5; ++before) {
    const std::string prefix =
        before == 0 ? "(?:" + word + ")?" : fmt::format("(?:(?:{0}:){{0,{1}}}{0})?", word, before);
    out += "|" + prefix + "::" + fmt::format("(?:{}:){{{}}}", word, 4 - before) + pair;
  }
  out += fmt::format("|(?:(?:{0}:){{0,5}}{0})?::{0}|(?:(?:{0}:){{0,6}}{0})?::", word);
  return group(out);
}

std::string label() {
  return "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
}

// The look-ahead bounds the whole name.
std::string hostname() {
  return "(?=.{1,253}$)" + label() + "(?:\\." + label() + ")*";
}

std::string email() {
  const std::string atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
  const std::string quoted = "\"(?:[ !#-\\[\\]-~]|\\\\[ -~])*\"";
  const std::string host = label() + "(?:\\." + label() + ")*";
  return group(atom + "(?:\\." + atom + ")*|" + quoted) + "@" +
         group(host + "|\\[" + ipv4() + "\\]|\\[IPv6:" + ipv6() + "\\]");
}

// `more`: characters beyond ASCII that an IRI may have, written for the inside of a class; `in_query`: those that only its
// query may have.
struct UriParts {
  explicit UriParts(const std::string& more = "", const std::string& in_query = "") {
    const std::string plain = "A-Za-z0-9._~!$&'()*+,;=" + more;  // where it is used a - comes last in the class
    const std::string escape = "%[0-9A-Fa-f]{2}";
    pchar = "(?:[" + plain + ":@-]|" + escape + ")";
    first_segment = "(?:[" + plain + "@-]|" + escape + ")+";
    const std::string query_char = "(?:[" + plain + in_query + ":@/?-]|" + escape + ")";
    tail = "(?:\\?" + query_char + "*)?(?:#(?:" + pchar + "|[/?])*)?";
    segments = "(?:/" + pchar + "*)*";
    path_absolute = "/(?:" + pchar + "+" + segments + ")?";
    const std::string user = "(?:(?:[" + plain + ":-]|" + escape + ")*@)?";
    const std::string literal = "\\[(?:" + ipv6() + "|[Vv][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]";
    authority = "//" + user + "(?:" + literal + "|(?:[" + plain + "-]|" + escape + ")*)(?::\\d*)?" + segments;
  }
  std::string pchar, first_segment, tail, segments, path_absolute, authority;
};

std::string uri(const UriParts& parts) {
  return "[A-Za-z][A-Za-z0-9+.-]*:" +
         group(parts.authority + "|" + parts.path_absolute + "|" + parts.pchar + "+" + parts.segments + "|") +
         parts.tail;
}

std::string uri_reference(const UriParts& parts) {
  // A first segment with a colon would read as a scheme.
  const std::string relative =
      group(parts.authority + "|" + parts.path_absolute + "|" + parts.first_segment + parts.segments + "|");
  return group(uri(parts) + "|" + relative + parts.tail);
}

// RFC 3987 §2.2: ucschar everywhere, iprivate in queries.
UriParts iri_parts() {
  std::string more = "\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF";
  for (int plane = 1; plane <= 13; ++plane) more += fmt::format("\\u{{{0:X}0000}}-\\u{{{0:X}FFFD}}", plane);
  more += "\\u{E1000}-\\u{EFFFD}";
  return UriParts(more, "\\uE000-\\uF8FF\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}");
}

// RFC 6570 §2: literals and expressions.
std::string uri_template() {
  const std::string escape = "%[0-9A-Fa-f]{2}";
  const std::string literal =
      "(?:[!#$&-;=?-\\[\\]_a-z~\\u00A0-\\uD7FF\\uE000-\\uFDCF\\uFDF0-\\uFFEF\\u{10000}-\\u{10FFFD}]|" + escape + ")";
  const std::string letter = "(?:[A-Za-z0-9_]|" + escape + ")";
  const std::string variable = letter + "(?:\\.?" + letter + ")*(?::[1-9]\\d{0,3}|\\*)?";
  return group(literal + "|\\{[+#./;?&=,!@|]?" + variable + "(?:," + variable + ")*\\}") + "*";
}

const Formats& formats() {
  static const Formats table = [] {
    const std::string pointer = "(?:/(?:[^~/]|~[01])*)*";
    return Formats{
        {"date", whole(date())},
        {"time", whole(time())},
        {"date-time", whole(date() + "[Tt]" + time())},
        {"duration", whole(duration())},
        {"ipv4", whole(ipv4())},
        {"ipv6", whole(ipv6())},
        {"uuid", "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"},
        {"hostname", whole(hostname())},
        {"email", whole(email())},
        {"uri", whole(uri(UriParts()))},
        {"uri-reference", whole(uri_reference(UriParts()))},
        {"iri", whole(uri(iri_parts()))},
        {"iri-reference", whole(uri_reference(iri_parts()))},
        {"uri-template", whole(uri_template())},
        {"json-pointer", whole(pointer)},
        {"relative-json-pointer", whole("(?:0|[1-9]\\d*)(?:#|" + pointer + ")")},
    };
  }();
  return table;
}

}  // namespace

const std::string* format_pattern(std::string_view format) {
  const auto found = formats().find(format);
  return found == formats().end() ? nullptr : &found->second;
}

}  // namespace cadre::contract
