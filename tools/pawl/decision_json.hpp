// A decision as one line of JSON: everything that its record holds, with the reasons in words and the values behind them.
//
//   {"sequence":12,"id":"7","event":"Payment","source":1,"ticket":12,"pipeline":"cards","version":14,"hash":"...","decision":"review","score":600,
//    "fired":[{"rule":"spike","reasons":[{"code":"S001","text":"amount 150.00, usual 12.30"}],"values":{"amount":"150.00","usual":"12.3"}}],
//    "alert":"high","queues":["devices"],"challenges":["otp"],"tags":["odd"],"shadow":[...],"suppressed":["x"],"missing":["y"]}
//
// From "alert" on, what is empty is left out; so are "reasons" and "values". Values are texts in the form of CSV cells, exact (booleans and
// missing values true, false and null): JSON's numbers are not exact everywhere. In a reason an average or quotient of money is rounded to the
// money's digits, halves away from zero.
#pragma once

#include <string>

#include "pawl/core/rules/decision.hpp"

namespace pawl::tools {

// Thread: one at a time. The pipeline outlives it.
class DecisionJson {
 public:
  explicit DecisionJson(const language::Pipeline& pipeline);

  // Without a line feed; valid until the next. REQUIRES: the records carry shown values.
  const std::string& line(const rules::Decision& decision);

  // The text of a reason for what the decision holds.
  [[nodiscard]] static std::string reason_text(const rules::Decision& decision, std::size_t rule, std::size_t reason);

 private:
  void add_match(const rules::Decision& decision);
  void add_id(const rules::Decision& decision);
  void add_rules(const rules::Decision& decision, const char* name, bool live);
  void add_rule(const rules::Decision& decision, std::size_t rule);
  void add_actions(const rules::Decision& decision);
  void add_names(const rules::Decision& decision, const char* name, bool (rules::Decision::*holds)(std::size_t) const noexcept);

  const language::Pipeline& pipeline_;
  std::string about_pipeline_;  // the part that is the same in every line
  std::string line_;
};

}  // namespace pawl::tools
