// SPDX-License-Identifier: Apache-2.0
#include "http/assets.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemark::http {
namespace {

using testing::HasSubstr;

constexpr std::array<Asset, 2> kAssets{{
    {.path = "/index.html", .content = "<html>"},
    {.path = "/assets/app-1a2b.js", .content = "let x", .gzip = "GZIP"},
}};

Request Get(std::string path, Headers headers = {}) {
  return {.method = "GET", .path = std::move(path), .headers = std::move(headers)};
}

TEST(AssetSet, ServesPagesForRevalidationAndHashedFilesForAYear) {
  const AssetSet assets(kAssets);
  const auto page = assets.Serve(Get("/"));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->body, "<html>");
  EXPECT_EQ(page->headers.Find("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page->headers.Find("Cache-Control"), "no-cache");
  EXPECT_THAT(std::string(page->headers.Find("Content-Security-Policy").value_or("")),
              HasSubstr("default-src 'none'; script-src 'self'"));
  const auto script = assets.Serve(Get("/assets/app-1a2b.js"));
  ASSERT_TRUE(script);
  EXPECT_EQ(script->body, "let x");
  EXPECT_EQ(script->headers.Find("Cache-Control"), "public, max-age=31536000, immutable");
}

TEST(AssetSet, AnswersNotModifiedByETag) {
  const AssetSet assets(kAssets);
  const std::string etag(*assets.Serve(Get("/"))->headers.Find("ETag"));
  EXPECT_EQ(assets.Serve(Get("/", {{"If-None-Match", etag}}))->status, 304);
  EXPECT_EQ(assets.Serve(Get("/", {{"If-None-Match", "W/" + etag}}))->status, 304);
  EXPECT_EQ(assets.Serve(Get("/", {{"If-None-Match", "\"other\""}}))->status, 200);
}

TEST(AssetSet, CompressesForWhoAsks) {
  const AssetSet assets(kAssets);
  const auto zipped =
      assets.Serve(Get("/assets/app-1a2b.js", {{"Accept-Encoding", "br, gzip, deflate"}}));
  EXPECT_EQ(zipped->body, "GZIP");
  EXPECT_EQ(zipped->headers.Find("Content-Encoding"), "gzip");
  EXPECT_EQ(assets.Serve(Get("/", {{"Accept-Encoding", "gzip"}}))->body, "<html>");
}

TEST(AssetSet, UnknownFileIsNoPage) {
  const AssetSet assets(kAssets);
  EXPECT_FALSE(assets.Serve(Get("/assets/gone-9f.js")));
  EXPECT_FALSE(assets.Serve(Get("/../etc/passwd")));
  EXPECT_FALSE(assets.Serve({.method = "POST", .path = "/"}));
  EXPECT_TRUE(assets.Has("/"));
  EXPECT_EQ(assets.Serve(Get("/ui/query"), "/index.html")->body, "<html>");  // a deep link
}

}  // namespace
}  // namespace tidemark::http
