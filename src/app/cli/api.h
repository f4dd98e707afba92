// SPDX-License-Identifier: Apache-2.0
// Calls of /api/v1 for the commands. Single-owner.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/cli/exit_code.h"
#include "app/cli/settings.h"
#include "base/json.h"
#include "http/client.h"

namespace tidemark::app {

/// kPatient: the answer comes when long work is done, unless --timeout says otherwise.
enum class Patience : uint8_t { kNormal, kPatient };

class Api {
 public:
  static Try<Api> Connect(const Settings& settings, Patience patience = Patience::kNormal);

  /// The answer's text, "{}" for none. Asks again, three times at most, when the server is busy.
  Try<std::string> Text(std::string_view method, std::string path, std::string body = {},
                        std::string_view if_match = {});
  Try<JsonValue> Json(std::string_view method, std::string path, std::string body = {},
                      std::string_view if_match = {});
  Try<JsonValue> Get(std::string path) { return Json("GET", std::move(path)); }
  /// Any request, any status: for what is not below /api/v1.
  Try<http::Response> Send(http::Request request);

  http::Client& client() { return *client_; }

 private:
  explicit Api(std::unique_ptr<http::Client> client) : client_(std::move(client)) {}

  std::unique_ptr<http::Client> client_;
};

/// "a/b" as one segment of a path.
std::string Segment(std::string_view name);

/// A member that is a list; empty when it is missing.
const std::vector<JsonValue>& ListOf(const JsonValue& answer, std::string_view member);

}  // namespace tidemark::app
