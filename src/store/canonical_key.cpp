// SPDX-License-Identifier: Apache-2.0
#include "store/canonical_key.h"

#include <algorithm>

#include "base/bytes.h"

namespace tidemark::store {
namespace {

void AppendU32(uint32_t v, std::string& out) {
  char raw[sizeof(v)];
  std::memcpy(raw, &v, sizeof(v));
  out.append(raw, sizeof(v));
}

void AppendText(std::string_view text, std::string& out) {
  size_t n = text.size();
  while (n >= 0x80) {
    out.push_back(static_cast<char>(n | 0x80U));
    n >>= 7U;
  }
  out.push_back(static_cast<char>(n));
  out.append(text);
}

void AppendHead(TableId table, Owner owner, std::string_view measure, size_t dimensions,
                std::string& out) {
  AppendU32(table.value, out);
  AppendU32(owner.view.value, out);
  AppendU32(owner.generation, out);
  AppendText(measure, out);
  out.push_back(static_cast<char>(dimensions & 0xffU));
  out.push_back(static_cast<char>(dimensions >> 8U));
}

}  // namespace

void AppendCanonicalKey(const SeriesKeyView& key, std::string& out) {
  AppendHead(key.table, key.owner, key.measure, key.dimensions.size(), out);
  const auto by_name = [](const DimensionView& a, const DimensionView& b) {
    return a.name < b.name;
  };
  if (std::is_sorted(key.dimensions.begin(), key.dimensions.end(), by_name)) {
    for (const DimensionView& d : key.dimensions) {
      AppendText(d.name, out);
      AppendText(d.value, out);
    }
    return;
  }
  std::vector<DimensionView> sorted(key.dimensions.begin(), key.dimensions.end());
  std::sort(sorted.begin(), sorted.end(), by_name);
  for (const DimensionView& d : sorted) {
    AppendText(d.name, out);
    AppendText(d.value, out);
  }
}

std::string CanonicalKey(const SeriesKeyView& key) {
  std::string out;
  AppendCanonicalKey(key, out);
  return out;
}

std::string CanonicalKey(const SeriesInfo& info) {
  std::string out;
  AppendHead(info.table, info.owner, info.measure, info.dimensions.size(), out);
  for (const Dimension& d : info.dimensions) {
    AppendText(d.name, out);
    AppendText(d.value, out);
  }
  return out;
}

Result<SeriesKeyView> ParseCanonicalKeyView(std::string_view bytes,
                                            std::vector<DimensionView>& dimensions) {
  ByteReader in(bytes);
  SeriesKeyView key;
  key.table = TableId{in.GetU32()};
  key.owner.view = ViewId{in.GetU32()};
  key.owner.generation = in.GetU32();
  key.measure = in.GetString();
  const size_t count = in.GetU16();
  dimensions.clear();
  for (size_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.GetString();
    dimensions.push_back({name, in.GetString()});
  }
  TM_RETURN_IF_ERROR(in.Finish("series key"));
  key.dimensions = dimensions;
  return key;
}

Result<SeriesInfo> ParseCanonicalKey(std::string_view bytes) {
  std::vector<DimensionView> dimensions;
  TM_ASSIGN_OR_RETURN(const SeriesKeyView key, ParseCanonicalKeyView(bytes, dimensions));
  SeriesInfo info;
  info.table = key.table;
  info.owner = key.owner;
  info.measure = key.measure;
  for (const DimensionView& d : dimensions)
    info.dimensions.push_back({std::string(d.name), std::string(d.value)});
  info.canonical_key = bytes;
  return info;
}

}  // namespace tidemark::store
