// SPDX-License-Identifier: Apache-2.0
// Metrics and log lines.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/logging.h"
#include "base/metrics.h"

namespace tidemark {
namespace {

using ::testing::HasSubstr;

TEST(MetricRegistry, ExposesPrometheusTextInOrder) {
  MetricRegistry metrics;
  metrics.GetGauge("tidemark_b_bytes", "Bytes\nin use").Set(-5);
  metrics.GetCounter("tidemark_a_total", "Things", {{"reason", "z"}}).Add(2);
  metrics.GetCounter("tidemark_a_total", "Things", {{"reason", "a\"\\\n"}}).Add();
  EXPECT_EQ(metrics.Expose(),
            "# HELP tidemark_a_total Things\n"
            "# TYPE tidemark_a_total counter\n"
            "tidemark_a_total{reason=\"a\\\"\\\\\\n\"} 1\n"
            "tidemark_a_total{reason=\"z\"} 2\n"
            "# HELP tidemark_b_bytes Bytes\\nin use\n"
            "# TYPE tidemark_b_bytes gauge\n"
            "tidemark_b_bytes -5\n");
}

TEST(MetricRegistry, SameNameAndLabelsAreTheSameMetric) {
  MetricRegistry metrics;
  Counter& counter = metrics.GetCounter("c_total", "C", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(&metrics.GetCounter("c_total", "C", {{"b", "2"}, {"a", "1"}}), &counter);
  EXPECT_NE(&metrics.GetCounter("c_total", "C", {{"a", "1"}}), &counter);
  Histogram& histogram = metrics.GetHistogram("h", "H", {1});
  EXPECT_EQ(&metrics.GetHistogram("h", "H", {1}), &histogram);
}

TEST(Histogram, CountsIntoCumulativeBuckets) {
  MetricRegistry metrics;
  Histogram& histogram = metrics.GetHistogram("h_seconds", "H", {0.1, 1}, {{"k", "v"}});
  for (const double v : {0.05, 0.1, 0.5, 7.0}) histogram.Observe(v);
  EXPECT_EQ(metrics.Expose(),
            "# HELP h_seconds H\n"
            "# TYPE h_seconds histogram\n"
            "h_seconds_bucket{k=\"v\",le=\"0.1\"} 2\n"
            "h_seconds_bucket{k=\"v\",le=\"1\"} 3\n"
            "h_seconds_bucket{k=\"v\",le=\"+Inf\"} 4\n"
            "h_seconds_sum{k=\"v\"} 7.65\n"
            "h_seconds_count{k=\"v\"} 4\n");
}

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { InitLogging(LogLevel::kInfo, LogFormat::kAuto); }
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  InitLogging(LogLevel::kInfo, LogFormat::kJson);
  testing::internal::CaptureStderr();
  Log(LogLevel::kWarning, "store", "a \"quoted\"\nmessage",
      {{"path", "/x y"}, {"n", -3}, {"u", 7U}, {"d", 0.5}, {"nan", std::nan("")}, {"b", true}});
  Log(LogLevel::kDebug, "store", "hidden");
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.find('\n'), out.size() - 1);
  const auto json = ParseJson(out);
  ASSERT_TRUE(json.ok()) << out;
  EXPECT_EQ(json->Find("level")->string_value(), "warning");
  EXPECT_EQ(json->Find("component")->string_value(), "store");
  EXPECT_EQ(json->Find("message")->string_value(), "a \"quoted\"\nmessage");
  EXPECT_EQ(json->Find("path")->string_value(), "/x y");
  EXPECT_EQ(json->Find("n")->int_value(), -3);
  EXPECT_EQ(json->Find("d")->double_value(), 0.5);
  EXPECT_EQ(json->Find("nan")->string_value(), "nan");
  EXPECT_TRUE(json->Find("b")->bool_value());
}

TEST_F(LogTest, TextQuotesWhatCouldFakeAFieldOrALine) {
  InitLogging(LogLevel::kDebug, LogFormat::kText);
  testing::internal::CaptureStderr();
  Log(LogLevel::kInfo, "log", "shard\nopened", {{"name", "a b=c"}, {"dir", "/var/x"}, {"n", 3}});
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_THAT(out, HasSubstr("Z info    log: shard opened name=\"a b=c\" dir=/var/x n=3\n"));
}

}  // namespace
}  // namespace tidemark
