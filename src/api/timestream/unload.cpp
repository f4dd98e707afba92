// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <map>

#include "api/timestream/gzip_internal.h"
#include "api/timestream/unload_internal.h"
#include "api/timestream/value_json_internal.h"
#include "base/json.h"

namespace tidemark::timestream {
namespace {

using sql::UnloadCompression;
using sql::UnloadFormat;

constexpr size_t kPartitionsMax = 100;  // timestream-api.md 4.9
constexpr size_t kBufferBytes = 256 * 1024;

struct DataObject {
  std::string key;
  uint64_t bytes = 0;
  uint64_t rows = 0;
};

/// One CSV object being written.
class CsvObject {
 public:
  static Result<std::unique_ptr<CsvObject>> Open(ObjectSink& sink, const sql::UnloadSpec& spec,
                                                 std::string key) {
    auto out = std::unique_ptr<CsvObject>(new CsvObject(std::move(key)));
    TM_ASSIGN_OR_RETURN(out->writer_, sink.Create(spec.bucket, out->object_.key));
    if (spec.compression == UnloadCompression::kGzip) {
      TM_ASSIGN_OR_RETURN(out->gzip_, GzipWriter::Open());
    }
    return out;
  }

  /// Text to append; Flush() when it is long.
  std::string& text() { return text_; }
  void CountRow() { ++object_.rows; }
  bool full() const { return text_.size() >= kBufferBytes; }
  uint64_t bytes() const { return object_.bytes; }

  Result<void> Flush() {
    std::string out;
    if (gzip_ != nullptr) {
      TM_RETURN_IF_ERROR(gzip_->Append(text_, out));
    } else {
      out.swap(text_);
    }
    text_.clear();
    return Write(out);
  }
  Result<DataObject> Finish() {
    TM_RETURN_IF_ERROR(Flush());
    if (gzip_ != nullptr) {
      std::string out;
      TM_RETURN_IF_ERROR(gzip_->Finish(out));
      TM_RETURN_IF_ERROR(Write(out));
    }
    TM_RETURN_IF_ERROR(writer_->Finish());
    return std::move(object_);
  }

 private:
  explicit CsvObject(std::string key) { object_.key = std::move(key); }
  Result<void> Write(const std::string& bytes) {
    object_.bytes += bytes.size();
    return bytes.empty() ? Result<void>() : writer_->Append(bytes);
  }

  DataObject object_;
  std::string text_;
  std::unique_ptr<ObjectSink::Writer> writer_;
  std::unique_ptr<GzipWriter> gzip_;
};

/// The work of one UNLOAD.
class Unload {
 public:
  Unload(sql::QueryResult& rows, const std::string& name, ObjectSink& sink)
      : rows_(rows), spec_(*rows.unload()), name_(name), sink_(sink) {}

  /// `out`: the answer's row.
  Result<void> Run(sql::RowChunk& out) {
    TM_RETURN_IF_ERROR(spec_.format == UnloadFormat::kCsv ? RunCsv() : RunParquet());
    const std::string metadata = Key(name_ + "_metadata.json");
    TM_RETURN_IF_ERROR(sink_.Put(spec_.bucket, metadata, Metadata()));
    // Last: who finds a manifest finds all that it names.
    const std::string manifest = Key(name_ + "_manifest.json");
    TM_RETURN_IF_ERROR(sink_.Put(spec_.bucket, manifest, Manifest()));
    out.Reset(1, 3);
    out.at(0, 0).data = static_cast<int64_t>(total_rows_);
    out.at(0, 1).data = Uri(metadata);
    out.at(0, 2).data = Uri(manifest);
    return {};
  }

 private:
  std::string Key(const std::string& name) const {
    return spec_.prefix.empty() ? name : spec_.prefix + "/" + name;
  }
  std::string Uri(const std::string& key) const { return "s3://" + spec_.bucket + "/" + key; }

  Result<void> RunCsv() {
    sql::RowChunk chunk;
    for (;;) {
      TM_ASSIGN_OR_RETURN(const bool more, rows_.Next(chunk));
      if (!more) break;
      for (size_t row = 0; row < chunk.rows(); ++row) TM_RETURN_IF_ERROR(AddRow(chunk, row));
    }
    for (auto& [partition, object] : open_) {
      if (object == nullptr) continue;
      TM_ASSIGN_OR_RETURN(DataObject done, object->Finish());
      Add(std::move(done));
    }
    return {};
  }

  Result<void> AddRow(const sql::RowChunk& chunk, size_t row) {
    const auto& columns = rows_.columns();
    const size_t kept = columns.size() - spec_.partition_columns;
    std::string partition;
    for (size_t i = kept; i < columns.size(); ++i) {
      partition += sql::PartitionFolder(columns[i], chunk.at(row, i)) + "/";
    }
    auto place = open_.find(partition);
    if (place == open_.end()) {
      if (open_.size() >= kPartitionsMax) return TooManyPartitions();
      place = open_.emplace(std::move(partition), nullptr).first;
    }
    std::unique_ptr<CsvObject>& object = place->second;
    if (object == nullptr) {
      // "<queryid>_<uuid>.csv"; the second and later ones are numbered.
      const std::string end = spec_.compression == UnloadCompression::kGzip ? ".gz" : ".csv";
      const std::string number = files_ == 0 ? "" : "_" + std::to_string(files_);
      ++files_;
      TM_ASSIGN_OR_RETURN(
          object,
          CsvObject::Open(sink_, spec_, Key("results/" + place->first + name_ + number + end)));
      if (spec_.include_header) AppendHeader(kept, object->text());
    }
    AppendCsvRow(columns, kept, chunk, row, spec_, object->text());
    object->CountRow();
    if (!object->full()) return {};
    TM_RETURN_IF_ERROR(object->Flush());
    if (object->bytes() < spec_.file_bytes_max) return {};
    TM_ASSIGN_OR_RETURN(DataObject done, object->Finish());
    Add(std::move(done));
    object.reset();
    return {};
  }

