// Live events: what is told to whom, and when it ends.
#include <gtest/gtest.h>

#include "admin/samples.h"
#include "admin/streams.h"

namespace guarita::admin::testing {
namespace {

const Ask kListen{.method = "GET", .target = "/v1/accounts/acme/events"};

struct StreamWorld : ApiWorld {
  StreamWorld() : stage(*this) {
    world.hub.set_access_log(telemetry::AccessLog::Off);
    shard = &world.hub.add_shard();
  }
  void refuse(const std::string& account) {
    telemetry::Exchange e;
    e.at = world.clock.now();
    e.stage = telemetry::Stage::Decided;
    e.reason = policy::Reason::TokenMissing;
    e.token_class = policy::TokenClass::Missing;
    e.classified = true;
    e.account_id = account;
    e.instance_id = "i1";
    e.user_agent = "a\"b\n\xff";
    e.address = *parse_ip("192.0.2.7");
    shard->record(e);
  }
  // A second of the app's ticker.
  void tick(Millis later = std::chrono::seconds(1)) {
    world.clock.pass(later);
    world.control().tick();
    api.publish();
  }

  Stage stage;
  telemetry::Shard* shard = nullptr;
};

std::string text_of(const Response& stream) {
  return stream.raw.events ? stream.raw.events->take().text : "no stream: " + stream.raw.body;
}

TEST(Streams, TellTheNewsOfTheirAccountOnce) {
  StreamWorld api;
  const auto stream = api.browser(api.stage.viewer, kListen);
  EXPECT_EQ(stream.status, 200U);
  EXPECT_TRUE(text_of(stream).starts_with("event: hello\ndata: {\"revision\":"));
  api.refuse("acme");
  api.refuse("other");
  api.world.make_instance("i2", "acme");
  api.tick();
  const std::string news = text_of(stream);
  EXPECT_TRUE(news.starts_with("event: denial\ndata: {\"at\":\"")) << news;
  EXPECT_NE(news.find(R"("reason":"token_missing")"), std::string::npos) << news;
  EXPECT_NE(news.find(R"("user_agent":"a\"b??")"), std::string::npos) << news;
  EXPECT_NE(news.find(R"("classes":{"missing":1}})"), std::string::npos) << news;
  EXPECT_NE(news.find(R"("verb":"instance.create"})"), std::string::npos) << news;
  EXPECT_EQ(news.find("event: denial", 1), std::string::npos) << "another account's";
  api.tick();
  EXPECT_EQ(text_of(stream), "");
}

TEST(Streams, EndWithTheSession) {
  StreamWorld api;
  const auto stream = api.browser(api.stage.owner, kListen);
  text_of(stream);
  api.tick(std::chrono::seconds(11));
  EXPECT_FALSE(stream.raw.events->ended());
  ASSERT_EQ(api.browser(api.stage.owner, {.method = "DELETE", .target = "/v1/session"}).status,
            200U);
  api.tick(Streams::kRecheckEvery);
  const auto last = stream.raw.events->take();
  EXPECT_EQ(last.text, "event: end\ndata: {\"reason\":\"session_over\"}\n\n");
  EXPECT_TRUE(last.last);
}

TEST(Streams, AreNoUseOfASession) {
  StreamWorld api;
  const auto stream = api.browser(api.stage.owner, kListen);
  for (int minute = 0; minute < 31; ++minute) api.tick(std::chrono::minutes(1));
  EXPECT_TRUE(stream.raw.events->ended()) << "nobody was there for half an hour";
}

TEST(Streams, EndWithTheRightToRead) {
  StreamWorld api;
  const auto viewer = api.browser(api.stage.viewer, kListen);
  const std::string token = api.admin_token("account:acme");
  const auto program = api.tcp(kListen, token);
  ASSERT_TRUE(program.raw.events);
  ASSERT_EQ(api({.method = "DELETE", .target = "/v1/accounts/acme/members/" + api.stage.viewer.id})
                .status,
            200U);
  api.tick(Streams::kRecheckEvery);
  EXPECT_NE(text_of(viewer).find(R"({"reason":"forbidden"})"), std::string::npos);
  EXPECT_FALSE(program.raw.events->ended());
}

TEST(Streams, AreFewForEachCallerAndForAll) {
  StreamWorld api;
  std::vector<Response> open;
  for (std::size_t i = 0; i < Streams::kPerCallerMax; ++i) {
    open.push_back(api.browser(api.stage.viewer, kListen));
    EXPECT_EQ(open.back().status, 200U);
  }
  const auto busy = api.browser(api.stage.viewer, kListen);
  EXPECT_EQ(busy.status, 503U);
  EXPECT_EQ(busy.code(), "busy");
  EXPECT_TRUE(busy.raw.header("Retry-After"));
  EXPECT_EQ(api.browser(api.stage.owner, kListen).status, 200U) << "others are not concerned";
  open.front().raw.events->abandon();
  EXPECT_EQ(api.browser(api.stage.viewer, kListen).status, 200U);

  std::size_t total = Streams::kPerCallerMax + 1;
  unsigned status = 200;
  for (; status == 200U && total <= Streams::kStreamsMax; ++total) {
    const std::string token = api.admin_token("account:acme");
    for (std::size_t i = 0; i < Streams::kPerCallerMax && status == 200U; ++i) {
      open.push_back(api.tcp(kListen, token));
      status = open.back().status;
    }
  }
  EXPECT_EQ(status, 503U);
  api.api.end_streams();
  EXPECT_NE(text_of(open[1]).find(R"({"reason":"server_stops"})"), std::string::npos);
  EXPECT_EQ(api.browser(api.stage.viewer, kListen).status, 200U);
}

TEST(Streams, AreForWhoMayReadTheAccount) {
  StreamWorld api;
  EXPECT_EQ(api.browser(api.stage.stranger, kListen).status, 404U);
  EXPECT_EQ(api({.method = "GET", .target = "/v1/accounts/nobody/events"}).status, 404U);
}

}  // namespace
}  // namespace guarita::admin::testing
