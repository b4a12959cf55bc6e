// SPDX-License-Identifier: Apache-2.0
#include "agent/process_owner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace cadre::agent {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string boot_id() {
  std::string id = text_of("/proc/sys/kernel/random/boot_id");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "?";
  std::string host = name;
  std::replace(host.begin(), host.end(), '/', '_');
  return host;
}

// Field 22 of /proc/PID/stat, in clock ticks since boot; empty if there is no such process. The second field, the
// program's name in parentheses, may contain blanks and parentheses, so fields are counted from its last ')'.
std::string start_time(const std::string& pid) {
  const std::string stat = text_of("/proc/" + pid + "/stat");
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return "";
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) fields >> field;
  return field;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, '/');) parts.push_back(part);
  return parts;
}

}  // namespace

std::string this_process() {
  const std::string pid = fmt::format("{}", getpid());
  return fmt::format("{}/{}/{}/{}", host_name(), boot_id(), pid, start_time(pid));
}

bool may_be_alive(const std::string& owner) {
  const std::vector<std::string> parts = split(owner);
  const std::string boot = boot_id();
  if (parts.size() != 4 || boot.empty() || start_time("self").empty()) return true;
  const std::string& pid = parts[2];
  const bool is_pid = !pid.empty() && pid.find_first_not_of("0123456789") == std::string::npos;
  if (!is_pid || parts[0] != host_name()) return true;
  return parts[1] == boot && start_time(pid) == parts[3];
}

}  // namespace cadre::agent
