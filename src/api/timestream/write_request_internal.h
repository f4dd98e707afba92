// SPDX-License-Identifier: Apache-2.0
// The body of WriteRecords, decoded without copying a text (timestream-api.md 3.11, 4.1). One
// object is used for request after request; its views live until the next Parse(). Single-owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/timestream/errors.h"
#include "base/units.h"
#include "store/types.h"

namespace tidemark::timestream {

/// One entry of MeasureValues.
struct AttributeView {
  std::string_view name;
  std::string_view value;
  store::ValueType type = store::ValueType::kDouble;
};

enum class TimeUnit : uint8_t { kMilliseconds, kSeconds, kMicroseconds, kNanoseconds };

/// Where a record's dimensions or attributes lie in the request's one list of them.
struct ListRange {
  uint32_t begin = 0;
  uint32_t count = 0;
};

/// A Record as sent, before CommonAttributes are merged in; what is absent has no value.
struct RecordView {
  ListRange dimensions;
  ListRange attributes;
  std::optional<std::string_view> measure_name;
  std::optional<std::string_view> measure_value;
  std::optional<std::string_view> time;
  std::optional<store::ValueType> type;
  std::optional<TimeUnit> unit;
  std::optional<int64_t> version;
};

class WriteRequest {
 public:
  static constexpr size_t kBodyBytesMax = 4_MiB;  // 100 records with all their limits fit
  static constexpr size_t kRecordsMax = 100;
  static constexpr size_t kDimensionsMax = 128;  // per record

  WriteRequest();
  ~WriteRequest();
  WriteRequest(const WriteRequest&) = delete;
  WriteRequest& operator=(const WriteRequest&) = delete;

  /// Shape and the model's constraints; what depends on merged records or on the table comes later.
  /// May grow `body`'s capacity. The failure, or none.
  std::optional<Failure> Parse(std::string& body);

  std::string_view database() const { return database_; }
  std::string_view table() const { return table_; }
  const RecordView& common() const { return common_; }
  const std::vector<RecordView>& records() const { return records_; }
  const std::vector<store::DimensionView>& dimensions() const { return dimensions_; }
  const std::vector<AttributeView>& attributes() const { return attributes_; }
  /// Worth keeping for the next request.
  bool reusable() const { return largest_body_bytes_ <= 512_KiB; }

 private:
  struct Parser;
  friend struct Parser;

  std::unique_ptr<Parser> parser_;
  size_t largest_body_bytes_ = 0;
  std::string_view database_;
  std::string_view table_;
  RecordView common_;
  std::vector<RecordView> records_;
  std::vector<store::DimensionView> dimensions_;
  std::vector<AttributeView> attributes_;
};

}  // namespace tidemark::timestream
