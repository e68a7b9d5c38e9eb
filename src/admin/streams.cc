#include "admin/streams.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "admin/traffic_json.h"

namespace guarita::admin {
namespace {

std::string name_of(const Caller& caller) {
  if (caller.session) return "session:" + caller.session->row.key.text();
  return std::string(caller.actor.name);
}

std::string event_of(std::string_view name, const boost::json::object& data) {
  return net::event_text(name, boost::json::serialize(data));
}

std::string end_of(std::string_view reason) {
  return event_of("end", {{"reason", reason}});
}

// What a request is known by; neither its body nor what it asks for.
net::AdminRequest head_of(const net::AdminRequest& request) {
  return {.method = request.method,
          .target = {},
          .headers = request.headers,
          .body = {},
          .peer = request.peer};
}

}  // namespace

Result<std::shared_ptr<net::AdminEvents>, Problem> Streams::open(const std::string& account_id,
                                                                 const Caller& caller,
                                                                 const net::AdminRequest& request,
                                                                 Time now) {
  const std::string who = name_of(caller);
  const std::scoped_lock lock(mutex_);
  std::erase_if(streams_, [](const Stream& stream) { return stream.events->ended(); });
  const auto own = std::ranges::count(streams_, who, &Stream::who);
  if (streams_.size() >= kStreamsMax || static_cast<std::size_t>(own) >= kPerCallerMax) {
    Problem busy = problem(Code::Busy, "too many event streams are open; close one");
    busy.headers.emplace_back("Retry-After", "15");
    return Err<Problem>(std::move(busy));
  }
  Stream& stream = streams_.emplace_back();
  stream.events = std::make_shared<net::AdminEvents>();
  stream.cursor = control_.live_from_now(account_id);
  stream.who = who;
  stream.request = head_of(request);
  stream.next_check = now + kRecheckEvery;
  stream.events->push(event_of("hello", {{"revision", stream.cursor.revision}}));
  return stream.events;
}

std::optional<std::string_view> Streams::over(Stream& stream, Time now) {
  if (now < stream.next_check) return std::nullopt;
  stream.next_check = now + kRecheckEvery;
  const auto caller = recheck_(stream.request);
  if (!caller) {
    // Nobody is sent away by a full disk, nor by the throttle of somebody else's failures.
    if (caller.error().code != Code::Unauthenticated) return std::nullopt;
    return "session_over";
  }
  if (!permits(Right::OwnRead, *caller, stream.cursor.account_id)) return "forbidden";
  return std::nullopt;
}

void Streams::tell(Stream& stream, Time now) {
  const control::LiveNews news = control_.live(stream.cursor);
  std::string text;
  for (const telemetry::Denial& denial : news.denials) {
    text += event_of("denial", json_of(denial));
  }
  if (!news.counts.empty()) {
    text +=
        event_of("traffic", {{"at", format_rfc3339(now)}, {"classes", classes_of(news.counts)}});
  }
  for (const control::LiveChange& change : news.changes) {
    text += event_of("change", {{"revision", change.revision}, {"verb", change.verb}});
  }
  stream.events->push(text);
}

void Streams::publish(Time now) {
  const std::scoped_lock lock(mutex_);
  for (Stream& stream : streams_) {
    if (stream.events->ended()) continue;
    if (const auto reason = over(stream, now)) {
      stream.events->close(end_of(*reason));
    } else {
      tell(stream, now);
    }
  }
  std::erase_if(streams_, [](const Stream& stream) { return stream.events->ended(); });
}

void Streams::end_all(std::string_view reason) {
  const std::scoped_lock lock(mutex_);
  for (Stream& stream : streams_) stream.events->close(end_of(reason));
  streams_.clear();
}

std::size_t Streams::size() const {
  const std::scoped_lock lock(mutex_);
  return streams_.size();
}

}  // namespace guarita::admin
