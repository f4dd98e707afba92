// SPDX-License-Identifier: Apache-2.0
#include "sql_questions.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <memory>

namespace tidemark {
namespace {

using std::string;

constexpr int kHighCpu = 90;

string Quoted(std::string_view text) { return "'" + string(text) + "'"; }

/// What the engines write differently.
class Words {
 public:
  virtual ~Words() = default;
  virtual string Table(const string& alias) const = 0;
  string Table() const { return Table(""); }
  virtual string Value() const { return "value"; }
  /// Start of the bin as nanoseconds, in a select list.
  virtual string Bin(const string& time, int seconds) const = 0;
  /// The same in GROUP BY.
  virtual string BinKey(const string& time, int seconds) const { return Bin(time, seconds); }
  /// A time as nanoseconds, in a select list.
  virtual string Time(const string& time) const { return time; }
  virtual string Hour(const string& bin) const = 0;
  virtual string At(EventTime time) const = 0;
  /// `function`(value) of one measure's rows.
  virtual string OfMeasure(const string& function, std::string_view measure) const = 0;
  virtual string Percentile(const string& of, double p) const = 0;
  virtual string Whole(const string& number) const { return "CAST(" + number + " AS BIGINT)"; }
  virtual string CountDistinct(const string& of) const { return "count(DISTINCT " + of + ")"; }

  string Between(EventTime from, EventTime to) const {
    return "time BETWEEN " + At(from) + " AND " + At(to);
  }
  string Measures(std::span<const std::string_view> names) const {
    string out = "measure_name IN (";
    for (const std::string_view name : names) out += Quoted(name) + ", ";
    out.resize(out.size() - 2);
    return out + ")";
  }
  string Measure(std::string_view name) const { return "measure_name = " + Quoted(name); }
};

class OurWords final : public Words {
 public:
  using Words::Table;
  string Table(const string& alias) const override { return "bench.points " + alias; }
  string Value() const override { return "measure_value::double"; }
  string Bin(const string& time, int seconds) const override {
    return "bin(" + time + ", " + std::to_string(seconds) + "s)";
  }
  string Hour(const string& bin) const override { return "hour(" + bin + ")"; }
  string At(EventTime time) const override { return "'" + SqlTime(time) + "'"; }
  string OfMeasure(const string& function, std::string_view measure) const override {
    return function + "(CASE WHEN measure_name = " + Quoted(measure) +
           " THEN measure_value::double ELSE NULL END)";
  }
  string Percentile(const string& of, double p) const override {
    return "approx_percentile(" + of + ", " + std::to_string(p) + ")";
  }
};

class DuckWords : public Words {
 public:
  using Words::Table;
  string Table(const string& alias) const override { return "points " + alias; }
  string Bin(const string& time, int seconds) const override {
    return time + " - " + time + " % " + std::to_string(seconds) + "000000000";
  }
  string Hour(const string& bin) const override { return bin + " // 3600000000000 % 24"; }
  string At(EventTime time) const override { return std::to_string(time.ns); }
  string OfMeasure(const string& function, std::string_view measure) const override {
    return function + "(value) FILTER (WHERE measure_name = " + Quoted(measure) + ")";
  }
  string Percentile(const string& of, double p) const override {
    return "quantile_disc(" + of + ", " + std::to_string(p) + ")";
  }
};

/// The element that the dialect answers: number floor(p * n) + 1.
class ExactDuckWords final : public DuckWords {
 public:
  string Percentile(const string& of, double p) const override {
    return "list_sort(list(" + of + "))[least(floor(" + std::to_string(p) + " * count(" + of +
           ")) + 1, count(" + of + "))::BIGINT]";
  }
};

class ClickWords final : public Words {
 public:
  using Words::Table;
  string Table(const string& alias) const override {
    return "points " + (alias.empty() ? "" : "AS " + alias + " ") + "FINAL";
  }
  string Bin(const string& time, int seconds) const override { return Time(BinKey(time, seconds)); }
  string BinKey(const string& time, int seconds) const override {
    return "toStartOfInterval(" + time + ", INTERVAL " + std::to_string(seconds) + " SECOND)";
  }
  string Time(const string& time) const override {
    return "toUnixTimestamp64Nano(toDateTime64(" + time + ", 9, 'UTC'))";
  }
  string Hour(const string& bin) const override { return "toHour(" + bin + ")"; }
  string At(EventTime time) const override {
    return "toDateTime64('" + SqlTime(time) + "', 3, 'UTC')";
  }
  string OfMeasure(const string& function, std::string_view measure) const override {
    return function + "If(value, measure_name = " + Quoted(measure) + ")";
  }
  string Percentile(const string& of, double p) const override {
    return "quantileExact(" + std::to_string(p) + ")(" + of + ")";
  }
  string Whole(const string& number) const override { return "toInt64(" + number + ")"; }
  string CountDistinct(const string& of) const override { return "uniqExact(" + of + ")"; }
};

using Shape = std::function<string(const Words&)>;

class Questions {
 public:
  explicit Questions(const DevopsData& data)
      : data_(data), end_(data.end()), host_(data.host(data.hosts() / 2)) {
    // A host whose first measure, cpu_user, exceeds what is called high.
    std::vector<double> values(data.points_per_series());
    for (; busy_ + 1 < data.hosts(); ++busy_) {
      data.Values(busy_ * DevopsData::kMeasures, values);
      if (std::ranges::max(values) > kHighCpu) break;
    }
  }

