// What an owner sees of their traffic.
#include "control/activity.h"

#include <algorithm>
#include <map>
#include <ranges>

#include "control/engine.h"
#include "policy/classify.h"

namespace guarita::control {
namespace {

constexpr Millis kDay = std::chrono::hours(24);
constexpr std::size_t kCallersShownMax = 200;
constexpr std::size_t kChangesLookedAt = 50;
constexpr std::size_t kDenialsLookedAt = 200;
constexpr std::string_view kAccepted = "accepted";

struct Shape {
  Time from, until;
  std::chrono::seconds step;
  std::size_t points;
};

// Whole steps, the last of which holds the present.
Shape shape_of(TrafficRange range, Time now) {
  const auto make = [now](std::chrono::seconds step, std::size_t points) {
    const auto since_1970 = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
    const Time last{since_1970 - since_1970 % step};
    return Shape{.from = last - step * (static_cast<std::int64_t>(points) - 1),
                 .until = last + step,
                 .step = step,
                 .points = points};
  };
  switch (range) {
    case TrafficRange::Hour: return make(std::chrono::minutes(1), 60);
    case TrafficRange::Day: return make(std::chrono::hours(1), 24);
    case TrafficRange::Week: return make(std::chrono::hours(3), 56);
  }
  return make(std::chrono::minutes(1), 60);
}

struct Count {
  Time at;
  std::string word;
  std::uint64_t count, denied;
};

bool is_accepted(std::string_view word) {
  const auto token_class = policy::parse_token_class(word);
  return token_class && policy::is_valid(*token_class);
}

// The series that a word belongs to.
std::string series_of(const std::string& word) {
  return is_accepted(word) ? std::string(kAccepted) : word;
}

template <class Map>
std::vector<std::pair<std::string, std::uint64_t>> most_first(const Map& sums) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(sums.begin(), sums.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return std::tie(b.second, a.first) < std::tie(a.second, b.first);
  });
  return sorted;
}

Traffic draw(const Shape& shape, const std::vector<Count>& counts) {
  Traffic traffic;
  traffic.from = shape.from;
  traffic.until = shape.until;
  traffic.step = shape.step;
  std::map<std::string, std::uint64_t> words;
  std::map<std::string, std::uint64_t> others;
  for (const Count& row : counts) {
    words[row.word] += row.count;
    traffic.requests += row.count;
    traffic.denied += row.denied;
    if (is_accepted(row.word)) {
      traffic.accepted += row.count;
    } else {
      others[row.word] += row.count;
    }
  }
  traffic.words = most_first(words);
  traffic.series.emplace_back(kAccepted);
  for (auto& [word, sum] : most_first(others)) traffic.series.push_back(word);
  for (std::size_t i = 0; i < shape.points; ++i) {
    traffic.points.emplace_back(shape.from + shape.step * static_cast<std::int64_t>(i),
                                Traffic::Counts(traffic.series.size(), 0));
  }
  for (const Count& row : counts) {
    const auto point = static_cast<std::size_t>((row.at - shape.from) / shape.step);
    const auto series = std::ranges::find(traffic.series, series_of(row.word));
    if (point >= traffic.points.size()) continue;
    traffic.points[point].second[static_cast<std::size_t>(series - traffic.series.begin())] +=
        row.count;
  }
  return traffic;
}

std::vector<Count> counts_of(const std::vector<telemetry::MinuteCount>& rows) {
  std::vector<Count> counts;
  counts.reserve(rows.size());
  for (const telemetry::MinuteCount& row : rows) {
    counts.push_back({row.minute, std::string(row.word.text()), row.count, row.denied});
  }
  return counts;
}

std::vector<Count> counts_of(const std::vector<store::CounterRow>& rows) {
  std::vector<Count> counts;
  counts.reserve(rows.size());
  for (const store::CounterRow& row : rows) {
    counts.push_back({row.hour, row.token_class, row.count, row.denied});
  }
  return counts;
}

