// THE table: every key of the configuration, once. It parses, checks, overrides and documents.
#include <fmt/format.h>

#include "app/config_checks.h"
#include "app/config_key.h"

namespace guarita::app {
namespace {

using Texts = std::vector<std::string>;
constexpr Reload kRestart = Reload::Restart;
constexpr Reload kRunning = Reload::Running;

// Collects keys; each method is one kind.
class Table {
 public:
  void section(std::string name) { section_ = std::move(name); }

  void text(std::string name, std::string fallback, Reload reload, Check check,
            std::string* (*slot)(Settings&), std::string sentence) {
    Key& key = add(std::move(name), Kind::Text, Raw(std::move(fallback)), reload, sentence);
    key.check = check;
    key.slot = slot;
  }
  void texts(std::string name, Texts fallback, Reload reload, Check check,
             std::function<Slot(Settings&)> slot, std::string sentence) {
    Key& key = add(std::move(name), Kind::Texts, Raw(std::move(fallback)), reload, sentence);
    key.check = check;
    key.slot = std::move(slot);
  }
  void flag(std::string name, bool fallback, Reload reload, ChoiceSlot (*slot)(Settings&),
            std::string sentence) {
    add(std::move(name), Kind::Flag, Raw(fallback), reload, sentence).slot = slot;
  }
  // The first choice is not always the default; the enum's values are the choices in order.
  void one_of(std::string name, std::vector<std::string_view> choices, std::string fallback,
              Reload reload, ChoiceSlot (*slot)(Settings&), std::string sentence) {
    Key& key = add(std::move(name), Kind::Choice, Raw(std::move(fallback)), reload, sentence);
    key.choices = std::move(choices);
    key.slot = slot;
  }
  Key& number(std::string name, Kind kind, Raw fallback, std::uint64_t min, std::uint64_t max,
              std::function<Slot(Settings&)> slot, std::string sentence) {
    Key& key = add(std::move(name), kind, std::move(fallback), kRunning, sentence);
    key.min = min;
    key.max = max;
    key.slot = std::move(slot);
    return key;
  }
  Key& add(std::string name, Kind kind, Raw fallback, Reload reload, std::string& sentence) {
    Key key;
    key.section = section_;
    key.name = std::move(name);
    key.kind = kind;
    key.fallback = std::move(fallback);
    key.reload = reload;
    key.sentence = std::move(sentence);
    keys_.push_back(std::move(key));
    return keys_.back();
  }
  std::vector<Key> take() { return std::move(keys_); }

