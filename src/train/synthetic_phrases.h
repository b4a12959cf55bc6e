// The phrases that made questions consist of (train/synthetic_questions.h), by what they mean.
//
// Marks: $A the asked column's name, $S its plural, $V the value, $P its plural, $N a number, $C the name of the condition's column,
// $v a verb, $d its past, $T what a row is, $E the plural of the column that names rows, $B further columns, $R another number column, $W a word.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace cadre::train {

using Phrases = std::span<const std::string_view>;

struct Verb {
  std::string_view base, past;
};
inline constexpr std::array<Verb, 22> kVerbs = {{{"score", "scored"}, {"make", "made"}, {"win", "won"}, {"get", "got"}, {"take", "took"},
                                                 {"sell", "sold"}, {"record", "recorded"}, {"have", "had"}, {"produce", "produced"},
                                                 {"earn", "earned"}, {"receive", "received"}, {"play", "played"}, {"collect", "collected"},
                                                 {"gain", "gained"}, {"lose", "lost"}, {"achieve", "achieved"}, {"reach", "reached"},
                                                 {"pay", "paid"}, {"buy", "bought"}, {"complete", "completed"}, {"use", "used"}, {"join", "joined"}}};

// What is asked for; conditions follow.
inline constexpr std::array<std::string_view, 15> kPlain = {"what is the $A", "which $A", "what $A", "show the $A", "list the $S", "give me the $A",
                                                            "name the $A", "tell me the $A", "what are the $S", "which $S", "list all $S", "find the $A",
                                                            "$S", "what $S do we have", "which $S do we have"};
inline constexpr std::array<std::string_view, 8> kCount = {"how many $S", "how many $S are there", "count the $S", "what is the number of $S",
                                                           "number of $S", "how many $S do we have", "what is the count of $S", "how many $S have there been"};
inline constexpr std::array<std::string_view, 8> kMax = {"what is the highest $A", "what is the largest $A", "what is the maximum $A", "what is the biggest $A",
                                                         "highest $A", "what was the top $A", "what is the greatest $A", "what's the largest $A"};
inline constexpr std::array<std::string_view, 7> kMin = {"what is the lowest $A", "what is the smallest $A", "what is the minimum $A", "what is the least $A",
                                                         "lowest $A", "minimum $A", "what's the smallest $A"};
inline constexpr std::array<std::string_view, 3> kMostOf = {"what is the most $S", "most $S", "what are the most $S"};
inline constexpr std::array<std::string_view, 3> kFewest = {"what is the fewest $S", "fewest $S", "what are the fewest $S"};
inline constexpr std::array<std::string_view, 4> kLatest = {"what is the latest $A", "latest $A", "what was the last $A", "what is the most recent $A"};
inline constexpr std::array<std::string_view, 3> kEarliest = {"what is the earliest $A", "earliest $A", "what was the first $A"};
inline constexpr std::array<std::string_view, 7> kAverage = {"what is the average $A", "what is the mean $A", "average $A", "what is the $A on average",
                                                             "how high is the average $A", "what is the typical $A", "what is the average number of $S"};
inline constexpr std::array<std::string_view, 10> kSum = {"what is the total $A", "what is the sum of $A", "what is the combined $A", "total $A",
                                                          "how much $A in total", "add up the $A", "what is the overall $A", "sum the $A",
                                                          "what is the sum of the $A", "combined $A"};
inline constexpr std::array<std::string_view, 6> kSumCounted = {"total number of $S $d", "how many $S in total", "how many $S were $d", "how many $S altogether",
                                                                "how many $S were $d in total", "sum of $S"};

// Which rows.
inline constexpr std::array<std::string_view, 17> kIs = {"where $A is $V", "with $A $V", "whose $A is $V", "for $V", "from $V", "in $V", "of $V", "by $V",
                                                         "that are $V", "with $V", "for $A $V", "where the $A was $V", "at $V", "came from $V", "$V",
                                                         "that use the $V", "of all $P"};
inline constexpr std::array<std::string_view, 9> kAreIs = {"are $V", "are in $V", "use the $V", "use $V", "have $A $V", "have the $A $V",
                                                           "belong to $V", "came from $V", "$d for $V"};  // after "which players", "how many players"
