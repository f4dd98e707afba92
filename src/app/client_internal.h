// SPDX-License-Identifier: Apache-2.0
// What the commands that talk to a running server share.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli.h"
#include "base/json.h"
#include "base/result.h"
#include "http/client.h"

namespace tidemark::app {

Result<std::unique_ptr<http::Client>> Connect(const ClientOptions& options);

/// One call of /api/v1; an answer other than 2xx becomes an Error with the server's message and
/// hint.
Result<std::string> CallText(http::Client& client, std::string_view method, std::string path,
                             std::string body);
Result<JsonValue> Call(http::Client& client, std::string_view method, std::string path,
                       std::string body);

/// A JSON scalar as people read it; "" for none.
std::string TextOf(const JsonValue* value);
void PrintTable(const std::vector<std::string>& names,
                const std::vector<std::vector<std::string>>& rows);
/// Prints the error; the command's exit code.
int Fail(const Error& error, OutputFormat output);

}  // namespace tidemark::app
