// SPDX-License-Identifier: Apache-2.0
// Incremental HTTP/1.1 parsing. parser.cpp is the only source that sees Beast: its templates are
// paid for once. Single-owner; one object per message.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace tidemark::http {

/// Why a message is refused: the status to answer with and a sentence for the reader.
struct Refusal {
  int status = 400;
  std::string reason;
};

struct ParseLimits {
  size_t header_bytes_max;
  size_t body_bytes_max;  // for chunked bodies; a Content-Length is the caller's to check
};

/// What one Put() did. Unconsumed bytes are to be offered again, with more behind them.
struct ParseOutcome {
  size_t consumed = 0;
  bool header_done = false;  // Put() returns here once, before any byte of the body
  bool done = false;
  std::optional<Refusal> refusal;
};

class RequestParser {
 public:
  explicit RequestParser(ParseLimits limits);
  ~RequestParser();

  ParseOutcome Put(std::string_view bytes);

  // The rest is meaningful from header_done on; Head() after a refusal has what was readable so
  // far.
  Request Head() const;  // everything but body and peer
  int version() const;   // 10 or 11
  bool keep_alive() const;
  bool chunked() const;
  uint64_t content_length() const;  // 0 when there is none
  std::string TakeBody();           // of a chunked request, when done

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class ResponseParser {
 public:
  enum class Body : uint8_t { kPossible, kNone };  // kNone: the answer to a HEAD

  ResponseParser(ParseLimits limits, Body body);
  ~ResponseParser();

  ParseOutcome Put(std::string_view bytes);
  /// The peer closed: a body without length ends here. False: the message is cut off.
  bool PutEof();

  bool started() const;  // any byte of it seen
  int status() const;    // from header_done on
  bool keep_alive() const;
  Response Take();  // when done

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::http
