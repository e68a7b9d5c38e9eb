// What an owner sees of their traffic: over time, the refusals, the callers.
#include "admin/json.h"
#include "admin/routes.h"
#include "admin/traffic_json.h"
#include "policy/classify.h"

namespace guarita::admin {
namespace json = boost::json;
namespace {

constexpr std::string_view kRanges[] = {"hour", "day", "week"};

std::int64_t epoch_seconds(Time at) {
  return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
}

json::object counts_of(const std::vector<std::pair<std::string, std::uint64_t>>& words) {
  json::object counts;
  for (const auto& [word, count] : words) counts[word] = count;
  return counts;
}

json::object drawn(const control::Traffic& traffic, std::string_view range) {
  json::array points;
  for (const auto& [at, counts] : traffic.points) {
    json::array point{epoch_seconds(at)};
    for (const std::uint64_t count : counts) point.emplace_back(count);
    points.push_back(std::move(point));
  }
  return {{"range", range},
          {"from", format_rfc3339(traffic.from)},
          {"until", format_rfc3339(traffic.until)},
          {"step_s", traffic.step.count()},
          {"classes", json_of(traffic.series)},
          {"points", std::move(points)},
          {"totals",
           {{"requests", traffic.requests},
            {"accepted", traffic.accepted},
            {"denied", traffic.denied},
            {"by_class", counts_of(traffic.words)}}},
          {"last_request_at", json_of(traffic.last_request_at)}};
}

Answer draw(const Call& call, std::optional<std::string> account) {
  const std::string wanted = call.in_query("range").value_or("hour");
  const auto* const range = std::ranges::find(kRanges, wanted);
  if (range == std::end(kRanges)) {
    return Err<Problem>(bad_member("range", "a range is hour, day or week"));
  }
  const auto traffic = call.control.traffic(
      {.account_id = std::move(account),
       .range = static_cast<control::TrafficRange>(range - std::begin(kRanges)),
       .instance_id = call.in_query("instance")});
  if (!traffic) return Err<Problem>(problem_of(traffic.error()));
  return Reply{.body = drawn(*traffic, wanted)};
}

}  // namespace

json::object json_of(const telemetry::Denial& denial) {
  return {
      {"at", format_rfc3339(denial.at)},          {"instance", text_or_null(denial.instance_id)},
      {"reason", policy::text_of(denial.reason)}, {"class", denial.word.text()},
      {"address", format_ip(denial.address)},     {"user_agent", denial.user_agent},
      {"request_id", denial.request_id}};
}

json::object classes_of(const std::vector<telemetry::WordCount>& counts) {
  std::map<std::string, std::uint64_t> sums;
  for (const telemetry::WordCount& row : counts) {
    const auto token_class = policy::parse_token_class(row.word.text());
    const bool accepted = token_class && policy::is_valid(*token_class);
    sums[accepted ? "accepted" : std::string(row.word.text())] += row.count;
  }
  json::object classes;
  for (const auto& [word, count] : sums) classes[word] = count;
  return classes;
}

Answer account_traffic(const Call& call) {
  return draw(call, call.in_path("account"));
}

Answer all_traffic(const Call& call) {
  return draw(call, std::nullopt);
}

Answer account_denials(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  const auto denials = call.control.denials(call.in_path("account"), page->limit);
  if (!denials) return Err<Problem>(problem_of(denials.error()));
  json::array items;
  for (const telemetry::Denial& denial : denials->items) items.push_back(json_of(denial));
  return Reply{.body = {{"items", std::move(items)}, {"since", format_rfc3339(denials->since)}}};
}

Answer account_callers(const Call& call) {
  const auto callers = call.control.callers(call.in_path("account"));
  if (!callers) return Err<Problem>(problem_of(callers.error()));
  json::array items;
  for (const store::CallerRow& caller : callers->items) {
    items.push_back({{"address", format_ip(caller.address)},
                     {"last_seen_at", format_rfc3339(caller.last_seen)},
                     {"requests", caller.requests},
                     {"accepted", caller.accepted}});
  }
  return Reply{.body = {{"items", std::move(items)}, {"since", format_rfc3339(callers->since)}}};
}

}  // namespace guarita::admin