inline constexpr std::array<std::string_view, 8> kIsNot = {"where $A is not $V", "not from $V", "other than $V", "excluding $V", "that are not $V", "not in $V",
                                                           "that do not use $V", "without $A $V"};
inline constexpr std::array<std::string_view, 4> kAreNot = {"are not $V", "are not in $V", "do not use the $V", "do not have $A $V"};
inline constexpr std::array<std::string_view, 2> kAgainst = {"against $V", "when playing $V"};
inline constexpr std::array<std::string_view, 3> kOn = {"on $V", "dated $V", "from $V"};
inline constexpr std::array<std::string_view, 4> kNumberIs = {"where $A is $N", "with $A $N", "with a $A of $N", "whose $A is $N"};
inline constexpr std::array<std::string_view, 4> kOrdinalIs = {"on $A $N", "in $A $N", "at $A $N", "for $A $N"};
inline constexpr std::array<std::string_view, 5> kYearIs = {"in $N", "during $N", "for $N", "from $N", "$d in $N"};
inline constexpr std::array<std::string_view, 3> kBefore = {"before $N", "earlier than $N", "prior to $N"};
inline constexpr std::array<std::string_view, 2> kAfter = {"after $N", "later than $N"};
inline constexpr std::array<std::string_view, 6> kNamedStart = {"where $A is ", "with $A ", "with a $A ", "whose $A is ", "where the $A was ", "with $A of "};
inline constexpr std::array<std::string_view, 6> kUnnamedStart = {"", "of ", "with ", "worth ", "with $T of ", "have $T of "};
inline constexpr std::array<std::string_view, 4> kHaving = {"with ", "that have ", "having ", "have "};  // then a bound, then "$S": "with more than 2 goals"
inline constexpr std::array<std::string_view, 6> kGreater = {"over $N", "above $N", "more than $N", "greater than $N", "higher than $N", "exceeding $N"};
inline constexpr std::array<std::string_view, 5> kLess = {"under $N", "below $N", "less than $N", "smaller than $N", "lower than $N"};
inline constexpr std::array<std::string_view, 5> kAtLeast = {"at least $N", "$N or more", "no less than $N", "not less than $N", "of $N or higher"};
inline constexpr std::array<std::string_view, 5> kAtMost = {"at most $N", "$N or less", "no more than $N", "up to $N", "not more than $N"};
inline constexpr std::array<std::string_view, 2> kOlder = {"older than $N", "over $N"};
inline constexpr std::array<std::string_view, 2> kYounger = {"younger than $N", "under $N"};
// After what is asked for, naming all rows and so no condition: "the average price of all the products".
inline constexpr std::array<std::string_view, 7> kOfAll = {" of the $T", " of all $T", " of all the $T", " across all $T", " for all $T", " of $T", " of the $E"};
inline constexpr std::array<std::string_view, 20> kNouns = {"orders", "customers", "people", "students", "products", "employees", "flights", "stores", "cities", "players",
                                                            "cars", "books", "songs", "patients", "courses", "projects", "rooms", "members", "stations", "matches"};
inline constexpr std::array<std::string_view, 6> kRowNouns = {"rows", "entries", "records", "items", "results", "cases"};

// A question around one cell of a text column.
inline constexpr std::array<std::string_view, 26> kPlainFrames = {
    "what $A does $V have", "what $A does $V $v", "in which $A is $V", "in what $A is $V", "what $A is $V in", "$V is the $C of which $A", "$A of $V",
    "what's the $A of $V", "what is the $A for $V", "which $A does $V belong to", "which $A has $V as its $C", "which $S have $V as $C",
    "which $A has the $C $V", "which $S use $V", "on which $S did $V $v", "which $A did $V $v for", "which $S are $P", "which $A uses $V as its $C",
    "$S of $P", "which $S $d against $V", "what is the $A of $V", "which $P have the $A", "who $d against $V", "which $P", "which $P", "which $A $d against $V"};
