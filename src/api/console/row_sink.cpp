// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_map>

#include "api/console/cell_internal.h"
#include "api/console/row_sink_internal.h"

namespace tidemark::console {
namespace {

using sql::TypeKind;

static_assert(std::endian::native == std::endian::little);  // buffers are written as they are

constexpr std::string_view kMagic = "TMCOLS1\n";
constexpr size_t kDictionaryMax = 4096;

class JsonRows final : public RowSink {
 public:
  explicit JsonRows(const std::vector<sql::Column>& columns) : columns_(columns) {
    out_.BeginArray();
  }

  void Add(std::span<const sql::Value> row) override {
    out_.BeginArray();
    for (size_t c = 0; c < columns_.size(); ++c) WriteCell(out_, columns_[c].type, row[c]);
    out_.EndArray();
    ++rows_;
  }
  size_t bytes() const override { return out_.text().size(); }

  std::string Finish(const std::function<void(JsonWriter&)>& members) override {
    out_.EndArray();
    JsonWriter out;
    out.BeginObject().Key("columns").BeginArray();
    for (const sql::Column& column : columns_) {
      out.BeginObject().Key("name").String(column.name);
      out.Key("type").String(TypeName(column.type)).EndObject();
    }
    out.EndArray().Key("rows").Raw(out_.text());
    members(out);
    out.EndObject();
    return std::move(out).Take();
  }

 private:
  const std::vector<sql::Column>& columns_;
  JsonWriter out_;
};

/// The buffers of a block: each begins at a multiple of 8.
class Buffers {
 public:
  struct Extent {
    size_t offset = 0;
    size_t bytes = 0;
  };
  Extent Add(std::string_view bytes) {
    const Extent out{data_.size(), bytes.size()};
    data_.append(bytes);
    data_.resize((data_.size() + 7) / 8 * 8, '\0');
    return out;
  }
  template <typename T>
  Extent Add(const std::vector<T>& values) {
    return Add(
        std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)));
  }
  const std::string& data() const { return data_; }

 private:
  std::string data_;
};

void WriteExtent(JsonWriter& out, Buffers::Extent extent) {
  out.BeginArray().Uint(extent.offset).Uint(extent.bytes).EndArray();
}

/// One column's values as they come.
class ColumnBuffer {
 public:
  explicit ColumnBuffer(const sql::Column& column) : column_(column) {}
  virtual ~ColumnBuffer() = default;

  void Add(const sql::Value& value) {
    valid_.push_back(value.is_null() ? 0 : 1);
    nulls_ = nulls_ || value.is_null();
    Append(value);
  }
  virtual size_t bytes() const = 0;
  void Write(JsonWriter& out, Buffers& buffers) {
    out.BeginObject().Key("name").String(column_.name);
    out.Key("sql_type").String(TypeName(column_.type));
    WriteValues(out, buffers);
    out.Key("valid");
    nulls_ ? WriteExtent(out, buffers.Add(valid_)) : static_cast<void>(out.Null());
    out.EndObject();
  }

 protected:
  virtual void Append(const sql::Value& value) = 0;
  /// Members "type", "buf", "dict".
  virtual void WriteValues(JsonWriter& out, Buffers& buffers) = 0;

  const sql::Column& column_;
  std::vector<uint8_t> valid_;
  bool nulls_ = false;
};

/// `In` is the alternative of sql::Value, `Out` what the buffer has.
template <typename In, typename Out>
class FixedBuffer final : public ColumnBuffer {
 public:
  FixedBuffer(const sql::Column& column, std::string_view type)
      : ColumnBuffer(column), type_(type) {}
  size_t bytes() const override { return values_.size() * (sizeof(Out) + 1); }

 private:
  void Append(const sql::Value& value) override {
    const auto* given = std::get_if<In>(&value.data);
    values_.push_back(given != nullptr ? static_cast<Out>(*given) : Out{});
  }
  void WriteValues(JsonWriter& out, Buffers& buffers) override {
    out.Key("type").String(type_).Key("buf");
    WriteExtent(out, buffers.Add(values_));
  }

  const std::string_view type_;
  std::vector<Out> values_;
};

class TextBuffer final : public ColumnBuffer {
 public:
  TextBuffer(const sql::Column& column, std::string_view type)
      : ColumnBuffer(column), type_(type) {}
  size_t bytes() const override { return text_.size() + ends_.size() * (sizeof(uint32_t) + 1); }

 private:
  void Append(const sql::Value& value) override {
    if (!value.is_null()) {
      const auto* given = std::get_if<std::string>(&value.data);
      if (given != nullptr && column_.type.scalar()) {
        text_ += *given;
      } else {
        AppendCellText(column_.type, value, text_);
      }
    }
    ends_.push_back(static_cast<uint32_t>(text_.size()));
  }

  std::string_view At(size_t row) const {
    const size_t begin = ends_[row];
    return std::string_view(text_).substr(begin, ends_[row + 1] - begin);
  }

