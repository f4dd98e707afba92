// SPDX-License-Identifier: Apache-2.0
// A whole TimestreamService without sockets, threads or files: manual clock, seeded executor, a
// catalog in memory, and any store and engine.
//   TestService service;
//   const JsonValue answer = service.Ok("ListDatabases", "{}");
// Single-owner.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "api/timestream/catalog_namespace.h"
#include "api/timestream/service.h"
#include "api/timestream/testing/fake_engine.h"
#include "api/timestream/testing/memory_sink.h"
#include "base/json.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "http/testing/recorder.h"
#include "store/testing/model_store.h"

namespace tidemark::timestream {

/// 2026-01-01T12:00:00Z: "now" of every test until it moves the clock.
inline constexpr int64_t kTestNowMs = 1'767'268'800'000;

class TestService {
 public:
  /// `store`: null for the std::map model; `engine`: null for the scripted one. Both may need the
  /// fixture's clock and catalog, so they come from functions.
  struct Parts {
    std::function<std::unique_ptr<store::Store>(TestService&)> store;
    std::function<std::unique_ptr<sql::Engine>(TestService&)> engine;
    ServiceOptions options;
    ObjectSink* exports;  // null in Parts{}; must outlive the service
  };
  explicit TestService(Parts parts = {}) {
    auto opened = catalog::Catalog::Open(":memory:", clock);
    catalog = std::move(opened).value();
    store = parts.store ? parts.store(*this) : std::make_unique<store::ModelStore>(clock);
    names = std::make_unique<CatalogNamespace>(*catalog);
    if (parts.engine) {
      engine = parts.engine(*this);
    } else {
      auto fake = std::make_unique<FakeEngine>();
      fake_engine = fake.get();
      engine = std::move(fake);
    }
    tables = std::make_unique<TableAdmin>(*catalog, *store);
    direct_clock = std::make_unique<DirectClock>(*store, clock, executor, orders);
    direct_clock->Start({});
    service = std::make_unique<TimestreamService>(
        parts.options, ServiceDeps{*catalog, *tables, *store, *direct_clock, *engine, executor,
                                   clock, random, metrics, reports, parts.exports});
  }
  ~TestService() {
    service.reset();
    direct_clock.reset();
    executor.RunUntilIdle();
  }

  /// Sends and runs everything that is due.
  http::Response Call(std::string_view operation, std::string body, http::Headers headers = {}) {
    http::Recorder recorder;
    Start(operation, std::move(body), recorder, std::move(headers));
    executor.RunUntilIdle();
    return recorder.Wait();
  }
  /// Sends only.
  void Start(std::string_view operation, std::string body, http::Recorder& recorder,
             http::Headers headers = {}) {
    http::Request request{.method = "POST", .path = "/", .headers = std::move(headers)};
    request.body = std::move(body);
    service->Handle(operation, std::move(request), recorder.MakeResponder());
  }
  /// The parsed body of an answer that must be a 200.
  JsonValue Ok(std::string_view operation, std::string body) {
    const http::Response response = Call(operation, std::move(body));
    EXPECT_EQ(response.status, 200) << response.body;
    return ParseJson(response.body).value_or(JsonValue());
  }
  /// Status and bare error code: "404 ResourceNotFoundException"; "200 " when there is none.
  std::string Code(std::string_view operation, std::string body, http::Headers headers = {}) {
    return CodeOf(Call(operation, std::move(body), std::move(headers)));
  }
  static std::string CodeOf(const http::Response& response) {
    const JsonValue body = ParseJson(response.body).value_or(JsonValue());
    const JsonValue* type = body.Find("__type");
    const std::string name = type == nullptr ? "" : type->string_value();
    return std::to_string(response.status) + " " + name.substr(name.find('#') + 1);
  }
  static std::string MessageOf(const http::Response& response) {
    const JsonValue body = ParseJson(response.body).value_or(JsonValue());
    const JsonValue* message = body.Find("message");
    return message == nullptr ? "" : message->string_value();
  }
  /// Database d and table t: 24 h in memory, 5 days magnetic.
  void MakeTable(std::string_view more = "") {
    Ok("CreateDatabase", R"({"DatabaseName":"dddd"})");
    Ok("CreateTable",
       R"({"DatabaseName":"dddd","TableName":"tttt","RetentionProperties":{)"
       R"("MemoryStoreRetentionPeriodInHours":24,"MagneticStoreRetentionPeriodInDays":5})" +
           std::string(more) + "}");
  }

  sim::SimClock clock{ArrivalTime{kTestNowMs}};
  sim::SimExecutor executor{clock, 1};
  SeededRandom random{7};
  MetricRegistry metrics;
  MemorySink reports;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<CatalogNamespace> names;
  FakeEngine* fake_engine = nullptr;
  std::unique_ptr<sql::Engine> engine;
  std::unique_ptr<TableAdmin> tables;
  pipeline::OrderBook orders{RealFileSystem(), "", clock};
  std::unique_ptr<DirectClock> direct_clock;
  std::unique_ptr<TimestreamService> service;
};

}  // namespace tidemark::timestream
