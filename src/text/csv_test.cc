// SPDX-License-Identifier: Apache-2.0
#include "text/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "text/words.h"

namespace cadre::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Rows = std::vector<std::vector<std::string>>;
using namespace std::string_literals;

// Header and rows, or the first error.
struct Outcome {
  std::vector<std::string> header;
  Rows rows;
  std::vector<std::string> notes;
  std::string error;
  ErrorCode code = ErrorCode::kInternal;
};

Outcome read_all(Result<CsvReader> reader) {
  Outcome outcome;
  if (!reader.ok()) {
    outcome.error = reader.error().message;
    outcome.code = reader.error().code;
    return outcome;
  }
  outcome.header = reader->header();
  std::vector<std::string> fields;
  while (true) {
    const auto found = reader->next(fields);
    if (!found.ok()) {
      outcome.error = found.error().message;
      outcome.code = found.error().code;
      EXPECT_EQ(reader->next(fields).error().message, outcome.error);  // it stays failed
      break;
    }
    if (!*found) break;
    EXPECT_EQ(fields.size(), outcome.header.size());
    outcome.rows.push_back(fields);
  }
  outcome.notes = reader->notes();
  return outcome;
}

Outcome read_text(const std::string& text, const CsvOptions& options = {}) {
  return read_all(CsvReader::from_text(text, options));
}

TEST(Csv, WellFormedTablesAreReadInEverySpelling) {
  const Rows kRows = {{"1", "x y"}, {"2", "z"}};
  for (const std::string text :
       {"a,b\n1,x y\n2,z\n", "a,b\n1,x y\n2,z", "a,b\r\n1,x y\r\n2,z\r\n", "a,b\r1,x y\r2,z\r", "a;b\n1;x y\n2;z\n",
        "a\tb\n1\tx y\n2\tz\n", "a|b\n1|x y\n2|z\n",
        "\xEF\xBB\xBF"
        "a,b\n1,x y\n2,z\n",
        "\"a\",\"b\"\n\"1\",\"x y\"\n\"2\",\"z\"\n", "\n\na,b\n\n1,x y\n\r\n2,z\n\n", " a , b\n1,x y\n2,z"}) {
    const auto outcome = read_text(text);
    EXPECT_EQ(outcome.error, "") << text;
    EXPECT_THAT(outcome.header, ElementsAre("a", "b")) << text;
    EXPECT_EQ(outcome.rows, kRows) << text;
    EXPECT_THAT(outcome.notes, IsEmpty()) << text;
  }
}

TEST(Csv, QuotesHoldDelimitersNewlinesAndDoubledQuotes) {
  const auto outcome = read_text("a,b\n\"x, y\",\"line 1\nline 2\r\nline 3\"\n\"say \"\"hi\"\"\",\"\"\"\"\n\"\",5\"\n");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.rows, (Rows{{"x, y", "line 1\nline 2\r\nline 3"}, {"say \"hi\"", "\""}, {"", "5\""}}));
}

TEST(Csv, TheDelimiterIsTheOneThatCutsEveryRecordAlike) {
  const std::pair<const char*, char> kTable[] = {
      {"name;amount, EUR;date, local\nx;3,5;2019\ny;4,5;2020\n", ';'},
      {"name,what\nx,a;b;c\ny,a;b\n", ','},
      {"a\tb\tc\n1,5\t2\t3\n", '\t'},
      {"\"a;b\",\"c;d\"\n1,2\n", ','},
      {"a|b|c\n1|2|3\n", '|'},
      {"only\none\ncolumn\n", ','},
      {"a;b", ';'},
      {"id,first;last\n1,x;y\n2,z;w\n", ','},  // both cut alike: a comma is the usual one
  };
  for (const auto& [text, delimiter] : kTable) EXPECT_EQ(CsvReader::from_text(text)->delimiter(), delimiter) << text;
  EXPECT_THAT(CsvReader::from_text("a;b,c\n", {.delimiter = ','})->header(), ElementsAre("a;b", "c"));
}

TEST(Csv, HeaderNamesAreThereAndDiffer) {
  EXPECT_THAT(read_text("a,,a,A,a (2),\n").header,
              ElementsAre("a", "column 2", "a (2)", "A (3)", "a (2) (2)", "column 6"));
  EXPECT_THAT(read_text("column 2,\n1,2\n").header, ElementsAre("column 2", "column 2 (2)"));
  EXPECT_THAT(read_text("x").header, ElementsAre("x"));
  EXPECT_THAT(read_text("x\n").rows, IsEmpty());
}

