// SPDX-License-Identifier: Apache-2.0
// The generation before, of a next one. Single-owner.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "view/evaluation_internal.h"

namespace tidemark::view {

struct Evaluator::Replaced {
  /// Its series, by measure and dimensions: its values may be of another type.
  std::unordered_map<std::string, std::vector<store::SeriesRef>> series;
};

}  // namespace tidemark::view
