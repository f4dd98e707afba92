// SPDX-License-Identifier: Apache-2.0
// Plan -> the execution engine's SQL. Every identifier is generated (r3.c1), every user text is a
// quoted literal, temporal types are BIGINT. Pure function.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sql/plan.h"

namespace tidemark::sql {

/// Numbers under which tm_scan() and tm_aggregate() find their part of the plan.
struct Handles {
  std::span<const uint64_t> scans;       // by Plan::scans
  std::span<const uint64_t> aggregates;  // by Plan::aggregates
};

std::string Emit(const plan::Plan& plan, const Handles& handles);

}  // namespace tidemark::sql
