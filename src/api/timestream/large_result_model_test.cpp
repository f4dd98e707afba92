// SPDX-License-Identifier: Apache-2.0
// Ten million rows through Query, page by page: the service keeps one page, the engine its bound.
#include <gtest/gtest.h>

#include "api/timestream/testing/fixture.h"

namespace tidemark::timestream {
namespace {

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

std::string TokenOf(std::string_view body) {
  constexpr std::string_view kName = "\"NextToken\":\"";
  const size_t at = body.find(kName);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = body.substr(at + kName.size());
  return std::string(rest.substr(0, rest.find('"')));
}

TEST(LargeResult, HoldsOnePage) {
#ifdef TM_DEBUG_CHECKS
  constexpr int kTens = 50;
#else
  constexpr int kTens = 1000;
#endif
  constexpr uint64_t kMemory = 32_MiB;
  const ServiceOptions options;
  TestService::Parts parts{};
  parts.engine = [](TestService& test) {
    return sql::Engine::Open({.memory_bytes_max = kMemory, .threads = 2}, *test.store, *test.names,
                             test.clock, test.metrics)
        .value();
  };
  TestService test(std::move(parts));
  const Gauge& kept = test.metrics.GetGauge("tidemark_timestream_pages_kept_bytes", "");
  const std::string statement =
      "{\"QueryString\":\"SELECT a * 10000 + b AS n, 'host-' || CAST(b AS varchar) AS h FROM "
      "UNNEST(sequence(1, " +
      std::to_string(kTens) + ")) AS s(a) CROSS JOIN UNNEST(sequence(1, 10000)) AS t(b)\"";
  uint64_t rows = 0;
  uint64_t pages = 0;
  std::string token;
  do {
    const http::Response page =
        test.Call("Query", statement + (token.empty() ? "}" : R"(,"NextToken":")" + token + "\"}"));
    ASSERT_EQ(page.status, 200) << page.body;
    ASSERT_LE(page.body.size(), options.page_bytes_max + 10'000);
    ASSERT_LE(kept.value(), static_cast<int64_t>(options.page_bytes_max) + 10'000);
    rows += Count(page.body, "{\"Data\":");
    token = TokenOf(page.body);
    if (++pages % 16 == 0) {
      ASSERT_LE(test.engine->memory_bytes(), kMemory);
    }
  } while (!token.empty());
  EXPECT_EQ(rows, uint64_t{kTens} * 10'000);
  EXPECT_GT(pages, 10U);
}

}  // namespace
}  // namespace tidemark::timestream
