// SPDX-License-Identifier: Apache-2.0
// Lines drawn with characters (console-ux.md section 14, Plots). Pure functions, but PlotQuery().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/query_run.h"
#include "base/json.h"

namespace tidemark::app {

enum class PlotStyle : uint8_t { kBraille, kBlock, kAscii };

struct PlotSeries {
  std::string name;
  std::vector<int64_t> times;  // ns, ascending
  std::vector<double> values;  // parallel; NaN: a gap
};

struct PlotMark {
  int64_t time = 0;
  double value = 0;
};

struct PlotSpec {
  std::string title;
  std::vector<PlotSeries> series;
  std::vector<PlotMark> first_published;  // "◇"
  std::vector<PlotMark> revised;          // "●"
  std::optional<int64_t> watermark;
  size_t width = 80;
  size_t height = 12;  // rows of the drawing
  PlotStyle style = PlotStyle::kBraille;
  bool color = false;
  std::string time_zone = "UTC";
};

/// The drawing with axes and legend, lines ended.
std::string DrawPlot(const PlotSpec& spec);

/// What of a view's rows is drawn (console-ux.md section 6): the last values alone, with revised
/// ones marked, or with the first published values beside them.
enum class RevisionMode : uint8_t { kOff, kMark, kCompare };

/// The rows of GET .../revisions as a drawing: marks, a strip of how much each part changed, and a
/// sentence. `title`, size and style come from `base`.
std::string DrawRevisions(const JsonValue& answer, PlotSpec base, RevisionMode mode);

/// A row of eighths for numbers, "▁▂▅█"; '.' and digits without UTF-8.
std::string Sparkline(const std::vector<double>& values, bool utf8);

struct PlotWish {
  QueryWish query;
  std::string x;       // "": the first TIMESTAMP column
  std::string y;       // "": the first numeric column
  std::string series;  // "": all VARCHAR columns together
  size_t width = 80;
  size_t height = 12;
  PlotStyle style = PlotStyle::kBraille;
  bool color = false;
};
/// Runs the statement and draws its rows.
Try<std::string> PlotQuery(const Settings& settings, const PlotWish& wish);

}  // namespace tidemark::app
