// SPDX-License-Identifier: Apache-2.0
// What sql_bench asks of the points of blocks_bed, in the words of each engine: the panels of the
// EC2 sample (`ec2_`), the shapes of the perf-scale workload (`perf_`), and those of TSBS devops
// over one measure a row (`tsbs_`). Immutable values.
#pragma once

#include <vector>

#include "blocks_questions.h"
#include "devops_data.h"

namespace tidemark {

std::vector<BlocksQuestion> SqlQuestions(const DevopsData& data);

/// One of them by name; ends the program if there is none.
const BlocksQuestion& QuestionNamed(const std::vector<BlocksQuestion>& questions,
                                    std::string_view name);

}  // namespace tidemark
