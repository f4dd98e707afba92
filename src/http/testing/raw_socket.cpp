// SPDX-License-Identifier: Apache-2.0
#include "http/testing/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace tidemark::http {

RawSocket::RawSocket(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  TM_CHECK(fd_ >= 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  TM_CHECK(::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr generic{};
  static_assert(sizeof generic == sizeof address);
  std::memcpy(&generic, &address, sizeof address);
  TM_CHECK(::connect(fd_, &generic, sizeof address) == 0);
}

RawSocket::~RawSocket() { ::close(fd_); }

bool RawSocket::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void RawSocket::FinishSending() { ::shutdown(fd_, SHUT_WR); }

bool RawSocket::Fill() {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  unread_.append(buffer.data(), static_cast<size_t>(got));
  return true;
}

std::string RawSocket::ReadUntil(std::string_view mark) {
  size_t at = 0;
  while ((at = unread_.find(mark)) == std::string::npos) {
    if (!Fill()) return std::exchange(unread_, {});
  }
  return ReadBytes(at + mark.size());
}

std::string RawSocket::ReadBytes(size_t count) {
  while (unread_.size() < count && Fill()) {
  }
  std::string bytes = unread_.substr(0, count);
  unread_.erase(0, bytes.size());
  return bytes;
}

std::string RawSocket::ReadAll() {
  while (Fill()) {
  }
  return std::exchange(unread_, {});
}

std::string RawSocket::ReadResponse() {
  std::string response = ReadUntil("\r\n\r\n");
  constexpr std::string_view kLength = "Content-Length: ";
  const size_t at = response.find(kLength);
  if (at == std::string::npos) return response;
  size_t length = 0;
  std::from_chars(response.data() + at + kLength.size(), response.data() + response.size(), length);
  return response + ReadBytes(length);
}

}  // namespace tidemark::http
