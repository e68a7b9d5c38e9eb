#include "http/corpus_gate.h"

#include <sstream>
#include <stdexcept>

#include "http/admit.h"
#include "http/chunked.h"
#include "http/forwarded.h"
#include "http/parser.h"
#include "http/serialise.h"

namespace guarita::http {
namespace {

// A byte stream that arrives piece by piece.
class Stream {
 public:
  Stream(std::string bytes, Arrival arrival)
      : bytes_(std::move(bytes)),
        step_(arrival.step),
        there_(std::min(arrival.first, bytes_.size())) {}
  std::string_view there() const { return std::string_view(bytes_).substr(at_, there_ - at_); }
  void take(std::size_t n) { at_ += n; }
  bool more() {
    if (there_ == bytes_.size()) return false;
    there_ = std::min(there_ + step_, bytes_.size());
    return true;
  }
  bool empty() const { return at_ == bytes_.size(); }

 private:
  std::string bytes_;
  std::size_t step_;
  std::size_t there_;
  std::size_t at_ = 0;
};

// Reads a body to its end. False when it is malformed or short; `error` says which.
bool read_body(Stream& stream, Framing framing, std::uint64_t length, std::string& body,
               ChunkedDecoder& decoder, ErrorCode& error) {
  if (framing == Framing::None) return true;
  decoder.reset();
  for (;;) {
    if (framing == Framing::Chunked) {
      const ChunkedDecoder::Step step = decoder.next(stream.there(), Limits{});
      body += step.data;
      stream.take(step.consumed);
      if (step.what == ChunkedDecoder::What::End) return true;
      error = step.error;
      if (step.what == ChunkedDecoder::What::Error) return false;
      if (step.what == ChunkedDecoder::What::Data) continue;
    } else {
      const std::uint64_t wanted =
          framing == Framing::UntilClose ? stream.there().size() : length - body.size();
      const std::string_view piece = stream.there().substr(0, wanted);
      body += piece;
      stream.take(piece.size());
      if (framing == Framing::Length && body.size() == length) return true;
    }
    if (!stream.more()) return framing == Framing::UntilClose;
  }
}

class Gate {
 public:
  Gate(const test::HttpCase& c, Arrival requests, Arrival answers)
      : case_(c), answers_(answers), requests_(all_requests(c), requests) {
    static const NameSet kToken = make_removed_names({"Client-Token"});
    static const NameSet kNoToken = make_removed_names({});
    static const NameSet kRead = make_read_names({"Client-Token", "X-Forwarded-For", "Forwarded"});
    const bool forward_token = c.setting("forward_token") == "on";
    rules_.removed = forward_token ? kNoToken : kToken;
    if (forward_token) rules_.passed = PassedNames({"Client-Token"});
    rules_.via_name = kCorpusWords.at("via");
    if (const std::string set = c.setting("set_header"); !set.empty()) {
      rules_.removed.add(set.substr(0, set.find(':')));
      rules_.constant_lines.push_back(set + "\r\n");
    }
    admit_rules_ = {kRead, rules_.via_name};
    std::istringstream list(c.setting("trusted_proxies"));
    for (std::string cidr; list >> cidr;) trusted_.push_back(parse_cidr(cidr).value());
    const std::string source = c.setting("client_address");
    source_ = source == "x-forwarded-for" ? AddressSource::XForwardedFor
              : source == "forwarded"     ? AddressSource::Forwarded
                                          : AddressSource::Socket;
  }

  std::vector<Replayed> run() {
    std::vector<Replayed> all;
    for (const test::HttpExchange& exchange : case_.exchanges) {
      all.push_back(one(exchange));
      if (!all.back().open) break;
    }
    return all;
  }

 private:
  static std::string all_requests(const test::HttpCase& c) {
    std::string bytes;
    for (const auto& exchange : c.exchanges) bytes += exchange.request;
    return bytes;
  }

  static Replayed refused(ErrorCode code) {
    Replayed seen;
    seen.status = answer_of(code).status;
    seen.error = answer_of(code).text;
    return seen;
  }

