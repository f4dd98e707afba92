// SPDX-License-Identifier: Apache-2.0
// A blocking loopback socket that sends exactly the bytes it is told: for requests no client would
// make. Single-owner. Fails the running test instead of hanging: reads give up after 20 s.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::http {

class RawSocket {
 public:
  explicit RawSocket(uint16_t port);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  /// False when the peer has gone.
  bool Send(std::string_view bytes);
  /// Ends our side; the peer may still send.
  void FinishSending();
  /// Everything up to and including the first `mark`; what came until the end if there is none.
  std::string ReadUntil(std::string_view mark);
  std::string ReadBytes(size_t count);
  /// Everything until the peer closes.
  std::string ReadAll();
  /// Head and body (by Content-Length) of one response.
  std::string ReadResponse();

 private:
  bool Fill();

  int fd_ = -1;
  std::string unread_;
};

}  // namespace tidemark::http
