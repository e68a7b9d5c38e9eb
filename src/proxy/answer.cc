// Phase: an answer of the gate's own, and what becomes of the request body nobody reads.
#include "http/parser.h"
#include "proxy/answer_text.h"
#include "proxy/connection.h"

namespace guarita::proxy {
namespace {

// What is left of the body, seen from the answer. Little: the connection may live on when it is
// read (read_rest).
enum class Unread : std::uint8_t { Nothing, Little, Much };

// REQUIRES: no streamed body is under way. Consumes what is buffered.
Unread unread_body(Exchange& x) {
  while (!x.request_body.ended()) {
    const BodyBatch batch =
        x.request_body.take(x.in.view().substr(x.used), x.rules().tuning->head_limits);
    if (batch.error != http::ErrorCode::None) return Unread::Much;
    if (batch.consumed == 0) break;
    x.used += batch.consumed;
  }
  if (x.request_body.ended()) return Unread::Nothing;
  return is_little_left(x) ? Unread::Little : Unread::Much;
}

struct MoreFields {
  std::array<http::SetField, kMoreFieldsMax> fields;
  std::size_t count = 0;
  void add(std::string_view name, std::string_view value) {
    if (!value.empty() && count < fields.size()) fields[count++] = {name, value};
  }
};

// So that a browser's programmer sees the reason, and a granted preflight is one.
void add_cors(MoreFields& fields, const Exchange& x) {
  if (!x.decided || x.rules().tuning->preflight != Preflight::Answer) return;
  const http::FieldLines origin = x.request.fields.lines("origin");
  if (!origin.one() || !x.rules().lists_origin(origin.value)) return;
  fields.add("Access-Control-Allow-Origin", origin.value);
  fields.add("Vary", "Origin");
  fields.add("Access-Control-Expose-Headers", "Guarita-Reason, X-Request-Id");
  if (!x.local.preflight_granted) return;
  const auto asked = [&x](std::string_view name) {
    const http::FieldLines lines = x.request.fields.lines(name);
    return lines.one() ? lines.value : std::string_view();
  };
  fields.add("Access-Control-Allow-Methods", asked("access-control-request-method"));
  fields.add("Access-Control-Allow-Headers", asked("access-control-request-headers"));
  fields.add("Access-Control-Max-Age", "600");
}

void compose(Connection& c, bool keep_alive, std::string& body) {
  Exchange& x = *c.x;
  OwnAnswer answer{.status = x.local.answer.status,
                   .body = {},
                   .reason = x.local.answer.reason_text,
                   .request_id = x.request_id,
                   .more = {}};
  if (x.malformed != http::ErrorCode::None) {
    const http::ErrorAnswer wrong = http::answer_of(x.malformed);
    answer.status = wrong.status;
    body.append(R"({"error":")").append(wrong.text).append(R"("})");
    answer.reason = {};
  } else if (x.local.preflight_granted) {
    answer.status = 204;
    answer.reason = {};
  } else {
    append_body(body, x.local.answer.body, x.local.value);
  }
  answer.body = body;
  MoreFields more;
  add_cors(more, x);
  answer.more = {more.fields.data(), more.count};

  const http::OutgoingResponse outgoing{.method = x.request.method,
                                        .caller = x.request.version,
                                        .keep_alive = keep_alive,
                                        .token_header = {},
                                        .date = c.worker.date().text(c.worker.clock().now()),
                                        .via_name = {},
                                        .set = {}};
  x.out.clear();
  append_own_answer(x.out, answer, outgoing);
  x.status = answer.status;
  if (x.request.method != http::Method::Head) x.bytes_out = body.size();
}

}  // namespace

bool is_little_left(const Exchange& x) {
  // Answered before its body was sent, a caller with Expect may leave the body out altogether; what
  // it sends next cannot be told from it.
  return !x.request.expect_continue && x.request_body.framing() == http::Framing::Length &&
         x.request_body.left() <= x.rules().limits().unread_body_bytes;
}

Flow trouble(Exchange& x, Trouble what) {
  x.local.answer = AnswerTable::of(what);
  x.local.close = what == Trouble::Draining || what == Trouble::HeadTimedOut;
  return Flow::Answer;
}

net::Task<Flow> answer(Connection& c) {
  Exchange& x = *c.x;
  if (x.request_id.empty()) {  // refused before there was a head
    x.at = c.worker.clock().now();
    x.began_ns = net::steady_ns();
    x.address = c.peer;
    x.own_request_id = c.worker.request_ids().next();
    x.request_id = {x.own_request_id.data(), x.own_request_id.size()};
  }
  const bool must_close = x.malformed != http::ErrorCode::None || x.local.close ||
                          c.worker.draining() || !x.request.keep_alive || x.upload != Upload::None;
  const Unread unread = must_close ? Unread::Much : unread_body(x);
  const bool keep_alive = !must_close && unread != Unread::Much;
  x.up_out.clear();  // the text's place: nothing goes to an upstream any more
  compose(c, keep_alive, x.up_out);
  c.watch(Watch::Progress);
  const auto written = co_await c.down->write(x.out);
  if (!written) co_return Flow::Close;
  if (!keep_alive) co_return Flow::Linger;
  x.in.consume(x.used);
  co_return Flow::Next;
}

net::Task<Flow> read_rest(Connection& c) {
  Exchange& x = *c.x;
  const http::Limits& limits = x.rules().tuning->head_limits;
  c.watch(Watch::Lingering);  // nobody waits longer for bytes that are thrown away
  if (x.body) x.body->consume(x.request_body.take(x.body->view(), limits).consumed);
  while (!x.request_body.ended()) {
    const std::span<char> sink = c.worker.sink();
    const std::size_t most = std::min(sink.size(), x.request_body.readable_max());
    const auto got = co_await c.down->read_some(sink.first(most));
    if (!got) co_return Flow::Close;
    x.request_body.take({sink.data(), *got}, limits);
  }
  co_return Flow::Next;
}

}  // namespace guarita::proxy