  std::vector<BlocksQuestion> All() {
    AddEc2();
    AddPerfScale();
    AddTsbs();
    return std::move(out_);
  }

 private:
  EventTime Before(int seconds) const {
    return {std::max(DevopsData::kStart.ns, end_.ns - int64_t{seconds} * 1'000'000'000)};
  }
  /// Hosts in different places; the first of them has been busy.
  string Hosts(size_t count) const {
    string out = "instance_name IN (";
    for (size_t i = 0; i < count; ++i) {
      out += Quoted(data_.host((busy_ + i * 31) % data_.hosts())[7]) + ", ";
    }
    out.resize(out.size() - 2);
    return out + ")";
  }
  /// "region = '..' AND ..." of the host in the middle.
  string OfHost(std::initializer_list<size_t> dimensions) const {
    string out;
    for (const size_t d : dimensions) {
      out += string(DevopsData::dimension_names()[d]) + " = " + Quoted(host_[d]) + " AND ";
    }
    return out;
  }

  void Add(const string& name, const Shape& shape, double rounding = 0) {
    BlocksQuestion question{.name = name,
                            .ours = shape(OurWords()),
                            .duck = shape(DuckWords()),
                            .click = shape(ClickWords()),
                            .duck_exact = shape(ExactDuckWords()),
                            .rounding = rounding};
    question.click += " SETTINGS do_not_merge_across_partitions_select_final = 1";
    out_.push_back(std::move(question));
  }

  void AddEc2();
  void AddPerfScale();
  void AddPerfScaleAnalysis();
  void AddTsbs();
  /// fn(measure) of each of `measures`, by bins of `seconds`; `host`: and by host.
  string Pivot(const Words& w, const string& function, size_t measures, const string& keys,
               int seconds, const string& where) const;

  const DevopsData& data_;
  const EventTime end_;
  size_t busy_ = 0;
  const std::array<string, DevopsData::kDimensions>& host_;
  std::vector<BlocksQuestion> out_;
};

// Panels of the sample dashboard and of the console's first page.
void Questions::AddEc2() {
  const string one = OfHost({0, 2, 3, 7}) + "measure_name = 'cpu_system' AND ";
  Add("ec2_hosts_reporting", [&](const Words& w) {
    return "SELECT " + w.CountDistinct("instance_name") + " FROM " + w.Table() +
           " WHERE measure_name = 'cpu_system' AND " + w.Between(Before(3600), end_);
  });
  Add("ec2_newest_point",
      [&](const Words& w) { return "SELECT " + w.Time("max(time)") + " FROM " + w.Table(); });
  Add("ec2_host_hour_1m", [&](const Words& w) {
    return "SELECT " + w.Bin("time", 60) + " AS b, avg(" + w.Value() + ") AS a FROM " + w.Table() +
           " WHERE " + one + w.Between(Before(3600), end_) + " GROUP BY " + w.BinKey("time", 60) +
           " ORDER BY 1";
  });
  Add("ec2_host_hour_raw_5s", [&](const Words& w) {
    return "SELECT " + w.Bin("time", 5) + " AS b, avg(" + w.Value() + ") AS a FROM " + w.Table() +
           " WHERE " + one + w.Between(Before(3600), end_) + " GROUP BY " + w.BinKey("time", 5) +
           " ORDER BY 1";
  });
  Add("ec2_cpu_by_microservice", [&](const Words& w) {
    return "SELECT microservice_name, " + w.Bin("time", 60) + " AS b, avg(" + w.Value() +
           ") AS a FROM " + w.Table() + " WHERE measure_name = 'cpu_system' AND " +
           w.Between(Before(3600), end_) + " GROUP BY microservice_name, " + w.BinKey("time", 60) +
           " ORDER BY 1, 2";
  });
  Add("ec2_hosts_by_band", [&](const Words& w) {
    const string band = w.Whole("floor(" + w.Value() + " / 10)");
    return "SELECT " + w.Bin("time", 300) + " AS b, " + band + " AS band, count(*) AS n FROM " +
           w.Table() + " WHERE measure_name = 'cpu_user' AND " + w.Between(Before(3600), end_) +
           " GROUP BY " + w.BinKey("time", 300) + ", " + band;
  });
  Add("ec2_records_by_region", [&](const Words& w) {
    return "SELECT region, count(*) AS n FROM " + w.Table() + " WHERE time > " + w.At(Before(300)) +
           " GROUP BY region ORDER BY n DESC, region";
  });
  Add("ec2_view_5m", [&](const Words& w) {
    return "SELECT instance_name, measure_name, " + w.Bin("time", 300) + " AS b, avg(" + w.Value() +
           ") AS a FROM " + w.Table() + " WHERE " + w.Between(Before(3600), end_) +
           " GROUP BY instance_name, measure_name, " + w.BinKey("time", 300);
  });
  // The bins hold points throughout, so that the baselines need not interpolate.
  const auto bins = [&](const Words& w) {
    return "SELECT " + w.Bin("time", 60) + " AS bt, avg(" + w.Value() + ") AS v FROM " + w.Table() +
           " WHERE " + one + w.Between(Before(3600), end_) + " GROUP BY " + w.BinKey("time", 60);
  };
  Add("ec2_fill_gaps", bins);
  out_.back().ours = "WITH binned AS (" + bins(OurWords()) +
                     "), filled AS (SELECT interpolate_linear(create_time_series(bt, v), "
                     "sequence(min(bt), max(bt), 1m)) AS s FROM binned) "
                     "SELECT time, value AS v FROM filled CROSS JOIN UNNEST(s)";
}

void Questions::AddPerfScale() {
  const auto hour = [&](const Words& w) { return w.Between(Before(3600), end_); };
  Add(
      "perf_q1_alert",
      [&](const Words& w) {
        const string by = "region, cell, silo, availability_zone, microservice_name, ";
        const auto percentile = [&w](double p) {
          return "round(" + w.Percentile(w.Value(), p) + ", 2)";
        };
        return "SELECT " + by + w.Bin("time", 60) + " AS b, " + w.CountDistinct("instance_name") +
               " AS hosts, round(avg(" + w.Value() + "), 2) AS mean, " + percentile(0.9) +
               " AS p90, " + percentile(0.95) + " AS p95, " + percentile(0.99) + " AS p99 FROM " +
               w.Table() + " WHERE " + hour(w) + " AND " + OfHost({0, 2, 3, 1, 4}) +
               "measure_name = 'memory_used' GROUP BY " + by + w.BinKey("time", 60) +
               " ORDER BY p99 DESC";
      },
      0.011);
  Add("perf_q2_alert_two_measures", [&](const Words& w) {
    constexpr std::string_view kTwo[] = {"cpu_user", "cpu_system"};
    return "SELECT " + w.Bin("time", 60) + " AS b, " + w.OfMeasure("avg", kTwo[0]) + " AS u, " +
           w.OfMeasure("avg", kTwo[1]) + " AS s FROM " + w.Table() + " WHERE " + hour(w) + " AND " +
           OfHost({0, 2, 3, 1, 4, 5, 6}) + w.Measures(kTwo) + " GROUP BY " + w.BinKey("time", 60) +
           " ORDER BY b DESC";
  });
  Add("perf_q3_above_average", [&](const Words& w) {
    const auto part = [&](const string& keys, const string& name) {
      return "SELECT " + keys + ", avg(" + w.Value() + ") AS " + name + " FROM " + w.Table() +
             " WHERE " + hour(w) + " AND " + OfHost({0, 4}) +
             "measure_name = 'disk_used' GROUP BY " + keys;
    };
    return "WITH cells AS (" + part("cell, microservice_name", "cell_avg") + "), hosts AS (" +
           part("cell, microservice_name, instance_name", "host_avg") +
           ") SELECT h.cell AS c, h.microservice_name AS m, h.instance_name AS i, "
           "h.host_avg AS a, cells.cell_avg AS b FROM cells INNER JOIN hosts h ON "
           "h.cell = cells.cell AND h.microservice_name = cells.microservice_name "
           "WHERE h.host_avg > 1.2 * cells.cell_avg ORDER BY h.host_avg DESC";
  });
  Add(
      "perf_q4_hourly_two_measures",
      [&](const Words& w) {
        constexpr std::string_view kTwo[] = {"cpu_user", "memory_used"};
        string counts;
        string numbers;
        for (const std::string_view name : kTwo) {
          const string n(name.substr(0, 3));
          counts += ", " + w.OfMeasure("count", name) + " AS n_" + n;
          numbers += ", round(" + w.OfMeasure("avg", name) + ", 2) AS a_" + n + ", round(" +
                     w.OfMeasure("max", name) + ", 2) AS m_" + n;
        }
        return "SELECT region, silo, cell, microservice_name, " + w.Bin("time", 3600) + " AS h" +
               counts + numbers + " FROM " + w.Table() + " WHERE " +
               w.Between(Before(3 * 3600), end_) + " AND " + OfHost({4}) + w.Measures(kTwo) +
               " GROUP BY region, silo, cell, microservice_name, " + w.BinKey("time", 3600) +
               " ORDER BY region, silo, cell, microservice_name, h DESC";
      },
      0.011);
  AddPerfScaleAnalysis();
}

void Questions::AddPerfScaleAnalysis() {
  const auto day = [&](const Words& w) { return w.Between(Before(24 * 3600), end_); };
  Add(
      "perf_q5_worst_hosts",
      [&](const Words& w) {
        const string v = "t." + w.Value();
        const string value = w.Value() == "value" ? v : "t.measure_value::double";
        return "WITH mem AS (SELECT silo, microservice_name, instance_name, " + w.Bin("time", 300) +
               " AS b, max(" + w.Value() + ") AS top FROM " + w.Table() + " WHERE " + day(w) +
               " AND " + OfHost({0, 2, 3, 1}) +
               "measure_name = 'memory_used' GROUP BY microservice_name, instance_name, "
               "silo, " +
               w.BinKey("time", 300) + "), services AS (SELECT silo, microservice_name, " +
               w.Percentile("top", 0.95) +
               " AS p FROM mem GROUP BY silo, microservice_name"
               "), ranked AS (SELECT silo, microservice_name, "
               "dense_rank() OVER (PARTITION BY silo ORDER BY p DESC) AS place FROM services"
               "), high AS (SELECT ranked.silo AS silo, "
               "ranked.microservice_name AS microservice_name, "
               "mem.instance_name AS instance_name, " +
               w.Percentile("mem.top", 0.95) +
               " AS p FROM ranked INNER JOIN mem ON ranked.silo = mem.silo AND "
               "ranked.microservice_name = mem.microservice_name WHERE ranked.place = 1 "
               "GROUP BY mem.instance_name, ranked.silo, ranked.microservice_name"
               "), worst AS (SELECT silo, microservice_name, instance_name, "
               "dense_rank() OVER (PARTITION BY silo, microservice_name ORDER BY p DESC) "
               "AS place FROM high) "
               "SELECT t.silo AS s, t.microservice_name AS m, t.instance_name AS i, min(" +
               value + ") AS least, round(avg(" + value + "), 2) AS mean, round(" +
               (w.Table().ends_with("FINAL") ? "stddevSamp(" : "stddev(") + value +
               "), 2) AS deviation, round(" + w.Percentile(value, 0.5) + ", 2) AS p50, round(" +
               w.Percentile(value, 0.9) + ", 2) AS p90, round(" + w.Percentile(value, 0.99) +
               ", 2) AS p99 FROM worst r INNER JOIN " + w.Table("t") +
               " ON r.silo = t.silo AND r.microservice_name = t.microservice_name AND "
               "r.instance_name = t.instance_name WHERE " +
               day(w) +
               " AND measure_name = 'latency_per_read' AND r.place = 1 "
               "GROUP BY t.instance_name, t.silo, t.microservice_name";
      },
      0.011);
  Add("perf_q6_busiest_hours", [&](const Words& w) {
    // The outer bins are of a column that is a bin already.
    const bool click = w.Table().ends_with("FINAL");
    const string inner = click ? w.BinKey("time", 900) : w.Bin("time", 900);
    return "WITH cpu AS (SELECT microservice_name, instance_name, " + inner + " AS b, avg(" +
           w.Value() + ") AS a FROM " + w.Table() + " WHERE " + w.Between(Before(72 * 3600), end_) +
           " AND " + OfHost({0, 2}) +
           "measure_name = 'cpu_user' GROUP BY instance_name, microservice_name, " +
           w.BinKey("time", 900) + "), services AS (SELECT microservice_name, " + w.Hour("b") +
           " AS h, " + w.Bin("b", 86'400) + " AS d, " + w.Percentile("a", 0.95) +
           " AS p FROM cpu GROUP BY " + w.Hour("b") + ", " + w.BinKey("b", 86'400) +
           ", microservice_name), ranked AS (SELECT microservice_name, d, h, p, "
           "dense_rank() OVER (PARTITION BY microservice_name, d ORDER BY p DESC) AS place "
           "FROM services) SELECT microservice_name, d, h, p FROM ranked WHERE place <= 3 "
           "ORDER BY microservice_name, d, place ASC";
  });
}

string Questions::Pivot(const Words& w, const string& function, size_t measures, const string& keys,
                        int seconds, const string& where) const {
  const auto names = DevopsData::measures().first(measures);
  string out = "SELECT " + keys + w.Bin("time", seconds) + " AS b";
  for (const std::string_view name : names) {
    out += ", ";
    out += measures == 1 ? function + "(" + w.Value() + ")" : w.OfMeasure(function, name);
    out += " AS v_" + string(name);
  }
  return out + " FROM " + w.Table() + " WHERE " +
         (measures == 1 ? w.Measure(names[0]) : w.Measures(names)) + " AND " + where +
         " GROUP BY " + keys + w.BinKey("time", seconds);
}

void Questions::AddTsbs() {
  const auto hours = [&](const Words& w, int count) {
    return w.Between(Before(count * 3600), end_);
  };
  struct Single {
    size_t measures;
    size_t hosts;
  };
  for (const Single shape : {Single{1, 1}, Single{1, 8}, Single{5, 8}}) {
    Add("tsbs_single_groupby_" + std::to_string(shape.measures) + "_" +
            std::to_string(shape.hosts) + "_1",
        [&](const Words& w) {
          return Pivot(w, "max", shape.measures, "", 60,
                       Hosts(shape.hosts) + " AND " + hours(w, 1)) +
                 " ORDER BY 1";
        });
  }
  for (const size_t hosts : {1, 8}) {
    Add("tsbs_cpu_max_all_" + std::to_string(hosts), [&](const Words& w) {
      return Pivot(w, "max", 8, "", 3600, Hosts(hosts) + " AND " + hours(w, 8)) + " ORDER BY 1";
    });
  }
  for (const auto& [measures, name] : {std::pair<size_t, string>{1, "1"}, {5, "5"}, {8, "all"}}) {
    Add("tsbs_double_groupby_" + name, [&, count = measures](const Words& w) {
      return Pivot(w, "avg", count, "instance_name, ", 3600, hours(w, 12)) + " ORDER BY 2, 1";
    });
  }
  const auto high = [&](const Words& w, const string& hosts) {
    return "SELECT instance_name, " + w.Time("time") + " AS at, " + w.Value() + " AS v FROM " +
           w.Table() + " WHERE measure_name = 'cpu_user' AND " + w.Value() + " > " +
           std::to_string(kHighCpu) + " AND " + hosts + hours(w, 12);
  };
  Add("tsbs_high_cpu_1", [&](const Words& w) { return high(w, Hosts(1) + " AND "); });
  Add("tsbs_high_cpu_all", [&](const Words& w) { return high(w, ""); });
  Add("tsbs_lastpoint", [&](const Words& w) {
    const string by = w.Table().ends_with("FINAL") ? "argMax(" : "max_by(";
    return "SELECT instance_name, measure_name, " + w.Time("max(time)") + " AS at, " + by +
           w.Value() + ", time) AS v FROM " + w.Table() +
           " GROUP BY instance_name, measure_name ORDER BY instance_name, measure_name";
  });
  Add("tsbs_groupby_orderby_limit", [&](const Words& w) {
    return "SELECT " + w.Bin("time", 60) + " AS b, max(" + w.Value() + ") AS v FROM " + w.Table() +
           " WHERE measure_name = 'cpu_user' AND time < " + w.At(Before(1800)) + " GROUP BY " +
           w.BinKey("time", 60) + " ORDER BY 1 DESC LIMIT 5";
  });
}

}  // namespace

std::vector<BlocksQuestion> SqlQuestions(const DevopsData& data) { return Questions(data).All(); }

const BlocksQuestion& QuestionNamed(const std::vector<BlocksQuestion>& questions,
                                    std::string_view name) {
  const auto found = std::ranges::find(questions, name, &BlocksQuestion::name);
  if (found == questions.end()) std::abort();
  return *found;
}

}  // namespace tidemark
