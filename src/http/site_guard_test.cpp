// SPDX-License-Identifier: Apache-2.0
// console-ux.md 2.4: Host, Origin and Sec-Fetch-Site.
#include "http/site_guard.h"

#include <gtest/gtest.h>

namespace tidemark::http {
namespace {

bool Refused(const SiteGuard& guard, std::string method, std::string path, Headers headers) {
  return guard
      .Refusal(
          {.method = std::move(method), .path = std::move(path), .headers = std::move(headers)})
      .has_value();
}

TEST(SiteGuard, AnswersToLoopbackNamesAndTheAllowedOnes) {
  const SiteGuard guard({"console.example", "proxy.example:8443"});
  const auto refused = [&](std::string host) {
    return Refused(guard, "GET", "/api/v1/overview", {{"Host", std::move(host)}});
  };
  for (const char* host : {"127.0.0.1:4580", "127.8.8.8", "localhost", "LOCALHOST:80", "[::1]:4580",
                           "console.example", "Console.Example:1234", "proxy.example:8443"}) {
    EXPECT_FALSE(refused(host)) << host;
  }
  for (const char* host :
       {"evil.example", "console.example.evil.example", "proxy.example", "proxy.example:1",
        "127.0.0.1.evil.example", "127.evil:80", "localhost.evil.example", "[::2]:4580"}) {
    EXPECT_TRUE(refused(host)) << host;
  }
  EXPECT_FALSE(Refused(guard, "GET", "/", {}));
}

TEST(SiteGuard, RefusesWhatAnotherSiteSends) {
  const SiteGuard guard;
  const auto refused = [&](std::string method, std::string path, std::string name,
                           std::string value) {
    return Refused(guard, std::move(method), std::move(path),
                   {{"Host", "127.0.0.1:4580"}, {std::move(name), std::move(value)}});
  };
  EXPECT_FALSE(refused("POST", "/", "Origin", "http://127.0.0.1:4580"));
  for (const char* origin : {"http://127.0.0.1:3000", "https://evil.example", "null",
                             "http://127.0.0.1:4580.evil.example"}) {
    EXPECT_TRUE(refused("POST", "/", "Origin", origin)) << origin;
    EXPECT_TRUE(refused("GET", "/api/v1/live", "Origin", origin)) << origin;
  }
  for (const char* site : {"cross-site", "same-site"}) {
    EXPECT_TRUE(refused("GET", "/api/v1/overview", "Sec-Fetch-Site", site)) << site;
    EXPECT_TRUE(refused("POST", "/ui/", "Sec-Fetch-Site", site)) << site;
    EXPECT_FALSE(refused("GET", "/ui/query", "Sec-Fetch-Site", site)) << "a link to a page";
  }
  EXPECT_FALSE(refused("GET", "/api/v1/overview", "Sec-Fetch-Site", "same-origin"));
}

}  // namespace
}  // namespace tidemark::http
