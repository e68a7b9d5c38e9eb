#include "app/status_page.h"

#include <gtest/gtest.h>

namespace guarita::app {
namespace {

net::AdminResponse ask(std::string_view method, std::string_view target, bool ready) {
  const StatusSources sources{[=] { return ready; }, [] { return std::string(R"({"x":1})"); },
                              [] { return std::string("metric 1\n"); }};
  net::AdminRequest request;
  request.method = method;
  request.target = target;
  return answer_status(sources, request);
}

TEST(StatusPage, LiveWhileTheProcessAnswers) {
  EXPECT_EQ(ask("GET", "/livez", false).status, 200U);
}

TEST(StatusPage, ReadyOnlyWhenReady) {
  EXPECT_EQ(ask("GET", "/readyz", true).status, 200U);
  EXPECT_EQ(ask("GET", "/readyz", false).status, 503U);
  EXPECT_EQ(ask("GET", "/readyz", false).body, "{\"x\":1}\n");
}

TEST(StatusPage, MetricsHaveThePrometheusType) {
  const auto answer = ask("GET", "/metrics?x", true);
  EXPECT_EQ(answer.body, "metric 1\n");
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST(StatusPage, NothingElseIsHere) {
  EXPECT_EQ(ask("GET", "/", true).status, 404U);
  EXPECT_EQ(ask("GET", "/metricsx", true).status, 404U);
  const auto refused = ask("POST", "/metrics", true);
  EXPECT_EQ(refused.status, 405U);
  EXPECT_EQ(refused.header("Allow"), "GET, HEAD");
}

}  // namespace
}  // namespace guarita::app
