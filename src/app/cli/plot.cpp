// SPDX-License-Identifier: Apache-2.0
#include "app/cli/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "app/cli/output.h"
#include "base/numbers.h"
#include "base/time_zone.h"

namespace tidemark::app {
namespace {

constexpr size_t kWidthMin = 40;
constexpr size_t kSeriesMax = 7;
constexpr std::array<std::string_view, kSeriesMax> kColors{
    "\x1b[34m", "\x1b[36m", "\x1b[35m", "\x1b[33m", "\x1b[31m", "\x1b[32m", "\x1b[94m"};

struct Scale {
  int64_t t0 = 0;
  int64_t t1 = 1;
  double low = 0;
  double high = 1;
};

/// Dots of one series, or characters where a cell is a character.
class Canvas {
 public:
  Canvas(size_t columns, size_t rows, PlotStyle style)
      : columns_(columns),
        rows_(rows),
        across_(style == PlotStyle::kBraille ? 2 : 1),
        down_(style == PlotStyle::kBraille ? 4
              : style == PlotStyle::kBlock ? 2
                                           : 1),
        dots_(columns * rows, 0),
        owner_(columns * rows, 0) {}

  size_t dots_across() const { return columns_ * across_; }
  size_t dots_down() const { return rows_ * down_; }

  void Dot(size_t x, size_t y, uint8_t series) {
    if (x >= dots_across() || y >= dots_down()) return;
    const size_t cell = y / down_ * columns_ + x / across_;
    const auto bit = static_cast<uint8_t>(y % down_ * across_ + x % across_);
    dots_[cell] = static_cast<uint8_t>(dots_[cell] | (1U << bit));
    owner_[cell] = series;
  }

  /// A straight line between two dots.
  void Line(double x0, double y0, double x1, double y1, uint8_t series) {
    const auto steps = static_cast<size_t>(std::max(std::fabs(x1 - x0), std::fabs(y1 - y0))) + 1;
    for (size_t i = 0; i <= steps; ++i) {
      const double part = static_cast<double>(i) / static_cast<double>(steps);
      Dot(static_cast<size_t>(std::lround(x0 + (x1 - x0) * part)),
          static_cast<size_t>(std::lround(y0 + (y1 - y0) * part)), series);
    }
  }

  bool empty(size_t column, size_t row) const { return dots_[row * columns_ + column] == 0; }
  uint8_t owner(size_t column, size_t row) const { return owner_[row * columns_ + column]; }