std::optional<Time> last_drawn(const Traffic& traffic) {
  for (const auto& [at, counts] : std::views::reverse(traffic.points)) {
    if (std::ranges::any_of(counts, [](std::uint64_t n) { return n != 0; })) return at;
  }
  return std::nullopt;
}

std::vector<telemetry::WordCount> risen(const std::vector<telemetry::WordCount>& before,
                                        const std::vector<telemetry::WordCount>& after) {
  std::vector<telemetry::WordCount> rise;
  for (const telemetry::WordCount& now : after) {
    const auto then = std::ranges::find(before, now.word, &telemetry::WordCount::word);
    // Smaller than before: the account was silent for an hour, and the sums begin anew.
    const bool anew = then == before.end() || then->count > now.count;
    const std::uint64_t by = anew ? now.count : now.count - then->count;
    if (by != 0) rise.push_back({now.word, by});
  }
  return rise;
}

}  // namespace

Outcome<Control::Engine::TrafficScope> Control::Engine::scope_of_traffic(
    const TrafficQuery& query) {
  TrafficScope scope;
  if (!query.account_id) return scope;
  auto account = ports.store.account_by_id(*query.account_id);
  if (!account && account.error().kind == store::StoreErrorKind::NotFound) {
    return account_not_found(*query.account_id);
  }
  if (!account) return store_failed(account.error());
  scope.account = std::move(*account);
  if (!query.instance_id) return scope;
  auto instance = load_instance(*query.instance_id);
  if (!instance) return Err<Error>(instance.error());
  if (instance->account != scope.account->key) return instance_not_found(*query.instance_id);
  scope.instance = std::move(*instance);
  return scope;
}

Outcome<Traffic> Control::traffic(const TrafficQuery& query) {
  Engine& engine = *engine_;
  store::Store& store = engine.ports.store;
  const auto scope = engine.scope_of_traffic(query);
  if (!scope) return Err<Error>(scope.error());
  // What was asked a second ago counts, of all accounts together unless there is a lot.
  if (scope->account) {
    engine.books.flush(scope->account->id);
  } else {
    engine.books.tick();
  }
  const Shape shape = shape_of(query.range, engine.now());
  std::vector<Count> counts;
  if (query.range == TrafficRange::Hour) {
    if (engine.ports.hub != nullptr) {
      counts = counts_of(
          engine.ports.hub->minutes(query.account_id.value_or(""), query.instance_id, shape.from));
    }
  } else {
    const auto key = scope->account ? std::optional(scope->account->key) : std::nullopt;
    const auto rows = scope->instance ? store.instance_traffic(*key, scope->instance->key,
                                                               shape.from, shape.until)
                                      : store.account_traffic(key, shape.from, shape.until);
    if (!rows) return store_failed(rows.error());
    counts = counts_of(*rows);
  }
  Traffic traffic = draw(shape, counts);
  traffic.last_request_at = last_drawn(traffic);
  if (scope->instance) {
    const auto activity = store.instance_activity({&*scope->instance, 1}, engine.now() - kDay);
    if (!activity) return store_failed(activity.error());
    if (activity->front().last_call) traffic.last_request_at = activity->front().last_call;
  } else if (scope->account) {
    const auto callers = store.callers(scope->account->key, engine.now() - kCallersWindow);
    if (!callers) return store_failed(callers.error());
    if (!callers->empty()) traffic.last_request_at = callers->front().last_seen;
  }
  return traffic;
}

Outcome<Denials> Control::denials(std::string_view id, std::size_t limit) {
  const auto account = engine_->ports.store.account_by_id(id);
  if (!account && account.error().kind == store::StoreErrorKind::NotFound) {
    return account_not_found(id);
  }
  if (!account) return store_failed(account.error());
  Denials denials{.items = {}, .since = engine_->started_at};
  if (engine_->ports.hub == nullptr) return denials;
  engine_->ports.hub->collect();
  denials.items = engine_->ports.hub->denials(id, 0, limit);
  return denials;
}

