#include "admin/api.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"
#include "admin/site.h"
#include "admin/streams.h"
#include "base/log.h"

namespace guarita::admin {
namespace {

// Of the bytes that are shown and stored, only visible ASCII and the space.
std::string printable(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c < 0x20 || c > 0x7e; });
  return out;
}

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> names;
  while (!list.empty()) {
    const auto comma = list.find(',');
    names.push_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return names;
}

bool has_word(std::string_view list, std::string_view word) {
  const auto words = split(list);
  return std::ranges::find(words, word) != words.end();
}

struct Matched {
  const Route* route = nullptr;
  NameValues path;
};

Result<Matched, Problem> find_route(std::string_view method, std::string_view raw_path) {
  std::string allow;
  for (const Route& route : route_table()) {
    auto values = match_path(route.path, raw_path);
    if (!values) continue;
    if (route.method == method) return Matched{&route, std::move(*values)};
    allow += (allow.empty() ? "" : ", ") + std::string(route.method);
  }
  if (allow.empty()) return Err<Problem>(problem(Code::NoSuchRoute, "no resource has that path"));
  Problem result = problem(Code::MethodNotAllowed, "this resource takes " + allow);
  result.headers.emplace_back("Allow", allow);
  return Err<Problem>(std::move(result));
}

std::optional<std::string> value_of(const NameValues& values, std::string_view name) {
  const auto at = std::ranges::find(values, name, &NameValues::value_type::first);
  return at == values.end() ? std::nullopt : std::optional(at->second);
}

Problem none_such(Code code, std::string_view what, std::string_view id) {
  return problem(code, "there is no " + std::string(what) + " '" + std::string(id) + "'");
}

Problem forbidden(const Route& route, const Caller& caller) {
  const std::string right(text_of(route.right));
  return problem(Code::Forbidden, "this needs the right '" + right + "', which " +
                                      (caller.session ? "this session does not have"
                                                      : "the admin token's scope does not give"));
}

// Which account an instance list is about, for who sees some only: a ?account= that is not its own
// is as one that does not exist, and none stands for the only one.
std::optional<Problem> cut_down(const Caller& caller, Call& call) {
  if (value_of(call.query, "account")) return std::nullopt;
  const auto own = caller.own_accounts();
  if (own.size() > 1) {
    return bad_member("account", "name one of your accounts: ?account=ID");
  }
  if (own.empty()) return problem(Code::Forbidden, "you are a member of no account");
  call.query.emplace_back("account", own.front());
  return std::nullopt;
}

// Before a handler runs: may the caller do this to that account? Whoever may not see an account or
// an instance gets the same answer as for one that does not exist, and the store is not asked.
std::optional<Problem> refused(const Route& route, const Caller& caller, Call& call) {
  std::optional<std::string> account = value_of(call.path, "account");
  const auto instance = value_of(call.path, "instance");
  const bool scoped = route.right == Right::ScopedRead || route.right == Right::ScopedWrite;
  const bool by_account = has_word(route.query, "account");
  const bool by_session = caller.session.has_value();
  if (!caller.is_limited())
    return permits(route.right, caller, account) ? std::nullopt
                                                 : std::optional(forbidden(route, caller));
  if (scoped && instance) {
    const auto row = call.control.instance(*instance);
    if (!row && row.error().code != control::ErrorCode::InstanceNotFound) {
      return problem_of(row.error());
    }
    if (!row || !permits(Right::OwnRead, caller, row->account_id)) {
      return none_such(Code::InstanceNotFound, "instance", *instance);
    }
    account = row->account_id;
  } else if (scoped && by_account) {
    if (auto no = cut_down(caller, call)) return no;
    account = value_of(call.query, "account");
  }
  if (account && by_session && !permits(Right::OwnRead, caller, *account)) {
    return none_such(Code::AccountNotFound, "account", *account);
  }
  if (permits(route.right, caller, account)) return std::nullopt;
  return forbidden(route, caller);
}

// A user's session that was left alone for a while is asked for the password before anything that
// makes, kills, shows or enforces.
bool is_stale(const Route& route, const Caller& caller, const net::AdminRequest& request,
              Time now) {
  if (caller.kind != Caller::Kind::User || now < caller.session->fresh_until) return false;
  switch (route.reauth) {
    case Reauth::No: return false;
    case Reauth::Required: return true;
    case Reauth::UnlessDryRun: return !is_dry_run(request);
  }
  return true;
}

std::optional<Problem> wrong_if_match(const Route& route, const Call& call) {
  if (route.if_match == IfMatch::Required && !call.if_match) {
    return problem(Code::IfMatchRequired, "a verb that makes or ends a token needs If-Match");
  }
  if (route.if_match == IfMatch::None && call.if_match && route.method != "GET") {
    return bad_member("If-Match", "this resource has no ETag to compare with");
  }
  return std::nullopt;
}

identity::Client client_of(const net::AdminRequest& request, std::string request_id) {
  constexpr std::size_t kUserAgentBytesMax = 256;
  const std::string_view agent = request.header("User-Agent").value_or("");
  return {.address = request.peer.address,
          .user_agent = printable(agent.substr(0, kUserAgentBytesMax)),
          .request_id = std::move(request_id)};
}

}  // namespace

struct Api::State {
  ApiOptions options;
  control::Control& control;
  identity::Identity& identity;
  const Clock& clock;
  FailureThrottle throttle;
  Streams streams;

  State(ApiOptions o, control::Control& c, identity::Identity& i, const Clock& k)
      : options(std::move(o)),
        control(c),
        identity(i),
        clock(k),
        streams(c, [this](const net::AdminRequest& request) { return sender_of(request); }) {}