TEST(Csv, ManyEqualHeaderNamesTakeLinearTime) {
  const auto outcome = read_text(std::string(4095, ','));
  EXPECT_EQ(outcome.header.back(), "column 4096");
  std::string same = "a";
  for (int i = 1; i < 4096; ++i) same += ",a";
  EXPECT_EQ(read_text(same).header.back(), "a (4096)");
}

TEST(Csv, RaggedRecordsAreFilledOrRefused) {
  const auto filled = read_text("a,b,c\n1\n1,2,3\n1,2\n");
  EXPECT_EQ(filled.rows, (Rows{{"1", "", ""}, {"1", "2", "3"}, {"1", "2", ""}}));
  EXPECT_THAT(filled.notes, ElementsAre("2 rows had too few fields and were filled with empty ones (first: line 2)"));

  const auto dropped = read_text("a,b\n1,2,,\n");
  EXPECT_EQ(dropped.rows, (Rows{{"1", "2"}}));
  EXPECT_THAT(dropped.notes, ElementsAre("1 row had empty fields past the last column, left out (first: line 2)"));

  const auto refused = read_text("a,b\n1,\"x\ny\"\n1,2,3\n");
  EXPECT_EQ(refused.rows.size(), 1u);
  EXPECT_EQ(refused.error,
            "read CSV: line 4: 3 fields, but the header has 2 (a text that holds \",\" must stand in quotes)");
  EXPECT_EQ(refused.code, ErrorCode::kInvalid);
  EXPECT_THAT(read_text("a\tb\n1\t2\t3\n").error, HasSubstr("holds \"tab\""));
}

TEST(Csv, EmptyLinesOfAOneColumnTableAreLeftOutAndTold) {
  const auto outcome = read_text("a\n1\n\n2\n\"\"\n");
  EXPECT_EQ(outcome.rows, (Rows{{"1"}, {"2"}, {""}}));
  EXPECT_THAT(outcome.notes, ElementsAre("1 empty line was left out (first: line 3)"));
}

TEST(Csv, TextAfterAClosingQuoteBelongsToTheField) {
  const auto outcome = read_text("a,b\n\"x\"y\"z,2\n\"x\"\"y\" \"z\",2\n");
  EXPECT_EQ(outcome.rows, (Rows{{"xy\"z", "2"}, {"x\"y \"z\"", "2"}}));
  EXPECT_THAT(outcome.notes, ElementsAre("2 fields had text after their closing quotes, kept (first: line 2)"));
}

TEST(Csv, FieldsThatAreNotUtf8AreReadAsWindows1252) {
  const auto outcome = read_text(
      "st\xE4"
      "dte,b\nK\xF6ln,\x80 5 \x96 6\ncaf\u00e9,\"\xFC \"\"\x81\"\"\"\n");
  EXPECT_THAT(outcome.header, ElementsAre("st\u00e4dte", "b"));
  EXPECT_EQ(outcome.rows, (Rows{{"K\u00f6ln", "\u20ac 5 \u2013 6"}, {"caf\u00e9", "\u00fc \"\ufffd\""}}));
  EXPECT_THAT(outcome.notes, ElementsAre("4 fields were not UTF-8 and were read as Windows-1252 (first: line 1)"));
}

TEST(Csv, WhatIsNoTableOfTextIsRefusedWithAReason) {
  struct Case {
    std::string text;
    const char* message;
    ErrorCode code = ErrorCode::kInvalid;
  };
  std::string columns = "a";
  for (int i = 0; i < 4096; ++i) columns += ",a";
  const Case kTable[] = {
      {"", "the file is empty"},
      {"\xEF\xBB\xBF", "the file is empty"},
      {"\n\r\n\n", "only empty lines"},
      {"\xFF\xFE"
       "a\0,\0"s,
       "UTF-16; save it as UTF-8", ErrorCode::kUnsupported},
      {"\xFE\xFF\0a"s, "UTF-16", ErrorCode::kUnsupported},
      {"a\0,\0b\0"s, "not a text file: NUL byte at offset 1"},
      {"SQLite format 3\0x"s, "NUL byte at offset 15"},
      {"a,b\n1,\"x\n\n", "line 2: the quote opened here is never closed"},
      {"a,b\n\"x\ny\",\"z\n", "line 3: the quote opened here is never closed"},
      {columns, "line 1: more than 4096 columns", ErrorCode::kLimit},
      {"a\n1\n" + std::string(kCsvFieldSizeBytesMax + 1, 'x'), "line 3: a field of more than 1048576 bytes",
       ErrorCode::kLimit},
      {"a\n\"" + std::string(kCsvFieldSizeBytesMax + 1, 'x'),
       "line 2: a field of more than 1048576 bytes (is the quote opened here ever closed?)", ErrorCode::kLimit},
  };
  for (const Case& test : kTable) {
    const auto outcome = read_text(test.text);
    EXPECT_THAT(outcome.error, HasSubstr(test.message)) << test.text.substr(0, 40);
    EXPECT_EQ(outcome.code, test.code) << test.message;
  }
}

