// POST /v1/batch and GET /v1/export: strict rows, named by their index; the way out is a way in.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "admin/testing.h"

namespace guarita::admin::testing {
namespace {

namespace json = boost::json;

class BatchRoute : public ::testing::Test {
 protected:
  Response send(const std::string& items, const std::string& more = "") {
    return api({.method = "POST",
                .target = "/v1/batch",
                .body = "{\"items\":[" + items + "]" + more + "}"});
  }
  // Why the only row of a batch is refused.
  std::string refused(const std::string& row) {
    const auto response = send(row);
    EXPECT_EQ(response.status, 200U) << response.raw.body;
    return response.text("/errors/0/code") + " " + response.text("/errors/0/member");
  }
  std::string exported(const std::string& of) {
    const auto page = api({.method = "GET", .target = "/v1/export?of=" + of});
    return json::serialize(page.body.at("items"));
  }

  ApiWorld api;
};

TEST_F(BatchRoute, AnswersForEveryItemAndNamesThoseThatFailed) {
  const auto response = send(
      R"({"account":"acme"},{"instance":"i1","account":"acme"},{"instance":"i2","account":"no"},)"
      R"({"instance":"i3","colour":"red"},{"instance":"i1","delete":false})");
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(json::serialize(response.body.at("results")),
            R"(["created","created","failed","failed","failed"])");
  EXPECT_EQ(response.text("/counts/created"), "2");
  EXPECT_EQ(response.text("/counts/failed"), "3");
  EXPECT_EQ(response.text("/errors/0/code"), "account_not_found");
  EXPECT_EQ(response.text("/errors/0/index"), "2");
  EXPECT_EQ(response.text("/errors/1/member"), "colour");
  EXPECT_EQ(response.text("/errors/2/index"), "4");
  EXPECT_EQ(response.text("/receipt/changed"), "true");
}

TEST_F(BatchRoute, RowsAreReadStrictly) {
  api.world.make_account("acme");
  for (const char* row :
       {"1", "[]", R"({"name":"x"})", R"({"account":7})", R"({"account":"acme","upstream":"x"})",
        R"({"account":"acme","token_sha256":"abc"})", R"({"account":"acme","enforce":false})",
        R"({"account":"acme","delete":"yes"})",
        R"({"instance":"i","account":"acme","cascade":true})",
        R"({"instance":"i","account":"acme","instance_token_sha256":"00"})",
        R"({"instance":"i","account":"acme","upstream":7})",
        R"({"instance":"i","account":"acme","instance_token":""})",
        R"({"instance":"a/b","account":"acme"})"}) {
    EXPECT_TRUE(refused(row).starts_with("invalid_request ")) << row;
  }
  EXPECT_EQ(refused(R"({"instance":"i","account":"acme","instance_token":"x",)"
                    R"("instance_token_sha256":"00000000000000000000000000000000"})"),
            "invalid_request instance_token");
  EXPECT_EQ(api.world.control().status().instances, 0u);
}

TEST_F(BatchRoute, ABodyThatIsNoBatchIsRefusedWhole) {
  for (const char* body : {"", "[]", "{}", R"({"items":{}})", R"({"items":[],"more":1})",
                           R"({"items":[],"dry_run":"yes"})", "{"}) {
    const auto response = api({.method = "POST", .target = "/v1/batch", .body = body});
    EXPECT_GE(response.status, 400U) << body;
    EXPECT_LT(response.status, 500U) << body;
  }
}

TEST_F(BatchRoute, ADryRunChangesNothing) {
  const auto response = send(R"({"account":"acme"})", R"(,"dry_run":true)");
  EXPECT_EQ(response.text("/results/0"), "created");
  EXPECT_EQ(response.text("/dry_run"), "true");
  EXPECT_EQ(response.text("/receipt/changed"), "false");
  EXPECT_EQ(api.world.control().status().accounts, 0u);
}

TEST_F(BatchRoute, TheWayOutIsAWayIn) {
  send(R"({"account":"acme","name":"Acme"},{"account":"beta"},)"
       R"({"instance":"i1","account":"acme","instance_token":"of i1","upstream":"http://h:1/p"},)"
       R"({"instance":"i2","account":"beta","name":"Zwei"})");
  const std::string accounts = exported("accounts");
  const std::string instances = exported("instances");
  EXPECT_TRUE(instances.find("of i1") == std::string::npos);
  const auto inside = [](const std::string& list) { return list.substr(1, list.size() - 2); };
  const auto again = send(inside(accounts) + "," + inside(instances));
  EXPECT_EQ(again.text("/counts/unchanged"), "4");
  ApiWorld other;
  other({.method = "POST",
         .target = "/v1/batch",
         .body = "{\"items\":[" + inside(accounts) + "," + inside(instances) + "]}"});
  for (const char* of : {"accounts", "instances"}) {
    const auto page = other({.method = "GET", .target = std::string("/v1/export?of=") + of});
    EXPECT_EQ(json::serialize(page.body.at("items")), exported(of));
  }
  EXPECT_EQ(api({.method = "GET", .target = "/v1/export?of=users"}).code(), "invalid_request");
  EXPECT_EQ(api({.method = "GET", .target = "/v1/export"}).code(), "invalid_request");
}

TEST_F(BatchRoute, NoTokenComesBackInAnError) {
  const std::string secret = "a-very-secret-instance-token";
  const auto response = send(R"({"instance":"i","account":"nobody","instance_token":")" + secret +
                             R"("},{"instance":"j","instance_token":[")" + secret + R"("]})");
  EXPECT_EQ(response.raw.body.find(secret), std::string::npos) << response.raw.body;
}

}  // namespace
}  // namespace guarita::admin::testing
