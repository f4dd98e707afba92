// SPDX-License-Identifier: Apache-2.0
// Members of a view's definition that most views leave at their defaults, and filters, which
// pipelines have as well. Pure functions.
#pragma once

#include "catalog/codec_members_internal.h"

namespace tidemark::catalog {

/// Writes nothing for what is at its default.
void EncodeViewExtras(const ViewDef& def, Writer& out);
void DecodeViewExtras(ViewDef& def, Reader& in);

/// An object, or no member at all for an empty filter.
void EncodeFilter(std::string_view name, const FilterDef& filter, Writer& out);
void DecodeFilter(std::string_view name, FilterDef& filter, Reader& in);

}  // namespace tidemark::catalog
