#include "micro/items.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <tuple>

#include "base/ip_text.h"
#include "http/admit.h"
#include "http/parser.h"
#include "http/serialise.h"
#include "http/target.h"
#include "policy/classify.h"
#include "policy/decide.h"
#include "policy/facts.h"
#include "policy/routes.h"
#include "telemetry/hub.h"

namespace guarita::bench {
namespace {

constexpr unsigned kBatch = 4;
constexpr std::string_view kId = "0123456789ABCDEF0123456789ABCDEF";
constexpr std::string_view kToken = "gta_0123456789abcdef0123456789abcdef0123456789";

// A request head whose id and token are written over for each pick.
struct Head {
  explicit Head(std::string whole)
      : text(std::move(whole)), id_at(text.find(kId)), token_at(text.find(kToken)) {}
  void assign(const Pick& pick) {
    std::memcpy(text.data() + id_at, pick.id.data(), pick.id.size());
    std::memcpy(text.data() + token_at, pick.token.data(), pick.token.size());
  }
  std::string text;
  std::size_t id_at, token_at;
};

std::string head_text(std::string_view lines) {
  std::string text = "POST /instances/";
  text.append(kId).append("/send-text HTTP/1.1\r\nHost: api.example.com\r\n").append(lines);
  return text.append("Client-Token: ").append(kToken).append("\r\nContent-Length: 120\r\n\r\n");
}

constexpr std::string_view kTypical =
    "User-Agent: axios/1.7.2\r\nAccept: application/json, text/plain, */*\r\n"
    "Content-Type: application/json\r\nAccept-Encoding: gzip, compress, deflate, br\r\n"
    "Connection: keep-alive\r\n";
constexpr std::string_view kBrowser =
    "Connection: keep-alive\r\nsec-ch-ua-platform: \"Linux\"\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36\r\nAccept: application/json, text/plain, */*\r\n"
    "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\nContent-Type: "
    "application/json\r\n"
    "sec-ch-ua-mobile: ?0\r\nOrigin: https://app.example.com\r\nSec-Fetch-Site: same-site\r\n"
    "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: https://app.example.com/chats\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: pt-BR,pt;q=0.9,en;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; "
    "_ga=GA1.1.1234567890.1700000000\r\n";

http::RequestRules request_rules() {
  http::RequestRules rules;
  rules.removed = http::make_removed_names({"client-token"});
  rules.via_name = "guarita-bench";
  return rules;
}

policy::FieldLines look_up(const void* context, std::string_view name) {
  const auto lines = static_cast<const http::RequestHead*>(context)->fields.lines(name);
  return {.count = lines.count, .value = lines.value};
}

// On huge pages, as the snapshot is: else the yardstick would miss the TLB where a decision does
// not.
template <class T>
struct HugePages {
  using value_type = T;
  T* allocate(std::size_t count) {
    constexpr std::size_t kPage = 2U << 20U;
    const std::size_t bytes = (count * sizeof(T) + kPage - 1) / kPage * kPage;
    void* const at = std::aligned_alloc(kPage, bytes);
    if (at == nullptr) std::abort();
    std::ignore = madvise(at, bytes, MADV_HUGEPAGE);
    return static_cast<T*>(at);
  }
  void deallocate(T* at, std::size_t) { std::free(at); }
  bool operator==(const HugePages&) const = default;
};

// As large as the index: a slot of 16 bytes an instance at load 0.7, and as many records.
struct Yardstick {
  explicit Yardstick(std::uint64_t instances) {
    while (mask + 1 < instances * 23 / 16) mask = mask * 2 + 1;
    first.resize(mask + 1);
    second.resize(mask + 1);
    for (std::uint64_t i = 0; i <= mask; ++i) first[i] = scrambled(400, i);
  }
  struct Line {
    std::uint64_t words[2];
  };
  std::uint64_t mask = 1;
  std::vector<std::uint64_t, HugePages<std::uint64_t>> first;
  std::vector<Line, HugePages<Line>> second;
};

// A request as the gate holds it: `request` and `target` look into `head`.
struct Call {
  Head head{head_text(kTypical)};
  http::RequestHead request;
  http::Target target;
  policy::RouteMatch match;
  crypto::Hash128 instance;
};

}  // namespace

struct Bench {
  Bench(const World& world_in, std::uint64_t instances)
      : world(world_in),
        routes(*policy::RouteTable::parse(policy::default_routes())),
        yardstick(instances) {
    hub.set_access_log(telemetry::AccessLog::Off);
    address = *parse_ip("203.0.113.7");
    const std::string_view answer =
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 24 Nov 2026 18:00:00 GMT\r\n"
        "Content-Type: application/json; charset=utf-8\r\nContent-Length: 120\r\n"
        "Cache-Control: no-cache\r\nConnection: keep-alive\r\n\r\n";
    response_text = answer;
    advance(typical);
    parse(typical);
    decide();
    for (Call& call : batch) {
      advance(call.head);
      parse(call.head, call.request, call.target);
    }
    std::ignore = http::parse(response_text, limits, http::ResponseContext{}, response);
  }

