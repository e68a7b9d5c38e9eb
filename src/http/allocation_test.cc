// A warm connection allocates nothing per exchange: operator new is counted.
#include "http/admit.h"
#include "http/chunked.h"
#include "http/forwarded.h"
#include "http/serialise.h"
#include "http/target.h"
#include "http/testing.h"
#include "support/allocations.h"

namespace guarita::http {
namespace {

struct Connection {
  RequestHead request;
  ResponseHead response;
  Target target;
  ChunkedDecoder decoder;
  HttpDate date;
  std::string upstream, caller;
};

constexpr std::string_view kRequest =
    "POST /instances/%41BC/token/1234567890123456789012345678901234567890/send-text?a=b "
    "HTTP/1.1\r\n"
    "Host: API.Example\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\nClient-Token: gta_x\r\n"
    "X-Forwarded-For: 1.1.1.1, 10.1.1.1\r\nX_Account_Id: spoof\r\nContent-Type: "
    "application/json\r\n"
    "Via: 1.1 other\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n"
    "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailing: yes\r\n\r\n";
constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=5\r\nVary: Accept\r\nServer: nginx\r\n"
    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

void exchange(Connection& c, const AdmitRules& admit_rules, const RequestRules& rules,
              std::span<const Cidr> trusted) {
  c.request.clear();
  const Progress head = parse(kRequest, Limits{}, c.request);
  ASSERT_TRUE(head.done());
  ASSERT_EQ(admit(c.request, admit_rules).error, ErrorCode::None);
  ASSERT_EQ(c.target.assign(c.request, SlashMerging::Keep), ErrorCode::None);
  const IpAddress peer = *parse_ip("10.0.0.1");
  client_address(AddressSource::XForwardedFor, peer, c.request.fields, trusted);
  const SetField set[] = {{"X-Account-Id", "account"}, {"X-Request-Id", "r"}};
  OutgoingRequest out;
  out.host = "up:9000";
  out.set = set;
  c.upstream.clear();
  append_request(c.upstream, c.request, c.target, rules, out);
  c.decoder.reset();
  std::string_view body = kRequest.substr(head.consumed);
  for (;;) {
    const ChunkedDecoder::Step step = c.decoder.next(body, Limits{});
    body.remove_prefix(step.consumed);
    if (step.what == ChunkedDecoder::What::End) break;
    ASSERT_EQ(step.what, ChunkedDecoder::What::Data);
    c.upstream.append(chunk_head(step.data.size()).view()).append(step.data).append(kChunkEnd);
  }
  c.response.clear();
  ASSERT_TRUE(parse(kResponse, Limits{}, {Method::Post, Upgrade::None}, c.response).done());
  OutgoingResponse to;
  to.cache = CacheGuard::Private;
  to.token_header = "Client-Token";
  to.via_name = rules.via_name;
  to.date = c.date.text(Time(Millis(1000)));
  c.caller.clear();
  append_response(c.caller, c.response, to);
  append_last_chunk(c.caller, c.decoder.trailers());
}

TEST(Allocation, NoneOnAWarmConnection) {
  const AdmitRules admit_rules{make_read_names({"client-token"}), "guarita-7f3a"};
  RequestRules rules;
  rules.removed = make_removed_names({"client-token"});
  rules.via_name = "guarita-7f3a";
  const std::vector<Cidr> trusted{parse_cidr("10.0.0.0/8").value()};
  Connection connection;
  exchange(connection, admit_rules, rules, trusted);
  const std::uint64_t before = guarita::testing::allocations();
  if (guarita::testing::kAllocationsCounted) {
    EXPECT_GT(before, 0u) << "the counter counts";
  }
  for (int i = 0; i < 10; ++i) exchange(connection, admit_rules, rules, trusted);
  EXPECT_EQ(guarita::testing::allocations(), before);
}

}  // namespace
}  // namespace guarita::http