TEST(Csv, FieldsAndColumnsAtTheirLimitsAreRead) {
  std::string columns = "a";
  for (int i = 1; i < 4096; ++i) columns += ",a";
  EXPECT_EQ(read_text(columns).header.size(), 4096u);
  const std::string longest(kCsvFieldSizeBytesMax, 'x');
  EXPECT_EQ(read_text("a,b\n" + longest + ",\"" + longest + "\"\n").rows, (Rows{{longest, longest}}));
}

TEST(Csv, ARecordOverItsLimitIsRefused) {
  std::string text = "a";
  for (int i = 1; i < 65; ++i) text += ",a";
  text += "\n";
  for (int i = 0; i < 65; ++i) text += std::string(kCsvFieldSizeBytesMax, 'x') + ",";
  const auto outcome = read_text(text);
  EXPECT_THAT(outcome.error, HasSubstr("line 2: a record of more than 67108864 bytes"));
}

TEST(Csv, FilesAreReadAndErrorsNameThem) {
  const auto folder = base::TemporaryDirectory::make().value();
  const std::string path = folder.path() + "/x.csv";
  ASSERT_TRUE(base::replace_file(path, "a,b\n1,2\n1,2,3\n").ok());
  const auto outcome = read_all(CsvReader::open(path));
  EXPECT_EQ(outcome.rows, (Rows{{"1", "2"}}));
  EXPECT_THAT(outcome.error, HasSubstr("read CSV \"" + path + "\": line 3"));
  EXPECT_EQ(CsvReader::open(folder.path() + "/absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(CsvReader::open(folder.path()).error().code, ErrorCode::kIo);
}

TEST(Csv, LineIsWhereTheLastRecordBegan) {
  auto reader = CsvReader::from_text("a,b\n\"x\r\ny\rz\",1\n\n2,3\n").value();
  std::vector<std::string> fields;
  ASSERT_TRUE(reader.next(fields).value());
  EXPECT_EQ(reader.line(), 2u);
  ASSERT_TRUE(reader.next(fields).value());
  EXPECT_EQ(reader.line(), 6u);
}

std::string random_csv(base::Random& random) {
  static const std::vector<std::string> kPieces = {"a",  "b",    ",",     ",",   ";",      "\n",   "\r\n", "\r",
                                                   "\"", "\"\"", "\",\"", "x y", "\u00e9", "\xE9", "1.5"};
  std::string text;
  for (uint64_t i = random.below(40); i > 0; --i) text += kPieces[random.below(kPieces.size())];
  return text;
}

TEST(Csv, TheSizeOfTheBufferDoesNotMatter) {
  base::Random random(50);
  size_t row_count = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::string text = random_csv(random);
    const auto whole = read_text(text, {.delimiter = ','});
    const auto pieces = read_text(text, {.delimiter = ',', .buffer_size_bytes = 16});
    ASSERT_EQ(whole.header, pieces.header) << testing::PrintToString(text);
    ASSERT_EQ(whole.rows, pieces.rows) << testing::PrintToString(text);
    ASSERT_EQ(whole.error, pieces.error) << testing::PrintToString(text);
    ASSERT_EQ(whole.notes, pieces.notes) << testing::PrintToString(text);
    for (const auto& row : whole.rows) {
      for (const auto& field : row) ASSERT_TRUE(is_valid_utf8(field));
    }
    row_count += whole.rows.size();
  }
  EXPECT_GT(row_count, 1000u);
}

TEST(Csv, RowsWrittenWithQuotesAreReadBack) {
  base::Random random(51);
  static const std::vector<std::string> kPieces = {"a",  "",   ",", ";",      "\n", "\r\n",
                                                   "\r", "\"", " ", "\u00e9", "|",  "\t"};
  for (int round = 0; round < 3000; ++round) {
    Rows rows;
    std::string text = "one,two,three\n";
    for (uint64_t i = random.below(6); i > 0; --i) {
      std::vector<std::string> row;
      for (int column = 0; column < 3; ++column) {
        std::string field;
        for (uint64_t k = random.below(5); k > 0; --k) field += kPieces[random.below(kPieces.size())];
        text += column > 0 ? ",\"" : "\"";
        for (const char c : field) text += c == '"' ? "\"\"" : std::string(1, c);
        text += "\"";
        row.push_back(field);
      }
      text += "\n";
      rows.push_back(row);
    }
    ASSERT_EQ(read_text(text, {.delimiter = ','}).rows, rows) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace cadre::text
