// Prometheus text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
#include <fmt/format.h>

#include "telemetry/access_log.h"
#include "telemetry/hub_state.h"
#include "telemetry/process.h"

namespace guarita::telemetry {
namespace {

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                   type);
  }
  // `labels`: `a="b",c="d"` or "". Every label value comes from our own closed lists.
  template <class Number>
  void sample(std::string_view labels, Number value, std::string_view suffix = {}) {
    out_ += name_;
    out_ += suffix;
    if (!labels.empty()) fmt::format_to(std::back_inserter(out_), "{{{}}}", labels);
    fmt::format_to(std::back_inserter(out_), " {}\n", value);
  }
  template <class Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    family(name, type, help);
    sample({}, value);
  }
  template <std::size_t N>
  void histogram(std::string_view labels, const std::array<std::uint64_t, N>& bounds_ns,
                 const Histogram<N>& held) {
    std::uint64_t sum = 0;
    const std::string_view comma = labels.empty() ? "" : ",";
    for (std::size_t i = 0; i <= N; ++i) {
      sum += held.counts[i];
      const std::string bound =
          i < N ? fmt::format("{}", static_cast<double>(bounds_ns[i]) / 1e9) : "+Inf";
      sample(fmt::format("{}{}le=\"{}\"", labels, comma, bound), sum, "_bucket");
    }
    sample(labels, static_cast<double>(held.sum_ns) / 1e9, "_sum");
    sample(labels, sum, "_count");
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::string_view name_;
};

constexpr std::array<std::string_view, 2> kDecisions{"deny", "allow"};

void decisions(Page& page, const Sums& sums) {
  page.family("guarita_decisions_total", "counter", "Decisions by outcome, reason and mode.");
  for (std::size_t allowed = 0; allowed < 2; ++allowed) {
    for (std::size_t reason = 0; reason < kReasonsMax; ++reason) {
      for (std::size_t mode = 0; mode < kModes; ++mode) {
        const std::uint64_t n = sums.decisions[allowed][reason][mode];
        if (n == 0) continue;
        page.sample(fmt::format(R"(decision="{}",reason="{}",mode="{}")", kDecisions[allowed],
                                policy::text_of(static_cast<policy::Reason>(reason)),
                                policy::text_of(static_cast<policy::Mode>(mode))),
                    n);
      }
    }
  }
  page.family("guarita_token_classes_total", "counter",
              "Gated requests of known accounts by what they sent as token, and mode.");
  for (std::size_t c = 0; c < kClassesMax; ++c) {
    for (std::size_t mode = 0; mode < kModes; ++mode) {
      if (sums.classes[c][mode] == 0) continue;
      page.sample(fmt::format(R"(class="{}",mode="{}")",
                              policy::text_of(static_cast<policy::TokenClass>(c)),
                              policy::text_of(static_cast<policy::Mode>(mode))),
                  sums.classes[c][mode]);
    }
  }
  page.family("guarita_decision_duration_seconds", "histogram",
              "Routing, facts and decision of one request.");
  page.histogram("", kDecisionBounds, sums.decision_time);
  page.single("guarita_malformed_requests_total", "counter",
              "Requests refused before a decision, for their form.", sums.malformed);
  page.single("guarita_draining_refusals_total", "counter", "Requests answered 503 while draining.",
              sums.draining);
  page.single("guarita_unknown_instance_requests_total", "counter",
              "Requests forwarded although their instance is not registered.",
              sums.unknown_instances);
}

void traffic(Page& page, const Sums& sums) {
  page.family("guarita_request_duration_seconds", "histogram",
              "From the complete request head to the last byte of the answer.");
  for (std::size_t allowed = 0; allowed < 2; ++allowed) {
    page.histogram(fmt::format(R"(decision="{}")", kDecisions[allowed]), kDurationBounds,
                   sums.duration[allowed]);
  }
  page.family("guarita_responses_total", "counter",
              "Answers by hundreds of their status; none: the caller left first.");
  constexpr std::array<std::string_view, 6> kCodes{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    page.sample(fmt::format(R"(code="{}")", kCodes[i]), sums.responses[i]);
  }
  page.family("guarita_body_bytes_total", "counter",
              "Body bytes from (in) and to (out) callers, tunnels included.");
  page.sample(R"(direction="in")", sums.bytes_in);
  page.sample(R"(direction="out")", sums.bytes_out);
  page.family("guarita_upstream_requests_total", "counter",
              "Decided requests by what became of them upstream.");
  for (unsigned i = 0; i < kUpstreamOutcomes; ++i) {
    page.sample(fmt::format(R"(outcome="{}")", text_of(static_cast<UpstreamOutcome>(i))),
                sums.upstream[i]);
  }
}

