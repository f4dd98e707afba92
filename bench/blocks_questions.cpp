// SPDX-License-Identifier: Apache-2.0
#include "blocks_questions.h"

#include <algorithm>

namespace tidemark {
namespace {

constexpr std::string_view kNs = "000000000";

std::string Replace(std::string text, std::string_view what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// "[FROM, TO)" of a time range, as each engine writes it.
struct Range {
  std::string ours;
  std::string duck;
  std::string click;
};

Range HourFrom(EventTime from) {
  const EventTime to{from.ns + 3'600'000'000'000};
  const auto click = [](EventTime t) { return "toDateTime64('" + SqlTime(t) + "', 3, 'UTC')"; };
  return {
      .ours = "time >= '" + SqlTime(from) + "' AND time < '" + SqlTime(to) + "'",
      .duck = "time >= " + std::to_string(from.ns) + " AND time < " + std::to_string(to.ns),
      .click = "time >= " + click(from) + " AND time < " + click(to),
  };
}

}  // namespace

// The dialect has no approx_percentile yet: the five-predicate question takes max in its place, in
// all three engines.
std::vector<BlocksQuestion> BlocksQuestions(const DevopsData& data, const std::string& table) {
  const auto& host = data.host(data.hosts() / 2);
  const Range first = HourFrom(DevopsData::kStart);
  const Range last = HourFrom({std::max(DevopsData::kStart.ns, data.end().ns - 3'600'000'000'000)});
  std::string five;
  for (size_t i = 0; i < 5; ++i) {
    five += std::string(DevopsData::dimension_names()[i]) + " = '" + host[i] + "' AND ";
  }
  const std::string one = "instance_name = '" + host[7] + "' AND measure_name = 'cpu_user' AND ";
  std::vector<BlocksQuestion> questions = {
      {.name = "avg_all",
       .ours = "SELECT avg(V) FROM T",
       .duck = "SELECT avg(value) FROM T",
       .click = "SELECT avg(value) FROM T",
       .best_ms = 19},
      {.name = "max_last_per_two_dimensions",
       .ours = "SELECT region, availability_zone, max(V), max_by(V, time) FROM T "
               "GROUP BY region, availability_zone",
       .duck = "SELECT region, availability_zone, max(value), max_by(value, time) FROM T "
               "GROUP BY region, availability_zone",
       .click = "SELECT region, availability_zone, max(value), argMax(value, time) FROM T "
                "GROUP BY region, availability_zone"},
      {.name = "max_last_per_series",
       .ours = "SELECT measure_name, instance_name, max(V), max_by(V, time) FROM T "
               "GROUP BY measure_name, instance_name",
       .duck = "SELECT measure_name, instance_name, max(value), max_by(value, time) FROM T "
               "GROUP BY measure_name, instance_name",
       .click = "SELECT measure_name, instance_name, max(value), argMax(value, time) FROM T "
                "GROUP BY measure_name, instance_name",
       .best_ms = 372},
      {.name = "hourly_per_measure",
       .ours = "SELECT measure_name, bin(time, 1h), avg(V), min(V), max(V) FROM T "
               "GROUP BY measure_name, bin(time, 1h)",
       .duck = "SELECT measure_name, time - time % 3600NS AS b, avg(value), min(value), max(value) "
               "FROM T GROUP BY measure_name, b",
       .click = "SELECT measure_name, toUnixTimestamp(toStartOfHour(time)) * 1NS, avg(value), "
                "min(value), max(value) FROM T GROUP BY measure_name, toStartOfHour(time)",
       .best_ms = 253},
      {.name = "one_series_one_hour",
       .ours = "SELECT bin(time, 1m), avg(V) FROM T WHERE " + one + first.ours +
               " GROUP BY bin(time, 1m)",
       .duck = "SELECT time - time % 60NS AS b, avg(value) FROM T WHERE " + one + first.duck +
               " GROUP BY b",
       .click = "SELECT toUnixTimestamp(toStartOfMinute(time)) * 1NS, avg(value) FROM T WHERE " +
                one + first.click + " GROUP BY toStartOfMinute(time)",
       .best_ms = 0.5},
      {.name = "five_predicates_one_hour",
       .ours = "SELECT bin(time, 1m), count(DISTINCT instance_name), avg(V), max(V) FROM T WHERE " +
               five + "measure_name = 'cpu_user' AND " + first.ours + " GROUP BY bin(time, 1m)",
       .duck = "SELECT time - time % 60NS AS b, count(DISTINCT instance_name), avg(value), "
               "max(value) FROM T WHERE " +
               five + "measure_name = 'cpu_user' AND " + first.duck + " GROUP BY b",
       .click = "SELECT toUnixTimestamp(toStartOfMinute(time)) * 1NS, uniqExact(instance_name), "
                "avg(value), max(value) FROM T WHERE " +
                five + "measure_name = 'cpu_user' AND " + first.click +
                " GROUP BY toStartOfMinute(time)",
       .best_ms = 1.3},
      {.name = "ten_highest_last_hour",
       .ours = "SELECT instance_name, avg(V) AS a FROM T WHERE measure_name = 'cpu_user' AND " +
               last.ours + " GROUP BY instance_name ORDER BY a DESC LIMIT 10",
       .duck = "SELECT instance_name, avg(value) AS a FROM T WHERE measure_name = 'cpu_user' AND " +
               last.duck + " GROUP BY instance_name ORDER BY a DESC LIMIT 10",
       .click =
           "SELECT instance_name, avg(value) AS a FROM T WHERE measure_name = 'cpu_user' AND " +
           last.click + " GROUP BY instance_name ORDER BY a DESC LIMIT 10",
       .best_ms = 24},
      {.name = "last_point_per_series",
       .ours = "SELECT measure_name, instance_name, max(time), max_by(V, time) FROM T "
               "GROUP BY measure_name, instance_name",
       .duck = "SELECT measure_name, instance_name, max(time), max_by(value, time) FROM T "
               "GROUP BY measure_name, instance_name",
       .click = "SELECT measure_name, instance_name, toUnixTimestamp64Nano(max(time)), "
                "argMax(value, time) FROM T GROUP BY measure_name, instance_name",
       .best_ms = 38},
      {.name = "hourly_per_host",
       .ours = "SELECT instance_name, bin(time, 1h), avg(V) FROM T "
               "GROUP BY instance_name, bin(time, 1h)",
       .duck = "SELECT instance_name, time - time % 3600NS AS b, avg(value) FROM T "
               "GROUP BY instance_name, b",
       .click = "SELECT instance_name, toUnixTimestamp(toStartOfHour(time)) * 1NS, avg(value) "
                "FROM T GROUP BY instance_name, toStartOfHour(time)",
       .best_ms = 274},
  };
  for (BlocksQuestion& question : questions) {
    question.ours = Replace(std::move(question.ours), "V", "measure_value::double");
    question.ours = Replace(std::move(question.ours), "FROM T", "FROM bench." + table);
    question.duck = Replace(std::move(question.duck), "FROM T", "FROM " + table);
    question.duck = Replace(std::move(question.duck), "NS", std::string(kNs));
    question.click = Replace(std::move(question.click), "FROM T", "FROM " + table + " FINAL");
    question.click = Replace(std::move(question.click), "NS", std::string(kNs));
    question.click += " SETTINGS do_not_merge_across_partitions_select_final = 1";
    if (table != "points") {
      question.name += "_upserts";
      question.best_ms = 0;
    }
  }
  return questions;
}

}  // namespace tidemark
