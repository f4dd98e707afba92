// SPDX-License-Identifier: Apache-2.0
// print_moments GROUPS: two lines per random group: results as hex doubles ("-" for none), then the
// values x; y is x in another order. compare_moments.py checks them against exact fractions.
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "agg/moments.h"
#include "agg/testing/sample_groups.h"

namespace {

using tidemark::agg::CoMoments;
using tidemark::agg::Moments;
using tidemark::agg::SampleGroups;
using tidemark::agg::Spread;

void Print(std::optional<double> value) {
  if (value) {
    std::printf(" %a", *value);
  } else {
    std::printf(" -");
  }
}

template <int kOrder>
Moments<kOrder> MomentsOf(std::span<const double> values, size_t index) {
  Moments<kOrder> out;
  if (index % 3 == 0) {
    out.Add(values);
  } else if (index % 3 == 1) {
    for (const double& value : values) out.Add(std::span(&value, 1));
  } else {
    Moments<kOrder> other;
    out.Add(values.first(values.size() / 2));
    other.Add(values.subspan(values.size() / 2));
    out.Merge(other);
  }
  return out;
}

void PrintGroup(SampleGroups& samples, size_t index) {
  const std::vector<double> values = samples.Next(index);
  const auto two = MomentsOf<2>(values, index);
  const auto four = MomentsOf<4>(values, index);
  CoMoments co;
  for (size_t i = 0; i < values.size(); ++i) co.Add(values[(i * 7 + 3) % values.size()], values[i]);
  std::printf("%zu", index % SampleGroups::kKinds);
  Print(two.Variance(Spread::kSample));
  Print(two.Variance(Spread::kPopulation));
  Print(four.Variance(Spread::kSample));
  Print(co.Covariance(Spread::kSample));
  Print(co.Covariance(Spread::kPopulation));
  Print(four.Skewness());
  Print(four.Kurtosis());
  Print(co.Correlation());
  Print(co.Slope());
  Print(co.Intercept());
  std::printf("\n");
  for (const double value : values) std::printf("%a ", value);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s GROUPS\n", argv[0]);
    return 2;
  }
  SampleGroups samples(tidemark::agg::TestSeed());
  const size_t groups = std::strtoull(argv[1], nullptr, 10);
  for (size_t i = 0; i < groups; ++i) PrintGroup(samples, i);
  return 0;
}
