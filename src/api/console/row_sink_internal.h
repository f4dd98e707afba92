// SPDX-License-Identifier: Apache-2.0
// Where the rows of an answer go: JSON, or a column block (web/API.md section 3.2). Single-owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "http/message.h"
#include "sql/type.h"

namespace tidemark::console {

enum class RowFormat : uint8_t { kJson, kColumns };
/// By the request's Accept header.
RowFormat FormatOf(const http::Request& request);

/// Collects rows, then makes the answer's part of them.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void Add(std::span<const sql::Value> row) = 0;
  /// Of what was collected, about.
  virtual size_t bytes() const = 0;
  size_t rows() const { return rows_; }
  /// The whole answer. `members` writes those of the object around the rows, or of the block's
  /// header; `columns` and `rows` are written here.
  virtual std::string Finish(const std::function<void(JsonWriter&)>& members) = 0;

 protected:
  size_t rows_ = 0;
};

/// `columns` must outlive the sink.
std::unique_ptr<RowSink> MakeRowSink(RowFormat format, const std::vector<sql::Column>& columns);

/// A block with this header and no rows.
std::string EmptyBlock(const std::function<void(JsonWriter&)>& members);

inline constexpr std::string_view kColumnsType = "application/vnd.tidemark.columns";

}  // namespace tidemark::console