void connections(Page& page, const Observed& observed) {
  const auto total = [&](Event event) { return observed.events[static_cast<std::size_t>(event)]; };
  const auto open = [&](Event opened, Event closed) {
    // The two are read one after the other: never show the underflow.
    return total(opened) > total(closed) ? total(opened) - total(closed) : 0;
  };
  const auto counter = [&](std::string_view name, std::string_view help, Event event) {
    page.single(name, "counter", help, total(event));
  };
  page.single("guarita_connections_open", "gauge", "Connections from callers.",
              open(Event::ConnectionOpened, Event::ConnectionClosed));
  counter("guarita_connections_total", "Connections accepted from callers.",
          Event::ConnectionOpened);
  counter("guarita_connection_timeouts_total", "Connections closed by the head or idle deadline.",
          Event::ConnectionTimedOut);
  counter("guarita_accept_pauses_total", "Times the connection limit paused accepting.",
          Event::AcceptPaused);
  counter("guarita_lingers_dropped_total", "Lingering closes given up for limits.lingering.",
          Event::LingerDropped);
  page.single("guarita_tunnels_open", "gauge", "Upgraded connections (WebSocket).",
              open(Event::TunnelOpened, Event::TunnelClosed));
  counter("guarita_tunnels_total", "Upgraded connections since the start.", Event::TunnelOpened);
  counter("guarita_streams_cut_total", "Open exchanges closed because a change now refuses them.",
          Event::StreamCut);
  page.single("guarita_upstream_connections_open", "gauge", "Connections to upstreams.",
              open(Event::UpstreamOpened, Event::UpstreamClosed));
  counter("guarita_upstream_connections_total", "Connections made to upstreams.",
          Event::UpstreamOpened);
  counter("guarita_upstream_reuses_total", "Requests sent on a pooled upstream connection.",
          Event::UpstreamReused);
  counter("guarita_upstream_retries_total", "Requests sent again on a new upstream connection.",
          Event::UpstreamRetried);
}

void store(Page& page, const StoreGauges& gauges) {
  page.single("guarita_store_revision", "gauge", "Revision that the gate decides by.",
              gauges.revision);
  page.single("guarita_accounts", "gauge", "Accounts.", gauges.accounts);
  page.single("guarita_instances", "gauge", "Registered instances.", gauges.instances);
  page.family("guarita_tokens", "gauge", "Tokens by state.");
  for (std::size_t i = 0; i < gauges.tokens.size(); ++i) {
    page.sample(fmt::format(R"(state="{}")", policy::text_of(static_cast<policy::TokenState>(i))),
                gauges.tokens[i]);
  }
  page.single("guarita_barrier_duration_seconds", "gauge",
              "How long the last change took to be in force on every thread.",
              gauges.barrier_seconds);
  page.single("guarita_barriers_incomplete_total", "counter",
              "Changes answered 202: not in force everywhere within the deadline.",
              gauges.barriers_incomplete);
}

void process(Page& page, const Sums& sums, const Observed& observed) {
  page.single("guarita_log_lines_dropped_total", "counter",
              "Log lines dropped because the queue was full.", observed.dropped_log_lines);
  page.family("guarita_counts_lost_total", "counter", "Counts that a full table could not hold.");
  page.sample(R"(table="usage")", sums.lost_usage);
  page.sample(R"(table="last_used")", sums.lost_last_used);
  page.sample(R"(table="unknown_instances")", sums.lost_unknown);
  page.sample(R"(table="callers")", sums.lost_callers);
  page.sample(R"(table="denials")", sums.lost_denials);
  page.single("guarita_threads", "gauge", "Data-plane threads.", observed.threads);
  page.family("guarita_build_info", "gauge", "Always 1; the version is the label.");
  page.sample(fmt::format(R"(version="{}")", GUARITA_VERSION), 1);
  const ProcessFigures figures = read_process_figures();
  page.single("process_cpu_seconds_total", "counter", "User and system CPU time.",
              figures.cpu_seconds);
  page.single("process_resident_memory_bytes", "gauge", "Resident memory.", figures.resident_bytes);
  page.single("process_virtual_memory_bytes", "gauge", "Virtual memory.", figures.virtual_bytes);
  page.single("process_open_fds", "gauge", "Open file descriptors.", figures.open_fds);
  page.single("process_max_fds", "gauge", "Most file descriptors allowed.", figures.max_fds);
  page.single("process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
              static_cast<double>(observed.started.time_since_epoch().count()) / 1000.0);
}

}  // namespace

std::string render_prometheus(const Sums& totals, const StoreGauges& gauges,
                              const Observed& observed) {
  Page page;
  decisions(page, totals);
  traffic(page, totals);
  connections(page, observed);
  store(page, gauges);
  process(page, totals, observed);
  return page.take();
}

}  // namespace guarita::telemetry