  void advance(Head& head) { head.assign(world.pick(++at)); }
  void parse(const Head& head) { parse(head, request, target); }
  void parse(const Head& head, http::RequestHead& into, http::Target& at_target) const {
    into.clear();
    if (!http::parse(head.text, limits, into).done()) std::abort();
    if (http::admit(into, admit).error != http::ErrorCode::None) std::abort();
    if (at_target.assign(into, http::SlashMerging::Keep) != http::ErrorCode::None) std::abort();
  }
  policy::RequestView view() const { return view(request, target); }
  static policy::RequestView view(const http::RequestHead& of, const http::Target& at_target) {
    return {.method = of.method_text(),
            .host = at_target.host(),
            .path = at_target.path(),
            .query = at_target.query(),
            .fields = {.context = &of, .get = &look_up}};
  }
  void decide() {
    match = policy::match(routes, view());
    facts = policy::gather(world.snapshot(), match, view(), address, "client-token");
    decision = policy::decide(world.snapshot(), facts, kNow, {});
  }
  telemetry::Exchange exchange(std::string_view account, std::string_view instance) const {
    telemetry::Exchange e;
    e.at = kNow;
    e.stage = telemetry::Stage::Decided;
    e.address = address;
    e.user_agent = "axios/1.7.2";
    e.method = "POST";
    e.request_id = "0123456789abcdef0123456789abcdef";
    e.allow = true;
    e.reason = policy::Reason::None;
    e.mode = policy::Mode::Enforce;
    e.token_class = policy::TokenClass::ValidCurrent;
    e.classified = true;
    e.account_id = account;
    e.instance_id = instance;
    e.route = "/instances/{instance}/*";
    e.matched_token = &facts.token;
    e.status = 200;
    e.bytes_in = 120;
    e.bytes_out = 120;
    e.decision_time = std::chrono::nanoseconds(700);
    e.duration = std::chrono::microseconds(420);
    e.upstream = telemetry::UpstreamOutcome::Answered;
    return e;
  }

