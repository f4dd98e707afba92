// SPDX-License-Identifier: Apache-2.0
// print_sums GROUPS: one line per random group: kind, sum, avg, then the values, all as hex
// doubles. compare_with_fsum.py checks them against Python.
#include <cstdio>
#include <cstdlib>

#include "agg/state.h"
#include "agg/testing/sample_groups.h"

namespace {

using tidemark::agg::AddToAll;
using tidemark::agg::Kind;
using tidemark::agg::SampleGroups;
using tidemark::agg::State;
using tidemark::agg::Type;

double DoubleOf(const State& state) { return std::get<double>(state.Finish().value()); }

void PrintGroup(SampleGroups& samples, size_t index) {
  const std::vector<double> values = samples.Next(index);
  // Every third group goes in value by value and every third in two merged halves.
  std::vector<State> states{State({Kind::kSum, Type::kDouble}), State({Kind::kAvg, Type::kDouble})};
  const std::span<const double> all(values);
  if (index % 3 == 0) {
    AddToAll(states, {}, all);
  } else if (index % 3 == 1) {
    for (const double& value : values) AddToAll(states, {}, std::span(&value, 1));
  } else {
    std::vector<State> other = states;
    AddToAll(states, {}, all.first(all.size() / 2));
    AddToAll(other, {}, all.subspan(all.size() / 2));
    for (size_t i = 0; i < states.size(); ++i) states[i].Merge(other[i]);
  }
  std::printf("%zu %a %a", index % SampleGroups::kKinds, DoubleOf(states[0]), DoubleOf(states[1]));
  for (const double value : values) std::printf(" %a", value);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s GROUPS\n", argv[0]);
    return 2;
  }
  const uint64_t seed = tidemark::agg::TestSeed();
  std::fprintf(stderr, "TM_SEED=%llu\n", static_cast<unsigned long long>(seed));
  SampleGroups samples(seed);
  const size_t groups = std::strtoull(argv[1], nullptr, 10);
  for (size_t i = 0; i < groups; ++i) PrintGroup(samples, i);
  return 0;
}
