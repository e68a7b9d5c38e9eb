#include "cli/doctor.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cli/probe.h"

namespace guarita::cli {
namespace {

const Findings kFindings = {{Health::Ok, "clock", "12:00", ""},
                            {Health::Warn, "server", "no answer", "guarita serve --config FILE"}};

TEST(Findings, TextNamesWhatMendsIt) {
  EXPECT_EQ(findings_text(kFindings),
            "ok    clock          12:00\n"
            "warn  server         no answer\n"
            "                     try: guarita serve --config FILE\n");
}

TEST(Findings, OnlyAFailureFails) {
  EXPECT_FALSE(any_failed(kFindings));
  Findings worse = kFindings;
  worse.push_back({Health::Fail, "database", "damaged", "guarita restore FILE"});
  EXPECT_TRUE(any_failed(worse));
  const auto json = boost::json::parse(findings_json(worse));
  EXPECT_FALSE(json.at("ok").as_bool());
  EXPECT_EQ(json.at("findings").as_array().size(), 3u);
  EXPECT_EQ(json.at("findings").at(2).at("remedy").as_string(), "guarita restore FILE");
}

struct EndpointCase {
  std::string text;
  std::string host, port, path;
};

TEST(EndpointOf, ReadsEveryFormOfTheConfiguration) {
  const std::vector<EndpointCase> cases = {
      {"127.0.0.1:8080", "127.0.0.1", "8080", ""},
      {"[::1]:0", "::1", "0", ""},
      {":8080", "", "8080", ""},
      {"http://api.internal:3000/v2", "api.internal", "3000", ""},
      {"http://api.internal/v2", "api.internal", "80", ""},
      {"http://[2001:db8::1]:3000", "2001:db8::1", "3000", ""},
      {"http://[2001:db8::1]/", "2001:db8::1", "80", ""},
      {"unix:/run/api.sock", "", "", "/run/api.sock"},
  };
  for (const EndpointCase& one : cases) {
    const auto endpoint = endpoint_of(one.text);
    ASSERT_TRUE(endpoint.has_value()) << one.text;
    EXPECT_EQ(endpoint->host, one.host) << one.text;
    EXPECT_EQ(endpoint->port, one.port) << one.text;
    EXPECT_EQ(endpoint->path, one.path) << one.text;
  }
  for (const char* bad : {"", "localhost", "unix:", "[::1", "[::1]8080"}) {
    EXPECT_FALSE(endpoint_of(bad).has_value()) << bad;
  }
}

TEST(Probe, NobodyListensOnASocketThatIsNotThere) {
  EXPECT_TRUE(connect_error({"", "", "/nonexistent/guarita.sock"}, Millis{100}).has_value());
  EXPECT_FALSE(listen_error({"127.0.0.1", "0", ""}).has_value());
  EXPECT_GT(open_files_max(), 0u);
}

TEST(CheckServer, TellsNobodyThereFromARefusal) {
  Findings findings;
  const Api nobody([](const RawCall&) -> Result<RawReply, std::string> {
    return Err<std::string>("guarita.sock: no such file");
  });
  EXPECT_EQ(check_server(nobody, findings), Served::No);
  EXPECT_EQ(findings.back().health, Health::Warn);
  const Api refusing([](const RawCall&) -> Result<RawReply, std::string> {
    return RawReply{403, "", "", R"({"detail":"another user's server","code":"forbidden"})"};
  });
  EXPECT_EQ(check_server(refusing, findings), Served::Yes);
  EXPECT_EQ(findings.back().health, Health::Fail);
  const Api well([](const RawCall&) -> Result<RawReply, std::string> {
    return RawReply{200, "", "", R"({"version":"0.1.0","revision":3})"};
  });
  EXPECT_EQ(check_server(well, findings), Served::Yes);
  EXPECT_EQ(findings.back().text, "answers, version 0.1.0, revision 3");
}

}  // namespace
}  // namespace guarita::cli