  const World& world;
  std::uint64_t at = 0;
  http::Limits limits;
  http::AdmitRules admit{.read_names = http::make_read_names({"client-token", "x-forwarded-for"}),
                         .via_name = "guarita-bench"};
  policy::RouteTable routes;
  Head small{head_text("")};
  Head typical{head_text(kTypical)};
  Head browser{head_text(kBrowser)};
  http::RequestHead request;
  http::Target target;
  IpAddress address;
  policy::RouteMatch match;
  policy::Facts facts;
  policy::Decision decision;
  http::RequestRules rules = request_rules();
  std::string response_text;
  http::ResponseHead response;
  std::string out;
  telemetry::Hub hub;
  telemetry::Shard& shard = hub.add_shard();
  policy::TokenFormat format;
  std::array<crypto::Hash128, kBatch> hashes;
  std::array<Call, kBatch> batch;
  Yardstick yardstick;
  std::uint64_t sink = 0;  // keeps results alive
};

namespace {

template <Head Bench::* kHead>
void parse(Bench& b) {
  b.advance(b.*kHead);
  b.parse(b.*kHead);
}

void route(Bench& b) {
  b.match = policy::match(b.routes, b.view());
}

// The id's hash, its slot, its record, its account.
void lookup(Bench& b) {
  const policy::Snapshot& snapshot = b.world.snapshot();
  const auto instance = snapshot.find_instance(snapshot.hash_id(b.world.pick(++b.at).id_view()));
  b.sink += snapshot.find_account(instance->account_number)->number;
}

void lookup_batch(Bench& b) {
  const policy::Snapshot& snapshot = b.world.snapshot();
  for (auto& hash : b.hashes) {
    hash = snapshot.hash_id(b.world.pick(++b.at).id_view());
    snapshot.prefetch(hash);
  }
  for (const auto& hash : b.hashes) snapshot.prefetch_record(hash);
  for (const auto& hash : b.hashes) {
    b.sink += snapshot.find_account(snapshot.find_instance(hash)->account_number)->number;
  }
}

void decide(Bench& b) {
  b.advance(b.typical);
  b.decide();
  if (!b.decision.allow) std::abort();
}

void parse_and_decide(Bench& b) {
  b.advance(b.typical);
  b.parse(b.typical);
  b.decide();
  if (!b.decision.allow) std::abort();
}

// As if four requests became ready in one turn of the loop: what the first waits for is under way
// for all.
void decide_batch(Bench& b) {
  const policy::Snapshot& snapshot = b.world.snapshot();
  for (Call& call : b.batch) {
    b.advance(call.head);
    call.match = policy::match(b.routes, Bench::view(call.request, call.target));
    call.instance = snapshot.hash_id(call.match.instance_id.view());
    snapshot.prefetch(call.instance);
  }
  for (const Call& call : b.batch) snapshot.prefetch_record(call.instance);
  for (const Call& call : b.batch) {
    const auto view = Bench::view(call.request, call.target);
    const auto facts = policy::gather(snapshot, call.match, view, b.address, "client-token");
    if (!policy::decide(snapshot, facts, kNow, {}).allow) std::abort();
  }
}

void classify_valid(Bench& b) {
  const policy::Sent sent{.header = {}, .elsewhere = {}, .format = &b.format};
  const auto found = policy::classify(b.world.snapshot(), b.facts, b.decision, sent, kNow);
  if (found.token_class != policy::TokenClass::ValidCurrent) std::abort();
}

void classify_unknown(Bench& b) {
  policy::Facts facts = b.facts;
  facts.token[0] ^= 1;
  policy::Decision decision = b.decision;
  decision.matched_token = policy::Decision::kNoToken;
  const policy::Sent sent{
      .header = "a-token-that-nobody-here-has-ever-seen", .elsewhere = {}, .format = &b.format};
  const auto found = policy::classify(b.world.snapshot(), facts, decision, sent, kNow);
  if (found.token_class != policy::TokenClass::Unknown) std::abort();
}

void record_same(Bench& b) {
  b.shard.record(b.exchange("account-1", kId));
}

// 4,096 instances of 410 accounts in turn: rows that exist, in a table that no first cache holds.
void record_many(Bench& b) {
  const std::uint64_t n = scrambled(500, ++b.at) % 4096;
  char account[16] = "account-0000";
  for (std::uint64_t left = n / kPerAccount, i = 11; i > 7; --i, left /= 10) {
    account[i] = static_cast<char>('0' + left % 10);
  }
  char instance[33] = "0123456789ABCDEF0123456789ABC";
  for (std::uint64_t left = n, i = 31; i > 28; --i, left >>= 4) {
    instance[i] = "0123456789ABCDEF"[left & 15];
  }
  crypto::Digest token{};
  std::memcpy(token.data(), account, sizeof account);
  telemetry::Exchange e = b.exchange({account, 12}, {instance, 32});
  e.matched_token = &token;
  b.shard.record(e);
}

void record_denied(Bench& b) {
  telemetry::Exchange e = b.exchange("account-1", kId);
  e.allow = false;
  e.reason = policy::Reason::TokenNotAccepted;
  e.token_class = policy::TokenClass::Unknown;
  e.matched_token = nullptr;
  e.status = 403;
  e.upstream = telemetry::UpstreamOutcome::NotTried;
  b.shard.record(e);
}

void serialise_request(Bench& b) {
  const IpText address(b.address);
  const std::array<http::SetField, 6> set{{{"X-Account-Id", "account-1"},
                                           {"X-Instance-Id", kId},
                                           {"X-Forwarded-For", address.view()},
                                           {"X-Forwarded-Proto", "http"},
                                           {"X-Forwarded-Host", "api.example.com"},
                                           {"X-Request-Id", "0123456789abcdef0123456789abcdef"}}};
  b.out.clear();
  http::append_request(b.out, b.request, b.target, b.rules,
                       {.path_prefix = {}, .host = b.request.host(), .set = set});
}

void parse_response(Bench& b) {
  b.response.clear();
  if (!http::parse(b.response_text, b.limits, http::ResponseContext{}, b.response).done()) {
    std::abort();
  }
}

http::OutgoingResponse outgoing(std::span<const http::SetField> set) {
  http::OutgoingResponse out;
  out.cache = http::CacheGuard::Private;
  out.token_header = "Client-Token";
  out.date = "Tue, 24 Nov 2026 18:00:00 GMT";
  out.via_name = "guarita-bench";
  out.set = set;
  return out;
}

void serialise_response(Bench& b) {
  const std::array<http::SetField, 1> set{{{"X-Request-Id", "0123456789abcdef0123456789abcdef"}}};
  b.out.clear();
  http::append_response(b.out, b.response, outgoing(set));
}

void serialise_denial(Bench& b) {
  const std::array<http::SetField, 3> set{{{"Cache-Control", "no-store"},
                                           {"Guarita-Reason", "token_not_accepted"},
                                           {"X-Request-Id", "0123456789abcdef0123456789abcdef"}}};
  b.out.clear();
  http::append_answer(b.out,
                      {.status = 403,
                       .content_type = "application/json",
                       .body = "{\"error\":\"gta_****89 not allowed\"}",
                       .set = {}},
                      outgoing(set));
}

void sha256_token(Bench& b) {
  b.sink += crypto::sha256(b.world.pick(++b.at).token_view())[0];
}

void hash_id(Bench& b) {
  b.sink += b.world.snapshot().hash_id(b.world.pick(++b.at).id_view()).low;
}

// What a decision cannot do without: two reads, the second known by the first, and one digest.
void yardstick(Bench& b) {
  const Yardstick& y = b.yardstick;
  const std::uint64_t slot = y.first[scrambled(600, ++b.at) & y.mask];
  b.sink += y.second[slot & y.mask].words[0];
  b.sink += crypto::sha256(b.world.pick(b.at).token_view())[0];
}

constexpr std::array kItems{
    Item{"parse_small", Scale::Fixed, 1, &parse<&Bench::small>},
    Item{"parse_browser", Scale::Fixed, 1, &parse<&Bench::browser>},
    Item{"parse_typical", Scale::Fixed, 1, &parse<&Bench::typical>},
    Item{"route", Scale::Fixed, 1, &route},
    Item{"sha256_token", Scale::Fixed, 1, &sha256_token},
    Item{"hash_id", Scale::Fixed, 1, &hash_id},
    Item{"yardstick", Scale::Population, 1, &yardstick},
    Item{"lookup", Scale::Population, 1, &lookup},
    Item{"lookup_batch", Scale::Population, kBatch, &lookup_batch},
    Item{"decide", Scale::Population, 1, &decide},
    Item{"decide_batch", Scale::Population, kBatch, &decide_batch},
    Item{"parse_and_decide", Scale::Population, 1, &parse_and_decide},
    Item{"classify_valid", Scale::Fixed, 1, &classify_valid},
    Item{"classify_unknown", Scale::Fixed, 1, &classify_unknown},
    Item{"record_same", Scale::Fixed, 1, &record_same},
    Item{"record_many", Scale::Fixed, 1, &record_many},
    Item{"record_denied", Scale::Fixed, 1, &record_denied},
    Item{"serialise_request", Scale::Fixed, 1, &serialise_request},
    Item{"parse_response", Scale::Fixed, 1, &parse_response},
    Item{"serialise_response", Scale::Fixed, 1, &serialise_response},
    Item{"serialise_denial", Scale::Fixed, 1, &serialise_denial},
};

}  // namespace

std::span<const Item> items() {
  return kItems;
}

std::unique_ptr<Bench, FreeBench> make_bench(const World& world, std::uint64_t instances) {
  return std::unique_ptr<Bench, FreeBench>(new Bench(world, instances));
}
void FreeBench::operator()(Bench* bench) const {
  delete bench;
}

}  // namespace guarita::bench
