// SPDX-License-Identifier: Apache-2.0
// UNLOAD through Query: checklist row 112 and timestream-api.md 5.13, over the real engine.
#include <zlib.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/timestream/testing/fixture.h"
#include "api/timestream/unload_internal.h"
#include "base/file_system.h"

namespace tidemark::timestream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

std::string Gunzip(const std::string& bytes) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  std::string out(1 << 16U, '\0');
  std::string in = bytes;
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - z.avail_out);
  inflateEnd(&z);
  return out;
}

class UnloadTest : public testing::Test {
 protected:
  UnloadTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("tidemark-unload-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())),
        sink_(RealFileSystem(), folder_.string()),
        service_({.engine = [this](TestService& t) { return OpenEngine(t); },
                  .options = {},
                  .exports = &sink_}) {}
  ~UnloadTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<sql::Engine> OpenEngine(TestService& t) {
    sql::EngineOptions options;
    options.threads = 1;
    options.export_dir = sink_.OpenStaging().value();
    return sql::Engine::Open(options, *t.store, *t.names, t.clock, t.metrics).value();
  }

  http::Response Query(const std::string& sql) {
    JsonWriter body;
    body.BeginObject().Key("QueryString").String(sql).EndObject();
    return service_.Call("Query", std::move(body).Take());
  }
  // Paths below the export folder, sorted.
  std::vector<std::string> Files() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) {
        out.push_back(std::filesystem::relative(entry.path(), folder_).string());
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  std::string Read(const std::string& path) const {
    return RealFileSystem().ReadFile((folder_ / path).string(), 1 << 20U).value_or("");
  }
  std::string ReadUri(const std::string& uri) const { return Read(uri.substr(5)); }

  static std::string Cell(const http::Response& response, size_t column) {
    const JsonValue body = ParseJson(response.body).value_or(JsonValue());
    const JsonValue* rows = body.Find("Rows");
    if (rows == nullptr || rows->array().size() != 1) return response.body;
    return rows->array()[0].Find("Data")->array()[column].Find("ScalarValue")->string_value();
  }

  const std::filesystem::path folder_;
  FolderSink sink_;
  TestService service_;
};

constexpr std::string_view kRows =
    "SELECT * FROM (VALUES (1, 'a,b', 1.5, 'x'), (2, 'say \"hi\"', NULL, 'y/z'), (3, '', 2.0, "
    "NULL)) t(n, \"text\", d, part)";

TEST_F(UnloadTest, Row112_CsvWithManifestAndMetadata) {
  const http::Response answer =
      Query("UNLOAD (" + std::string(kRows) +
            ") TO 's3://bucket/some/folder/' WITH (compression = 'NONE', include_header = 'true')");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body,
              HasSubstr(R"("ColumnInfo":[{"Name":"rows","Type":{"ScalarType":"BIGINT"}},)"
                        R"({"Name":"metadataFile","Type":{"ScalarType":"VARCHAR"}},)"
                        R"({"Name":"manifestFile","Type":{"ScalarType":"VARCHAR"}}])"));
  EXPECT_EQ(Cell(answer, 0), "3");
  EXPECT_THAT(Cell(answer, 1), MatchesRegex("s3://bucket/some/folder/AE[A-Z2-7]+_[-0-9a-f]{36}"
                                            "_metadata.json"));
  const JsonValue manifest = ParseJson(ReadUri(Cell(answer, 2))).value();
  EXPECT_EQ(manifest.Find("query_metadata")->Find("total_row_count")->int_value(), 3);
  EXPECT_EQ(manifest.Find("query_metadata")->Find("result_format")->string_value(), "CSV");
  ASSERT_EQ(manifest.Find("result_files")->array().size(), 1U);
  const JsonValue& file = manifest.Find("result_files")->array()[0];
  const std::string data = ReadUri(file.Find("url")->string_value());
  EXPECT_THAT(file.Find("url")->string_value(),
              MatchesRegex("s3://bucket/some/folder/results/AE.*\\.csv"));
  EXPECT_EQ(data, "n,text,d,part\n1,\"a,b\",1.5,x\n2,\"say \\\"hi\\\"\",,y/z\n3,\"\",2.0,\n");
  EXPECT_EQ(file.Find("file_metadata")->Find("content_length_in_bytes")->int_value(),
            static_cast<int64_t>(data.size()));
  EXPECT_EQ(file.Find("file_metadata")->Find("row_count")->int_value(), 3);
  EXPECT_THAT(ReadUri(Cell(answer, 1)),
              HasSubstr(R"({"ColumnInfo":[{"Name":"n","Type":{"ScalarType":"INTEGER"}},)"));
}

TEST_F(UnloadTest, CsvPartitionsAndGzip) {
  const http::Response answer =
      Query("UNLOAD (" + std::string(kRows) +
            ") TO 's3://bucket' WITH (partitioned_by = ARRAY['part'], field_delimiter = '|')");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::vector<std::string> files = Files();
  ASSERT_EQ(files.size(), 5U);
  EXPECT_THAT(files[2], MatchesRegex("bucket/results/part=__HIVE_DEFAULT_PARTITION__/AE.*gz"));
  EXPECT_THAT(files[3], MatchesRegex("bucket/results/part=x/AE.*gz"));
  EXPECT_THAT(files[4], MatchesRegex("bucket/results/part=y%2Fz/AE.*gz"));
  EXPECT_EQ(Gunzip(Read(files[3])), "1|a,b|1.5\n");
  EXPECT_EQ(Gunzip(Read(files[4])), "2|\"say \\\"hi\\\"\"|\n");
}

