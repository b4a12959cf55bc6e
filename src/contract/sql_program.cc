// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_program.h"

#include <functional>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace cadre::contract {
namespace {

using Part = std::function<void()>;

// Writes operations one after the other; parts are written where they are used.
class Writer {
 public:
  uint32_t here() const { return static_cast<uint32_t>(program_.code.size()); }
  uint32_t emit(SqlInstruction instruction) {
    program_.code.push_back(std::move(instruction));
    return here() - 1;
  }
  void text(std::string_view words, bool space = false) { emit({SqlOp::kText, space, 0, 0, 0, std::string(words)}); }
  void word(std::string_view words) { text(words, true); }
  void op(SqlOp what, bool space = false, uint32_t argument = 0) { emit({what, space, argument, 0, 0, {}}); }
  void act(SqlAct what, uint32_t x = 0) { emit({SqlOp::kAct, false, static_cast<uint32_t>(what), x, 0, {}}); }
  void call(uint32_t target) { emit({SqlOp::kCall, false, 0, target, 0, {}}); }
  void ret() { op(SqlOp::kReturn); }

  void either(std::initializer_list<Part> parts) {
    std::vector<uint32_t> exits;
    size_t left = parts.size();
    for (const Part& part : parts) {
      if (--left == 0) {
        part();
        break;
      }
      const uint32_t split = emit({SqlOp::kSplit, false, 0, here() + 1, 0, {}});
      part();
      exits.push_back(emit({SqlOp::kJump}));
      program_.code[split].y = here();
    }
    for (const uint32_t exit : exits) program_.code[exit].x = here();
  }
  void maybe(const Part& part) {
    const uint32_t split = emit({SqlOp::kSplit, false, 0, here() + 1, 0, {}});
    part();
    program_.code[split].y = here();
  }
  void repeat(const Part& part) {
    const uint32_t split = emit({SqlOp::kSplit, false, 0, here() + 1, 0, {}});
    part();
    emit({SqlOp::kJump, false, 0, split, 0, {}});
    program_.code[split].y = here();
  }
  void words(std::initializer_list<std::string_view> choices, bool space = false) {
    std::vector<uint32_t> exits;
    size_t left = choices.size();
    for (const std::string_view choice : choices) {
      if (--left == 0) {
        text(choice, space);
        break;
      }
      const uint32_t split = emit({SqlOp::kSplit, false, 0, here() + 1, 0, {}});
      text(choice, space);
      exits.push_back(emit({SqlOp::kJump}));
      program_.code[split].y = here();
    }
    for (const uint32_t exit : exits) program_.code[exit].x = here();
  }
  // A rule that is called: its body is written later, its place is filled in by begin().
  struct Rule {
    std::vector<uint32_t> callers;
    uint32_t at = 0;
  };
  void call(Rule& rule) { rule.callers.push_back(emit({SqlOp::kCall})); }
  void begin(Rule& rule) { rule.at = here(); }
  void link(const Rule& rule) {
    for (const uint32_t caller : rule.callers) program_.code[caller].x = rule.at;
  }
  SqlProgram take(uint32_t start) {
    program_.start = start;
    return std::move(program_);
  }

 private:
  SqlProgram program_;
};

class AcceptWriter : Writer {
 public:
  SqlProgram write() {
    const uint32_t start = here();
    call(query_);
    maybe([&] { text(";"); });
    op(SqlOp::kEnd);
    begin(query_);
    write_query();
    begin(expression_);
    write_expression();
    begin(sum_);
    write_sum();
    for (const Rule* rule : {&query_, &expression_, &sum_}) link(*rule);
    return take(start);
  }

 private:
  void list(const Part& part) {
    part();
    repeat([&] {
      text(",");
      part();
    });
  }

  void inner_query(uint32_t columns) {
    act(SqlAct::kEnterQuery, columns);
    call(query_);
    act(SqlAct::kLeaveQuery);
  }

  void write_query() {
    write_core();
    repeat([&] {
      either({[&] {
                text("union");
                maybe([&] { text("all"); });
              },
              [&] { text("intersect"); }, [&] { text("except"); }});
      act(SqlAct::kNextCore);
      write_core();
    });
    maybe([&] {
      text("order");
      text("by");
      act(SqlAct::kAggregatesInOrder);
      list([&] {
        call(expression_);
        maybe([&] { words({"asc", "desc"}); });
      });
    });
    maybe([&] {
      text("limit");
      call(sum_);
      maybe([&] {
        words({"offset", ","});
        call(sum_);
      });
    });
    ret();
  }

