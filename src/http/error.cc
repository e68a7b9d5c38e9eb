#include "http/error.h"

namespace guarita::http {
namespace {

struct Row {
  std::string_view name;
  std::uint16_t status;
  std::string_view text;
};

Row row_of(ErrorCode code) {
  using enum ErrorCode;
  switch (code) {
    case None: return {"none", 200, ""};
    case BadRequestLine: return {"bad_request_line", 400, "Bad request line"};
    case BadMethod: return {"bad_method", 400, "Bad method"};
    case BadStatusLine: return {"bad_status_line", 400, "Bad status line"};
    case BadLineEnd: return {"bad_line_end", 400, "Bad line end"};
    case BadFieldName: return {"bad_field_name", 400, "Bad header name"};
    case BadFieldValue: return {"bad_field_value", 400, "Bad header value"};
    case ObsFold: return {"obs_fold", 400, "Folded header line"};
    case BadContentLength: return {"bad_content_length", 400, "Bad Content-Length"};
    case ManyContentLengths: return {"many_content_lengths", 400, "More than one Content-Length"};
    case BadTransferEncoding: return {"bad_transfer_encoding", 400, "Bad Transfer-Encoding"};
    case LengthAndEncoding:
      return {"length_and_encoding", 400, "Both Content-Length and Transfer-Encoding"};
    case BadChunk: return {"bad_chunk", 400, "Bad chunk"};
    case BadTrailer: return {"bad_trailer", 400, "Bad trailer"};
    case MissingHost: return {"missing_host", 400, "Host missing"};
    case ManyHosts: return {"many_hosts", 400, "More than one Host"};
    case BadHost: return {"bad_host", 400, "Bad Host"};
    case BadConnection: return {"bad_connection", 400, "Bad Connection"};
    case ConnectionNamesRead:
      return {"connection_names_read", 400, "Connection names a header that the gate reads"};
    case BadUpgrade: return {"bad_upgrade", 400, "Bad Upgrade"};
    case BadMaxForwards: return {"bad_max_forwards", 400, "Bad Max-Forwards"};
    case BadExpect: return {"bad_expect", 417, "Expectation not supported"};
    case Loop: return {"loop", 508, "Loop detected"};
    case BadTarget: return {"bad_target", 400, "Bad request target"};
    case TargetNotHost: return {"target_not_host", 400, "Request target and Host differ"};
    case PathNotCanonical: return {"path_not_canonical", 400, "Bad path"};
    case MethodNotAllowed: return {"method_not_allowed", 405, "Method not allowed"};
    case MethodTooLong: return {"method_too_long", 501, "Method not implemented"};
    case BadVersion: return {"bad_version", 505, "HTTP version not supported"};
    case TargetTooLong: return {"target_too_long", 414, "Request target too long"};
    case HeadTooLarge: return {"head_too_large", 431, "Headers too large"};
    case FieldTooLarge: return {"field_too_large", 431, "Header too large"};
    case TooManyFields: return {"too_many_fields", 431, "Too many headers"};
    case BodyTooLarge: return {"body_too_large", 413, "Body too large"};
    case ChunkExtensionTooLarge:
      return {"chunk_extension_too_large", 400, "Chunk extension too large"};
    case TrailerTooLarge: return {"trailer_too_large", 431, "Trailers too large"};
    case TooManyTrailers: return {"too_many_trailers", 431, "Too many trailers"};
    case UnaskedUpgrade: return {"unasked_upgrade", 400, "Upgrade not asked for"};
  }
  return {"none", 400, ""};
}

}  // namespace

ErrorAnswer answer_of(ErrorCode code) {
  const Row row = row_of(code);
  return {row.status, row.text};
}

std::string_view name_of(ErrorCode code) {
  return row_of(code).name;
}

}  // namespace guarita::http
