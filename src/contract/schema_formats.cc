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
std::string leap_second() {
  std::string out = "23:59:60(?:\\.\\d+)?(?:[Zz]|[+-]00:00)";
  for (int hours = 1; hours < 24; ++hours) {
    out += fmt::format("|{:02}:59:60(?:\\.\\d+)?(?:\\+{:02}:00|-{:02}:00)", hours - 1, hours, 24 - hours);
  }
  return group(out);
}

std::string time() {
  const std::string offset = "(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
  return group("(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?" + offset + "|" + leap_second());
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

struct UriParts {
  std::string escape = "%[0-9A-Fa-f]{2}";
  std::string plain = "[A-Za-z0-9._~!$&'()*+,;=-]";
  std::string pchar = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|" + escape + ")";
  std::string tail = "(?:\\?(?:" + pchar + "|[/?])*)?(?:#(?:" + pchar + "|[/?])*)?";
  std::string absolute_or_empty = "(?:/" + pchar + "*)*";
  std::string path_absolute = "/(?:" + pchar + "+(?:/" + pchar + "*)*)?";
  std::string user = "(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|" + escape + ")*@)?";
  std::string literal = "\\[(?:" + ipv6() + "|[Vv][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]";
  std::string host = "(?:" + literal + "|(?:" + plain + "|" + escape + ")*)";
  std::string authority = "//" + user + host + "(?::\\d*)?" + absolute_or_empty;
  std::string scheme = "[A-Za-z][A-Za-z0-9+.-]*:";
};

std::string uri() {
  const UriParts parts;
  return parts.scheme +
         group(parts.authority + "|" + parts.path_absolute + "|" + parts.pchar + "+(?:/" + parts.pchar + "*)*|") +
         parts.tail;
}

std::string uri_reference() {
  const UriParts parts;
  // A first segment with a colon would read as a scheme.
  const std::string first = "(?:" + parts.plain + "|@|" + parts.escape + ")+";
  return group(uri() + "|" +
               group(parts.authority + "|" + parts.path_absolute + "|" + first + parts.absolute_or_empty + "|") +
               parts.tail);
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
        {"uri", whole(uri())},
        {"uri-reference", whole(uri_reference())},
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
