// The panel's test: what the gate would answer, byte for byte.
#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

boost::json::object json_of_answer(const control::TestAnswer& answer) {
  return {{"allow", answer.allow},
          {"reason", answer.reason},
          {"class", answer.token_class},
          {"why", answer.why},
          {"status", answer.status == 0 ? boost::json::value() : boost::json::value(answer.status)},
          {"answer", answer.bytes},
          {"upstream", text_or_null(answer.upstream.value_or(""))}};
}

}  // namespace

Answer test_account(const Call& call) {
  Body body(call.request);
  control::TestQuestion question;
  question.account_id = call.in_path("account");
  question.instance_id = body.required_text("instance", 128);
  const auto address = body.text("address", 45);
  question.token = body.secret("token", 8192);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  if (address) {
    question.address = parse_ip(*address);
    if (!question.address) return Err<Problem>(bad_member("address", "that is no IP address"));
  }
  if (call.caller.is_operator()) question.audience = control::Audience::Operator;
  const auto answers = call.control.test(question);
  if (!answers) return Err<Problem>(problem_of(answers.error()));
  boost::json::value with;
  if (answers->with) with = json_of_answer(*answers->with);
  return Reply{.body = {{"without", json_of_answer(answers->without)}, {"with", std::move(with)}}};
}

}  // namespace guarita::admin
