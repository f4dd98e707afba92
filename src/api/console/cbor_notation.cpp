// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <cstdint>

#include "api/console/cbor_notation_internal.h"
#include "api/console/payload_internal.h"
#include "base/json.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr int kDepthMax = 64;
constexpr size_t kNotationBytesMax = size_t{1} << 20U;

/// One pass over the bytes. Single-owner.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool Item(int depth) {
    if (depth > kDepthMax || at_ >= bytes_.size() || out_.size() > kNotationBytesMax) return false;
    const auto initial = static_cast<uint8_t>(bytes_[at_++]);
    const uint8_t major = initial >> 5U;
    const uint8_t info = initial & 31U;
    if (major == 7) return Simple(info);
    const bool indefinite = info == 31;
    uint64_t value = 0;
    if (indefinite ? major < 2 || major == 6 : !Argument(info, value)) return false;
    switch (major) {
      case 0:
        out_ += std::to_string(value);
        return true;
      case 1:  // -1 - value
        out_ += value == UINT64_MAX ? "-18446744073709551616" : "-" + std::to_string(value + 1);
        return true;
      case 2:
      case 3:
        return indefinite ? Chunks(major) : String(major, value);
      case 4:
      case 5:
        return Container(major, indefinite ? UINT64_MAX : value, depth);
      default:  // 6
        out_ += std::to_string(value) + "(";
        if (!Item(depth + 1)) return false;
        out_ += ")";
        return true;
    }
  }
  bool at_end() const { return at_ == bytes_.size(); }
  std::string Take() && { return std::move(out_); }

 private:
  bool Argument(uint8_t info, uint64_t& value) {
    if (info < 24) {
      value = info;
      return true;
    }
    if (info > 27) return false;
    return Big(size_t{1} << (info - 24U), value);
  }
  bool Big(size_t size, uint64_t& value) {
    if (bytes_.size() - at_ < size) return false;
    value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8U | static_cast<uint8_t>(bytes_[at_++]);
    return true;
  }
  bool Break() {
    if (at_ >= bytes_.size() || static_cast<uint8_t>(bytes_[at_]) != 0xff) return false;
    ++at_;
    return true;
  }

  bool String(uint8_t major, uint64_t size) {
    if (size > bytes_.size() - at_) return false;
    const std::string_view text = bytes_.substr(at_, static_cast<size_t>(size));
    at_ += text.size();
    if (major == 2) {
      out_ += "h'" + Hex(text) + "'";
      return true;
    }
    if (ValidUtf8(text) != text.size()) return false;
    AppendJsonString(out_, text);
    return true;
  }
  /// RFC 8949 3.2.3: definite strings of the same kind, then a break.
  bool Chunks(uint8_t major) {
    out_ += "(_ ";
    for (bool first = true; !Break(); first = false) {
      if (at_ >= bytes_.size()) return false;
      const auto initial = static_cast<uint8_t>(bytes_[at_++]);
      uint64_t size = 0;
      if (initial >> 5U != major || !Argument(initial & 31U, size)) return false;
      if (!first) out_ += ", ";
      if (!String(major, size)) return false;
    }
    out_ += ")";
    return true;
  }
  /// `count` UINT64_MAX: until a break.
  bool Container(uint8_t major, uint64_t count, int depth) {
    const bool map = major == 5;
    out_ += map ? "{" : "[";
    if (count == UINT64_MAX) out_ += "_ ";
    for (uint64_t i = 0; count == UINT64_MAX ? !Break() : i < count; ++i) {
      if (i > 0) out_ += ", ";
      if (!Item(depth + 1)) return false;
      if (!map) continue;
      out_ += ": ";
      if (!Item(depth + 1)) return false;
    }
    out_ += map ? "}" : "]";
    return true;
  }

  bool Simple(uint8_t info) {
    uint64_t bits = 0;
    switch (info) {
      case 20:
        out_ += "false";
        return true;
      case 21:
        out_ += "true";
        return true;
      case 22:
        out_ += "null";
        return true;
      case 23:
        out_ += "undefined";
        return true;
      case 24:
        if (!Big(1, bits) || bits < 32) return false;
        out_ += "simple(" + std::to_string(bits) + ")";
        return true;
      case 25:
        if (!Big(2, bits)) return false;
        Float(Half(static_cast<uint16_t>(bits)));
        return true;
      case 26:
        if (!Big(4, bits)) return false;
        Float(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits))));
        return true;
      case 27:
        if (!Big(8, bits)) return false;
        Float(std::bit_cast<double>(bits));
        return true;
      default:
        if (info > 23) return false;
        out_ += "simple(" + std::to_string(info) + ")";
        return true;
    }
  }
  /// RFC 8949, appendix D.
  static double Half(uint16_t bits) {
    const int exponent = bits >> 10U & 31;
    const int mantissa = bits & 1023;
    double value = 0;
    if (exponent == 0) {
      value = std::ldexp(mantissa, -24);
    } else if (exponent != 31) {
      value = std::ldexp(mantissa + 1024, exponent - 25);
    } else {
      value = mantissa == 0 ? HUGE_VAL : std::nan("");
    }
    return (bits & 0x8000U) != 0 ? -value : value;
  }
  void Float(double value) { out_ += FormatDoubleSql(value); }

  const std::string_view bytes_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::optional<std::string> CborNotation(std::string_view bytes) {
  Reader reader(bytes);
  if (!reader.Item(0) || !reader.at_end()) return std::nullopt;
  return std::move(reader).Take();
}

}  // namespace tidemark::console
