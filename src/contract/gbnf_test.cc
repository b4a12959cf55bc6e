// SPDX-License-Identifier: Apache-2.0
#include "contract/gbnf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "contract/grammar_machine.h"

namespace cadre::contract {
namespace {

using ::testing::HasSubstr;

struct Recogniser {
  explicit Recogniser(std::string_view gbnf) : machine(compile_grammar(parse_gbnf(gbnf).value()).value()) {}
  bool accepts(std::string_view text) {
    GrammarMachine::State state = machine.start();
    for (const char byte : text) state = machine.next(state, static_cast<uint8_t>(byte));
    return machine.complete(state);
  }
  bool viable(std::string_view text) {
    GrammarMachine::State state = machine.start();
    for (const char byte : text) state = machine.next(state, static_cast<uint8_t>(byte));
    return !machine.dead(state);
  }
  GrammarMachine machine;
};

std::string error_of(std::string_view gbnf) {
  const auto grammar = parse_gbnf(gbnf);
  if (!grammar.ok()) return grammar.error().message;
  const auto network = compile_grammar(*grammar);
  return network.ok() ? "no error" : network.error().message;
}

constexpr std::string_view kJson = R"gbnf(
# JSON as RFC 8259 has it, white space included
root   ::= ws value ws
value  ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws ( pair (ws "," ws pair)* ws )? "}"
pair   ::= string ws ":" ws value
array  ::= "[" ws ( value (ws "," ws value)* ws )? "]"
string ::= "\"" char* "\""
char   ::= [^"\\\x00-\x1F] | "\\" ( ["\\/bfnrt] | "u" [0-9a-fA-F]{4} )
number ::= "-"? ( "0" | [1-9] [0-9]* ) ( "." [0-9]+ )? ( [eE] [-+]? [0-9]+ )?
ws     ::= [ \t\n\r]*
)gbnf";

TEST(Gbnf, JsonGrammarTellsJsonFromOtherTexts) {
  Recogniser json(kJson);
  for (const char* text :
       {"0", " [ ] ", R"({"a":[1,-2.5e+7,{"b":null}],"ü\u00e4\"":""})", "[[[[]]]]", "\"\xF0\x9F\x98\x80\""}) {
    EXPECT_TRUE(json.accepts(text)) << text;
  }
  for (const char* text : {"", "01", "[1,]", "{\"a\"}", "\"\n\"", "\"\\x\"", "[", "\"\xFF\"", "\"\xC0\x80\"", "nul"}) {
    EXPECT_FALSE(json.accepts(text)) << text;
  }
  EXPECT_FALSE(json.viable("[1,]"));
  EXPECT_TRUE(json.viable("[1,"));
}

TEST(Gbnf, ArithmeticWithLeftRecursionIsRead) {
  Recogniser sums(
      "root ::= sum\nsum ::= sum [+-] product | product\n"
      "product ::= product [*/] atom | atom\natom ::= [0-9]+ | \"(\" sum \")\"\n");
  EXPECT_TRUE(sums.accepts("1+2*(3-4)/5"));
  EXPECT_TRUE(sums.accepts("((((7))))"));
  EXPECT_FALSE(sums.accepts("1+"));
  EXPECT_FALSE(sums.viable("1)"));
}

