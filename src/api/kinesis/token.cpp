// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "api/kinesis/token_internal.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/check.h"

namespace tidemark::kinesis {
namespace {

// AWS's begin with these bytes too (3.5).
constexpr std::string_view kPrefix("\0\0\0\0\0\0\0\1", 8);
constexpr uint8_t kVersion = 1;
constexpr size_t kSignatureBytes = 16;

}  // namespace

TokenCodec::TokenCodec(std::string key) : key_(std::move(key)) {
  TM_CHECK(key_.size() == kTokenKeyBytes);
}

std::string TokenCodec::Sign(std::string_view bytes) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  TM_CHECK(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), data, bytes.size(),
                digest.data(), &length) != nullptr);
  return {reinterpret_cast<const char*>(digest.data()), kSignatureBytes};
}

std::string TokenCodec::Seal(Kind kind, ArrivalTime issued, std::string_view payload) const {
  ByteWriter out;
  out.PutRaw(kPrefix);
  out.PutU8(kVersion);
  out.PutU8(static_cast<uint8_t>(kind));
  out.PutI64(issued.ms);
  out.PutRaw(payload);
  out.PutRaw(Sign(out.view()));
  return Base64Encode(out.view());
}

bool TokenCodec::Open(Kind kind, std::string_view text, ArrivalTime now, std::string& payload,
                      Failure& failure) const {
  const bool iterator = kind == Kind::kIterator;
  failure = {KinesisError::kInvalidArgument,
             iterator ? "Invalid ShardIterator." : "Invalid NextToken."};
  const auto bytes = Base64Decode(text);
  constexpr size_t kHeadBytes = 18;
  if (!bytes.ok() || bytes->size() < kHeadBytes + kSignatureBytes) return false;
  const std::string_view sealed(bytes->data(), bytes->size() - kSignatureBytes);
  const std::string signature = Sign(sealed);
  if (CRYPTO_memcmp(signature.data(), bytes->data() + sealed.size(), kSignatureBytes) != 0)
    return false;
  ByteReader in(sealed);
  if (in.GetRaw(kPrefix.size()) != kPrefix || in.GetU8() != kVersion ||
      in.GetU8() != static_cast<uint8_t>(kind)) {
    return false;
  }
  const ArrivalTime issued{in.GetI64()};
  payload = sealed.substr(kHeadBytes);
  if (issued > now + kTokenLifetime) return false;
  if (now - issued <= kTokenLifetime) return true;
  failure.error = iterator ? KinesisError::kExpiredIterator : KinesisError::kExpiredNextToken;
  failure.message =
      std::string(iterator ? "Iterator" : "NextToken") + " expired. It was created at time " +
      FormatIso8601Millis(issued.AsEventTime()) + " while right now it is " +
      FormatIso8601Millis(now.AsEventTime()) +
      " which is further in the future than the tolerated delay of 300000 milliseconds.";
  return false;
}

std::string TokenCodec::Encode(const ShardIterator& iterator, ArrivalTime issued) const {
  ByteWriter out;
  out.PutU32(iterator.stream.value);
  out.PutU32(iterator.shard);
  out.PutU64(iterator.next.value);
  return Seal(Kind::kIterator, issued, out.view());
}

bool TokenCodec::Decode(std::string_view text, ArrivalTime now, ShardIterator& out,
                        Failure& failure) const {
  std::string payload;
  if (!Open(Kind::kIterator, text, now, payload, failure)) return false;
  ByteReader in(payload);
  out.stream = {in.GetU32()};
  out.shard = in.GetU32();
  out.next = {in.GetU64()};
  return in.AtEnd();
}

std::string TokenCodec::Encode(const ListStreamsToken& token, ArrivalTime issued) const {
  return Seal(Kind::kListStreams, issued, token.after);
}

bool TokenCodec::Decode(std::string_view text, ArrivalTime now, ListStreamsToken& out,
                        Failure& failure) const {
  return Open(Kind::kListStreams, text, now, out.after, failure);
}

std::string TokenCodec::Encode(const ListShardsToken& token, ArrivalTime issued) const {
  ByteWriter out;
  out.PutU32(token.stream.value);
  out.PutU32(token.next_shard);
  out.PutU8(token.filter);
  out.PutI64(token.filter_ms);
  return Seal(Kind::kListShards, issued, out.view());
}

bool TokenCodec::Decode(std::string_view text, ArrivalTime now, ListShardsToken& out,
                        Failure& failure) const {
  std::string payload;
  if (!Open(Kind::kListShards, text, now, payload, failure)) return false;
  ByteReader in(payload);
  out.stream = {in.GetU32()};
  out.next_shard = in.GetU32();
  out.filter = in.GetU8();
  out.filter_ms = in.GetI64();
  return in.AtEnd();
}

}  // namespace tidemark::kinesis
