// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace tidemark {
namespace {

struct DurationUnit {
  std::string_view name;
  int64_t ns;
};

// Largest first; FormatDuration() skips weeks, since "10d" reads better than "1w3d".
constexpr std::array<DurationUnit, 8> kUnits{{{"w", 604'800'000'000'000},
                                              {"d", 86'400'000'000'000},
                                              {"h", 3'600'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"s", 1'000'000'000},
                                              {"ms", 1'000'000},
                                              {"us", 1'000},
                                              {"ns", 1}}};

__extension__ using Wide = __int128;

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

Error BadDuration(std::string_view text) {
  return {Code::kInvalidArgument, "\"" + std::string(text) +
                                      "\" is not a duration: write numbers with the units ns, us, "
                                      "ms, s, m, h, d, w, such as \"5m\" or \"1d12h\""};
}

Error BadTimestamp(std::string_view text) {
  return {Code::kInvalidArgument,
          "\"" + std::string(text) +
              "\" is not a timestamp: write YYYY-MM-DD or YYYY-MM-DD hh:mm:ss.fffffffff in UTC"};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Takes leading digits from `text`; none if there are none or they overflow.
std::optional<uint64_t> TakeNumber(std::string_view& text) {
  uint64_t value = 0;
  if (text.empty() || !IsDigit(text.front())) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

/// Takes exactly `digits` digits whose value is in [low, high].
std::optional<int> TakeField(std::string_view& text, size_t digits, int low, int high) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!IsDigit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  if (value < low || value > high) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

void AppendPadded(std::string& out, uint64_t value, size_t digits) {
  std::array<char, 20> raw{};
  for (size_t i = digits; i > 0; --i) {
    raw[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(raw.data(), digits);
}

struct Civil {
  std::chrono::year_month_day date;
  uint64_t second_of_day;
  uint64_t nanosecond;
};

Civil ToCivil(EventTime time) {
  int64_t ns = time.ns % kNsPerSecond;
  int64_t second = time.ns / kNsPerSecond;
  if (ns < 0) {
    ns += kNsPerSecond;
    --second;
  }
  int64_t of_day = second % kSecondsPerDay;
  int64_t day = second / kSecondsPerDay;
  if (of_day < 0) {
    of_day += kSecondsPerDay;
    --day;
  }
  const std::chrono::sys_days days{std::chrono::days(day)};
  return {std::chrono::year_month_day(days), static_cast<uint64_t>(of_day),
          static_cast<uint64_t>(ns)};
}

std::string FormatSeconds(const Civil& civil, char separator) {
  std::string out;
  out.reserve(32);
  AppendPadded(out, static_cast<uint64_t>(static_cast<int>(civil.date.year())), 4);
  out.push_back('-');
  AppendPadded(out, static_cast<unsigned>(civil.date.month()), 2);
  out.push_back('-');
  AppendPadded(out, static_cast<unsigned>(civil.date.day()), 2);
  out.push_back(separator);
  AppendPadded(out, civil.second_of_day / 3600, 2);
  out.push_back(':');
  AppendPadded(out, civil.second_of_day / 60 % 60, 2);
  out.push_back(':');
  AppendPadded(out, civil.second_of_day % 60, 2);
  out.push_back('.');
  return out;
}

/// Takes ".fraction" of up to nine digits; 0 without one.
std::optional<int64_t> TakeFraction(std::string_view& text) {
  if (!TakeChar(text, '.')) return 0;
  int64_t ns = 0;
  size_t digits = 0;
  while (!text.empty() && IsDigit(text.front())) {
    if (++digits > 9) return std::nullopt;
    ns = ns * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) ns *= 10;
  return ns;
}

/// Takes "[ T]hh:mm[:ss[.fraction]]" as nanoseconds of the day; 0 when `text` is empty.
std::optional<int64_t> TakeTimeOfDay(std::string_view& text) {
  if (text.empty() || text == "Z") return 0;
  if (!TakeChar(text, ' ') && !TakeChar(text, 'T')) return std::nullopt;
  const auto hour = TakeField(text, 2, 0, 23);
  if (!hour || !TakeChar(text, ':')) return std::nullopt;
  const auto minute = TakeField(text, 2, 0, 59);
  if (!minute) return std::nullopt;
  int64_t ns = (int64_t{*hour} * 3600 + int64_t{*minute} * 60) * kNsPerSecond;
  if (!TakeChar(text, ':')) return ns;
  const auto second = TakeField(text, 2, 0, 59);
  if (!second) return std::nullopt;
  const auto fraction = TakeFraction(text);
  if (!fraction) return std::nullopt;
  return ns + int64_t{*second} * kNsPerSecond + *fraction;
}

}  // namespace

Result<nanoseconds> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = TakeChar(rest, '-');
  if (rest.empty()) return BadDuration(text);
  Wide total = 0;
  while (!rest.empty()) {
    const auto number = TakeNumber(rest);
    if (!number) return BadDuration(text);
    const size_t length = std::min(rest.find_first_of("0123456789"), rest.size());
    const std::string_view name = rest.substr(0, length);
    rest.remove_prefix(length);
    const DurationUnit* unit = nullptr;
    for (const DurationUnit& candidate : kUnits) {
      if (candidate.name == name) unit = &candidate;
    }
    if (unit == nullptr) return BadDuration(text);
    total += static_cast<Wide>(*number) * unit->ns;
    if (total > std::numeric_limits<int64_t>::max()) {
      return Error{Code::kInvalidArgument,
                   "\"" + std::string(text) + "\" is too long: at most 292 years"};
    }
  }
  const auto ns = static_cast<int64_t>(total);
  return nanoseconds(negative ? -ns : ns);
}

std::string FormatDuration(nanoseconds duration) {
  if (duration.count() == 0) return "0s";
  std::string out;
  auto rest = static_cast<uint64_t>(duration.count());
  if (duration.count() < 0) {
    out.push_back('-');
    rest = 0 - rest;
  }
  for (const DurationUnit& unit : kUnits) {
    if (unit.name == "w") continue;
    const auto width = static_cast<uint64_t>(unit.ns);
    if (rest < width) continue;
    out += std::to_string(rest / width);
    out += unit.name;
    rest %= width;
  }
  return out;
}

std::string FormatSqlTimestamp(EventTime time) {
  const Civil civil = ToCivil(time);
  std::string out = FormatSeconds(civil, ' ');
  AppendPadded(out, civil.nanosecond, 9);
  return out;
}

std::string FormatIso8601Millis(EventTime time) {
  const Civil civil = ToCivil(time);
  std::string out = FormatSeconds(civil, 'T');
  AppendPadded(out, civil.nanosecond / 1'000'000, 3);
  out.push_back('Z');
  return out;
}

Result<EventTime> ParseTimestamp(std::string_view text) {
  std::string_view rest = text;
  const auto year = TakeField(rest, 4, 0, 9999);
  if (!year || !TakeChar(rest, '-')) return BadTimestamp(text);
  const auto month = TakeField(rest, 2, 1, 12);
  if (!month || !TakeChar(rest, '-')) return BadTimestamp(text);
  const auto day = TakeField(rest, 2, 1, 31);
  if (!day) return BadTimestamp(text);
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return BadTimestamp(text);
  const auto of_day = TakeTimeOfDay(rest);
  if (!of_day) return BadTimestamp(text);
  TakeChar(rest, 'Z');
  if (!rest.empty()) return BadTimestamp(text);

  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const Wide ns = Wide{days} * (kSecondsPerDay * kNsPerSecond) + *of_day;
  if (ns < std::numeric_limits<int64_t>::min() || ns > std::numeric_limits<int64_t>::max()) {
    // timestream-api.md 5.1.5: what int64 nanoseconds hold.
    return Error{
        Code::kInvalidArgument,
        "\"" + std::string(text) + "\" is outside 1677-09-21 00:12:44 to 2262-04-11 23:47:16"};
  }
  return EventTime{static_cast<int64_t>(ns)};
}

Result<uint64_t> ParseByteSize(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, uint64_t>, 9> kSizes{
      {{"", 1},
       {"B", 1},
       {"KB", 1'000},
       {"MB", 1'000'000},
       {"GB", 1'000'000'000},
       {"KiB", uint64_t{1} << 10U},
       {"MiB", uint64_t{1} << 20U},
       {"GiB", uint64_t{1} << 30U},
       {"TiB", uint64_t{1} << 40U}}};
  std::string_view rest = text;
  if (const auto number = TakeNumber(rest)) {
    for (const auto& [name, factor] : kSizes) {
      uint64_t bytes = 0;
      if (name == rest && !__builtin_mul_overflow(*number, factor, &bytes)) return bytes;
    }
  }
  return Error{Code::kInvalidArgument,
               "\"" + std::string(text) +
                   "\" is not a size: write a whole number with B, KiB, MiB, GiB, TiB, KB, MB or "
                   "GB, such as \"256MiB\""};
}

}  // namespace tidemark
