#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

constexpr std::size_t kTokenBytesMax = 256;
constexpr Millis kGraceDefault = std::chrono::hours(24);

control::NewToken new_token(Body& body) {
  control::NewToken token;
  if (auto import = body.secret("token", kTokenBytesMax)) token.import = std::move(*import);
  token.weak = body.flag("weak") ? control::Weak::Accept : control::Weak::Refuse;
  token.expires_at = body.time("expires_at");
  return token;
}

// An empty text would silently make a token instead of importing one.
std::optional<Problem> wrong_import(const Body& body, const control::NewToken& token) {
  if (!body.has("token") || !token.import.empty()) return std::nullopt;
  return bad_member("token", "'token' is empty: leave it out to have a token made");
}

control::Lock lock_of(Body& body) {
  return body.flag("lock") ? control::Lock::Accept : control::Lock::Refuse;
}

Answer answer_of(const control::Outcome<control::Done<control::TokenMade>>& outcome) {
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  const control::TokenMade& made = outcome->value;
  boost::json::object body = {{"account", json_of(made.account)}, {"token", json_of(made.token)}};
  if (!made.secret.empty()) body["secret"] = made.secret.reveal();
  return with_etag(done(std::move(body), outcome->receipt), made.account.row.revision);
}

Answer answer_of(const control::Outcome<control::Done<control::AccountView>>& outcome) {
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));
  return with_etag(done({{"account", json_of(outcome->value)}}, outcome->receipt),
                   outcome->value.row.revision);
}

}  // namespace

Answer list_tokens(const Call& call) {
  const std::string& id = call.in_path("account");
  const auto view = call.control.account(id);
  if (!view) return Err<Problem>(problem_of(view.error()));
  const auto tokens = call.control.tokens(id);
  if (!tokens) return Err<Problem>(problem_of(tokens.error()));
  boost::json::array items;
  for (const store::TokenRow& token : *tokens) items.push_back(json_of(token));
  return with_etag({.body = {{"account", json_of(*view)}, {"items", std::move(items)}}},
                   view->row.revision);
}

Answer generate_token(const Call& call) {
  Body body(call.request);
  control::NewToken token = new_token(body);
  const std::string as = body.text("as", 16).value_or("current");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  if (auto wrong = wrong_import(body, token)) return Err<Problem>(std::move(*wrong));
  const std::string& id = call.in_path("account");
  if (as == "current") return answer_of(call.control.generate(call.asked(), id, std::move(token)));
  if (as == "next") return answer_of(call.control.rotate(call.asked(), id, std::move(token)));
  return Err<Problem>(bad_member("as", "'as' is current or next"));
}

Answer regenerate_token(const Call& call) {
  Body body(call.request);
  control::NewToken token = new_token(body);
  const auto cut_off = body.flag("cut_off") ? control::CutOff::Accept : control::CutOff::Refuse;
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  if (auto wrong = wrong_import(body, token)) return Err<Problem>(std::move(*wrong));
  return answer_of(
      call.control.regenerate(call.asked(), call.in_path("account"), std::move(token), cut_off));
}

Answer rotate_token(const Call& call) {
  Body body(call.request);
  control::NewToken token = new_token(body);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  if (auto wrong = wrong_import(body, token)) return Err<Problem>(std::move(*wrong));
  return answer_of(call.control.rotate(call.asked(), call.in_path("account"), std::move(token)));
}

Answer promote_token(const Call& call) {
  Body body(call.request);
  const auto text = body.text("grace", 32);
  const control::Lock lock = lock_of(body);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto grace = text ? parse_duration(*text) : std::optional(kGraceDefault);
  if (!grace) {
    return Err<Problem>(bad_member("grace", "'grace' is a duration such as 90s, 15m, 24h or 7d"));
  }
  return answer_of(call.control.promote(call.asked(), call.in_path("account"), *grace, lock));
}

Answer revoke_token(const Call& call) {
  Body body(call.request);
  const auto text = body.text("token_id", 64);
  const bool all = body.flag("all");
  const control::Lock lock = lock_of(body);
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const std::string& id = call.in_path("account");
  if (all == text.has_value()) {
    return Err<Problem>(bad_member("token_id", "give either 'token_id' or 'all': true"));
  }
  if (all) return answer_of(call.control.revoke_all(call.asked(), id, lock));
  const auto uuid = parse_uuid(*text);
  if (!uuid) return Err<Problem>(bad_member("token_id", "'token_id' is the id of a token, a UUID"));
  return answer_of(call.control.revoke(call.asked(), id, TokenKey{*uuid}, lock));
}

Answer reveal_token(const Call& call) {
  Body body(call.request);
  const auto uuid = parse_uuid(body.required_text("token_id", 64));
  if (!uuid) body.refuse("token_id", "'token_id' is the id of a token, a UUID");
  if (auto wrong = body.wrong()) return Err<Problem>(std::move(*wrong));
  const auto secret = call.control.reveal(call.asked(), call.in_path("account"), TokenKey{*uuid});
  if (!secret) return Err<Problem>(problem_of(secret.error()));
  return Reply{.body = {{"secret", secret->reveal()}}};
}

}  // namespace guarita::admin