  void AppendHeader(size_t kept, std::string& out) const {
    for (size_t i = 0; i < kept; ++i) {
      if (i > 0) out += spec_.field_delimiter;
      AppendCsvField(rows_.columns()[i].name, spec_, out);
    }
    out += '\n';
  }

  Result<void> RunParquet() {
    TM_ASSIGN_OR_RETURN(const std::string staging, sink_.MakeStagingFolder(name_));
    Result<void> outcome = FillAndAdopt(staging + "/data");
    const Result<void> removed = sink_.RemoveStagingFolder(name_);
    return outcome.ok() ? removed : outcome;
  }

  Result<void> FillAndAdopt(const std::string& folder) {
    TM_ASSIGN_OR_RETURN(const std::vector<sql::ParquetFile> files, rows_.WriteParquet(folder));
    std::map<std::string, size_t> partitions;
    for (const sql::ParquetFile& file : files) {
      // FOLDER/[col=val/..]data_0.parquet
      if (file.path.size() <= folder.size() + 1 || !file.path.starts_with(folder)) {
        return Error{Code::kInternal, "an exported file is at an unexpected place: " + file.path};
      }
      const std::string inner = file.path.substr(folder.size() + 1);
      const size_t slash = inner.rfind('/');
      const std::string partition = slash == std::string::npos ? "" : inner.substr(0, slash + 1);
      ++partitions[partition];
      if (partitions.size() > kPartitionsMax) return TooManyPartitions();
      const std::string number = files_ == 0 ? "" : "_" + std::to_string(files_);
      ++files_;
      DataObject object{Key("results/" + partition + name_ + number + ".parquet"), file.bytes,
                        file.rows};
      TM_RETURN_IF_ERROR(sink_.Adopt(file.path, spec_.bucket, object.key));
      Add(std::move(object));
    }
    return {};
  }

  static Error TooManyPartitions() {
    return {Code::kInvalidArgument, "UNLOAD makes at most " + std::to_string(kPartitionsMax) +
                                        " partitions; partitioned_by has more different values"};
  }

  void Add(DataObject object) {
    total_rows_ += object.rows;
    total_bytes_ += object.bytes;
    objects_.push_back(std::move(object));
  }

  std::string Manifest() const {
    JsonWriter out;
    out.BeginObject().Key("result_files").BeginArray();
    for (const DataObject& object : objects_) {
      out.BeginObject().Key("url").String(Uri(object.key)).Key("file_metadata").BeginObject();
      out.Key("content_length_in_bytes").Uint(object.bytes).Key("row_count").Uint(object.rows);
      out.EndObject().EndObject();
    }
    out.EndArray().Key("query_metadata").BeginObject();
    out.Key("content_length_in_bytes").Uint(total_bytes_);
    out.Key("total_row_count").Uint(total_rows_);
    out.Key("result_format").String(spec_.format == UnloadFormat::kCsv ? "CSV" : "PARQUET");
    out.Key("result_version").String("Amazon Timestream version 1.0.0").EndObject();
    out.Key("author").BeginObject().Key("name").String("Amazon Timestream");
    out.Key("manifest_file_version").String("1.0").EndObject().EndObject();
    return std::move(out).Take();
  }

  std::string Metadata() const {
    std::string out = "{\"ColumnInfo\":";
    AppendColumnInfo(rows_.columns(), out);
    out += ",\"Author\":{\"Name\":\"Amazon Timestream\",\"MetadataFileVersion\":\"1.0\"}}";
    return out;
  }

  sql::QueryResult& rows_;
  const sql::UnloadSpec& spec_;
  const std::string& name_;
  ObjectSink& sink_;
  std::map<std::string, std::unique_ptr<CsvObject>> open_;  // by partition; null: finished for now
  std::vector<DataObject> objects_;
  size_t files_ = 0;
  uint64_t total_rows_ = 0;
  uint64_t total_bytes_ = 0;
};

class UnloadResult final : public sql::QueryResult {
 public:
  UnloadResult(std::unique_ptr<sql::QueryResult> rows, std::string name, ObjectSink& sink)
      : rows_(std::move(rows)), name_(std::move(name)), sink_(sink) {}

  const std::vector<sql::Column>& columns() const override { return columns_; }
  Result<bool> Next(sql::RowChunk& out) override {
    if (done_) return false;
    done_ = true;
    TM_RETURN_IF_ERROR(Unload(*rows_, name_, sink_).Run(out));
    return true;
  }
  void Cancel() override { rows_->Cancel(); }
  sql::QueryProgress progress() const override {
    sql::QueryProgress out = rows_->progress();
    out.rows_returned = done_ ? 1 : 0;
    return out;
  }
  std::vector<store::DamagedRange> gaps() const override { return rows_->gaps(); }

 private:
  const std::unique_ptr<sql::QueryResult> rows_;
  const std::string name_;
  ObjectSink& sink_;
  std::atomic<bool> done_{false};
  // Names are case-exact (5.13).
  const std::vector<sql::Column> columns_{{"rows", sql::TypeKind::kBigint},
                                          {"metadataFile", sql::TypeKind::kVarchar},
                                          {"manifestFile", sql::TypeKind::kVarchar}};
};

}  // namespace

std::unique_ptr<sql::QueryResult> MakeUnloadResult(std::unique_ptr<sql::QueryResult> rows,
                                                   std::string name, ObjectSink& sink) {
  return std::make_unique<UnloadResult>(std::move(rows), std::move(name), sink);
}

}  // namespace tidemark::timestream
