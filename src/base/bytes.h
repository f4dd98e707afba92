// SPDX-License-Identifier: Apache-2.0
// Little-endian bytes: ByteWriter appends, ByteReader reads with bounds checks and never past the
// end. Single-owner values. A reader that ran out stays failed: check ok() (or Finish()) once at
// the end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark {

static_assert(std::endian::native == std::endian::little,
              "files are little-endian; so is the host");

inline std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1U) ^ static_cast<uint64_t>(v >> 63);
}
constexpr int64_t UnZigZag(uint64_t v) {
  return static_cast<int64_t>(v >> 1U) ^ -static_cast<int64_t>(v & 1U);
}

class ByteWriter {
 public:
  template <typename T>
    requires(std::is_arithmetic_v<T>)
  void Put(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes_.append(raw, sizeof(T));
  }
  void PutU8(uint8_t v) { Put(v); }
  void PutU16(uint16_t v) { Put(v); }
  void PutU32(uint32_t v) { Put(v); }
  void PutU64(uint64_t v) { Put(v); }
  void PutI64(int64_t v) { Put(v); }
  void PutF64(double v) { Put(v); }
  void PutVarint(uint64_t v) {
    char raw[10];  // 64 bits by sevens
    size_t n = 0;
    for (; v >= 0x80; v >>= 7U) raw[n++] = static_cast<char>(v | 0x80U);
    raw[n++] = static_cast<char>(v);
    bytes_.append(raw, n);
  }
  void Reserve(size_t more) { bytes_.reserve(bytes_.size() + more); }
  void PutSigned(int64_t v) { PutVarint(ZigZag(v)); }
  void PutRaw(std::string_view v) { bytes_.append(v); }
  /// Varint length, then the bytes.
  void PutString(std::string_view v) {
    PutVarint(v.size());
    PutRaw(v);
  }

  size_t size() const { return bytes_.size(); }
  std::string_view view() const { return bytes_; }
  std::span<const std::byte> span() const { return AsBytes(bytes_); }
  /// Overwrites bytes written before, e.g. a length now known. `at` + size <= size().
  template <typename T>
  void PatchAt(size_t at, T value) {
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  std::string Take() && { return std::move(bytes_); }
  void Clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
    requires(std::is_arithmetic_v<T>)
  T Get() {
    T value{};
    if (!Need(sizeof(T))) return value;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  uint8_t GetU8() { return Get<uint8_t>(); }
  uint16_t GetU16() { return Get<uint16_t>(); }
  uint32_t GetU32() { return Get<uint32_t>(); }
  uint64_t GetU64() { return Get<uint64_t>(); }
  int64_t GetI64() { return Get<int64_t>(); }
  double GetF64() { return Get<double>(); }
  uint64_t GetVarint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (!Need(1)) return 0;
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      // The tenth byte holds one bit; more would not be the canonical (or any) uint64.
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }
  int64_t GetSigned() { return UnZigZag(GetVarint()); }
  /// A view into the reader's bytes; empty and failed when there are fewer.
  std::string_view GetRaw(size_t n) {
    if (!Need(n)) return {};
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  std::string_view GetString() { return GetRaw(GetVarint()); }

  bool ok() const { return ok_; }
  size_t remaining() const { return rest_.size(); }
  bool AtEnd() const { return ok_ && rest_.empty(); }
  void Fail() {
    ok_ = false;
    rest_ = {};
  }
  /// kCorruption unless every byte was read and none was missing.
  Result<void> Finish(std::string_view what) const;

 private:
  bool Need(size_t n) {
    if (ok_ && rest_.size() >= n) return true;
    Fail();
    return false;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tidemark
