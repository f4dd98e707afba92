// SPDX-License-Identifier: Apache-2.0
#include "agg/aggregate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace tidemark::agg {
namespace {

constexpr std::array<std::pair<std::string_view, Reading::Of>, 4> kOfMoments{{
    {"var_pop", Reading::Of::kVarPop},
    {"var_samp", Reading::Of::kVarSamp},
    {"stddev_pop", Reading::Of::kStddevPop},
    {"stddev_samp", Reading::Of::kStddevSamp},
}};

const std::array<Aggregate, 6>& OfWindows() {
  static const std::array<Aggregate, 6> kAll{{
      {"increase", Kind::kIncrease, {}},
      {"rate", Kind::kIncrease, {.of = Reading::Of::kRate}},
      {"delta", Kind::kDelta, {}},
      {"twa", Kind::kTimeWeighted, {}},
      {"coverage", Kind::kTimeWeighted, {.of = Reading::Of::kCoverage}},
      {"histogram", Kind::kHistogram, {}},
  }};
  return kAll;
}

/// "99.9" as 0.999, rounded once: 99.9 / 100 is another double.
std::optional<double> PartOfHundred(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !digit(text.front()) || !digit(text.back())) return std::nullopt;
  const std::string shifted = std::string(text) + "e-2";
  double p = 0;
  const auto [end, error] = std::from_chars(shifted.data(), shifted.data() + shifted.size(), p);
  if (error != std::errc() || end != shifted.data() + shifted.size() || p > 1) return std::nullopt;
  return p;
}

}  // namespace

Aggregate::Aggregate(Kind k) : name(KindName(k)), kind(k) {}

std::optional<Aggregate> AggregateFromName(std::string_view name) {
  if (const auto kind = KindFromName(name)) return Aggregate(*kind);
  for (const auto& [known, of] : kOfMoments) {
    if (name == known) return Aggregate(name, Kind::kMoments, {.of = of});
  }
  if (name == "median") return Aggregate(name, Kind::kPercentiles, {.p = 0.5});
  if (name == "approx_distinct") return Aggregate(name, Kind::kDistinct, {});
  for (const Aggregate& known : OfWindows()) {
    if (name == known.name) return known;
  }
  if (name.starts_with('p')) {
    if (const auto p = PartOfHundred(name.substr(1))) {
      return Aggregate(name, Kind::kPercentiles, {.p = *p});
    }
  }
  return std::nullopt;
}

std::string_view AggregateNames() {
  return "count sum avg min max first last var_pop var_samp stddev_pop stddev_samp median pN "
         "approx_distinct increase rate delta twa coverage histogram";
}

std::vector<Aggregate> Columns(const Aggregate& aggregate, const Bounds& bounds) {
  if (aggregate.kind != Kind::kHistogram || bounds == nullptr) return {aggregate};
  std::vector<Aggregate> out;
  for (size_t bucket = 0; bucket < bounds->buckets(); ++bucket) {
    out.emplace_back(bounds->ColumnName(bucket), Kind::kHistogram,
                     Reading{.of = Reading::Of::kBucket, .bucket = bucket});
    out.back().bounds = bounds;
  }
  return out;
}

bool MayOverflow(const Aggregate& aggregate, Type input) {
  if (input != Type::kBigint || aggregate.reading.of != Reading::Of::kOnly) return false;
  const Kind kind = aggregate.kind;
  return kind == Kind::kSum || kind == Kind::kIncrease || kind == Kind::kDelta;
}

Result<void> CheckAggregate(const Aggregate& aggregate, Type input) {
  auto checked = CheckSpec(aggregate.spec(input));
  if (checked.ok()) return {};
  return std::move(checked).error().With(aggregate.name);
}

Type ResultTypeOf(const Aggregate& aggregate, Type input) {
  const Reading::Of of = aggregate.reading.of;
  if (aggregate.kind == Kind::kPercentiles || of == Reading::Of::kRate) return Type::kDouble;
  if (of == Reading::Of::kResets) return Type::kBigint;
  return ResultType(aggregate.spec(input));
}

Result<Scalar> FinishAs(const Aggregate& aggregate, const State& state, TimeRange window) {
  Reading reading = aggregate.reading;
  reading.window = window;
  TM_ASSIGN_OR_RETURN(Scalar value, state.Finish(reading));
  if (aggregate.kind != Kind::kPercentiles) return value;
  if (const auto* integer = std::get_if<int64_t>(&value))
    return Scalar(static_cast<double>(*integer));
  return value;
}

}  // namespace tidemark::agg
