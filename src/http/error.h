// Why a message was refused. One boundary function maps each to a status and a short public text.
#pragma once

#include <cstdint>
#include <string_view>

namespace guarita::http {

enum class ErrorCode : std::uint8_t {
  None,
  // Syntax of the head (RFC 9112 §2–5).
  BadRequestLine,  // no method, two spaces, no version, HTTP/0.9
  BadMethod,       // a byte that is no token character
  BadStatusLine,   // response: version, status or reason phrase
  BadLineEnd,      // bare CR, bare LF
  BadFieldName,    // empty, space before the colon, a byte that is no token character
  BadFieldValue,   // NUL or another control byte
  ObsFold,         // a line that begins with white space
  // Framing (RFC 9112 §6).
  BadContentLength,     // not digits only, or over 2^63-1
  ManyContentLengths,   // request: more than one; response: more than one and they differ
  BadTransferEncoding,  // other than the one word chunked, twice, or in HTTP/1.0
  LengthAndEncoding,    // request with both
  BadChunk,             // size, extension or line end of a chunk
  BadTrailer,
  // Fields that the gate reads.
  MissingHost,
  ManyHosts,
  BadHost,
  BadConnection,        // not a list of tokens
  ConnectionNamesRead,  // Connection names a header that the gate reads
  BadUpgrade,           // WebSocket handshake that is no GET or has a body
  BadMaxForwards,
  BadExpect,  // 417
  Loop,       // 508: our own Via
  // Target.
  BadTarget,         // form, byte or percent escape
  TargetNotHost,     // absolute-form whose authority is not Host's
  PathNotCanonical,  // a reading of the path holds a dot segment, NUL or overlong UTF-8
  // Method and version.
  MethodNotAllowed,  // 405: TRACE, CONNECT
  MethodTooLong,     // 501
  BadVersion,        // 505
  // Limits.
  TargetTooLong,  // 414
  HeadTooLarge,
  FieldTooLarge,
  TooManyFields,           // 431
  BodyTooLarge,            // 413
  ChunkExtensionTooLarge,  // 400
  TrailerTooLarge,
  TooManyTrailers,  // 431
  // Responses: all are 502 towards the caller.
  UnaskedUpgrade,  // 101 that nobody asked for, or to another protocol
};

struct ErrorAnswer {
  std::uint16_t status;
  std::string_view text;  // for {"error":"…"}: JSON-safe, says nothing about the sent value
};

// For an error in a request. An error in an upstream's response is 502 whatever its code.
ErrorAnswer answer_of(ErrorCode code);

// For logs: "bad_field_name".
std::string_view name_of(ErrorCode code);

}  // namespace guarita::http