TEST_F(UnloadTest, NestedValuesAreJsonText) {
  const http::Response answer = Query(
      "UNLOAD (SELECT ARRAY[1, 2] AS a, TIMESTAMP '2020-01-02 03:04:05' AS t) TO "
      "'s3://bucket/p' WITH (compression = 'none', escaped_by = '\"')");
  ASSERT_EQ(answer.status, 200) << answer.body;
  for (const std::string& file : Files()) {
    if (file.ends_with(".csv")) {
      EXPECT_EQ(Read(file), "\"[1,2]\",2020-01-02 03:04:05.000000000\n");
    }
  }
}

TEST_F(UnloadTest, ParquetFilesAreMovedIn) {
  const http::Response answer = Query(
      "UNLOAD (SELECT n, TIMESTAMP '2020-01-02 03:04:05' AS \"time\", DATE '2020-01-02' AS "
      "day, part FROM (" +
      std::string(kRows) +
      ") s) TO 's3://bucket/p' WITH (format = 'PARQUET', partitioned_by = ARRAY[part])");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Cell(answer, 0), "3");
  const JsonValue manifest = ParseJson(ReadUri(Cell(answer, 2))).value();
  EXPECT_EQ(manifest.Find("query_metadata")->Find("total_row_count")->int_value(), 3);
  int64_t rows = 0;
  for (const JsonValue& file : manifest.Find("result_files")->array()) {
    const std::string bytes = ReadUri(file.Find("url")->string_value());
    EXPECT_TRUE(bytes.starts_with("PAR1") && bytes.ends_with("PAR1"));
    EXPECT_THAT(file.Find("url")->string_value(),
                MatchesRegex("s3://bucket/p/results/part=[^/]*/AE.*parquet"));
    rows += file.Find("file_metadata")->Find("row_count")->int_value();
  }
  EXPECT_EQ(rows, 3);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / ".staging"));
}

TEST_F(UnloadTest, Refusals) {
  const auto refused = [&](const std::string& with, const std::string& query = "SELECT 1 AS a",
                           const std::string& to = "s3://bucket/p") {
    const http::Response answer =
        Query("UNLOAD (" + query + ") TO '" + to + "' WITH (" + with + ")");
    EXPECT_EQ(TestService::CodeOf(answer), "400 ValidationException") << answer.body;
    return TestService::MessageOf(answer);
  };
  EXPECT_THAT(refused("formt = 'CSV'"), HasSubstr("did you mean 'format'"));
  refused("format = 'ORC'");
  refused("compression = 'LZ4'");
  refused("include_header = 'yes'");
  refused("field_delimiter = 'ab'");
  refused("max_file_size = '1MB'");
  refused("partitioned_by = ARRAY['x']");
  refused("partitioned_by = ARRAY['a']");  // nothing would be left
  refused("partitioned_by = ARRAY['a']", "SELECT 1 AS a, 2 AS b");
  refused("format = 'CSV', format = 'CSV'");
  EXPECT_THAT(refused("format = 'CSV'", "SELECT TIME '01:00:00' AS t"), HasSubstr("line 1:1"));
  refused("format = 'CSV'", "SELECT NULL AS u");
  refused("format = 'CSV'", "SELECT 1 AS a", "/tmp/x");
  refused("format = 'CSV'", "SELECT 1 AS a", "s3://bucket/../../etc");
  refused("format = 'PARQUET'", "SELECT INTERVAL '1' DAY AS i");
  refused("format = 'CSV'", "SELECT 1 / 0 AS a");
  EXPECT_TRUE(Files().empty());
  const http::Response many = Query(
      "UNLOAD (SELECT a.x, a.x * 20 + b.x AS part FROM UNNEST(sequence(1, 20)) a(x) CROSS "
      "JOIN UNNEST(sequence(1, 20)) b(x)) TO 's3://bucket/p' WITH (partitioned_by = "
      "ARRAY['part'])");
  EXPECT_EQ(TestService::CodeOf(many), "400 ValidationException") << many.body;
}

TEST(Unload, WithoutADirectoryTheKeyIsNamed) {
  TestService service({.engine = [](TestService& t) {
    return sql::Engine::Open({.threads = 1}, *t.store, *t.names, t.clock, t.metrics).value();
  }});
  const http::Response answer = service.Call(
      "Query",
      R"x({"QueryString":"UNLOAD (SELECT 1 AS a) TO 's3://bucket/p' WITH (format='CSV')"})x");
  EXPECT_EQ(TestService::CodeOf(answer), "400 ValidationException");
  EXPECT_THAT(TestService::MessageOf(answer), HasSubstr("export.directory"));
}

}  // namespace
}  // namespace tidemark::timestream
