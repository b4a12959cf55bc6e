// SPDX-License-Identifier: Apache-2.0
#include "app/paths.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/file.h"

namespace cadre::app {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string folder_of_binary() {
  std::error_code error;
  const std::filesystem::path binary = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "" : binary.parent_path().string();
}

std::string default_journal() {
  if (const std::string home = environment("CADRE_HOME"); !home.empty()) return home + "/journal.sqlite";
  if (const std::string state = environment("XDG_STATE_HOME"); !state.empty()) return state + "/cadre/journal.sqlite";
  if (const std::string home = environment("HOME"); !home.empty()) return home + "/.local/state/cadre/journal.sqlite";
  return "";
}

}  // namespace

Result<std::string> journal_path(const std::string& given) {
  const std::string path = given.empty() ? default_journal() : given;
  if (path.empty()) {
    return Error{
        ErrorCode::kNotFound,
        "no place for the journal: neither CADRE_HOME nor XDG_STATE_HOME nor HOME is set; give --journal FILE"};
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (!folder.empty()) TRY(base::make_directories(folder));
  return path;
}

std::vector<std::string> specialist_folders() {
  std::vector<std::string> folders;
  if (const std::string home = environment("CADRE_HOME"); !home.empty()) folders.push_back(home + "/specialists");
  if (const std::string binary = folder_of_binary(); !binary.empty()) {
    folders.push_back(std::filesystem::path(binary + "/../../specialists").lexically_normal().string());
    folders.push_back(std::filesystem::path(binary + "/../share/cadre/specialists").lexically_normal().string());
  }
  folders.push_back("/usr/share/cadre/specialists");
  return folders;
}

std::string find_specialist(const std::string& given, const std::string& file_name) {
  if (!given.empty()) return given;
  for (const std::string& folder : specialist_folders()) {
    const std::string path = folder + "/" + file_name;
    if (base::file_exists(path)) return path;
  }
  return "";
}

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::weakly_canonical(path, error);
  return error ? path : absolute.string();
}

Result<std::string> specialist_path(const std::string& given) {
  const std::string path = find_specialist(given, "sql.gguf");
  if (!path.empty() && base::file_exists(path)) return path;
  if (!path.empty()) return Error{ErrorCode::kNotFound, fmt::format("specialist \"{}\": no such file", path)};
  return Error{
      ErrorCode::kNotFound,
      fmt::format("no specialist: sql.gguf is in none of {}; make one with `cadre train`, or give --specialist FILE",
                  fmt::join(specialist_folders(), ", "))};
}

}  // namespace cadre::app