inline constexpr std::array<std::string_view, 5> kYearFrames = {"when was $V $d", "since when is $V $d", "when did $V $v", "in what year was $V $d", "since when has $V $d"};
inline constexpr std::array<std::string_view, 14> kCountFrames = {
    "how many $S are in $V", "how many $S are $V", "how many $S have the $C $V", "how many $S came from $V", "how many $P are there", "how many $V $S are there",
    "how many times did $V $v", "how many $S use $V", "how many $S does $V have", "how often did $V $v", "how many $S were $d by $V",
    "how many $P", "how many $P", "how many $V $S"};
inline constexpr std::array<std::string_view, 4> kCountNotFrames = {"how many $S are not $V", "how many $S are not in $V", "how many $S do not use the $V",
                                                                    "how many $S do not have $V as $C"};
inline constexpr std::array<std::string_view, 12> kSumFrames = {
    "how many $S did $V $v", "how many $S has $V $d", "how many $S does $V have", "how many $S were $d by $V", "how many $S did $V $v", "how many $S did $V $v in total",
    "how many $S did $V $v", "total number of $S $d by $V", "how many total $S did $V $v", "how many $S did $V $v altogether", "how many $S by $V", "how many $S have $V $d"};
inline constexpr std::array<std::string_view, 12> kAdditiveFrames = {"what is the total $A of $V", "total $A of $V", "combined $A of $V", "what is the total $A for $V",
                                                                    "what is the total $A in $V", "how much $A does $V have in total",
                                                                    "combined $A of all $E in $V", "total $A of all $E in $V", "what is the total $A of the $E in $V",
                                                                    "what is the sum of the $S of all $P", "combined $A of the $E of $V", "sum of the $A of $E in $V"};
inline constexpr std::array<std::string_view, 7> kMostFrames = {"what is the most $S $V $d", "what is the highest $A of $V", "most $S $d by $V", "what are the most $S $V $d",
                                                                "most $S $V $d in one game", "what is the most $S $V $d in one match", "what is the most $S $V $d in a single game"};
inline constexpr std::array<std::string_view, 3> kFewestFrames = {"what is the fewest $S $V $d", "what is the lowest $A of $V", "fewest $S $d by $V"};
// The first four also fit a column that is not counted.
inline constexpr std::array<std::string_view, 7> kAverageFrames = {
    "what is the average $A of $V", "what is the average $A of the $E in $V", "average $A of the $E in $V", "average $A of $E that use the $V",
    "how many $S did $V $v on average", "average $S of $V", "what is the average number of $S of $V"};

// Beyond one SELECT of our form.
inline constexpr std::array<std::string_view, 10> kSeveralColumns = {"what are the $A and $B", "show the $A and the $B", "list the $A, $B and $C",
                                                                     "what is the $A and $B", "find the $A and $B", "give the $A, $B, and $C",
                                                                     "what $A and $B", "show me $A and $B", "return the $B and $A", "list the $S and their $B"};
inline constexpr std::array<std::string_view, 16> kExtremeRow = {
    "which $A has the highest $R", "what is the $A with the lowest $R", "find the $A of the one with the most $R", "what are the three $S with the largest $R",
    "list the top 5 $S by $R", "show the $A with the smallest $R", "which $S have a $R above the average", "what is the $A of the youngest",
    "list the $S in order of $R", "return the $S sorted by $R in descending order", "which $A has the largest $R", "who $d the most $R", "which $A has the most $R",
    "which $A $d the fewest $R", "list the $S sorted by $R", "which $A is the biggest"};
inline constexpr std::array<std::string_view, 10> kGrouped = {"how many $T are there for each $A", "which $S have more than $N $T", "find the $S with at least $N $T",
                                                              "what is the average $R of each $A", "show the number of $T for different $S", "which $A has the most $T",
                                                              "list the $S that have $N or more $T", "what is the most common $A", "how many different $S are there",
                                                              "what are the distinct $S"};
inline constexpr std::array<std::string_view, 5> kContains = {"whose $A contains the word $W", "with $A starting with $W", "whose $A has the substring $W",
                                                              "where $A includes \"$W\"", "with $A ending in $W"};
inline constexpr std::array<std::string_view, 10> kThingNouns = {"orders", "customers", "people", "students", "products", "employees", "flights", "rows", "entries", "records"};

}  // namespace cadre::train
