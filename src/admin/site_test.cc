// Host, Origin, transport, cookies and the proof against other sites, without an Api.
#include "admin/site.h"

#include <gtest/gtest.h>

#include "admin/cookies.h"

namespace guarita::admin {
namespace {

net::AdminRequest with(net::AdminHeaders headers) {
  net::AdminRequest request;
  request.method = "POST";
  request.headers = std::move(headers);
  return request;
}

std::string code_of(const std::optional<Problem>& problem) {
  return problem ? std::string(row_of(problem->code).name) : "";
}

TEST(Transport, IsSecureByTlsOrByTheHttpsAddressInFront) {
  constexpr std::string_view kPublic = "https://guarita.example/panel";
  EXPECT_EQ(transport_of(with({{"Host", "guarita.example"}}), kPublic), Transport::Secure);
  EXPECT_EQ(transport_of(with({{"Host", "Guarita.Example"}}), kPublic), Transport::Secure);
  EXPECT_EQ(transport_of(with({{"Host", "guarita.example"}}), "http://guarita.example"),
            Transport::Plain);
  EXPECT_EQ(transport_of(with({{"Host", "guarita.example:80"}}), kPublic), Transport::Plain);
  for (const char* host : {"localhost:8081", "127.0.0.1", "[::1]:8081"}) {
    EXPECT_EQ(transport_of(with({{"Host", host}}), kPublic), Transport::Loopback) << host;
  }
  auto request = with({{"Host", "localhost:8081"}});
  request.peer.tls = true;
  EXPECT_EQ(transport_of(request, ""), Transport::Secure);
}

TEST(Site, OwnOriginIsThePublicUrlsOrTheLoopbackHostItself) {
  const auto check = [](std::string_view public_url, const char* host, const char* origin) {
    return code_of(check_site(with({{"Host", host}, {"Origin", origin}}), public_url));
  };
  EXPECT_EQ(check("", "localhost:8081", "http://localhost:8081"), "");
  EXPECT_EQ(check("", "[::1]:8081", "http://[::1]:8081"), "");
  EXPECT_EQ(check("https://g.example", "g.example", "https://g.example"), "");
  for (const char* origin : {"http://localhost", "https://localhost:8081", "http://127.0.0.1:8081",
                             "http://localhost:8081.evil.example", "null", ""}) {
    EXPECT_EQ(check("", "localhost:8081", origin), "origin_refused") << origin;
  }
  EXPECT_EQ(check("https://g.example", "g.example", "http://g.example"), "origin_refused");
  EXPECT_EQ(check("", "g.example", "http://g.example"), "misdirected");
  auto tls = with({{"Host", "localhost:8081"}, {"Origin", "https://localhost:8081"}});
  tls.peer.tls = true;
  EXPECT_EQ(code_of(check_site(tls, "")), "");
}

TEST(Csrf, NeedsTheSessionsOwnWordAndNoOtherSite) {
  const Secret csrf("abc");
  EXPECT_EQ(code_of(check_csrf(with({{"X-Guarita-CSRF", "abc"}}), csrf)), "");
  EXPECT_EQ(code_of(check_csrf(with({{"x-guarita-csrf", "abc"}, {"Sec-Fetch-Site", "same-origin"}}),
                               csrf)),
            "");
  EXPECT_EQ(code_of(check_csrf(with({}), csrf)), "csrf_refused");
  EXPECT_EQ(code_of(check_csrf(with({{"X-Guarita-CSRF", ""}}), csrf)), "csrf_refused");
  EXPECT_EQ(code_of(check_csrf(with({{"X-Guarita-CSRF", "ab"}}), csrf)), "csrf_refused");
  EXPECT_EQ(code_of(check_csrf(with({{"X-Guarita-CSRF", ""}}), Secret())), "csrf_refused");
  EXPECT_EQ(code_of(check_csrf(with({{"X-Guarita-CSRF", "abc"}, {"X-Guarita-CSRF", "abc"}}), csrf)),
            "csrf_refused");
  EXPECT_EQ(code_of(check_csrf(with({{"X-Guarita-CSRF", "abc"}, {"Sec-Fetch-Site", "cross-site"}}),
                               csrf)),
            "csrf_refused");
}

TEST(Csrf, SigningInTakesJsonOnly) {
  EXPECT_EQ(code_of(check_sign_in(with({{"Content-Type", "application/json; charset=utf-8"}}))),
            "");
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=application/json", "application/jsonx"}) {
    EXPECT_EQ(code_of(check_sign_in(with({{"Content-Type", type}}))), "unsupported_media_type");
  }
  EXPECT_EQ(code_of(check_sign_in(with({}))), "unsupported_media_type");
  EXPECT_EQ(code_of(check_sign_in(
                with({{"Content-Type", "application/json"}, {"Sec-Fetch-Site", "cross-site"}}))),
            "csrf_refused");
}

TEST(Cookies, AttributesAreExact) {
  using enum CookieKind;
  const auto set = [](CookieKind kind, Transport transport, Framing framing) {
    return set_cookie(kind, transport, framing, "v");
  };
  const std::string strict = "=v; Path=/; Secure; HttpOnly; SameSite=Strict";
  EXPECT_EQ(set(User, Transport::Secure, Framing::Refused), "__Host-guarita" + strict);
  EXPECT_EQ(set(User, Transport::Secure, Framing::Listed), "__Host-guarita" + strict);
  EXPECT_EQ(set(Link, Transport::Secure, Framing::Refused), "__Host-guarita-link" + strict);
  EXPECT_EQ(set(Link, Transport::Secure, Framing::Listed),
            "__Host-guarita-link=v; Path=/; Secure; HttpOnly; SameSite=None; Partitioned");
  EXPECT_EQ(set(User, Transport::Loopback, Framing::Refused),
            "guarita=v; Path=/; HttpOnly; SameSite=Strict");
  EXPECT_EQ(set(Link, Transport::Loopback, Framing::Listed),
            "guarita-link=v; Path=/; HttpOnly; SameSite=Strict");
  EXPECT_EQ(clear_cookie(User, Transport::Secure, Framing::Refused),
            "__Host-guarita=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
}

TEST(Cookies, OneOfTheNameOrNone) {
  const auto read = [](net::AdminHeaders headers) {
    const auto request = with(std::move(headers));
    return std::string(read_cookie(request, "guarita").value_or("none"));
  };
  EXPECT_EQ(read({{"Cookie", "guarita=abc"}}), "abc");
  EXPECT_EQ(read({{"cookie", "a=b;guarita=abc ; c=d"}}), "abc");
  EXPECT_EQ(read({{"Cookie", "a=b"}, {"Cookie", "guarita=abc"}}), "abc");
  EXPECT_EQ(read({{"Cookie", "guarita=a=b"}}), "a=b");
  EXPECT_EQ(read({{"Cookie", "guarita=abc; guarita=abc"}}), "none");
  EXPECT_EQ(read({{"Cookie", "guarita=abc"}, {"Cookie", "guarita=x"}}), "none");
  EXPECT_EQ(read({{"Cookie", "Guarita=abc"}}), "none") << "names are compared byte by byte";
  EXPECT_EQ(read({{"Cookie", "xguarita=abc; guarita-link=abc; guarita"}}), "none");
  EXPECT_EQ(read({}), "none");
  EXPECT_TRUE(has_session_cookie(with({{"Cookie", "a=b; __Host-guarita-link=x"}})));
  EXPECT_FALSE(has_session_cookie(with({{"Cookie", "a=guarita; guaritax=1"}})));
}

}  // namespace
}  // namespace guarita::admin
