// SPDX-License-Identifier: Apache-2.0
#include <initializer_list>
#include <string_view>

#include "contract/sql_program.h"
#include "contract/sql_program_writer.h"

namespace cadre::contract {
namespace {

using Part = SqlPart;

class AcceptWriter : SqlWriter {
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

}  // namespace

SqlProgram sql_accept_program() {
  return AcceptWriter().write();
}

}  // namespace cadre::contract