 private:
  std::string section_;
  std::vector<Key> keys_;
};

// The two keys of a listener that speaks TLS.
void tls(Table& t, Settings::Tls& (*of)(Settings&), const std::string& who) {
  t.texts(
      "tls_certificates", {}, kRunning, check_not_empty,
      [of](Settings& s) { return &of(s).certificates; },
      "PEM files with the certificates that " + who +
          " shows, each with its chain behind it; none: plain HTTP. Of several, the one whose "
          "names hold the host that a caller asks for (SNI), else the first. TLS 1.2 and 1.3. "
          "SIGHUP reads the files anew and drops no connection; from none to some, or back, "
          "needs a restart.");
  t.texts(
      "tls_keys", {}, kRunning, check_not_empty, [of](Settings& s) { return &of(s).keys; },
      "PEM files with the private keys, without a passphrase: the first belongs to the first of "
      "tls_certificates, and so on.");
}

void listeners(Table& t) {
  t.section("gate");
  t.texts(
      "listen", {"0.0.0.0:8080"}, kRestart, check_listener,
      [](Settings& s) { return &s.gate.listen; },
      "Addresses the gate listens on: \"address:port\", \"[v6]:port\" or \":port\" (every IPv4 "
      "address).");
  t.number(
       "threads", Kind::Count, Raw(std::int64_t{0}), 0, 1024,
       [](Settings& s) { return &s.gate.threads; }, "Data-plane threads; 0 is one per core.")
      .reload = kRestart;
  t.texts(
      "trusted_proxies", {}, kRunning, check_cidr,
      [](Settings& s) { return &s.gate.trusted_proxies; },
      "Networks of the proxies in front of the gate, whose forwarding headers and request ids "
      "are believed.");
  t.one_of(
      "client_address", {"socket", "x-forwarded-for", "forwarded"}, "socket", kRunning,
      [](Settings& s) { return choice(s.gate.client_address); },
      "Where the caller's address is read: the connection itself, or exactly this header; the "
      "others are ignored and removed.");
  t.flag(
      "merge_slashes", false, kRunning, [](Settings& s) { return choice(s.gate.merge_slashes); },
      "Merge repeated slashes in a path before matching; the merged path is what is "
      "forwarded.");
  t.text(
      "id", "", kRestart, check_node_id, [](Settings& s) { return &s.gate.id; },
      "Name of this gate in Via, by which loops are found; empty: made from the store's id.");
  t.text(
      "public_url", "", kRestart, check_public_url, [](Settings& s) { return &s.gate.public_url; },
      "Base address by which programs reach the gate, as the panel shows it in its examples; "
      "empty: the panel's own host with the gate's port.");
  tls(t, [](Settings& s) -> Settings::Tls& { return s.gate.tls; }, "the gate");

  t.section("console");
  t.text(
      "listen", "127.0.0.1:8081", kRestart, check_listener_or_off,
      [](Settings& s) { return &s.console.listen; },
      "Address of the admin API over TCP and of the console; \"off\": only the socket.");
  t.text(
      "public_url", "", kRestart, check_public_url,
      [](Settings& s) { return &s.console.public_url; },
      "Base of links, and what Host and Origin are checked against; empty: loopback names "
      "only.");
  t.texts(
      "frame_origins", {}, kRestart, check_frame_origin,
      [](Settings& s) { return &s.console.frame_origins; },
      "Origins of the pages that may show the panel in a frame, for links into one account's "
      "console; none: no page may.");
  tls(t, [](Settings& s) -> Settings::Tls& { return s.console.tls; }, "the console");
  t.section("admin");
  t.text(
      "socket", "", kRestart, check_socket, [](Settings& s) { return &s.admin.socket; },
      "Unix socket of the command line, mode 0600; empty: guarita.sock beside the database.");
  t.section("status");
  t.text(
      "listen", "127.0.0.1:8082", kRestart, check_listener_or_off,
      [](Settings& s) { return &s.status.listen; },
      "Address of /livez, /readyz and /metrics; \"off\": none.");
}

void data(Table& t) {
  t.section("store");
  t.text(
      "sqlite", "guarita.db", kRestart, check_not_empty,
      [](Settings& s) { return &s.store.sqlite; },
      "The database file. A relative path starts at the configuration file's folder.");
  t.text(
      "audit_sink", "", kRestart, nullptr, [](Settings& s) { return &s.store.audit_sink; },
      "File that every audit row is also written to, so that a cut tail shows; empty: none.");
  t.flag(
      "snapshot", false, kRestart, [](Settings& s) { return choice(s.store.snapshot); },
      "At the stop, write what the gate decides by to a file beside the database "
      "(\"guarita.db.snapshot\"), and start from it: a million instances in hundredths of a "
      "second.");
  t.section("secrets");
  t.text(
      "key", "", kRestart, nullptr, [](Settings& s) { return &s.secrets.key; },
      "The sealing key's file (\"file:PATH\"), made with mode 0600 when it is first needed; "
      "empty: guarita.key beside the database. Keep it out of backups of the database.");

  t.section("upstream");
  t.text(
      "default", "", kRunning, check_upstream_url,
      [](Settings& s) { return &s.upstream.default_url; },
      "Where requests go whose instance has no upstream of its own: "
      "\"http://host:port/prefix\" or \"unix:/path\"; for HTTP/2 without TLS "
      "\"h2c://host:port/prefix\" or \"h2c+unix:/path\".");
  std::string sentence =
      "Headers set on every request to an upstream, such as its own key; values are \"env:NAME\" "
      "or \"file:PATH\".";
  Key& headers = t.add("set_header", Kind::Headers, Raw(TextPairs{}), kRunning, sentence);
  headers.check = check_upstream_header;
  headers.slot = [](Settings& s) { return &s.upstream.set_header; };
  t.flag(
      "preserve_host", false, kRunning,
      [](Settings& s) { return choice(s.upstream.preserve_host); },
      "Send the caller's Host to the upstream instead of the upstream's own authority.");
}

void policy_keys(Table& t) {
  t.section("routing");
  t.one_of(
      "unknown_instance", {"deny", "allow"}, "deny", kRunning,
      [](Settings& s) { return choice(s.routing.unknown_instance); },
      "What becomes of requests to instances that are not registered; \"allow\" is for moving "
      "in: they are forwarded undecided, counted and listed. Turning it on needs a restart.");
  t.section("token");
  t.text(
      "header", "Client-Token", kRunning, check_token_header,
      [](Settings& s) { return &s.token.header; }, "Header that carries the account's token.");
  t.text(
      "prefix", "gta_", kRestart, check_prefix, [](Settings& s) { return &s.token.format.prefix; },
      "Beginning of every new token, by which a leak scanner finds its operator.");
  t.one_of(
      "format", {"prefixed", "zapi"}, "prefixed", kRestart,
      [](Settings& s) { return choice(s.token.format.format); },
      "Shape of new tokens: prefix, 36 random characters and a checksum, or F, 32 hexadecimal "
      "digits and S.");
  t.one_of(
      "storage", {"digest", "encrypted"}, "digest", kRestart,
      [](Settings& s) { return choice(s.token.storage); },
      "What is kept of a token: its SHA-256 only, or also a sealed copy that can be shown "
      "again.");
  t.flag(
      "forward", false, kRunning, [](Settings& s) { return choice(s.token.forward); },
      "Leave the token header in what the upstream gets.");

  t.section("answers");
  t.flag(
      "conceal_instances", false, kRunning,
      [](Settings& s) { return choice(s.answers.conceal_instances); },
      "Answer requests to unknown instances as an enforcing account would answer the same "
      "header, so that ids cannot be guessed.");
  for (std::size_t i = 1; i < policy::kReasons; ++i) {
    const auto reason = static_cast<policy::Reason>(i);
    if (reason == policy::Reason::BadTarget) continue;  // malformed HTTP: not a denial to word
    t.section("answers." + std::string(policy::text_of(reason)));
    t.number(
        "status", Kind::Count, Raw(std::int64_t{0}), 0, 499,
        [i](Settings& s) { return &s.answers.by_reason[i].status; },
        "Status of the answer, 400 to 499 but for 429; 0: the documented one.");
    std::string body_sentence =
        "Body of the answer, JSON; {value} stands for the mask of the sent token or for the "
        "caller's address; empty: the documented one.";
    t.add("body", Kind::Text, Raw(std::string()), kRunning, body_sentence).slot = [i](Settings& s) {
      return &s.answers.by_reason[i].body;
    };
  }

  t.section("cors");
  t.one_of(
      "preflight", {"refuse", "answer"}, "refuse", kRunning,
      [](Settings& s) { return choice(s.cors.preflight); },
      "What an enforcing account's CORS preflights get; they are never forwarded.");
  t.texts(
      "origins", {}, kRunning, check_origin, [](Settings& s) { return &s.cors.origins; },
      "Origins that preflights and denials answer to, as browsers send them; \"*\" is every "
      "origin.");
}

void limit_keys(Table& t) {
  using http::Limits;
  struct Head {
    std::string_view name;
    std::uint32_t Limits::* member;
    Kind kind;
    std::uint32_t min, max;
    std::string_view sentence;
  };
  static constexpr Head kHead[] = {
      {"target_bytes", &Limits::target_bytes_max, Kind::Bytes, 1024, 1U << 20,
       "Request target; over it 414."},
      {"head_bytes", &Limits::head_bytes_max, Kind::Bytes, 4096, 4U << 20,
       "A whole head; over it 431 (502 for a response)."},
      {"header_bytes", &Limits::field_bytes_max, Kind::Bytes, 1024, 1U << 20,
       "One header line, name and value; over it 431."},
      {"headers", &Limits::fields_max, Kind::Count, 16, 1024, "Header lines of one head."},
      {"chunk_extension_bytes", &Limits::chunk_extension_bytes_max, Kind::Bytes, 0, 1U << 20,
       "Chunk extensions of one body; they are dropped."},
      {"trailer_bytes", &Limits::trailer_bytes_max, Kind::Bytes, 256, 1U << 20,
       "Trailer section of one body."},
      {"trailers", &Limits::trailers_max, Kind::Count, 0, 1024, "Trailer lines of one body."},
  };
  t.section("limits");
  const Limits head;
  for (const Head& h : kHead) {
    t.number(
         std::string(h.name), h.kind, Raw(std::int64_t{head.*h.member}), h.min, h.max,
         [m = h.member](Settings& s) { return &(s.head_limits.*m); }, std::string(h.sentence))
        .unit = h.kind == Kind::Count ? "lines" : "bytes";
  }
  t.number(
      "body_bytes", Kind::Bytes, Raw(std::int64_t{0}), 0, 1ULL << 50,
      [](Settings& s) { return &s.head_limits.body_bytes_max; },
      "A request's body; over it 413; 0: no limit, for bodies are streamed and never held.");
  const proxy::Limits defaults;
  for (const proxy::LimitEntry& entry : proxy::kLimits) {
    const bool bytes = entry.unit == "bytes";
    t.number(
         std::string(entry.name), bytes ? Kind::Bytes : Kind::Count,
         Raw(static_cast<std::int64_t>(defaults.*entry.member)), entry.min, entry.max,
         [m = entry.member](Settings& s) { return &(s.limits.*m); }, std::string(entry.reason))
        .unit = entry.unit;
  }
  t.section("timeouts");
  const proxy::Timeouts timeouts;
  for (const proxy::TimeoutEntry& entry : proxy::kTimeouts) {
    t.number(
        std::string(entry.name), Kind::Duration, Raw(format_duration(timeouts.*entry.member)),
        static_cast<std::uint64_t>(entry.min.count()),
        static_cast<std::uint64_t>(entry.max.count()),
        [m = entry.member](Settings& s) { return &(s.timeouts.*m); }, std::string(entry.reason));
  }
}

void log_keys(Table& t) {
  t.section("log");
  t.one_of(
      "level", {"debug", "info", "warn", "error"}, "info", kRunning,
      [](Settings& s) { return choice(s.log.level); }, "Least level of a line that is written.");
  t.one_of(
      "access", {"off", "denials", "all"}, "denials", kRunning,
      [](Settings& s) { return choice(s.log.access); },
      "Requests that get a line in the log: none, those that were refused, or all.");
  t.text(
      "file", "", kRunning, nullptr, [](Settings& s) { return &s.log.file; },
      "File of the log, opened again at SIGHUP; empty: standard error.");
}

RouteKey route_key(std::string name, Kind kind, std::optional<Raw> fallback,
                   std::function<Slot(policy::RouteConfig&)> slot, std::string sentence) {
  RouteKey key;
  key.section = "route";
  key.name = std::move(name);
  key.kind = kind;
  key.fallback = std::move(fallback);
  key.slot = std::move(slot);
  key.sentence = std::move(sentence);
  return key;
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> table = [] {
    Table t;
    listeners(t);
    data(t);
    policy_keys(t);
    limit_keys(t);
    log_keys(t);
    return t.take();
  }();
  return table;
}

const std::vector<RouteKey>& route_keys() {
  using policy::RouteConfig;
  static const std::vector<RouteKey> table = [] {
    std::vector<RouteKey> t;
    t.push_back(route_key(
        "path", Kind::Text, {}, [](RouteConfig& r) { return &r.path; },
        "Literal text with {instance}, {instance_token} and {_} (one segment); "
        "a final /* is zero or more segments."));
    t.push_back(route_key(
        "methods", Kind::Texts, Raw(Texts{}), [](RouteConfig& r) { return &r.methods; },
        "Methods that it takes; none: every one."));
    t.push_back(route_key(
        "host", Kind::Text, Raw(std::string()), [](RouteConfig& r) { return &r.host; },
        "Host that it takes, {instance} allowed; empty: every one."));
    RouteKey access = route_key(
        "access", Kind::Text, Raw(std::string("gated")), [](RouteConfig& r) { return &r.access; },
        "\"gated\", or \"public\": forwarded undecided.");
    t.push_back(std::move(access));
    t.push_back(route_key(
        "instance", Kind::Text, Raw(std::string()), [](RouteConfig& r) { return &r.instance; },
        "Where the instance stands: \"path\", \"header:NAME\", \"query:NAME\" or "
        "\"host\"; empty: where {instance} is."));
    t.push_back(route_key(
        "instance_token", Kind::Text, Raw(std::string("required")),
        [](RouteConfig& r) { return &r.instance_token; },
        "\"required\", or \"optional\": the route serves instances with a "
        "registered token without asking for it."));
    t.push_back(route_key(
        "shadow", Kind::Texts, Raw(Texts{}), [](RouteConfig& r) { return &r.shadow; },
        "Other places where the upstream reads the instance (\"query:NAME\", "
        "\"header:NAME\"): present and different is refused."));
    t.push_back(route_key(
        "overlaps", Kind::Flag, Raw(false), [](RouteConfig& r) { return &r.overlaps; },
        "Yes, this public route takes requests of gated routes below it."));
    return t;
  }();
  return table;
}

}  // namespace guarita::app