  void write_core() {
    text("select");
    maybe([&] { words({"distinct", "all"}); });
    list([&] { write_item(); });
    act(SqlAct::kEnterFrom);
    maybe([&] {
      text("from");
      write_source();
      repeat([&] { write_join(); });
    });
    act(SqlAct::kLeaveFrom);
    maybe([&] {
      text("where");
      act(SqlAct::kAggregatesOff);
      call(expression_);
    });
    maybe([&] {
      text("group");
      text("by");
      act(SqlAct::kAggregatesOff);
      list([&] { call(expression_); });
      act(SqlAct::kGrouped);
    });
    maybe([&] {
      text("having");
      act(SqlAct::kGrouped);
      act(SqlAct::kAggregatesOn);
      call(expression_);
    });
  }

  void write_item() {
    either({[&] {
              text("*");
              act(SqlAct::kStar);
            },
            [&] {
              op(SqlOp::kQualifier);
              text(".");
              text("*");
              act(SqlAct::kQualifiedStar);
            },
            [&] {
              act(SqlAct::kItem);
              call(expression_);
              act(SqlAct::kItemName);
              maybe([&] {
                maybe([&] { text("as"); });
                op(SqlOp::kItemAlias);
              });
            }});
  }

  void write_source() {
    either({[&] { op(SqlOp::kTable); },
            [&] {
              text("(");
              act(SqlAct::kEnterQuery, 0);
              call(query_);
              act(SqlAct::kLeaveDerived);
              text(")");
            }});
    maybe([&] {
      maybe([&] { text("as"); });
      op(SqlOp::kTableAlias);
    });
  }

  void write_join() {
    act(SqlAct::kAggregatesOff);
    either({[&] { text(","); },
            [&] {
              maybe([&] {
                text("natural");
                act(SqlAct::kMerged);
              });
              maybe([&] {
                either({[&] {
                          words({"inner", "cross"});
                        },
                        [&] {
                          words({"left", "right", "full"});
                          maybe([&] { text("outer"); });
                        }});
              });
              text("join");
            }});
    write_source();
    maybe([&] {
      either({[&] {
                text("on");
                call(expression_);
              },
              [&] {
                text("using");
                act(SqlAct::kMerged);
                text("(");
                list([&] { op(SqlOp::kColumn); });
                text(")");
              }});
    });
  }