  // Of a request that was answered before.
  Result<Caller, Problem> sender_of(const net::AdminRequest& request);
  Result<Caller, Problem> admit(const net::AdminRequest& request, const Route* route,
                                const identity::Client& client, Time now);
  Answer answer(const net::AdminRequest& request, const identity::Client& client, Named& named,
                std::string_view& route_path);
};

// Who calls, once the request has proved where it comes from. `route`: none when no route matches,
// which is told to nobody who is not known.
Result<Caller, Problem> Api::State::admit(const net::AdminRequest& request, const Route* route,
                                          const identity::Client& client, Time now) {
  const std::string& public_url = options.console.public_url;
  if (!request.peer.unix_socket) {
    if (auto no = check_site(request, public_url)) return Err<Problem>(std::move(*no));
  }
  const Right right = route == nullptr ? Right::Any : route->right;
  const SiteGuard guard = site_guard_of(request.method, right);
  const bool about_session =
      right == Right::Session || right == Right::Self || guard == SiteGuard::SignIn;
  if (about_session && transport_of(request, public_url) == Transport::Plain) {
    return Err<Problem>(problem(Code::HttpsRequired, "passwords and sessions need https here"));
  }
  if (guard == SiteGuard::SignIn) {
    if (auto no = check_sign_in(request)) return Err<Problem>(std::move(*no));
  }
  if (right == Right::Public) return Caller{};
  auto caller = authenticate(request, {public_url, options.own_uid}, {control, identity, throttle},
                             client, now);
  if (caller && caller->session && guard == SiteGuard::Csrf) {
    if (auto no = check_csrf(request, caller->session->csrf)) return Err<Problem>(std::move(*no));
  }
  return caller;
}

Result<Caller, Problem> Api::State::sender_of(const net::AdminRequest& request) {
  return authenticate(request, {options.console.public_url, options.own_uid},
                      {control, identity, throttle, identity::Seen::Leave}, client_of(request, {}),
                      clock.now());
}

Answer Api::State::answer(const net::AdminRequest& request, const identity::Client& client,
                          Named& named, std::string_view& route_path) {
  const Time now = clock.now();
  const std::string_view target = request.target;
  const auto question = target.find('?');
  const auto matched = find_route(request.method, target.substr(0, question));
  const auto caller = admit(request, matched ? matched->route : nullptr, client, now);
  if (!caller) return Err<Problem>(caller.error());
  if (!matched) return Err<Problem>(matched.error());
  const Route& route = *matched->route;
  route_path = route.path;
  named.account = value_of(matched->path, "account").value_or("");
  named.instance = value_of(matched->path, "instance").value_or("");

  const std::string_view query =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  auto values = read_query(query, split(route.query));
  if (!values) return Err<Problem>(values.error());
  Call call{.control = control,
            .identity = identity,
            .console = options.console,
            .streams = streams,
            .caller = *caller,
            .request = request,
            .path = matched->path,
            .query = std::move(*values),
            .if_match = {},
            .client = client,
            .now = now};
  if (auto no = refused(route, *caller, call)) return Err<Problem>(std::move(*no));
  if (is_stale(route, *caller, request, now)) {
    return Err<Problem>(
        problem(Code::ReauthenticationRequired, "the password was given too long ago for this"));
  }
  const auto if_match = read_if_match(request);
  if (!if_match) return Err<Problem>(if_match.error());
  call.if_match = *if_match;
  if (auto wrong = wrong_if_match(route, call)) return Err<Problem>(std::move(*wrong));
  if (request.method == "GET" && !request.body.empty()) {
    return Err<Problem>(bad_member("body", "a GET has no body here"));
  }
  Answer answer = route.handler(call);
  // 401 would say that the session is over.
  if (!answer && answer.error().code == Code::WrongCode && caller->session) {
    answer.error().status = 403;
  }
  return answer;
}

Api::Api(ApiOptions options, control::Control& control, identity::Identity& identity,
         const Clock& clock)
    : state_(std::make_unique<State>(std::move(options), control, identity, clock)) {}

Api::~Api() = default;

net::AdminResponse Api::handle(const net::AdminRequest& request) {
  const std::string request_id = format_uuid(crypto::random_uuid_v7(state_->clock.now()));
  Named named;
  std::string_view route_path;
  const Answer answer = state_->answer(request, client_of(request, request_id), named, route_path);
  net::AdminResponse response;
  if (answer) {
    response.status = answer->status;
    response.headers = answer->headers;
    response.headers.emplace_back("Content-Type", answer->content_type);
    // Text already: openapi.json, CSV.
    response.events = answer->events;
    response.body = answer->body.is_string() ? std::string(answer->body.get_string())
                                             : boost::json::serialize(answer->body);
  } else {
    response = response_of(answer.error(), request_id, named);
  }
  response.headers.emplace_back("X-Request-Id", request_id);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  // The template, never the path: ids are the owners'.
  log::debug("admin", "request",
             {{"method", request.method},
              {"route", route_path},
              {"status", response.status},
              {"request_id", request_id}});
  return response;
}

void Api::publish() {
  state_->streams.publish(state_->clock.now());
}

void Api::end_streams() {
  state_->streams.end_all("server_stops");
}

net::AdminResponse Api::refuse(unsigned status) const {
  const auto code = [status] {
    if (status == 413) return Code::BodyTooLarge;
    if (status == 431) return Code::HeadTooLarge;
    return Code::InvalidRequest;
  }();
  const std::string request_id = format_uuid(crypto::random_uuid_v7(state_->clock.now()));
  auto response = response_of(problem(code,
                                      "the request could not be read as HTTP within the "
                                      "server's limits"),
                              request_id, {});
  response.headers.emplace_back("X-Request-Id", request_id);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace guarita::admin
