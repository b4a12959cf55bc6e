// SPDX-License-Identifier: Apache-2.0
#include <initializer_list>
#include <string_view>

#include "contract/sql_program.h"
#include "contract/sql_program_writer.h"

namespace cadre::contract {
namespace {

using Part = SqlPart;

class GenerateWriter : SqlWriter {
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

SqlProgram sql_generate_program() {
  return GenerateWriter().write();
}

}  // namespace cadre::contract
