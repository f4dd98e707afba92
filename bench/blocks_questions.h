// SPDX-License-Identifier: Apache-2.0
// What blocks_bench asks, in the words of each engine. Texts and integers come first in a row and
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
};

/// `table` is "points", or the copy that was written over: "upserts".
std::vector<BlocksQuestion> BlocksQuestions(const DevopsData& data, const std::string& table);

}  // namespace tidemark