  void write_expression() {
    write_operand();
    repeat([&] {
      words({"and", "or", "=", "==", "!=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "||", "is"});
      act(SqlAct::kForgetOperand);
      write_operand();
    });
    ret();
  }

  // Arithmetic only: what stands around the AND of BETWEEN.
  void write_sum() {
    write_signed();
    repeat([&] {
      words({"+", "-", "*", "/", "%", "||"});
      act(SqlAct::kForgetOperand);
      write_signed();
    });
    ret();
  }

  void write_signed() {
    repeat([&] { words({"-", "+"}); });
    write_primary();
  }

  void write_operand() {
    repeat([&] { words({"not", "-", "+"}); });
    write_primary();
    repeat([&] { write_test(); });
  }

  void write_test() {
    either({[&] {
              text("is");
              maybe([&] { text("not"); });
              text("null");
            },
            [&] {
              words({"isnull", "notnull"});
            },
            [&] {
              maybe([&] { text("not"); });
              either({[&] {
                        text("between");
                        call(sum_);
                        text("and");
                        call(sum_);
                      },
                      [&] {
                        words({"like", "glob"});
                        call(sum_);
                      },
                      [&] {
                        text("in");
                        text("(");
                        either({[&] { inner_query(1); }, [&] { maybe([&] { list([&] { call(expression_); }); }); }});
                        text(")");
                      }});
            }});
  }

  void aggregate(const Part& argument) {
    act(SqlAct::kAggregate);
    text("(");
    act(SqlAct::kAggregatesOff);
    argument();
    text(")");
    act(SqlAct::kAggregatesOn);
  }

  void function(std::initializer_list<std::string_view> names, int least, int most) {
    words(names);
    text("(");
    call(expression_);
    for (int i = 1; i < least; ++i) {
      text(",");
      call(expression_);
    }
    for (int i = least; i < most; ++i) {
      maybe([&] {
        text(",");
        call(expression_);
      });
    }
    text(")");
  }

  void write_primary() {
    either({[&] { op(SqlOp::kNumber); }, [&] { op(SqlOp::kString); },
            [&] {
              words({"null", "current_date", "current_time", "current_timestamp"});
            },
            [&] { op(SqlOp::kColumn); },
            [&] {
              op(SqlOp::kQualifier);
              text(".");
              op(SqlOp::kQualified);
            },
            [&] {
              words({"count"});
              aggregate([&] { text("*"); });
            },
            [&] {
              words({"count", "sum", "avg", "min", "max", "total", "group_concat"});
              aggregate([&] {
                maybe([&] { text("distinct"); });
                call(expression_);
              });
            },
            [&] {
              function({"abs", "length", "lower", "upper", "typeof", "unicode", "hex", "date", "julianday"}, 1, 1);
            },
            [&] {
              function({"round", "trim", "ltrim", "rtrim"}, 1, 2);
            },
            [&] {
              function({"ifnull", "nullif", "instr", "strftime"}, 2, 2);
            },
            [&] {
              function({"substr", "substring"}, 2, 3);
            },
            [&] {
              function({"replace", "iif"}, 3, 3);
            },
            [&] { function({"coalesce"}, 2, 6); },
            [&] {
              text("cast");
              text("(");
              call(expression_);
              text("as");
              words({"integer", "int", "real", "text", "numeric", "float", "blob"});
              text(")");
            },
            [&] {
              text("case");
              maybe([&] { call(expression_); });
              const Part branch = [&] {
                text("when");
                call(expression_);
                text("then");
                call(expression_);
              };
              branch();
              repeat(branch);
              maybe([&] {
                text("else");
                call(expression_);
              });
              text("end");
            },
            [&] {
              text("(");
              either({[&] { inner_query(1); }, [&] { call(expression_); }});
              text(")");
            },
            [&] {
              text("exists");
              text("(");
              inner_query(0);
              text(")");
            }});
  }

  Rule query_, expression_, sum_;
};

class GenerateWriter : Writer {
 public:
  SqlProgram write() {
    const uint32_t start = here();
    call(query_);
    op(SqlOp::kEnd);
    begin(query_);
    text("SELECT");
    core();
    either({[&] {
              order();
              maybe([&] {
                word("LIMIT");
                op(SqlOp::kInteger, true);
              });
            },
            [&] {
              compound();
              repeat([&] { compound(); });
            }});
    ret();
    link(query_);
    return take(start);
  }

 private:
  void column(bool space) {
    either({[&] { op(SqlOp::kColumn, space); },
            [&] {
              op(SqlOp::kQualifier, space);
              text(".");
              op(SqlOp::kQualified);
            }});
  }

  void aggregate(bool space) {
    either({[&] { text("COUNT(*)", space); },
            [&] {
              words({"COUNT(", "SUM(", "AVG(", "MIN(", "MAX("}, space);
              column(false);
              text(")");
            },
            [&] {
              text("COUNT(DISTINCT", space);
              column(true);
              text(")");
            }});
    act(SqlAct::kForgetOperand);
  }

  void compound() {
    act(SqlAct::kCompoundLeft);
    words({"UNION", "UNION ALL", "INTERSECT", "EXCEPT"}, true);
    act(SqlAct::kNextCore);
    word("SELECT");
    core();
  }

  void item() {
    act(SqlAct::kItem);
    either({[&] { aggregate(true); },
            [&] {
              column(true);
              maybe([&] {
                words({"+", "-", "*", "/"}, true);
                column(true);
              });
            }});
    act(SqlAct::kForgetOperand);
  }

  void core() {
    maybe([&] { word("DISTINCT"); });
    either({[&] {
              act(SqlAct::kStarFits);
              word("*");
              act(SqlAct::kStar);
            },
            [&] {
              item();
              repeat([&] {
                act(SqlAct::kMoreItems);
                text(",");
                item();
              });
            }});
    act(SqlAct::kEnoughItems);
    act(SqlAct::kEnterFrom);
    word("FROM");
    either({[&] { op(SqlOp::kTable, true, 0); }, [&] { aliased_tables(); },
            [&] {
              act(SqlAct::kNothingOwed);
              act(SqlAct::kDepthLeft);
              text("(", true);
              inner_query(0, SqlAct::kLeaveDerived);
            }});
    act(SqlAct::kLeaveFrom);
    maybe([&] {
      act(SqlAct::kHasColumns);
      word("WHERE");
      conditions();
    });
    maybe([&] {
      act(SqlAct::kHasColumns);
      word("GROUP BY");
      list([&] { column(true); });
      act(SqlAct::kForgetOperand);
      act(SqlAct::kGrouped);
      maybe([&] { having(); });
    });
  }

  void list(const Part& part) {
    part();
    repeat([&] {
      act(SqlAct::kTerm);
      text(",");
      part();
    });
  }

  void aliased_tables() {
    const Part table = [&] {
      op(SqlOp::kTable, true, 1);
      op(SqlOp::kTableAlias, true);
    };
    table();
    repeat([&] {
      act(SqlAct::kMoreTables);
      word("JOIN");
      table();
      word("ON");
      op(SqlOp::kJoinLeft, true);
      text(".");
      op(SqlOp::kJoinLeftColumn);
      word("=");
      op(SqlOp::kJoinRight, true);
      text(".");
      op(SqlOp::kJoinRightColumn);
    });
    act(SqlAct::kTablesDone);
  }

  void inner_query(uint32_t columns, SqlAct leave) {
    act(SqlAct::kEnterQuery, columns);
    call(query_);
    act(leave);
    text(")");
  }

  void literal(bool space) {
    either({[&] { op(SqlOp::kNumber, space); }, [&] { op(SqlOp::kString, space); }});
  }

  void compared() {
    act(SqlAct::kIfLiteralOrDepth);
    words({"=", "!=", "<", ">", "<=", ">="}, true);
    either({[&] { literal(true); },
            [&] {
              act(SqlAct::kDepthLeft);
              text("(", true);
              inner_query(1, SqlAct::kLeaveQuery);
            }});
  }

  void condition(bool space) {
    column(space);
    either({[&] { compared(); },
            [&] {
              act(SqlAct::kIfLiteral);
              words({"BETWEEN", "NOT BETWEEN"}, true);
              literal(true);
              word("AND");
              literal(true);
            },
            [&] {
              act(SqlAct::kIfText);
              act(SqlAct::kIfLiteral);
              words({"LIKE", "NOT LIKE"}, true);
              op(SqlOp::kString, true, 1);
            },
            [&] {
              act(SqlAct::kIfLiteralOrDepth);
              words({"IN (", "NOT IN ("}, true);
              either({[&] {
                        act(SqlAct::kIfLiteral);
                        literal(false);
                        repeat([&] {
                          act(SqlAct::kTerm);
                          text(",");
                          literal(true);
                        });
                        text(")");
                      },
                      [&] {
                        act(SqlAct::kDepthLeft);
                        inner_query(1, SqlAct::kLeaveQuery);
                      }});
            },
            [&] {
              words({"IS NULL", "IS NOT NULL"}, true);
            }});
    act(SqlAct::kForgetOperand);
  }

  void conditions() {
    const Part one = [&] {
      either({[&] { condition(true); },
              [&] {
                word("NOT");
                condition(true);
              },
              [&] {
                text("(", true);
                condition(false);
                words({"AND", "OR"}, true);
                condition(true);
                text(")");
              },
              [&] {
                act(SqlAct::kDepthLeft);
                words({"EXISTS (", "NOT EXISTS ("}, true);
                inner_query(0, SqlAct::kLeaveQuery);
              }});
    };
    one();
    repeat([&] {
      act(SqlAct::kTerm);
      words({"AND", "OR"}, true);
      one();
    });
  }

  void having() {
    word("HAVING");
    aggregate(true);
    act(SqlAct::kTypeNumber);
    compared();
    act(SqlAct::kForgetOperand);
  }

  void order() {
    maybe([&] {
      act(SqlAct::kHasColumns);
      word("ORDER BY");
      list([&] {
        either({[&] { column(true); },
                [&] {
                  act(SqlAct::kOnlyGrouped);
                  aggregate(true);
                }});
        act(SqlAct::kForgetOperand);
        maybe([&] { words({"ASC", "DESC"}, true); });
      });
    });
  }

  Rule query_;
};

}  // namespace

SqlProgram sql_accept_program() {
  return AcceptWriter().write();
}

SqlProgram sql_generate_program() {
  return GenerateWriter().write();
}

}  // namespace cadre::contract
