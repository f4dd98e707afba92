// SPDX-License-Identifier: Apache-2.0
// What is asked, in the words of each engine. Texts and integers come first in a row and
// make its key; doubles follow and are compared within 1e-9. Immutable values.
#pragma once

#include <string>
#include <vector>

#include "devops_data.h"

namespace tidemark {

struct BlocksQuestion {
  std::string name;
  std::string ours;
  std::string duck;
  std::string click;
  /// Wall milliseconds, warm, of the fastest engine measured on this data set on two such cores on
  /// another day; 0: not measured.
  double best_ms = 0;
  /// Where DuckDB's own word for it gives another answer (percentiles): the one to compare with.
  std::string duck_exact;
  /// Doubles may differ by so much: ROUND() of sums that differ in the last bit.
  double rounding = 0;
};

/// `table` is "points", or the copy that was written over: "upserts".
std::vector<BlocksQuestion> BlocksQuestions(const DevopsData& data, const std::string& table);

}  // namespace tidemark
