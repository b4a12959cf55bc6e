// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/cases.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace cadre::peers {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
  std::fprintf(stderr, "cases: reading %s: %s; write it again with bench_peer_prepare\n", path.c_str(), what);
  std::exit(2);
}

std::string read_bytes(std::ifstream& in, size_t size) {
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  in.get();  // the end of the line
  return bytes;
}

Case read_case(std::ifstream& in, const std::string& path) {
  Case read;
  size_t size = 0, tests = 0;
  in >> read.name >> read.kind >> size >> tests;
  in.get();
  read.schema = read_bytes(in, size);
  for (size_t i = 0; i < tests && in; ++i) {
    Test& test = read.tests.emplace_back();
    size_t count = 0;
    in >> test.valid >> count;
    for (size_t token = 0; token < count && in; ++token) in >> test.tokens.emplace_back();
  }
  if (!in) fail(path, "it ends inside a case");
  return read;
}

}  // namespace

CaseFile read_cases(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  CaseFile file;
  std::string word;
  size_t count = 0;
  if (!(in >> word >> count) || word != "vocabulary" || count == 0) fail(path, "no vocabulary at its beginning");
  for (size_t i = 0; i < count && in; ++i) {
    size_t size = 0;
    in >> size;
    in.get();
    file.tokens.push_back(read_bytes(in, size));
  }
  while (in >> word) {
    if (word != "case") fail(path, "no case where one should begin");
    file.cases.push_back(read_case(in, path));
  }
  return file;
}

void write_cases(const CaseFile& file, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  out << "vocabulary " << file.tokens.size() << '\n';
  for (const std::string& token : file.tokens) out << token.size() << ' ' << token << '\n';
  for (const Case& written : file.cases) {
    out << "case " << written.name << ' ' << written.kind << ' ' << written.schema.size() << ' ' << written.tests.size()
        << '\n'
        << written.schema << '\n';
    for (const Test& test : written.tests) {
      out << test.valid << ' ' << test.tokens.size();
      for (const uint32_t token : test.tokens) out << ' ' << token;
      out << '\n';
    }
  }
  out.close();
  if (!out) fail(path, "it could not be written");
}

}  // namespace cadre::peers