  /// None: too many different texts for a dictionary to be worth it.
  std::optional<std::vector<std::string_view>> Dictionary(std::vector<uint32_t>& codes) const {
    const size_t rows = ends_.size() - 1;
    if (column_.type.kind() != TypeKind::kVarchar || rows == 0) return std::nullopt;
    const size_t texts_max = std::min(kDictionaryMax, std::max<size_t>(1, rows / 2));
    std::unordered_map<std::string_view, uint32_t> numbers;
    std::vector<std::string_view> texts;
    codes.reserve(rows);
    for (size_t row = 0; row < rows; ++row) {
      // The text of a null is empty, and what its code names is never looked at.
      if (valid_[row] == 0) {
        codes.push_back(0);
        continue;
      }
      const auto [found, added] = numbers.try_emplace(At(row), static_cast<uint32_t>(texts.size()));
      if (added) texts.push_back(found->first);
      if (texts.size() > texts_max) return std::nullopt;
      codes.push_back(found->second);
    }
    return texts;
  }

  void WriteValues(JsonWriter& out, Buffers& buffers) override {
    std::vector<uint32_t> codes;
    if (const auto texts = Dictionary(codes)) {
      out.Key("type").String("dict").Key("buf");
      WriteExtent(out, buffers.Add(codes));
      out.Key("dict").BeginArray();
      for (const std::string_view text : *texts) out.String(text);
      out.EndArray();
      return;
    }
    std::string bytes(reinterpret_cast<const char*>(ends_.data()), ends_.size() * sizeof(uint32_t));
    bytes += text_;
    out.Key("type").String(type_).Key("buf");
    WriteExtent(out, buffers.Add(bytes));
  }

  const std::string_view type_;
  std::string text_;  // at most a page, so 32 bits reach
  std::vector<uint32_t> ends_{0};
};

std::unique_ptr<ColumnBuffer> MakeBuffer(const sql::Column& column) {
  switch (column.type.kind()) {
    case TypeKind::kTimestamp:
      return std::make_unique<FixedBuffer<int64_t, int64_t>>(column, "timestamp_ns");
    case TypeKind::kBigint:
      return std::make_unique<FixedBuffer<int64_t, int64_t>>(column, "bigint");
    case TypeKind::kInteger:
      return std::make_unique<FixedBuffer<int64_t, int32_t>>(column, "integer");
    case TypeKind::kDouble:
      return std::make_unique<FixedBuffer<double, double>>(column, "double");
    case TypeKind::kBoolean:
      return std::make_unique<FixedBuffer<bool, uint8_t>>(column, "boolean");
    case TypeKind::kJson:
    case TypeKind::kArray:
    case TypeKind::kRow:
    case TypeKind::kTimeseries:
      return std::make_unique<TextBuffer>(column, "json");
    case TypeKind::kUnknown:
    case TypeKind::kVarchar:
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kIntervalDaySecond:
    case TypeKind::kIntervalYearMonth:
      return std::make_unique<TextBuffer>(column, "varchar");
  }
  TM_UNREACHABLE();
}

std::string Assemble(const std::string& header, const std::string& data) {
  std::string out(kMagic);
  const auto bytes = static_cast<uint32_t>(header.size());
  out.append(reinterpret_cast<const char*>(&bytes), sizeof(bytes));
  out += header;
  out.resize((out.size() + 7) / 8 * 8, '\0');
  out += data;
  return out;
}

class BlockRows final : public RowSink {
 public:
  explicit BlockRows(const std::vector<sql::Column>& columns) {
    for (const sql::Column& column : columns) columns_.push_back(MakeBuffer(column));
  }

  void Add(std::span<const sql::Value> row) override {
    for (size_t c = 0; c < columns_.size(); ++c) columns_[c]->Add(row[c]);
    ++rows_;
  }
  size_t bytes() const override {
    size_t out = 0;
    for (const auto& column : columns_) out += column->bytes();
    return out;
  }

  std::string Finish(const std::function<void(JsonWriter&)>& members) override {
    JsonWriter columns;
    Buffers buffers;
    columns.BeginArray();
    for (const auto& column : columns_) column->Write(columns, buffers);
    columns.EndArray();
    JsonWriter out;
    out.BeginObject().Key("rows").Uint(rows_);
    out.Key("bytes").Uint(buffers.data().size());
    members(out);
    out.Key("columns").Raw(columns.text()).EndObject();
    return Assemble(out.text(), buffers.data());
  }

 private:
  std::vector<std::unique_ptr<ColumnBuffer>> columns_;
};

}  // namespace

RowFormat FormatOf(const http::Request& request) {
  const std::string_view accept = request.Find("Accept").value_or("");
  return accept.find(kColumnsType) == std::string_view::npos ? RowFormat::kJson
                                                             : RowFormat::kColumns;
}

std::unique_ptr<RowSink> MakeRowSink(RowFormat format, const std::vector<sql::Column>& columns) {
  if (format == RowFormat::kColumns) return std::make_unique<BlockRows>(columns);
  return std::make_unique<JsonRows>(columns);
}

std::string EmptyBlock(const std::function<void(JsonWriter&)>& members) {
  JsonWriter out;
  out.BeginObject().Key("rows").Uint(0).Key("bytes").Uint(0);
  members(out);
  out.Key("columns").BeginArray().EndArray().EndObject();
  return Assemble(out.text(), "");
}

}  // namespace tidemark::console
