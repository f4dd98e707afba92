// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemark::app {
namespace {

using ::testing::HasSubstr;

std::string Refusal(std::string_view text) {
  const auto config = ParseConfig(text, "t.toml");
  EXPECT_FALSE(config.ok()) << text;
  return config.ok() ? "" : config.error().message;
}

TEST(Config, HasTheDocumentedDefaults) {
  const auto config = ParseConfig("", "t.toml");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->seal_after, hours(2));
  EXPECT_EQ(config->seal_bytes, 0U);
  EXPECT_EQ(config->segment_bytes, 64_MiB);
  EXPECT_EQ(config->feed_bytes_max, 8_GiB);
  EXPECT_EQ(config->partition, hours(24));
  EXPECT_EQ(config->revision_retention, hours(30 * 24));
}

TEST(Config, ReadsTheStoresKeys) {
  const auto config = ParseConfig(R"(
data_dir = "/srv/tidemark/data"
[store]
seal_after = "90s"
seal_bytes = "1MiB"
segment_bytes = "4KiB"
feed_bytes_max = "2MiB"
partition = "1h"
revision_retention = "7d"
[backup]
directory = "/srv/backups/./daily/"
)",
                                  "t.toml");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->seal_after, seconds(90));
  EXPECT_EQ(config->seal_bytes, 1_MiB);
  EXPECT_EQ(config->segment_bytes, 4_KiB);
  EXPECT_EQ(config->feed_bytes_max, 2_MiB);
  EXPECT_EQ(config->partition, hours(1));
  EXPECT_EQ(config->revision_retention, hours(7 * 24));
  EXPECT_EQ(BackupDirectoryOf(*config), "/srv/backups/daily");
}

TEST(Config, SettingsSayTheirValueAndSource) {
  auto config = ParseConfig(R"(
listen = "127.0.0.1:1"
[sql]
timeout = "30s"
[http]
allowed_hosts = ["a.example", "b.example:8443"]
)",
                            "t.toml");
  ASSERT_TRUE(config.ok()) << config.error().message;
  config->listen = "127.0.0.1:2";
  config->in_flags.emplace_back("listen");
  std::map<std::string, std::string> got;  // "value (source)"
  for (const ConfigSetting& setting : ConfigSettings(*config)) {
    got[std::string(setting.key->name)] =
        setting.value + " (" + std::string(ConfigSourceName(setting.source)) + ")";
  }
  EXPECT_EQ(got.size(), ConfigKeys().size());
  EXPECT_EQ(got["listen"], "127.0.0.1:2 (flag)");
  EXPECT_EQ(got["sql.timeout"], "30s (file)");
  EXPECT_EQ(got["http.allowed_hosts"], "a.example, b.example:8443 (file)");
  EXPECT_EQ(got["memory_max"], "half of the RAM (default)");
  EXPECT_EQ(got["store.segment_bytes"], "64MiB (default)");
}

/// The documented default is what an empty file gives: value and words cannot drift apart.
TEST(Config, DefaultsAreWhatTheDocumentationSays) {
  for (const ConfigSetting& setting : ConfigSettings(Config{})) {
    EXPECT_EQ(setting.value, setting.key->fallback) << setting.key->name;
  }
}

TEST(Config, AllowedHostsAreNames) {
  EXPECT_THAT(Refusal("[http]\nallowed_hosts = [\"http://a\"]"), HasSubstr("t.toml:2: "));
  EXPECT_THAT(Refusal("[http]\nallowed_hosts = [\"*.a\"]"), HasSubstr("names such as"));
}

TEST(Config, BackupsGoBelowTheDataUnlessTold) {
  Config config;
  config.data_dir = "/srv/data";
  EXPECT_EQ(BackupDirectoryOf(config), "/srv/data/backups");
}

TEST(Config, NamesLineAndKeyOfAMistake) {
  EXPECT_THAT(Refusal("[store]\npartition = \"2h\""), HasSubstr("t.toml:2"));
  EXPECT_THAT(Refusal("[store]\npartition = \"2h\""), HasSubstr("partition"));
  EXPECT_THAT(Refusal("[store]\nseal_bytes = 5"), HasSubstr("seal_bytes"));
  EXPECT_THAT(Refusal("[store]\nseal_bytes = \"1B\""), HasSubstr("at least"));
  EXPECT_THAT(Refusal("[store]\nseal_aftr = \"1h\""), HasSubstr("seal_after"));
  EXPECT_THAT(Refusal("[views]\nverify_interval = \"1s\""), HasSubstr("verify_interval"));
  EXPECT_THAT(Refusal("[backup]\ndirectory = 1"), HasSubstr("directory"));
}

/// A value that each key accepts; a key that is missing here fails the test.
std::string SampleOf(std::string_view name) {
  const std::map<std::string_view, std::string> samples = {{"listen", "\"127.0.0.1:0\""},
                                                           {"data_dir", "\"d\""},
                                                           {"memory_max", "\"1GiB\""},
                                                           {"logging.level", "\"info\""},
                                                           {"logging.format", "\"json\""},
                                                           {"sql.pushdown", "true"},
                                                           {"sql.threads", "2"},
                                                           {"sql.memory_max", "\"64MiB\""},
                                                           {"sql.concurrent_max", "3"},
                                                           {"sql.queue_max", "9"},
                                                           {"sql.first_page_wait", "\"2s\""},
                                                           {"sql.strict_paging", "true"},
                                                           {"sql.result_bytes_max", "\"1GB\""},
                                                           {"sql.slow_query", "\"0s\""},
                                                           {"sql.timeout", "\"1s\""},
                                                           {"store.seal_after", "\"1h\""},
                                                           {"store.seal_bytes", "\"1MiB\""},
                                                           {"store.segment_bytes", "\"1MiB\""},
                                                           {"store.feed_bytes_max", "\"1GiB\""},
                                                           {"store.partition", "\"1d\""},
                                                           {"store.revision_retention", "\"1d\""},
                                                           {"backup.directory", "\"/b\""},
                                                           {"export.directory", "\"/e\""},
                                                           {"http.allowed_hosts", "\"h.example\""},
                                                           {"views.verify_interval", "\"1h\""},
                                                           {"executor.background_threads", "1"},
                                                           {"kinesis.shards_max", "7"}};
  const auto it = samples.find(name);
  EXPECT_NE(it, samples.end()) << name;
  return it == samples.end() ? "0" : it->second;
}

TEST(Config, EveryListedKeyIsKnown) {
  for (const ConfigKey& key : ConfigKeys()) {
    const size_t dot = key.name.find('.');
    const std::string text = dot == std::string_view::npos
                                 ? std::string(key.name) + " = " + SampleOf(key.name)
                                 : "[" + std::string(key.name.substr(0, dot)) + "]\n" +
                                       std::string(key.name.substr(dot + 1)) + " = " +
                                       SampleOf(key.name);
    const auto config = ParseConfig(text, "t.toml");
    EXPECT_TRUE(config.ok()) << text << ": " << config.error().message;
    EXPECT_THAT(ConfigHelp(), HasSubstr("  " + std::string(key.name) + "  (default: " +
                                        std::string(key.fallback) + "; " + std::string(key.unit)));
  }
}

TEST(Config, LeavesTheCommandLinesTableAlone) {
  EXPECT_TRUE(ParseConfig("[cli]\nendpoint = \"http://127.0.0.1:1\"\n", "f").ok());
}

}  // namespace
}  // namespace tidemark::app
