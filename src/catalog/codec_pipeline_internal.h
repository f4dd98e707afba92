// SPDX-License-Identifier: Apache-2.0
// Members of a pipeline's definition that most leave at their defaults. Pure functions.
#pragma once

#include "catalog/codec_members_internal.h"

namespace tidemark::catalog {

void EncodePipelineExtras(const PipelineDef& def, Writer& out);
void DecodePipelineExtras(PipelineDef& def, Reader& in);

}  // namespace tidemark::catalog
