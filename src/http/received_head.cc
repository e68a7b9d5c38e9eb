#include "http/received_head.h"

#include "http/framing.h"
#include "http/list.h"
#include "http/scan.h"

namespace guarita::http {
namespace {

// What a line costs beside its name and value when it is written: colon, space, CR LF.
constexpr std::size_t kLineBytes = 4;

struct Most {
  std::size_t section_bytes, field_bytes, fields;
};

// RFC 9113 §8.2.2.
bool names_connection(HeaderId id) {
  return id == HeaderId::Connection || id == HeaderId::KeepAlive ||
         id == HeaderId::ProxyConnection || id == HeaderId::TransferEncoding ||
         id == HeaderId::Upgrade;
}

bool is_lower(std::string_view name) {
  for (const char c : name)
    if (c >= 'A' && c <= 'Z') return false;
  return true;
}

ErrorCode add(std::string& text, Fields& fields, std::string_view name, std::string_view value,
              const Most& most) {
  std::uint8_t classes = 0;
  const char* const name_end = name.data() + name.size();
  if (name.empty() || scan_token(name.data(), name_end, classes) != name_end || !is_lower(name))
    return ErrorCode::BadFieldName;
  const char* const value_end = value.data() + value.size();
  if (scan_value(value.data(), value_end) != value_end || trim_ows(value).size() != value.size())
    return ErrorCode::BadFieldValue;
  if (fields.size() >= most.fields) return ErrorCode::TooManyFields;
  if (name.size() + value.size() + 2 > most.field_bytes) return ErrorCode::FieldTooLarge;
  if (text.size() + kLineBytes * fields.size() + name.size() + value.size() > most.section_bytes)
    return ErrorCode::HeadTooLarge;
  FieldEntry entry;
  entry.name = {static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(name.size())};
  text.append(name);
  entry.value = {static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(value.size())};
  text.append(value);
  entry.print = fingerprint(name);
  entry.id = header_id(name, entry.print);
  entry.alias = (classes & kAliasBit) != 0 ? AliasByte::Yes : AliasByte::No;
  if (names_connection(entry.id)) return ErrorCode::BadConnection;
  fields.append(entry);
  return ErrorCode::None;
}

}  // namespace

void ReceivedFields::clear() {
  text.clear();
  fields.clear();
}
void ReceivedHead::clear() {
  text.clear();
  head.clear();
}

ErrorCode add_status(ReceivedHead& into, std::string_view value) {
  if (value.size() != 3 || value[0] < '1' || value[0] > '9' || !is_digit(value[1]) ||
      !is_digit(value[2]) || into.head.status != 0)
    return ErrorCode::BadStatusLine;
  into.head.status =
      static_cast<std::uint16_t>((value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0'));
  return ErrorCode::None;
}

ErrorCode add_field(ReceivedHead& into, std::string_view name, std::string_view value,
                    const Limits& limits) {
  return add(into.text, into.head.fields, name, value,
             {limits.head_bytes_max, limits.field_bytes_max, limits.fields_max});
}

ErrorCode finish(ReceivedHead& received, const ResponseContext& context, BodyAfter body) {
  received.head.rebase(received.text.data());
  received.head.cursor.line =
      static_cast<std::uint32_t>(received.text.size() + kLineBytes * received.head.fields.size());
  if (received.head.status == 0) return ErrorCode::BadStatusLine;
  return finish_received(context, body, received.head);
}

ErrorCode add_trailer(ReceivedFields& into, std::string_view name, std::string_view value,
                      const Limits& limits) {
  return add(into.text, into.fields, name, value,
             {limits.trailer_bytes_max, limits.trailer_bytes_max, limits.trailers_max});
}

void seal(ReceivedFields& trailers) {
  trailers.fields.rebase(trailers.text.data());
}

}  // namespace guarita::http
