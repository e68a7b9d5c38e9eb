// A parsed head. Everything in it is an offset into the caller's buffer, whose first byte is the
// head's first byte: the buffer may move or grow as long as rebase() (or the next parse()) tells
// where it is. Views returned live as long as that buffer stays where it is and unchanged.
//
// A head keeps its storage between messages: clear(), parse again; no allocation once warm.
// One thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/names.h"

namespace guarita::http {

struct Slice {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

// One header line as the parser leaves it. Private to src/http: others read through lines().
struct FieldEntry {
  Slice name;
  Slice value;  // without the white space around it
  std::uint32_t print = 0;
  HeaderId id = HeaderId::Other;
  AliasByte alias = AliasByte::No;
};

// What a header that matters is: absent, there once, or there more than once.
struct FieldLines {
  unsigned count = 0;
  std::string_view value;  // of the first line; empty when absent
  bool none() const { return count == 0; }
  bool one() const { return count == 1; }
  bool many() const { return count > 1; }
};

class Fields {
 public:
  // THE accessor. Every header that decides anything is read through it, and the reader says
  // what it does with none, one and many.
  FieldLines lines(const Name& name) const noexcept;
  FieldLines lines(HeaderId id) const noexcept;
  FieldLines lines(std::string_view name) const noexcept { return lines(Name(name)); }

  // Lines whose name folds to `folded` (itself folded), the exact name included. For telling
  // `Client_Token` in a record; never for accepting.
  FieldLines alias_lines(std::string_view folded) const noexcept;

  std::size_t size() const { return entries_.size(); }

  // For src/http alone (parsers, serialisers, list headers); a test forbids it elsewhere.
  const std::vector<FieldEntry>& entries() const { return entries_; }
  std::string_view view(Slice slice) const { return {base_ + slice.offset, slice.size}; }
  bool present(HeaderId id) const { return (present_ >> static_cast<unsigned>(id) & 1u) != 0; }
  void clear() {
    entries_.clear();
    present_ = 0;
  }
  void rebase(const char* base) { base_ = base; }
  void append(const FieldEntry& entry) {
    entries_.push_back(entry);
    present_ |= 1u << static_cast<unsigned>(entry.id);
  }

 private:
  const char* base_ = "";
  std::uint32_t present_ = 0;  // a bit per HeaderId: "none" needs no search
  std::vector<FieldEntry> entries_;
};

// Http2: an upstream's answer only; callers speak HTTP/1.
enum class Version : std::uint8_t { Http10, Http11, Http2 };

// As Via says it.
constexpr std::string_view via_version(Version version) {
  switch (version) {
    case Version::Http10: return "1.0";
    case Version::Http11: return "1.1";
    case Version::Http2: return "2.0";
  }
  return "1.1";
}

// How a body ends (RFC 9112 §6.3). UntilClose: responses only.
enum class Framing : std::uint8_t { None, Length, Chunked, UntilClose };

enum class Method : std::uint8_t {
  Get,
  Head,
  Post,
  Put,
  Delete,
  Options,
  Patch,
  Trace,
  Connect,
  Other
};

// WebSocket is the only protocol that is ever switched to; h2c and others read as None.
enum class Upgrade : std::uint8_t { None, WebSocket };

// Where an unfinished parse goes on. Private to the parsers.
struct ParseCursor {
  std::uint32_t line = 0;  // offset of the first byte of the line not yet finished
  bool start_line_done = false;
};

struct RequestHead {
  Method method = Method::Other;
  Version version = Version::Http11;
  Framing framing = Framing::None;
  Upgrade upgrade = Upgrade::None;
  bool keep_alive = false;           // by version and Connection; HTTP/1.0 is always closed
  bool expect_continue = false;      // only when a body follows
  bool te_trailers = false;          // the caller takes trailers
  bool connection_lists = false;     // Connection names a header that is not always hop-by-hop
  std::uint64_t content_length = 0;  // when framing is Length
  Fields fields;

  std::string_view method_text() const { return fields.view(method_slice); }
  std::string_view target() const { return fields.view(target_slice); }
  // The Host header as sent, a valid authority; empty only for HTTP/1.0 without Host.
  std::string_view host() const { return fields.view(host_slice); }

  void clear();  // keeps storage
  void rebase(const char* base) { fields.rebase(base); }

  Slice method_slice, target_slice, host_slice;
  ParseCursor cursor;
};

struct ResponseHead {
  std::uint16_t status = 0;
  Version version = Version::Http11;
  Framing framing = Framing::None;
  bool keep_alive = false;        // the connection may carry another exchange after this body
  bool switched = false;          // a 101 that was asked for: bytes after the head are the tunnel's
  bool connection_lists = false;  // Connection names a header that is not always hop-by-hop
  std::uint64_t content_length = 0;  // when framing is Length, or a bodiless answer states it
  bool states_length = false;        // Content-Length is there (HEAD and 304 pass it on)
  Fields fields;

  bool interim() const { return status < 200 && !switched; }
  std::string_view reason() const { return fields.view(reason_slice); }

  void clear();
  void rebase(const char* base) { fields.rebase(base); }

  Slice reason_slice;
  ParseCursor cursor;
};

}  // namespace guarita::http
