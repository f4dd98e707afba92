// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <variant>

#include "base/check.h"
#include "base/mutex.h"
#include "base/numbers.h"

namespace tidemark {
namespace {

void AppendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
}

/// `a="x",b="y"` in order of name, so that the same set of labels is the same metric.
std::string LabelText(MetricLabels labels) {
  std::sort(labels.begin(), labels.end());
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out.push_back(',');
    out += name;
    out += "=\"";
    AppendEscaped(out, value);
    out.push_back('"');
  }
  return out;
}

void AppendSample(std::string& out, std::string_view name, std::string_view labels,
                  std::string_view value) {
  out += name;
  if (!labels.empty()) {
    out.push_back('{');
    out += labels;
    out.push_back('}');
  }
  out.push_back(' ');
  out += value;
  out.push_back('\n');
}

void AppendHistogram(std::string& out, const std::string& name, const std::string& labels,
                     const Histogram& histogram) {
  const std::string prefix = labels.empty() ? "" : labels + ",";
  uint64_t below = 0;
  for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
    below += histogram.bucket(i);
    const std::string bound = i < histogram.bounds().size()
                                  ? FormatDoubleShortest(histogram.bounds()[i])
                                  : std::string("+Inf");
    AppendSample(out, name + "_bucket", prefix + "le=\"" + bound + "\"", std::to_string(below));
  }
  AppendSample(out, name + "_sum", labels, FormatDoubleShortest(histogram.sum()));
  AppendSample(out, name + "_count", labels, std::to_string(below));
}

enum class MetricKind : uint8_t { kCounter, kGauge, kHistogram };

std::string_view KindName(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kHistogram:
      return "histogram";
  }
  TM_UNREACHABLE();
}

using Metric = std::variant<std::unique_ptr<Counter>, std::unique_ptr<SecondsCounter>,
                            std::unique_ptr<Gauge>, std::unique_ptr<Histogram>>;

struct Family {
  std::string help;
  MetricKind kind;
  std::map<std::string, Metric> metrics;  // by label text
};

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)),
      counts_(std::make_unique<std::atomic<uint64_t>[]>(bounds_.size() + 1)) {
  TM_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::Observe(double v) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), v);
  counts_[static_cast<size_t>(at - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(v, std::memory_order_relaxed);
}

struct MetricRegistry::Impl {
  mutable Mutex mutex;
  std::map<std::string, Family, std::less<>> families TM_GUARDED_BY(mutex);

  /// The metric of that name and labels; an empty pointer inside when it is new.
  Metric& Find(std::string_view name, std::string_view help, MetricKind kind, MetricLabels labels)
      TM_REQUIRES(mutex) {
    auto family = families.find(name);
    if (family == families.end()) {
      family = families.emplace(std::string(name), Family{std::string(help), kind, {}}).first;
    }
    TM_CHECK(family->second.kind == kind);  // one name cannot be two kinds of metric
    return family->second.metrics[LabelText(std::move(labels))];
  }
};

MetricRegistry::MetricRegistry() : impl_(std::make_unique<Impl>()) {}
MetricRegistry::~MetricRegistry() = default;

Counter& MetricRegistry::GetCounter(std::string_view name, std::string_view help,
                                    MetricLabels labels) {
  const MutexLock lock(impl_->mutex);
  Metric& metric = impl_->Find(name, help, MetricKind::kCounter, std::move(labels));
  auto* counter = std::get_if<std::unique_ptr<Counter>>(&metric);
  if (counter == nullptr || *counter == nullptr) {
    counter = &metric.emplace<std::unique_ptr<Counter>>(std::make_unique<Counter>());
  }
  return **counter;
}

SecondsCounter& MetricRegistry::GetSecondsCounter(std::string_view name, std::string_view help,
                                                  MetricLabels labels) {
  const MutexLock lock(impl_->mutex);
  Metric& metric = impl_->Find(name, help, MetricKind::kCounter, std::move(labels));
  auto* counter = std::get_if<std::unique_ptr<SecondsCounter>>(&metric);
  if (counter == nullptr || *counter == nullptr) {
    counter = &metric.emplace<std::unique_ptr<SecondsCounter>>(std::make_unique<SecondsCounter>());
  }
  return **counter;
}

Gauge& MetricRegistry::GetGauge(std::string_view name, std::string_view help, MetricLabels labels) {
  const MutexLock lock(impl_->mutex);
  Metric& metric = impl_->Find(name, help, MetricKind::kGauge, std::move(labels));
  auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&metric);
  if (gauge == nullptr || *gauge == nullptr) {
    gauge = &metric.emplace<std::unique_ptr<Gauge>>(std::make_unique<Gauge>());
  }
  return **gauge;
}

Histogram& MetricRegistry::GetHistogram(std::string_view name, std::string_view help,
                                        std::vector<double> bounds, MetricLabels labels) {
  const MutexLock lock(impl_->mutex);
  Metric& metric = impl_->Find(name, help, MetricKind::kHistogram, std::move(labels));
  auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&metric);
  if (histogram == nullptr || *histogram == nullptr) {
    histogram =
        &metric.emplace<std::unique_ptr<Histogram>>(std::make_unique<Histogram>(std::move(bounds)));
  }
  return **histogram;
}

std::string MetricRegistry::Expose() const {
  const MutexLock lock(impl_->mutex);
  std::string out;
  for (const auto& [name, family] : impl_->families) {
    out += "# HELP " + name + " ";
    for (const char c : family.help) {
      if (c == '\\') out.push_back('\\');
      if (c == '\n') {
        out += "\\n";
      } else {
        out.push_back(c);
      }
    }
    out += "\n# TYPE " + name + " ";
    out += KindName(family.kind);
    out.push_back('\n');
    for (const auto& [labels, metric] : family.metrics) {
      if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&metric)) {
        AppendSample(out, name, labels, std::to_string((*counter)->value()));
      } else if (const auto* spent = std::get_if<std::unique_ptr<SecondsCounter>>(&metric)) {
        AppendSample(out, name, labels, FormatDoubleShortest((*spent)->seconds()));
      } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&metric)) {
        AppendSample(out, name, labels, std::to_string((*gauge)->value()));
      } else if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&metric)) {
        AppendHistogram(out, name, labels, **histogram);
      }
    }
  }
  return out;
}

}  // namespace tidemark