  std::string Text(size_t column, size_t row, PlotStyle style) const {
    const uint8_t dots = dots_[row * columns_ + column];
    if (dots == 0) return " ";
    if (style == PlotStyle::kAscii)
      return std::string(1, static_cast<char>('a' + owner(column, row)));
    if (style == PlotStyle::kBlock) return dots == 1 ? "▀" : dots == 2 ? "▄" : "█";
    // Braille numbers its dots down the left column, then the right, the lowest two last.
    constexpr std::array<uint8_t, 8> kBits{0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    unsigned code = 0x2800;
    for (size_t bit = 0; bit < 8; ++bit) {
      if ((dots >> bit & 1U) != 0) code |= kBits[bit];
    }
    return {static_cast<char>(0xe0U | code >> 12U), static_cast<char>(0x80U | (code >> 6U & 0x3fU)),
            static_cast<char>(0x80U | (code & 0x3fU))};
  }

 private:
  size_t columns_;
  size_t rows_;
  size_t across_;
  size_t down_;
  std::vector<uint8_t> dots_;
  std::vector<uint8_t> owner_;
};

std::optional<Scale> ScaleOf(const PlotSpec& spec) {
  Scale scale{INT64_MAX, INT64_MIN, std::numeric_limits<double>::infinity(),
              -std::numeric_limits<double>::infinity()};
  const auto add = [&](int64_t time, double value) {
    if (std::isnan(value) || std::isinf(value)) return;
    scale.t0 = std::min(scale.t0, time);
    scale.t1 = std::max(scale.t1, time);
    scale.low = std::min(scale.low, value);
    scale.high = std::max(scale.high, value);
  };
  for (const PlotSeries& series : spec.series) {
    for (size_t i = 0; i < series.times.size(); ++i) add(series.times[i], series.values[i]);
  }
  for (const PlotMark& mark : spec.first_published) add(mark.time, mark.value);
  if (scale.t0 > scale.t1) return std::nullopt;
  if (scale.t0 == scale.t1) scale.t1 = scale.t0 + 1;
  if (scale.low == scale.high) {
    const double room = scale.low == 0 ? 1 : std::fabs(scale.low) * 0.1;
    scale.low -= room;
    scale.high += room;
  }
  return scale;
}

std::string TimeLabel(int64_t ns, int64_t span_ns, std::string_view zone) {
  const std::string text = FormatTime(ns, zone);
  constexpr int64_t kDay = 86'400'000'000'000;
  if (span_ns > 2 * kDay) return text.substr(5, 5);
  return span_ns < 600'000'000'000 ? text.substr(11, 8) : text.substr(11, 5);
}

double At(int64_t time, const Scale& scale, size_t dots) {
  return static_cast<double>(time - scale.t0) / static_cast<double>(scale.t1 - scale.t0) *
         static_cast<double>(dots - 1);
}

double Down(double value, const Scale& scale, size_t dots) {
  return (scale.high - value) / (scale.high - scale.low) * static_cast<double>(dots - 1);
}

void DrawSeries(Canvas& canvas, const PlotSeries& series, const Scale& scale, uint8_t number) {
  std::optional<std::pair<double, double>> before;
  for (size_t i = 0; i < series.times.size(); ++i) {
    if (std::isnan(series.values[i]) || std::isinf(series.values[i])) {
      before.reset();
      continue;
    }
    const std::pair now{At(series.times[i], scale, canvas.dots_across()),
                        Down(series.values[i], scale, canvas.dots_down())};
    if (before) {
      canvas.Line(before->first, before->second, now.first, now.second, number);
    } else {
      canvas.Dot(static_cast<size_t>(std::lround(now.first)),
                 static_cast<size_t>(std::lround(now.second)), number);
    }
    before = now;
  }
}

std::string Legend(const PlotSpec& spec) {
  std::string out;
  for (size_t i = 0; i < spec.series.size() && spec.series.size() > 1; ++i) {
    const std::string mark = spec.style == PlotStyle::kAscii
                                 ? std::string(1, static_cast<char>('a' + i % kSeriesMax))
                             : spec.color ? std::string(kColors[i % kSeriesMax]) + "━\x1b[0m"
                                          : std::string(1, static_cast<char>('A' + i % kSeriesMax));
    out += (out.empty() ? "" : "   ") + mark + " " + Harmless(spec.series[i].name);
  }
  return out.empty() ? "" : out + "\n";
}

}  // namespace

std::string DrawPlot(const PlotSpec& spec) {
  const auto scale = ScaleOf(spec);
  std::string out = spec.title.empty() ? "" : Harmless(spec.title) + "\n";
  if (!scale) return out + "(no points)\n";
  const bool utf8 = spec.style != PlotStyle::kAscii;
  std::vector<std::string> labels;
  size_t label_width = 0;
  const size_t rows = std::max<size_t>(spec.height, 3);
  for (size_t row = 0; row < rows; ++row) {
    const double value = scale->high - (scale->high - scale->low) * static_cast<double>(row) /
                                           static_cast<double>(rows - 1);
    const double size = std::max(std::fabs(scale->high), std::fabs(scale->low));
    labels.push_back(size >= 10'000 || size < 0.01
                         ? fmt::format("{:.3g}", value)
                         : fmt::format("{:.{}f}", value, size >= 100 ? 0 : 2));
    label_width = std::max(label_width, labels.back().size());
  }
  const size_t columns = std::max(spec.width, kWidthMin) - label_width - 3;
  Canvas canvas(columns, rows, spec.style);
  for (size_t i = 0; i < spec.series.size(); ++i) {
    DrawSeries(canvas, spec.series[i], *scale, static_cast<uint8_t>(i % kSeriesMax));
  }
  // Marks stand in cells of their own.
  std::map<std::pair<size_t, size_t>, std::string> marks;
  if (spec.watermark && *spec.watermark >= scale->t0 && *spec.watermark <= scale->t1) {
    const auto column = static_cast<size_t>(At(*spec.watermark, *scale, columns));
    for (size_t row = 0; row < rows; ++row) {
      if (canvas.empty(column, row)) marks[{row, column}] = utf8 ? "┊" : ":";
    }
  }
  const auto put = [&](const PlotMark& mark, std::string_view text) {
    marks[{static_cast<size_t>(std::lround(Down(mark.value, *scale, rows))),
           static_cast<size_t>(std::lround(At(mark.time, *scale, columns)))}] = text;
  };
  for (const PlotMark& mark : spec.revised) put(mark, utf8 ? "●" : "*");
  for (const PlotMark& mark : spec.first_published) put(mark, utf8 ? "◇" : "o");
  for (size_t row = 0; row < rows; ++row) {
    out += std::string(label_width - labels[row].size(), ' ') + labels[row] + (utf8 ? " ┤" : " |");
    std::string line;
    for (size_t column = 0; column < columns; ++column) {
      const auto mark = marks.find({row, column});
      if (mark != marks.end()) {
        line += mark->second;
        continue;
      }
      const std::string text = canvas.Text(column, row, spec.style);
      const bool colored = spec.color && text != " ";
      if (colored) line += kColors[canvas.owner(column, row)];
      line += text;
      if (colored) line += "\x1b[0m";
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  out += std::string(label_width, ' ') + (utf8 ? " └" : " +");
  for (size_t i = 0; i < columns; ++i) out += utf8 ? "─" : "-";
  out += "\n";
  std::string axis(label_width + 2, ' ');
  const size_t ticks = std::max<size_t>(columns / 14, 2);
  for (size_t i = 0; i < ticks; ++i) {
    const auto at = static_cast<size_t>(static_cast<double>(i) / static_cast<double>(ticks) *
                                        static_cast<double>(columns));
    const int64_t time =
        scale->t0 + static_cast<int64_t>(static_cast<double>(scale->t1 - scale->t0) *
                                         static_cast<double>(i) / static_cast<double>(ticks));
    axis.resize(std::max(axis.size(), label_width + 2 + at), ' ');
    axis += TimeLabel(time, scale->t1 - scale->t0, spec.time_zone);
  }
  return out + axis + "\n" + Legend(spec);
}

std::string Sparkline(const std::vector<double>& values, bool utf8) {
  constexpr std::array<std::string_view, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double high = 0;
  for (const double value : values) high = std::max(high, std::isnan(value) ? 0 : value);
  std::string out;
  for (const double value : values) {
    const double part = high > 0 && !std::isnan(value) ? std::clamp(value / high, 0.0, 1.0) : 0;
    const auto level = static_cast<size_t>(std::lround(part * 7));
    out += utf8 ? std::string(kBlocks[level])
                : std::string(1, level == 0 ? '.' : static_cast<char>('0' + level));
  }
  return out;
}

Try<std::string> PlotQuery(const Settings& settings, const PlotWish& wish) {
  std::optional<size_t> x;
  std::optional<size_t> y;
  std::vector<size_t> names;
  std::optional<CliError> wrong;
  std::map<std::string, PlotSeries> series;
  const auto choose = [&](const std::vector<QueryColumn>& columns) {
    for (size_t c = 0; c < columns.size(); ++c) {
      const QueryColumn& column = columns[c];
      const bool is_x = wish.x.empty() ? !x && column.type == "TIMESTAMP" : column.name == wish.x;
      const bool is_y = wish.y.empty() ? !y && column.right() : column.name == wish.y;
      if (is_x) {
        x = c;
      } else if (is_y) {
        y = c;
      } else if (wish.series.empty() ? column.type == "VARCHAR" : column.name == wish.series) {
        names.push_back(c);
      }
    }
    if (!x || !y) {
      wrong = CliError(kExitDefinition, "a plot needs a TIMESTAMP column and a numeric one");
      wrong->hint = "--x and --y name them";
    }
  };
  const auto take = [&](const std::vector<QueryRow>& rows) {
    if (wrong) return;
    for (const QueryRow& row : rows) {
      if (!row[*x]) continue;
      const auto time = ParseTimestamp(*row[*x]);
      if (!time.ok()) continue;
      std::string name;
      for (const size_t c : names) name += (name.empty() ? "" : " · ") + row[c].value_or("NULL");
      PlotSeries& to = series[name];
      to.name = name;
      to.times.push_back(time->ns);
      to.values.push_back(row[*y] ? ParseFiniteDouble(*row[*y]).value_or(std::nan(""))
                                  : std::nan(""));
    }
  };
  const auto done = RunQuery(settings, wish.query, choose, take);
  if (!done) return std::unexpected(done.error());
  if (wrong) return std::unexpected(*wrong);
  PlotSpec spec;
  for (auto& [name, one] : series) {
    if (spec.series.size() == kSeriesMax) break;
    // Statements need not order their rows.
    std::vector<size_t> order(one.times.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](size_t i) { return std::pair(one.times[i], i); });
    PlotSeries& sorted = spec.series.emplace_back();
    sorted.name = name;
    for (const size_t i : order) {
      sorted.times.push_back(one.times[i]);
      sorted.values.push_back(one.values[i]);
    }
  }
  if (spec.series.size() == 1) spec.title = spec.series.front().name;
  spec.width = wish.width;
  spec.height = wish.height;
  spec.style = wish.style;
  spec.color = wish.color;
  spec.time_zone = settings.time_zone;
  std::string out = DrawPlot(spec);
  if (series.size() > kSeriesMax)
    out += fmt::format("{} of {} series are drawn\n", kSeriesMax, series.size());
  return out;
}

}  // namespace tidemark::app
