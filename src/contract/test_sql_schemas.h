// Schemas and databases for the tests of the SQL machine: a small college with keys, odd names and a name that stands
// in two tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "contract/sql_schema.h"
#include "store/sqlite.h"

namespace cadre::contract {

inline constexpr std::string_view kCollegeSql = R"sql(
CREATE TABLE department (id INTEGER PRIMARY KEY, name TEXT, budget REAL);
CREATE TABLE student (id INTEGER PRIMARY KEY, name VARCHAR(20), age INT, "home town" TEXT,
                      dept INTEGER REFERENCES department(id), mentor INTEGER REFERENCES student(id));
CREATE TABLE course (code TEXT PRIMARY KEY, title TEXT, dept INTEGER REFERENCES department, "order" INT);
CREATE TABLE takes (student INTEGER REFERENCES student(id), course TEXT REFERENCES course(code), grade REAL);
CREATE TABLE island (shore TEXT, depth NUMERIC);
INSERT INTO department VALUES (1, 'Physics', 10.5), (2, 'Law', 3);
INSERT INTO student VALUES (1, 'Ann', 20, 'Ulm', 1, NULL), (2, 'Bob', 31, 'O''Fallon', 2, 1), (3, 'Cy', NULL, 'Ulm', 1, 2);
INSERT INTO course VALUES ('P1', 'Optics', 1, 1), ('L7', 'Trusts', 2, 2);
INSERT INTO takes VALUES (1, 'P1', 1.3), (2, 'L7', 2.0), (3, 'P1', 3.7);
INSERT INTO island VALUES ('north', 12), ('south', -3.5);
)sql";

inline store::Database college_database() {
  auto database = store::Database::open_in_memory().value();
  database.exec(kCollegeSql).value();
  return database;
}

inline SqlSchema college_schema() {
  auto database = college_database();
  return read_sql_schema(database).value();
}

}  // namespace cadre::contract