Outcome<Callers> Control::callers(std::string_view id) {
  Engine& engine = *engine_;
  const auto account = engine.ports.store.account_by_id(id);
  if (!account && account.error().kind == store::StoreErrorKind::NotFound) {
    return account_not_found(id);
  }
  if (!account) return store_failed(account.error());
  engine.books.flush(account->id);
  Callers callers{.items = {}, .since = engine.now() - kCallersWindow};
  auto rows = engine.ports.store.callers(account->key, callers.since);
  if (!rows) return store_failed(rows.error());
  if (rows->size() > kCallersShownMax) rows->resize(kCallersShownMax);
  callers.items = std::move(*rows);
  return callers;
}

Outcome<std::vector<InstanceView>> Control::Engine::views_of(std::vector<store::InstanceRow> rows) {
  auto activity = ports.store.instance_activity(rows, now() - kDay);
  if (!activity) return store_failed(activity.error());
  std::map<AccountKey, policy::Mode> modes;
  std::vector<InstanceView> views;
  views.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [mode, is_new] = modes.try_emplace(rows[i].account, policy::Mode::Unset);
    if (is_new) {
      // Gone in the meantime: so will be its instance, at the next look.
      if (const auto state = load_account(rows[i].account)) {
        mode->second = policy::mode_of(policy_of(*state), now());
      }
    }
    views.push_back({std::move(rows[i]), mode->second, (*activity)[i]});
  }
  return views;
}

Outcome<store::Page<InstanceView>> Control::instance_views(const InstanceQuery& query) {
  auto page = instances(query);
  if (!page) return Err<Error>(page.error());
  auto views = engine_->views_of(std::move(page->rows));
  if (!views) return Err<Error>(views.error());
  return store::Page<InstanceView>{std::move(*views), std::move(page->next)};
}

Outcome<InstanceView> Control::instance_view(std::string_view id) {
  auto row = engine_->load_instance(id);
  if (!row) return Err<Error>(row.error());
  auto views = engine_->views_of({std::move(*row)});
  if (!views) return Err<Error>(views.error());
  return std::move(views->front());
}

LiveCursor Control::live_from_now(std::string_view account_id) {
  LiveCursor cursor;
  cursor.account_id = account_id;
  cursor.revision = status().revision;
  if (telemetry::Hub* hub = engine_->ports.hub) {
    hub->collect();
    cursor.denial = hub->newest_denial();
    cursor.totals = hub->totals(account_id);
  }
  return cursor;
}

// A change that names the account: by its id, by its key in the detail, or by an instance of it.
bool Control::Engine::concerns(const store::AuditRow& row, const LiveCursor& cursor) {
  if (row.subject == cursor.account_id && !row.verb.starts_with("instance.")) return true;
  const auto account = ports.store.account_by_id(cursor.account_id);
  if (account && row.detail.contains(account->key.text())) return true;
  if (!row.verb.starts_with("instance.")) return false;
  const auto instance = ports.store.instance_by_id(row.subject);
  return instance && instance->account_id == cursor.account_id;
}

LiveNews Control::live(LiveCursor& cursor) {
  LiveNews news;
  if (const telemetry::Hub* hub = engine_->ports.hub) {
    news.denials = hub->denials(cursor.account_id, cursor.denial, kDenialsLookedAt);
    std::ranges::reverse(news.denials);
    for (const telemetry::Denial& denial : news.denials) {
      cursor.denial = std::max(cursor.denial, denial.seq);
    }
    auto totals = hub->totals(cursor.account_id);
    news.counts = risen(cursor.totals, totals);
    cursor.totals = std::move(totals);
  }
  const store::Revision revision = status().revision;
  if (revision == cursor.revision) return news;
  const auto rows = engine_->ports.store.audit({}, {.cursor = {}, .limit = kChangesLookedAt});
  if (!rows) return news;
  for (const store::AuditRow& row : std::views::reverse(rows->rows)) {
    if (row.revision <= cursor.revision || !engine_->concerns(row, cursor)) continue;
    news.changes.push_back({row.revision, row.verb});
  }
  cursor.revision = std::max(revision, rows->rows.empty() ? 0 : rows->rows.front().revision);
  return news;
}

}  // namespace guarita::control
