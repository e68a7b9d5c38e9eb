#include "admin/api.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"
#include "base/log.h"

namespace guarita::admin {
namespace {

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> names;
  while (!list.empty()) {
    const auto comma = list.find(',');
    names.push_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return names;
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

// Before a handler runs: may the caller do this to that account? Whoever may not see an instance
// gets the same answer as for one that does not exist.
std::optional<Problem> refused(const Route& route, const Caller& caller, Call& call) {
  std::optional<std::string> account = value_of(call.path, "account");
  const auto instance = value_of(call.path, "instance");
  const bool scoped = route.right == Right::ScopedRead || route.right == Right::ScopedWrite;
  const bool limited = caller.kind == Caller::Kind::Account;
  if (scoped && limited && instance) {
    const auto row = call.control.instance(*instance);
    if (!row && row.error().code != control::ErrorCode::InstanceNotFound) {
      return problem_of(row.error());
    }
    if (!row || row->account_id != caller.account_id) {
      return problem(Code::InstanceNotFound, "there is no instance '" + *instance + "'");
    }
    account = row->account_id;
  } else if (scoped && limited) {
    const auto wanted = value_of(call.query, "account");
    if (!wanted) call.query.emplace_back("account", caller.account_id);
    account = wanted.value_or(caller.account_id);
  }
  if (permits(route.right, caller, account)) return std::nullopt;
  return problem(Code::Forbidden, "this needs the right '" + std::string(text_of(route.right)) +
                                      "', which the admin token's scope does not give");
}

}  // namespace

struct Api::State {
  ApiOptions options;
  control::Control& control;
  const Clock& clock;
  FailureThrottle throttle;

  Answer answer(const net::AdminRequest& request, const std::string& request_id, Named& named,
                std::string_view& route_path);
};

Answer Api::State::answer(const net::AdminRequest& request, const std::string& request_id,
                          Named& named, std::string_view& route_path) {
  const Time now = clock.now();
  const auto caller =
      authenticate(request, {options.public_url, options.own_uid}, control, throttle, now);
  if (!caller) return Err<Problem>(caller.error());

  const std::string_view target = request.target;
  const auto question = target.find('?');
  const auto matched = find_route(request.method, target.substr(0, question));
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
            .caller = *caller,
            .request = request,
            .path = matched->path,
            .query = std::move(*values),
            .if_match = {},
            .request_id = request_id,
            .now = now};
  if (auto no = refused(route, *caller, call)) return Err<Problem>(std::move(*no));

  const auto if_match = read_if_match(request);
  if (!if_match) return Err<Problem>(if_match.error());
  call.if_match = *if_match;
  if (route.if_match == IfMatch::Required && !call.if_match) {
    return Err<Problem>(
        problem(Code::IfMatchRequired, "a verb that makes or ends a token needs If-Match"));
  }
  if (route.if_match == IfMatch::None && call.if_match && route.method != "GET") {
    return Err<Problem>(bad_member("If-Match", "this resource has no ETag to compare with"));
  }
  if (request.method == "GET" && !request.body.empty()) {
    return Err<Problem>(bad_member("body", "a GET has no body here"));
  }
  return route.handler(call);
}

Api::Api(ApiOptions options, control::Control& control, const Clock& clock)
    : state_(new State{std::move(options), control, clock, {}}) {}

Api::~Api() = default;

net::AdminResponse Api::handle(const net::AdminRequest& request) {
  const std::string request_id = format_uuid(crypto::random_uuid_v7(state_->clock.now()));
  Named named;
  std::string_view route_path;
  const Answer answer = state_->answer(request, request_id, named, route_path);
  net::AdminResponse response;
  if (answer) {
    response.status = answer->status;
    response.headers = answer->headers;
    response.headers.emplace_back("Content-Type", "application/json");
    // The one body that is text already: openapi.json.
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
