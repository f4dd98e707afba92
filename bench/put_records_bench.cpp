// SPDX-License-Identifier: Apache-2.0
// PutRecords of 500 EC2 records over loopback: http server, Kinesis service, log, synced files.
// Four connections, so that appends share commits. Baseline: the same requests to the same http
// server, whose handler sends the body back.
//
// Time is the CPU time of the server alone: of the process less that of the client threads.
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <thread>

#include <benchmark/benchmark.h>

#include "api/kinesis/service.h"
#include "app/fleet.h"
#include "base/base64.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "base/testing/temp_dir.h"
#include "http/client.h"
#include "http/server.h"
#include "log/log.h"

namespace tidemark {
namespace {

constexpr size_t kRecordsPerCall = 500;
constexpr size_t kCalls = 64;  // per iteration, over all connections
constexpr size_t kConnections = 4;

struct Load {
  std::vector<http::Request> requests;
  std::vector<std::string> keys;
  std::vector<std::string> data;  // of all requests, in order
  uint64_t bytes = 0;             // of bodies
};

const Load& TheLoad() {
  static const Load load = [] {
    Load out;
    const app::Fleet fleet(app::FleetOptions{});
    for (int64_t now_s = 1'767'225'600; out.data.size() < kRecordsPerCall * kCalls; now_s += 10) {
      for (const app::Host& host : fleet.hosts()) {
        std::vector<std::string> texts;
        fleet.AppendRecords(host, now_s, app::Fleet::Sent::kOnTime, texts);
        for (std::string& text : texts) {
          out.keys.push_back(std::string(app::DimensionOf(host.dimensions, "instance_name")) + "/" +
                             std::string(app::DimensionOf(host.dimensions, "silo")));
          out.data.push_back(std::move(text));
        }
      }
    }
    out.data.resize(kRecordsPerCall * kCalls);
    for (size_t call = 0; call < kCalls; ++call) {
      std::string body = R"({"StreamName":"bench","Records":[)";
      for (size_t i = 0; i < kRecordsPerCall; ++i) {
        const size_t n = call * kRecordsPerCall + i;
        if (i > 0) body += ',';
        body += R"({"Data":")" + Base64Encode(out.data[n]) + R"(","PartitionKey":")" + out.keys[n] +
                "\"}";
      }
      body += "]}";
      http::Request request;
      request.method = "POST";
      request.path = "/";
      request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                         {"X-Amz-Target", "Kinesis_20131202.PutRecords"}};
      out.bytes += body.size();
      request.body = std::move(body);
      out.requests.push_back(std::move(request));
    }
    return out;
  }();
  return load;
}

double CpuSeconds(clockid_t clock) {
  timespec now{};
  TM_CHECK(::clock_gettime(clock, &now) == 0);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Sends the load over the connections; the CPU seconds that the rest of the process took.
double SendAll(std::vector<std::unique_ptr<http::Client>>& clients, std::string_view expected) {
  const Load& load = TheLoad();
  std::atomic<uint64_t> client_ns{0};
  const double before = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  std::vector<std::jthread> threads;
  for (size_t c = 0; c < clients.size(); ++c) {
    threads.emplace_back([&, c] {
      const double thread_before = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
      for (size_t i = c; i < load.requests.size(); i += clients.size()) {
        const auto response = clients[c]->Send(load.requests[i]);
        TM_CHECK(response.ok() && response->status == 200);
        TM_CHECK(response->body.find(expected) != std::string::npos);
      }
      client_ns +=
          static_cast<uint64_t>(1e9 * (CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - thread_before));
    });
  }
  threads.clear();
  return CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - before - 1e-9 * static_cast<double>(client_ns);
}

std::vector<std::unique_ptr<http::Client>> Connect(const http::Server& server) {
  std::vector<std::unique_ptr<http::Client>> out;
  for (size_t i = 0; i < kConnections; ++i) {
    out.push_back(http::Client::Connect("http://" + server.address()).value());
  }
  return out;
}

/// The log holds exactly the records of one pass, each shard's in the order they were put.
void CheckLog(const log::Stream& stream) {
  const Load& load = TheLoad();
  std::vector<std::string> stored;
  for (const auto& shard : stream.definition().shards) {
    log::ReadRequest request{.shard = shard.number};
    while (true) {
      const auto batch = stream.Read(request).value();
      for (const auto& record : batch.records) stored.emplace_back(record.data);
      if (batch.at_tip) break;
      request.from = batch.next;
    }
  }
  std::vector<std::string> put = load.data;
  std::sort(put.begin(), put.end());
  std::sort(stored.begin(), stored.end());
  TM_CHECK(put == stored);
}

void Report(benchmark::State& bench) {
  bench.SetItemsProcessed(bench.iterations() * static_cast<int64_t>(kRecordsPerCall * kCalls));
  bench.SetBytesProcessed(bench.iterations() * static_cast<int64_t>(TheLoad().bytes));
}

void BM_PutRecords(benchmark::State& bench) {
  InitLogging(LogLevel::kError, LogFormat::kJson);
  const TempDir dir;
  SystemClock clock;
  SystemRandom random;
  MetricRegistry metrics;
  const auto executor = MakeThreadExecutor({});
  const auto catalog = catalog::Catalog::Open(":memory:", clock).value();
  auto log =
      log::Log::Open({RealFileSystem(), *catalog, clock, *executor, metrics}, dir.File("log"), {})
          .value();
  auto service =
      kinesis::KinesisService::Open({*log, *catalog, clock, random, *executor, metrics}, {})
          .value();
  auto server = http::Server::Start(
                    {},
                    [&](http::Request request, http::Responder responder) {
                      service->Handle("PutRecords", std::move(request), std::move(responder));
                    },
                    metrics)
                    .value();
  auto clients = Connect(*server);
  constexpr std::string_view kNoneFailed = R"("FailedRecordCount":0)";
  TM_CHECK(log->CreateStream({.name = "bench", .shards = 4}).ok());
  (void)SendAll(clients, kNoneFailed);
  CheckLog(*log->Find("bench"));
  for (auto _ : bench) bench.SetIterationTime(SendAll(clients, kNoneFailed));
  clients.clear();
  server->Stop();
  service.reset();
  server.reset();
  TM_CHECK(log->Close().ok());
  log.reset();
  executor->Stop();
  Report(bench);
}

void BM_BaselineEcho(benchmark::State& bench) {
  InitLogging(LogLevel::kError, LogFormat::kJson);
  MetricRegistry metrics;
  auto server = http::Server::Start(
                    {},
                    [](http::Request request, http::Responder responder) {
                      responder.Send(http::MakeResponse(200, "application/x-amz-json-1.1",
                                                        std::move(request.body)));
                    },
                    metrics)
                    .value();
  auto clients = Connect(*server);
  constexpr std::string_view kSame = R"({"StreamName":"bench","Records":[)";
  (void)SendAll(clients, kSame);
  for (auto _ : bench) bench.SetIterationTime(SendAll(clients, kSame));
  clients.clear();
  server->Stop();
  Report(bench);
}

BENCHMARK(BM_PutRecords)->UseManualTime()->Iterations(4)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_BaselineEcho)->UseManualTime()->Iterations(4)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tidemark
