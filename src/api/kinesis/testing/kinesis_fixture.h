// SPDX-License-Identifier: Apache-2.0
// A Kinesis service over a simulated log, called without sockets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "api/kinesis/service.h"
#include "base/json.h"
#include "http/testing/recorder.h"
#include "log/testing/log_fixture.h"

namespace tidemark::kinesis {

class KinesisFixture {
 public:
  explicit KinesisFixture(KinesisOptions options = {}, log::LogOptions log_options = {});
  ~KinesisFixture();

  /// Sends, runs the executor until idle, and returns the answer.
  http::Response Call(std::string_view operation, std::string body,
                      std::string_view content_type = "application/x-amz-json-1.1");
  /// As Call(); fails the test unless 200. The parsed body, null for an empty one.
  JsonValue Ok(std::string_view operation, std::string body);
  /// "ErrorName: message"; "200" for a success.
  std::string Error(std::string_view operation, std::string body);
  /// Stops and starts log and service.
  void Restart(log::LogFixture::Stop how);

  std::string Iterator(std::string_view shard_id, std::string_view rest);

  log::LogFixture f;
  SeededRandom random{42};
  KinesisOptions options;
  std::unique_ptr<KinesisService> service;

 private:
  void OpenService();
};

}  // namespace tidemark::kinesis