  Replayed one(const test::HttpExchange& exchange) {
    head_.clear();
    Progress progress;
    while ((progress = parse(requests_.there(), Limits{}, head_)).state ==
           Progress::State::NeedMore) {
      if (!requests_.more()) throw std::runtime_error(case_.file + ": a request is not whole");
    }
    if (progress.failed()) return refused(progress.error);
    const Admitted admitted = admit(head_, admit_rules_);
    if (admitted.error != ErrorCode::None) return refused(admitted.error);
    const SlashMerging merging =
        case_.setting("merge_slashes") == "on" ? SlashMerging::Merge : SlashMerging::Keep;
    if (const ErrorCode e = target_.assign(head_, merging); e != ErrorCode::None) return refused(e);
    Replayed seen;
    seen.open = head_.keep_alive;
    if (target_.form() == TargetForm::Asterisk || admitted.answer_here) {
      seen.status = admitted.answer_here ? 204 : 404;
      seen.error = admitted.answer_here ? "" : "Route not found";
      requests_.take(progress.consumed);
      return seen;
    }
    forward(admitted, seen);
    const RequestHead request = head_;  // keeps what the answer depends on; its views go stale
    requests_.take(progress.consumed);
    ErrorCode error = ErrorCode::None;
    if (!read_body(requests_, request.framing, request.content_length, seen.upstream_body, decoder_,
                   error))
      return refused(error);
    answer(exchange, request, seen);
    return seen;
  }

  void forward(const Admitted& admitted, Replayed& seen) {
    const IpAddress peer = *parse_ip("127.0.0.1");
    const std::string client = format_ip(client_address(source_, peer, head_.fields, trusted_));
    const SetField set[] = {{"X-Account-Id", "acme"},
                            {"X-Forwarded-For", client},
                            {"X-Forwarded-Host", head_.host()},
                            {"X-Request-Id", "r-1"}};
    OutgoingRequest outgoing;
    outgoing.host = case_.setting("preserve_host") == "on"
                        ? head_.host()
                        : std::string_view(kCorpusWords.at("upstream"));
    outgoing.set = set;
    outgoing.max_forwards = admitted.max_forwards;
    append_request(seen.upstream_head, head_, target_, rules_, outgoing);
  }

  void answer(const test::HttpExchange& exchange, const RequestHead& request, Replayed& seen) {
    Stream stream(exchange.answer, answers_);
    ResponseHead head;
    for (;;) {
      head.clear();
      Progress progress;
      while ((progress = parse(stream.there(), Limits{}, {request.method, request.upgrade}, head))
                     .state == Progress::State::NeedMore &&
             stream.more()) {
      }
      if (!progress.done()) {
        seen.open = false;
        if (!seen.caller_head.empty()) {
          seen.cut = true;
        } else {
          seen.status = 502;
          seen.error = "Instance unavailable";
        }
        return;
      }
      if (head.interim() && request.version == Version::Http11)
        append_interim(seen.caller_head, head);
      if (!head.interim()) {
        relay(head, request, stream, progress.consumed, seen);
        return;
      }
      stream.take(progress.consumed);
    }
  }

  void relay(const ResponseHead& head, const RequestHead& request, Stream& stream,
             std::size_t head_bytes, Replayed& seen) {
    OutgoingResponse to;
    to.method = request.method;
    to.caller = request.version;
    to.keep_alive = request.keep_alive;
    to.te_trailers = request.te_trailers;
    // ENF is an instance of an enforcing account, MON of a monitored one.
    if (target_.path().starts_with("/instances/ENF")) to.cache = CacheGuard::Private;
    to.token_header = "Client-Token";
    to.date = "Tue, 24 Nov 2026 11:00:00 GMT";
    to.via_name = rules_.via_name;
    const SentBody sent = append_response(seen.caller_head, head, to);
    stream.take(head_bytes);
    ErrorCode error = ErrorCode::None;
    const Framing framing = head.switched ? Framing::UntilClose : head.framing;
    const bool whole =
        read_body(stream, framing, head.content_length, seen.caller_body, decoder_, error);
    if (whole && framing == Framing::Chunked && request.te_trailers &&
        sent.framing == Framing::Chunked && decoder_.trailers().size() != 0)
      append_last_chunk(seen.caller_body, decoder_.trailers());
    seen.cut = !whole;
    seen.open = sent.keep_alive && whole;
    // Not after HEAD: a faulty upstream may send the body all the same, late (proxy/retry.h).
    seen.reusable = head.keep_alive && whole && stream.empty() && !stream.more() &&
                    request.method != Method::Head;
  }

  const test::HttpCase& case_;
  Arrival answers_;
  Stream requests_;
  RequestRules rules_;
  AdmitRules admit_rules_;
  std::vector<Cidr> trusted_;
  AddressSource source_ = AddressSource::Socket;
  RequestHead head_;
  Target target_;
  ChunkedDecoder decoder_;
};

}  // namespace

const test::CorpusWords kCorpusWords = {{"token", "gta_0123456789"},
                                        {"host", "gate.example:8080"},
                                        {"upstream", "127.0.0.1:9000"},
                                        {"via", "guarita-7f3a"}};

std::vector<Replayed> replay(const test::HttpCase& c, Arrival requests, Arrival answers) {
  return Gate(c, requests, answers).run();
}

}  // namespace guarita::http