TEST(Gbnf, MovesOfAGameAreNumberedAndPaired) {
  Recogniser game(R"gbnf(
root ::= "1. " move " " move "\n" ([1-9] [0-9]? ". " move " " move "\n")*
move ::= (piece? file? rank? "x"? file rank ("=" [QRBN])? | "O-O" "-O"?) [+#]?
piece ::= [KQRBN]
file ::= [a-h]
rank ::= [1-8]
)gbnf");
  EXPECT_TRUE(game.accepts("1. e4 e5\n2. Nf3 Nc6\n3. O-O Qxh7#\n"));
  EXPECT_FALSE(game.viable("1. e9"));
}

TEST(Gbnf, ProgramsWithBlocksAndDeclarationsAreRead) {
  Recogniser program(R"gbnf(
root ::= (function ws)+
function ::= type " " name "(" (param (", " param)*)? ") " block
param ::= type " " name
type ::= "int" | "char" | type "*"
block ::= "{" ws (statement ws)* "}"
statement ::= type " " name " = " expr ";"
  | name " = " expr ";"
  | "return " expr ";"
  | "if (" expr ") " block (" else " block)?
  | "while (" expr ") " block
expr ::= expr " " ("+" | "-" | "<" | "==") " " expr | name | [0-9]+ | name "(" (expr (", " expr)*)? ")" | "(" expr ")"
name ::= [a-zA-Z_] [a-zA-Z_0-9]*
ws ::= [ \n]*
)gbnf");
  EXPECT_TRUE(program.accepts("int main() { int x = 1; while (x < 10) { x = x + f(x, 2); } return x == 10; }"));
  EXPECT_TRUE(program.accepts("char** name(int a, char* b) {\n if (a) { return b; } else { return (a + 1) - 2; }\n}"));
  EXPECT_FALSE(program.viable("int main() { return ; "));
}

TEST(Gbnf, RepetitionsHaveTheirBounds) {
  Recogniser repeated("root ::= \"a\"{2} [0-9]{1,} (\"xy\"){0,2} \".\"? \"z\"{,2}");
  EXPECT_TRUE(repeated.accepts("aa1"));
  EXPECT_TRUE(repeated.accepts("aa123xyxy.zz"));
  EXPECT_FALSE(repeated.accepts("a1"));
  EXPECT_FALSE(repeated.viable("aa1xyxyxy"));
  EXPECT_FALSE(repeated.viable("aa1zzz"));
}

TEST(Gbnf, LargeBoundsAreCounted) {
  Recogniser counted("root ::= [a-z]{3,100000} \"!\"");
  EXPECT_LT(counted.machine.network().states.size(), 10U);
  EXPECT_TRUE(counted.accepts(std::string(100000, 'k') + "!"));
  EXPECT_FALSE(counted.viable(std::string(100001, 'k')));
  EXPECT_FALSE(counted.accepts("kk!"));
}

TEST(Gbnf, RulesThatDoubleEachOtherStaySmall) {
  std::string gbnf = "root ::= r0\n";
  for (int i = 0; i < 40; ++i)
    gbnf += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + " r" + std::to_string(i + 1) + "\n";
  Recogniser doubling(gbnf + "r40 ::= \"ab\"");
  EXPECT_LT(doubling.machine.network().states.size(), 2'000U);
  EXPECT_TRUE(doubling.viable("abababab"));
  EXPECT_FALSE(doubling.viable("aa"));
  EXPECT_EQ(doubling.machine.distance(doubling.machine.start()), kFar - 1);  // 2^41, and still not out of reach
}

TEST(Gbnf, LongChainsOfRulesCompile) {
  std::string gbnf = "root ::= r0\n";
  for (int i = 0; i < 5'000; ++i) {
    gbnf +=
        "r" + std::to_string(i) + " ::= \"a\" r" + std::to_string(i + 1) + " | r" + std::to_string(i + 1) + " \"b\"\n";
  }
  Recogniser chain(gbnf + "r5000 ::= \"c\"");
  EXPECT_TRUE(chain.viable("aaaacb"));
  EXPECT_FALSE(chain.viable("b"));
}

TEST(Gbnf, LinesEndRulesExceptInGroupsAndAfterBars) {
  Recogniser lines("root ::= a |\n  b | ( \"1\"\n   \"2\"\n ) # tail\n  | \"c\"\na ::= \"A\"\r\nb ::=\n \"B\"");
  for (const char* text : {"A", "B", "12", "c"}) EXPECT_TRUE(lines.accepts(text)) << text;
  EXPECT_FALSE(lines.accepts("1"));
}

TEST(Gbnf, EscapesAndClassesAreCodePoints) {
  Recogniser escapes(R"(root ::= "\x41\u00e9\U0001F600\t" [\]\[\-^] [^\u0000-\uD7FFa] [a-] .)");
  EXPECT_TRUE(escapes.accepts("A\u00e9\U0001F600\t]\uFFFD-\u20ac"));
  EXPECT_TRUE(escapes.accepts("A\u00e9\U0001F600\t^\U0001F600a\n"));
  EXPECT_FALSE(escapes.viable("A\u00e9\U0001F600\t]x"));
}

TEST(Gbnf, ErrorsNameLineAndColumn) {
  EXPECT_THAT(error_of("root ::= \"a\"\nroot ::= \"b\""),
              HasSubstr("line 2, column 1: rule 'root' is defined a second"));
  EXPECT_THAT(error_of("root ::= \"ü\" item"),
              HasSubstr("line 1, column 14: rule 'item' is used here but not defined"));
  EXPECT_THAT(error_of("a ::= \"x\""), HasSubstr("no rule 'root'"));
  EXPECT_THAT(error_of("root ::= \"a"), HasSubstr("column 10: this literal is not closed"));
  EXPECT_THAT(error_of("root ::= [z-a]"), HasSubstr("wrong way round"));
  EXPECT_THAT(error_of("root ::= [a"), HasSubstr("not closed with ]"));
  EXPECT_THAT(error_of("root ::= \"\\q\""), HasSubstr("unknown escape"));
  EXPECT_THAT(error_of("root ::= \"\\uD800\""), HasSubstr("U+D800 is no character"));
  EXPECT_THAT(error_of("root ::= (\"a\"\nb ::= \"c\""), HasSubstr("line 2, column 1: rule 'b' begins inside a group"));
  EXPECT_THAT(error_of("root ::= \"a\"{3,2}"), HasSubstr("bounds the wrong way round"));
  EXPECT_THAT(error_of("root ::= \"a\"{99999999999}"), HasSubstr("a repetition goes up to"));
  EXPECT_THAT(error_of("root ::= <think>"), HasSubstr("vocabulary"));
  EXPECT_THAT(error_of("root = \"a\""), HasSubstr("expected ::="));
  EXPECT_THAT(error_of("root ::= \"a\" )"), HasSubstr("expected the end of rule 'root', found ')'"));
  EXPECT_THAT(error_of(std::string("root ::= ") + std::string(300, '(')), HasSubstr("nested deeper"));
}

TEST(Gbnf, RulesThatDeriveNothingAreRefusedByName) {
  EXPECT_THAT(error_of("root ::= \"a\" | loop\nloop ::= \"x\" loop"), HasSubstr("rule 'loop' derives nothing"));
  EXPECT_THAT(error_of("root ::= root"), HasSubstr("rule 'root' derives nothing"));
}

}  // namespace
}  // namespace cadre::contract
