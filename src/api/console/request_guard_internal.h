// SPDX-License-Identifier: Apache-2.0
// Whether a call may come from where it says it does (console-ux.md 2.4). There are no credentials
// yet, so this alone keeps a foreign page in the user's browser from using the server. Pure
// functions.
#pragma once

#include <optional>

#include "api/console/reply_internal.h"
#include "http/message.h"

namespace tidemark::console {

/// Why the call is refused (403), or none. Every call: the Host must be a loopback name, which
/// stops DNS rebinding. One that changes something or runs a statement: no foreign Origin or
/// Sec-Fetch-Site, and X-Console or a JSON body, which a foreign page cannot send without asking.
std::optional<Failure> CheckOrigin(const http::Request& request);

}  // namespace tidemark::console
